"""A part of a set, laid out by itself: in the address, nested, with a way back."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from embeddings import gallery, neighbors
from embeddings.filters import Filter, HasValue
from pages.common import services
from pages.explore.address import encode_mask
from server import annotations
from tests.embeddings.test_usage import select, send_event
from tests.pages.explore.address.test_back_and_forward import at, go

DIGITS = gallery.open_item("digits")
EVERY = np.arange(len(DIGITS))
OUTER = EVERY % 3 == 1  # 599 rows
INNER = np.arange(599) % 5 == 2  # of those


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("EMBEDDING_ANNOTATIONS", str(tmp_path / "annotations"))
    services.open_sets().clear()


def choose(app: AppTest, rows: np.ndarray) -> AppTest:
    bits = base64.b64encode(np.packbits(rows).tobytes()).decode()
    app = send_event(app, "map", json.dumps({"type": "selection", "bits": bits, "name": "box"}))
    assert not app.exception
    return app


def enter(app: AppTest, rows: np.ndarray) -> AppTest:
    """Lay out some rows by themselves."""
    choose(app, rows).button(key="lay_out_selected").click().run()
    assert not app.exception
    return app


def shown(app: AppTest) -> int:
    """Return the number of rows of the set on the map."""
    (text,) = (m.value for m in app.markdown if " points" in m.value and "·" in m.value)
    words = text.replace("\\", "").partition(" points")[0].split()
    return int(words[-1].replace(",", ""))


def test_a_part_has_items_columns_and_neighbors_of_its_own() -> None:
    app = enter(at(method="pca"), OUTER)
    assert shown(app) == 599
    assert dict(app.query_params)["within"] == encode_mask(OUTER)
    app = send_event(app, "map", '{"type": "click", "row": 7}')
    opened, row = app.session_state.open_set, int(np.flatnonzero(OUTER)[7])
    assert any(DIGITS.labels[row] in each.proto.body for each in app.get("html"))
    members = np.flatnonzero(OUTER)
    part = type(DIGITS).of(DIGITS.vectors[members], metric=DIGITS.provenance.metric)
    expected = neighbors.query(part, 7, 10).rows
    assert opened.last_search[1].rows.tolist() == expected.tolist()
    assert select(app, "Color").value == "digit"
    assert "among these" in " ".join(each.value for each in app.caption)


def test_parts_are_nested_and_lead_back_with_what_is_selected() -> None:
    app = enter(enter(at(method="pca"), OUTER), INNER)
    assert shown(app) == int(INNER.sum())
    innermost = np.flatnonzero(OUTER)[INNER]
    app = choose(app, np.arange(len(innermost)) < 4)
    app.button(key="part_1").click().run()
    history = app.session_state.open_set.history
    assert shown(app) == 599
    assert np.flatnonzero(history.selected).tolist() == np.flatnonzero(INNER)[:4].tolist()
    app = send_event(app, "map", '{"type": "click", "row": 12}')  # a member: 12 % 5 == 2
    app.button(key="part_0").click().run()
    history = app.session_state.open_set.history
    assert shown(app) == len(DIGITS)
    assert np.flatnonzero(history.selected).tolist() == innermost[:4].tolist()
    assert history.row == np.flatnonzero(OUTER)[12]
    app = enter(app, OUTER)
    app.button(key="part_0").click().run()
    assert np.array_equal(app.session_state.open_set.history.selected, OUTER)


def test_back_leads_out_of_a_part_and_forward_into_it_again() -> None:
    app = choose(at(method="pca"), OUTER)
    outside = dict(app.query_params)
    app.button(key="lay_out_selected").click().run()
    inside = dict(app.query_params)
    for _ in range(2):
        go(app, outside)
        assert (shown(app), dict(app.query_params)) == (len(DIGITS), {**outside, "camera": "1"})
        assert np.array_equal(app.session_state.open_set.history.selected, OUTER)
        go(app, inside)
        assert (shown(app), dict(app.query_params)) == (599, {**inside, "camera": "1"})
        assert app.session_state.open_set.history.is_empty
    other = at(**inside)
    assert shown(other) == 599


def test_the_layout_of_the_part_is_started_and_found_by_content() -> None:
    app = enter(at(), OUTER)  # t-SNE is ready for the whole
    for key in [each for each in services.pool()._jobs if each.startswith("layout-")]:
        services.pool().wait(key)
    app.run()
    lines = [each.value.replace("\\", "") for each in app.markdown]
    assert any(line.startswith("599 of 599 points · t-SNE, perplexity 30") for line in lines)
    assert not any(button.key in ("run", "cancel") for button in app.button)


def test_groups_are_those_of_the_whole() -> None:
    app = enter(at(method="pca"), OUTER)
    app = choose(app, np.arange(599) < 50)
    app.session_state[f"group_form {app.session_state.open_set.forms}"] = True
    app.run()
    (box,) = (each for each in app.text_input if each.label == "Name of the group")
    box.set_value("mine").run()
    app.button(key="name_group").click().run()
    assert not app.exception
    stored = annotations.load(DIGITS.fingerprint, len(DIGITS))
    assert np.flatnonzero(stored.members("mine")).tolist() == np.flatnonzero(OUTER)[:50].tolist()
    assert shown(app) == 599
    assert "group" in select(app, "Color").options
    (line,) = (b for b in app.button if (b.key or "").startswith("contents group"))
    assert ":gray[50]" in line.label


def test_what_matches_a_filter_is_laid_out() -> None:
    app = at(method="pca")
    digits = DIGITS.metadata.column("digit").cast("string").to_pylist()
    go(app, {"method": "pca", "filter": Filter((HasValue("digit", ("3",)),)).to_text()})
    app.button(key="lay_out_matches").click().run()
    assert not app.exception
    assert shown(app) == digits.count("3")
    assert "filter" not in dict(app.query_params)


@pytest.mark.parametrize("within", ["nonsense", encode_mask(EVERY < 2), "." + "0" * 32])
def test_a_part_that_cannot_be_found_is_said_and_the_whole_is_shown(within: str) -> None:
    app = at(method="pca", within=within, row="5", selection=encode_mask(np.arange(599) < 9))
    assert shown(app) == len(DIGITS)
    assert any("cannot be found" in error.value for error in app.error)
    history = app.session_state.open_set.history
    assert (history.row, history.selected) == (None, None)
