"""Events of the browser are decoded, and what is no event of the shown set is refused."""

import base64

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from components import (
    BackgroundClick,
    Clear,
    Click,
    EventError,
    Hidden,
    Navigated,
    NewPointClick,
    PickColor,
    Query,
    ResetColors,
    Search,
    Selection,
    Sort,
    Toggle,
    ToggleSimilarity,
    decode,
)
from components.events import LONGEST_ADDRESS, LONGEST_TEXT

COUNT = 10


def packed(*rows: int, count: int = COUNT) -> str:
    mask = np.zeros(count, dtype=bool)
    mask[list(rows)] = True
    return base64.b64encode(np.packbits(mask).tobytes()).decode()


def test_a_click_names_its_row() -> None:
    assert decode({"type": "click", "row": 9, "nonce": 1.5}, COUNT) == Click(9)


def test_a_click_on_a_new_point_has_its_number() -> None:
    assert decode({"type": "new_point", "number": 99}, COUNT) == NewPointClick(99)
    for number in (-1, True, 1.0, "1", None):
        with pytest.raises(EventError, match="no number of a new point"):
            decode({"type": "new_point", "number": number}, COUNT)


def test_a_selection_is_a_mask() -> None:
    event = decode({"type": "selection", "bits": packed(0, 8), "name": "lasso"}, COUNT)
    assert isinstance(event, Selection)
    assert event.name == "lasso"
    assert event.mask.dtype == bool
    assert np.flatnonzero(event.mask).tolist() == [0, 8]
    assert event.mask.shape == (COUNT,)


def test_a_selection_replaces_adds_or_subtracts() -> None:
    message = {"type": "selection", "bits": packed(0), "name": "box"}
    for mode in ("replace", "add", "subtract"):
        event = decode({**message, "mode": mode}, COUNT)
        assert isinstance(event, Selection) and event.mode == mode
    for mode in ("xor", None, 1, ["add"]):
        with pytest.raises(EventError, match="replace, add or subtract"):
            decode({**message, "mode": mode}, COUNT)


def test_a_row_is_added_or_taken_out() -> None:
    assert decode({"type": "toggle", "row": 9}, COUNT) == Toggle(9)
    with pytest.raises(EventError, match="none of 10 rows"):
        decode({"type": "toggle", "row": COUNT}, COUNT)


def test_a_click_beside_the_points_has_a_position() -> None:
    event = decode({"type": "background", "position": [1, -0.5]}, COUNT)
    assert event == BackgroundClick((1.0, -0.5))


def test_an_address_that_was_navigated_to_is_read() -> None:
    event = decode({"type": "navigated", "search": "?set=a%3Ab&row=3&only=&row=4"}, 0)
    assert event == Navigated({"set": "a:b", "row": "4", "only": ""})
    assert decode({"type": "navigated", "search": ""}, 0) == Navigated({})


def test_similarity_is_switched() -> None:
    assert decode({"type": "similarity"}, COUNT) == ToggleSimilarity()


def test_hidden_categories_are_named_by_their_codes() -> None:
    assert decode({"type": "hidden", "codes": [3, 0, 255]}, COUNT) == Hidden(frozenset({0, 3, 255}))
    assert decode({"type": "hidden", "codes": []}, COUNT) == Hidden(frozenset())


def test_colors_of_categories_are_picked_and_reset() -> None:
    message = {"type": "pick_color", "code": 3, "color": "#0A6bCB"}
    assert decode(message, COUNT) == PickColor(3, "#0a6bcb")
    assert decode({"type": "reset_colors"}, COUNT) == ResetColors()


def test_texts_of_searches_are_text_of_a_limited_length() -> None:
    assert decode({"type": "query", "text": "king - man"}, COUNT) == Query("king - man")
    assert decode({"type": "search", "text": "x"}, COUNT) == Search("x")
    for text in (None, 3, "x" * (LONGEST_TEXT + 1)):
        with pytest.raises(EventError, match="the text of a search"):
            decode({"type": "query", "text": text}, COUNT)


def test_the_table_is_sorted_by_a_column() -> None:
    message = {"type": "sort", "column": "year", "descending": True}
    assert decode(message, COUNT) == Sort("year", True)
    assert decode({**message, "descending": "no"}, COUNT) == Sort("year", False)
    assert decode({**message, "column": ""}, COUNT) == Sort("", True)
    with pytest.raises(EventError):
        decode({"type": "sort"}, COUNT)


def test_clear_has_nothing_more() -> None:
    assert decode({"type": "clear"}, COUNT) == Clear()


@pytest.mark.parametrize(
    "message",
    [
        None,
        "click",
        [],
        {},
        {"type": "walk"},
        {"type": ["click"], "row": 1},
        {"type": "hidden"},
        {"type": "hidden", "codes": {"0": 1}},
        {"type": "hidden", "codes": [256]},
        {"type": "hidden", "codes": [-1]},
        {"type": "hidden", "codes": [True]},
        {"type": "hidden", "codes": ["1"]},
        {"type": "pick_color", "code": 3},
        {"type": "pick_color", "code": 3, "color": "red"},
        {"type": "pick_color", "code": 3, "color": "#0a6bcb\n"},
        {"type": "pick_color", "code": 256, "color": "#0a6bcb"},
        {"type": "pick_color", "code": True, "color": "#0a6bcb"},
        {"type": "click"},
        {"type": "click", "row": COUNT},
        {"type": "click", "row": -1},
        {"type": "click", "row": "1"},
        {"type": "click", "row": 1.5},
        {"type": "click", "row": True},
        {"type": "selection", "bits": packed(1)},
        {"type": "selection", "bits": packed(1), "name": 3},
        {"type": "selection", "bits": packed(1, count=17), "name": "box"},
        {"type": "selection", "bits": "", "name": "box"},
        {"type": "selection", "bits": "not base64!", "name": "box"},
        {"type": "selection", "bits": "gEA", "name": "box"},  # without its padding
        {"type": "selection", "bits": "héé=", "name": "box"},
        {"type": "selection", "bits": "g!EA=", "name": "box"},  # two bytes but for the mark
        {"type": "selection", "bits": None, "name": "box"},
        {"type": "navigated"},
        {"type": "navigated", "search": 3},
        {"type": "navigated", "search": "x" * (LONGEST_ADDRESS + 1)},
        {"type": "background"},
        {"type": "background", "position": [1]},
        {"type": "background", "position": [1, 2, 3]},
        {"type": "background", "position": "12"},
        {"type": "background", "position": [1, "2"]},
        {"type": "background", "position": [1, True]},
        {"type": "background", "position": [1, float("nan")]},
        {"type": "background", "position": [float("inf"), 1]},
    ],
)
def test_malformed_messages_are_refused(message: object) -> None:
    with pytest.raises(EventError):
        decode(message, COUNT)


def receive(message, events):  # runs as a script of its own
    import streamlit as st

    from components.mount import _receive

    st.session_state["box"] = {"event": message}
    _receive("box", 10, events.append)


@pytest.mark.parametrize(
    ("message", "events"),
    [({"type": "click", "row": 3}, [Click(3)]), ({"type": "click", "row": 10}, []), (None, [])],
)
def test_only_events_of_the_shown_set_are_passed_on(message: object, events: list) -> None:
    received: list = []
    app = AppTest.from_function(receive, args=(message, received)).run()
    assert not app.exception
    assert received == events
