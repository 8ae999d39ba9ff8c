"""The history of visited items, and the selection or query that takes its place."""

import numpy as np
import pytest

from embeddings import EmbeddingSet
from pages.explore import navigation
from pages.explore.address import Address, encode_mask
from pages.explore.history import AdHocQuery, History
from pages.explore.navigation import OpenSet


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


def test_a_visit_of_a_member_keeps_the_selection() -> None:
    history = History()
    history.selected, history.selected_name = np.array([True, True, False]), "box"
    history.only_these = True
    history.visit(1)
    assert history.selected is not None and not history.only_these
    history.visit(0)
    history.leave_item()
    assert history.row is None and history.selected.tolist() == [True, True, False]
    history.visit(2)
    assert history.selected is None and history.selected_name == ""


def test_a_visit_ends_the_query() -> None:
    history = History()
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


def test_an_item_beside_the_current_one_is_a_step_of_the_history() -> None:
    history = History()
    for row in (3, 5, 8):
        history.visit(row)
    history.go_to(5)
    assert (history.row, history.rows) == (5, [3, 5, 8])
    history.go_to(3)
    history.go_to(5)
    assert (history.row, history.rows) == (5, [3, 5, 8])
    history.go_to(9)
    assert (history.row, history.rows) == (9, [3, 5, 9])
    history.go_to(None)
    assert history.is_empty


SET = EmbeddingSet.of(np.random.default_rng(0).normal(size=(8, 3)))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> OpenSet:
    opened = OpenSet("gallery:x")
    monkeypatch.setattr(navigation, "open_set", lambda: opened)
    return opened


@pytest.mark.parametrize(("row", "found"), [(7, 7), (8, None), (None, None)])
def test_the_row_in_the_address_is_visited_once_if_the_set_has_it(
    opened: OpenSet, row: int | None, found: int | None
) -> None:
    navigation.go_to(Address(row=row))
    navigation.restore(SET)
    assert opened.history.row == found
    opened.history.clear()
    navigation.restore(SET)  # a rerun
    assert opened.history.is_empty


def test_an_address_replaces_what_stands_out(opened: OpenSet) -> None:
    mask = np.arange(8) % 3 == 0
    opened.history.show_query(AdHocQuery("red", np.zeros(3, np.float32)))
    navigation.go_to(
        Address(selection=encode_mask(mask), selected="box", only=True, hidden=(1, 2), query="sea")
    )
    navigation.restore(SET)
    history = opened.history
    assert history.query is None and history.row is None and history.only_these
    assert history.selected is not None and np.array_equal(history.selected, mask)
    assert history.selected_name == "box"
    assert opened.hidden == (None, frozenset({1, 2}))
    assert (opened.query_box, opened.query_text) == ("sea", "")  # it is sent to the model again
    assert opened.notice == ""


def test_a_held_selection_is_part_of_the_address(opened: OpenSet) -> None:
    held = np.arange(8) % 2 == 0
    navigation.go_to(Address(held=encode_mask(held), held_name="even"))
    navigation.restore(SET)
    assert opened.held is not None and opened.held[1] == "even"
    np.testing.assert_array_equal(opened.held[0], held)
    navigation.go_to(Address())
    navigation.restore(SET)
    assert opened.held is None and opened.notice == ""
    navigation.go_to(Address(held=encode_mask(np.ones(99, bool))))
    navigation.restore(SET)
    assert opened.held is None and "held selection" in opened.notice


def test_a_selection_that_is_of_another_set_is_named(opened: OpenSet) -> None:
    navigation.go_to(Address(selection=encode_mask(np.ones(99, bool)), row=3))
    navigation.restore(SET)
    assert opened.history.selected is None and opened.history.row == 3
    assert "selection" in opened.notice


@pytest.mark.parametrize(
    ("content", "is_named"), [(SET.fingerprint[:12], False), ("0" * 12, True), ("", False)]
)
def test_a_file_that_has_changed_since_is_named(
    opened: OpenSet, content: str, is_named: bool
) -> None:
    navigation.go_to(Address(content=content))
    navigation.restore(SET)
    assert ("changed" in opened.notice) == is_named
