"""Groups that a person names: a column of the set, in every session, and changed in its form."""

import base64
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from embeddings import EmbeddingSet, gallery
from embeddings.analysis.column_index import default_kinds, index_columns
from pages.common import services
from pages.explore.colors import map_colors
from pages.explore.layers import ActiveSet
from pages.explore.subsets import groups
from server import annotations
from tests.embeddings.test_usage import select, send_event

ROOT = Path(__file__).parents[4]
DIGITS = gallery.open_item("digits")
EVERY = np.arange(len(DIGITS))


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("EMBEDDING_ANNOTATIONS", str(tmp_path / "annotations"))


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()


def choose(app: AppTest, rows: np.ndarray) -> AppTest:
    """Select rows with a box, and open the form for groups."""
    bits = base64.b64encode(np.packbits(rows).tobytes()).decode()
    app = send_event(app, "map", json.dumps({"type": "selection", "bits": bits, "name": "box"}))
    app.session_state[f"group_form {app.session_state.open_set.forms}"] = True
    return app.run()


def name_group(app: AppTest, rows: np.ndarray, name: str) -> AppTest:
    app = choose(app, rows)
    (box,) = (each for each in app.text_input if each.label == "Name of the group")
    box.set_value(name).run()
    app.button(key="name_group").click().run()
    assert not app.exception
    return app


def stored() -> annotations.Annotations:
    return annotations.load(DIGITS.fingerprint, len(DIGITS))


def test_a_named_group_is_a_column_to_color_and_filter_by(app: AppTest) -> None:
    assert "group" not in select(app, "Color").options
    app = name_group(app, EVERY < 40, "my digits")
    assert app.session_state.open_set.history.selected_name == "my digits"
    select(app, "Color").select("group").run()
    assert not app.exception
    app.query_params["filter"] = "group=my digits"
    app = send_event(app, "map", '{"type": "click", "row": 7}')
    assert not app.exception
    other = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    assert "group" in select(other, "Color").options


def test_a_group_is_renamed_changed_and_deleted(app: AppTest) -> None:
    app = name_group(app, EVERY < 40, "low")
    app = name_group(app, (EVERY >= 40) & (EVERY < 60), "high")
    app = choose(app, (EVERY >= 40) & (EVERY < 60))
    select(app, "Another group").select("low").run()
    app.button(key="add_to_group").click().run()
    assert (stored().groups, stored().sizes()) == (("low",), [60])
    app = choose(app, EVERY < 60)
    (box,) = (each for each in app.text_input if each.label == "Name of the group")
    assert box.value == "low"
    box.set_value("all").run()
    app.button(key="rename_group").click().run()
    assert stored().groups == ("all",)
    app = choose(app, EVERY < 10)
    app.button(key="remove_from_group").click().run()
    assert stored().sizes() == [50]
    app = choose(app, (EVERY >= 10) & (EVERY < 60))
    app.button(key="delete_group").click().run()
    assert not app.exception
    assert stored().groups == ()
    assert "group" not in select(app, "Color").options


def test_a_name_that_cannot_be_one_is_refused_in_the_form(app: AppTest) -> None:
    app = name_group(app, EVERY < 40, "  ")
    assert [error.value for error in app.error] == ["enter a name"]
    assert app.session_state.open_set.history.selected_name == "box"


def test_damaged_groups_are_shown_alone_and_can_be_deleted(app: AppTest) -> None:
    app = name_group(app, EVERY < 40, "low")
    (path,) = annotations.annotations_folder().glob("*.json")
    path.write_text("{")
    app.run()
    assert not app.exception
    assert ["is damaged" in error.value for error in app.error] == [True]
    assert "group" not in select(app, "Color").options
    app.button(key="delete_annotations").click().run()
    assert not app.error and not path.exists()


def test_the_column_is_added_without_another_fingerprint_and_beside_one_of_the_file() -> None:
    made = EmbeddingSet.of(np.eye(4), metadata={"group": pa.array(["x", "x", "y", "y"])})
    edit = annotations.change
    edit(made.fingerprint, 4, lambda known: known.added("mine", np.arange(4) < 2))
    services.open_sets().clear()
    shown = groups.attach(ActiveSet("made", made))
    assert shown.embedding_set.metadata.column_names == ["group", "group 2"]
    assert shown.embedding_set.metadata["group 2"].to_pylist() == ["mine", "mine", None, None]
    assert shown.embedding_set.fingerprint == made.fingerprint
    assert made.metadata.column_names == ["group"]
    part = groups.attach(ActiveSet("part", made, whole=ActiveSet("made", made), rows=EVERY[:4]))
    assert part.embedding_set.metadata["group 2"].to_pylist() == ["mine", "mine", None, None]
    edit(made.fingerprint, 4, lambda known: known.added("mine", np.arange(4) == 3))
    assert groups.attach(ActiveSet("made", made)).key != shown.key


def test_another_group_leaves_the_index_of_the_other_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    labels = [f"{'red' if i < 20 else 'white'} wine {i}" for i in range(40)]
    made = EmbeddingSet.of(np.eye(40), labels, {"kind": ["a", "b"] * 20})
    services.open_sets().clear()
    indexed: list[list[str]] = []

    def index(embedding_set: EmbeddingSet, kinds: dict | None = None) -> object:
        indexed.append(sorted(kinds or default_kinds(embedding_set)))
        return index_columns(embedding_set, kinds)

    monkeypatch.setattr(map_colors, "index_columns", index)
    for name in ("first", "second"):
        rows = np.arange(40) < 20
        annotations.change(made.fingerprint, 40, lambda k, n=name, r=rows: k.added(n, r))
        shown = groups.attach(ActiveSet("wines", made))
        found = map_colors.column_index(shown)
        expected = index_columns(shown.embedding_set)
        assert {(t.column, t.kind, t.names) for t in found.terms} == {
            (t.column, t.kind, t.names) for t in expected.terms
        }
    assert indexed == [["group", "label"], ["kind"], ["group", "label"]]
