"""Selections are put together, changed point by point, and named by what they are made of."""

import numpy as np
import pytest

from components import SelectionMode
from pages.explore.history import LONGEST_JOINED, History

LEFT = np.array([True, True, False, False])
MIDDLE = np.array([False, True, True, False])


def rows(history: History) -> list[int] | None:
    return None if history.selected is None else np.flatnonzero(history.selected).tolist()


@pytest.mark.parametrize(
    ("mode", "expected", "name"),
    [
        ("replace", [1, 2], "lasso"),
        ("add", [0, 1, 2], "box + lasso"),
        ("subtract", [0], "box - lasso"),
    ],
)
def test_rows_replace_a_selection_join_it_or_leave_it(
    mode: SelectionMode, expected: list[int], name: str
) -> None:
    history = History()
    history.select(LEFT, "box")
    history.combine(MIDDLE, "lasso", mode)
    assert (rows(history), history.selected_name) == (expected, name)
    assert LEFT.tolist() == [True, True, False, False]  # what was selected is not changed in place


def test_where_nothing_is_selected_rows_are_added_to_nothing() -> None:
    history = History()
    history.combine(LEFT, "box", "subtract")
    assert rows(history) is None
    history.combine(LEFT, "box", "add")
    assert (rows(history), history.selected_name) == ([0, 1], "box")
    history.combine(MIDDLE, "box", "add")
    assert history.selected_name == "box"


def test_a_selection_without_rows_is_none() -> None:
    history = History()
    history.visit(1)
    history.select(LEFT, "box")
    history.combine(LEFT, "box", "subtract")
    assert history.is_empty and history.selected_name == ""


def test_the_name_of_a_combination_is_short() -> None:
    history = History()
    for number in range(40):
        history.combine(LEFT, f"category {number}", "add")
    assert len(history.selected_name) <= LONGEST_JOINED + len(", changed")
    assert history.selected_name.endswith(", changed")


def test_points_are_added_and_taken_out_one_by_one() -> None:
    history = History()
    history.toggle(2, 4)
    assert (rows(history), history.selected_name) == ([2], "points")
    history.toggle(0, 4)
    assert rows(history) == [0, 2]
    history.toggle(2, 4)
    history.toggle(0, 4)
    assert rows(history) is None


def test_the_item_on_view_is_selected_with_the_first_point() -> None:
    history = History()
    history.visit(3)
    history.toggle(1, 4)
    assert (rows(history), history.row) == ([1, 3], None)
    history = History()
    history.visit(3)
    history.toggle(3, 4)
    assert rows(history) == [3]


def test_a_point_changes_a_selection_and_its_name() -> None:
    history = History()
    history.select(LEFT, "box")
    history.visit(1)
    history.toggle(3, 4)
    history.toggle(0, 4)
    assert (rows(history), history.selected_name) == ([1, 3], "box, changed")
