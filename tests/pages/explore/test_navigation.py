"""The history of visited items, and the selection or query that takes its place."""

import numpy as np
import pytest

from pages.explore import navigation
from pages.explore.navigation import AdHocQuery, History, OpenSet


def test_back_and_forward_stay_within_the_history() -> None:
    history = History()
    for row in (3, 5, 5, 8):
        history.visit(row)
    assert history.rows == [3, 5, 8]
    history.step(-1)
    assert history.row == 5
    history.step(-9)
    assert history.row == 3
    history.step(9)
    assert history.row == 8


def test_a_visit_drops_what_was_ahead() -> None:
    history = History()
    for row in (3, 5, 8):
        history.visit(row)
    history.step(-2)
    history.visit(9)
    assert history.rows == [3, 9]


def test_a_visit_ends_the_selection_and_the_query() -> None:
    history = History()
    history.selected, history.only_these = np.ones(4, dtype=bool), True
    history.visit(1)
    assert history.selected is None
    assert not history.only_these
    history.show_query(AdHocQuery("red", np.zeros(2, np.float32)))
    assert history.row is None
    history.visit(2)
    assert history.query is None


def test_clear_leaves_nothing() -> None:
    history = History()
    assert history.is_empty
    history.visit(1)
    history.selected = np.ones(4, dtype=bool)
    assert not history.is_empty
    history.clear()
    assert history.is_empty


def test_the_row_in_the_url_is_visited_once_if_the_set_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(navigation.url_state, "row", lambda: 7)
    for count, row in ((8, 7), (7, None)):
        opened = OpenSet("gallery:x")
        monkeypatch.setattr(navigation, "open_set", lambda opened=opened: opened)
        navigation.restore_from_url(count)
        assert navigation.current().row == row
        navigation.current().clear()
        navigation.restore_from_url(count)  # a rerun
        assert navigation.current().is_empty
