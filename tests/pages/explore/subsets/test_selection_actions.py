"""The buttons of a selection, on the page as a person uses it."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from embeddings import gallery
from embeddings.filters import Filter, HasValue
from pages.explore.subsets import selection_actions
from tests.embeddings.test_usage import select, send_event

ROOT = Path(__file__).parents[4]
ROWS = 1797


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()


def box(app: AppTest, rows: range, mode: str = "replace") -> AppTest:
    """Select rows with a box."""
    bits = base64.b64encode(np.packbits(np.isin(np.arange(ROWS), rows)).tobytes()).decode()
    event = {"type": "selection", "bits": bits, "name": "box", "mode": mode}
    app = send_event(app, "map", json.dumps(event))
    assert not app.exception
    return app


def selected(app: AppTest) -> list[int] | None:
    mask = app.session_state.open_set.history.selected
    return None if mask is None else np.flatnonzero(mask).tolist()


def test_each_way_of_selecting_is_a_step_of_the_address(app: AppTest) -> None:
    steps = [
        lambda: box(app, range(40)),
        lambda: box(app, range(30, 60), "add"),
        lambda: box(app, range(5), "subtract"),
        lambda: send_event(app, "map", '{"type": "toggle", "row": 99}'),
        lambda: app.button(key="invert_selection").click().run(),
    ]
    addresses = [dict(app.query_params)]
    for step in steps:
        app = step()
        assert not app.exception
        addresses.append(dict(app.query_params))
    assert len({json.dumps(each) for each in addresses}) == len(addresses)
    members = {*range(5, 60), 99}
    assert selected(app) == [row for row in range(ROWS) if row not in members]
    assert app.session_state.open_set.history.selected_name == "not box - box, changed"
    app = app.button(key="invert_selection").click().run()
    assert selected(app) == sorted(members)


def test_the_inverse_is_within_the_filter(app: AppTest) -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    digits = gallery.open_item("digits").metadata.column("digit").cast("string").to_pylist()
    threes = {row for row, digit in enumerate(digits) if digit == "3"}
    app.query_params["filter"] = Filter((HasValue("digit", ("3",)),)).to_text()
    app = box(app.run(), range(40))
    assert set(selected(app) or []) == threes & set(range(40))
    app = app.button(key="invert_selection").click().run()
    assert set(selected(app) or []) == threes - set(range(40))


def test_the_nearest_to_a_selection_are_added_or_selected(app: AppTest) -> None:
    app = box(app, range(40))
    app.session_state["selection_neighbors"] = True
    app = app.run()
    select(app, "Neighbors").select(5).run()
    app.button(key="add_neighbors").click().run()
    assert not app.exception
    assert len(selected(app) or []) == 45
    before = set(selected(app) or [])
    app.button(key="select_neighbors").click().run()
    found = set(selected(app) or [])
    assert len(found) == 5 and not found & before


def test_neighbors_of_each_point_are_not_offered_where_they_would_take_long(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def choices(app: AppTest) -> list[str]:
        app.session_state["selection_neighbors"] = True
        (of,) = (each for each in app.run().get("button_group") if each.label == "Nearest to")
        return [each.content for each in of.proto.options]

    app = box(app, range(40))
    assert choices(app) == ["The centroid", "Each point"]
    monkeypatch.setattr(selection_actions, "MOST_PRODUCTS", 40 * ROWS - 1)
    assert choices(app) == ["The centroid"]


def test_a_selection_stays_while_the_view_changes_and_members_are_visited(app: AppTest) -> None:
    app = box(app, range(40))
    for label, value in (("Layout", "pca"), ("Color", "(single color)")):
        select(app, label).select(value).run()
        assert not app.exception
        assert selected(app) == list(range(40))
    (dims,) = (group for group in app.get("button_group") if group.label == "Dimensions")
    dims.set_value(3).run()
    assert app.query_params["dims"] == "3"
    app = send_event(app, "map", '{"type": "click", "row": 7}')
    assert (app.session_state.open_set.history.row, selected(app)) == (7, list(range(40)))
    app.switch_page("pages/train.py").run()
    app.switch_page("pages/explore.py").run()
    assert not app.exception
    assert (app.session_state.open_set.history.row, selected(app)) == (7, list(range(40)))
