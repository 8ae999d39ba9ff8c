"""New points: read and checked against the set, added, queried, and removed."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from embeddings import EmbeddingError, EmbeddingSet, gallery, neighbors
from embeddings.layouts.placement import BY_NEIGHBORS, BY_PROJECTION
from pages.common import services
from pages.explore import navigation
from pages.explore.navigation import OpenSet
from pages.explore.new_points import adding
from tests.embeddings.test_usage import send_event

RANDOM = np.random.default_rng(0)
SET = EmbeddingSet.of(
    RANDOM.normal(size=(50, 3)).astype(np.float32), name="things", metric="euclidean"
)
ROOT = Path(__file__).parents[4]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> OpenSet:
    """Return the open set of a session."""
    made = OpenSet("gallery:x")
    monkeypatch.setattr(navigation, "open_set", lambda: made)
    return made


def test_lines_are_labels_and_numbers() -> None:
    text = """
    red apple, 1, -2.5, 3e2
    "green, not red"; 4; 5; 6
    7 8 9
    1984\t0.1\t0.2\t0.3
    pear (ripe): [1, 2, 3]
    """
    labels, vectors = adding.parse_points(text, 3)
    assert labels == ["red apple", "green, not red", "", "1984", "pear (ripe):"]
    np.testing.assert_allclose(
        vectors, [[1, -2.5, 300], [4, 5, 6], [7, 8, 9], [0.1, 0.2, 0.3], [1, 2, 3]], rtol=1e-6
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there are no points"),
        ("a, 1, 2, 3\nb, 1, 2", "line 2 ends with 2 numbers; the set has 3 dimensions"),
        ("a, 1, 2, 3, 4, 5", "line 1 ends with 5 numbers; the set has 3 dimensions"),
        ("a, 1, 2, 3x", "line 1 ends with 0 numbers"),
        ("a, 1, 2, inf", "line 1: number 3 of the vector is inf; expected a finite number"),
    ],
)
def test_lines_that_are_no_points_are_named(text: str, message: str) -> None:
    with pytest.raises(EmbeddingError, match=message):
        adding.parse_points(text, 3)


def test_points_of_other_dimensions_are_refused_with_both(opened: OpenSet) -> None:
    message = "x.npy has vectors of 4 dimensions, and things of 3. New points need as many"
    with pytest.raises(EmbeddingError, match=message):
        adding._add(SET, ("a",), np.ones((1, 4), np.float32), "x.npy")
    assert opened.new_points.labels == ()


def test_a_point_that_cannot_be_placed_is_refused_with_its_number(opened: OpenSet) -> None:
    directions = EmbeddingSet.of(SET.vectors, metric="cosine")
    zero = np.array([[1, 2, 3], [0, 0, 0]], np.float32)
    with pytest.raises(EmbeddingError, match="new vector 2 is a zero vector"):
        adding._add(directions, ("a", "b"), zero, "x.npy")
    assert opened.new_points.labels == () and opened.new_points.batches == ()


def test_there_is_a_limit_that_falls_with_the_size_of_the_set(
    opened: OpenSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_size(numbers: int) -> Any:
        return SimpleNamespace(vectors=SimpleNamespace(size=numbers))

    limits = [adding.most_points(of_size(10**power)) for power in (6, 8, 10)]
    assert limits == [10_000, 1_000, 100]
    monkeypatch.setattr(adding, "MOST_POINTS", 3)
    monkeypatch.setattr(adding, "FEWEST_POINTS", 1)
    adding._add(SET, ("a", "b"), np.ones((2, 3), np.float32), "x.npy")
    message = "x.npy has 2 points; at most 3 can be added to this set. There are 2 already."
    with pytest.raises(EmbeddingError, match=message):
        adding._add(SET, ("c", "d"), np.ones((2, 3), np.float32), "x.npy")
    assert opened.new_points.labels == ("a", "b")


def test_removing_new_points_leaves_what_else_is_shown(opened: OpenSet) -> None:
    adding._add(SET, ("a",), SET.vectors[:1], "x.npy")
    opened.history.visit(7)
    adding.remove()
    assert opened.history.row == 7


def npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Open Explore with its first set, and the panel of new points."""
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    services.open_sets().clear()  # its ready-made layout is in the cache of an earlier test
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.session_state["add_points"] = True
    app.run()
    assert not app.exception
    return app


def upload(app: AppTest, name: str, content: bytes) -> None:
    app.file_uploader(key="new_points 0").upload(name, content, "").run()
    assert not app.exception


def status(app: AppTest) -> str:
    return next(text.value for text in app.markdown if " points" in text.value).replace("\\", "")


def test_an_uploaded_file_is_marked_queried_and_removed(app: AppTest) -> None:
    digits = gallery.open_item(gallery.ITEMS[0].name)
    layout_file = gallery.item(gallery.ITEMS[0].name).layout_path
    before = layout_file.read_bytes()
    new = (digits.vectors[[5, 600]] * 0.9).astype(np.float32)
    upload(app, "new.npy", npy(new))
    assert app.session_state.open_set.new_points.labels == ("0", "1")
    assert f"+2 new points, {BY_NEIGHBORS}" in status(app)  # the first layout is a t-SNE
    app = send_event(app, "map", '{"type": "new_point", "number": 1}')
    assert not app.exception
    expected = neighbors.query_vectors(digits, new[1], 10)
    _, found = app.session_state.open_set.last_search
    assert found.rows.tolist() == expected.rows.tolist()
    assert found.values.tolist() == expected.values.tolist()
    assert len(app.session_state.open_set.new_points.labels) == 2  # they are added once
    next(box for box in app.selectbox if box.label == "Layout").select("pca").run()
    assert f"+2 new points, {BY_PROJECTION}" in status(app)
    app.button(key="remove_new_points").click().run()
    assert not app.exception and "new point" not in status(app)
    assert app.session_state.open_set.history.query is None
    assert layout_file.read_bytes() == before


def test_what_cannot_be_added_is_said_and_pasted_points_are_added(app: AppTest) -> None:
    upload(app, "small.npy", npy(np.eye(5, dtype=np.float32)))
    shown = app.error[0].value.replace("\\", "")
    assert "small.npy has vectors of 5 dimensions" in shown and "of 64" in shown
    box = app.text_area(key="pasted_points 0")
    box.input("mine " + " ".join(["1"] * 64)).run()
    app.button(key="add_pasted").click().run()
    assert not app.exception and not app.error
    assert app.session_state.open_set.new_points.labels == ("mine",)
    assert app.text_area(key="pasted_points 0").value == ""
    next(box for box in app.selectbox if box.label == "Nearest neighbors of").select(0).run()
    assert app.session_state.open_set.history.query.title == "mine"
    app.text_area(key="pasted_points 0").input("half 1 2").run()
    app.button(key="add_pasted").click().run()
    assert "line 1 ends with 2 numbers" in app.error[0].value.replace("\\", "")
    assert app.text_area(key="pasted_points 0").value == "half 1 2"
