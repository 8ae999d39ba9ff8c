"""The items that a person has visited in a set, and the selection or the query."""

from dataclasses import dataclass, field

import numpy as np

from components import SelectionMode

POINTS = "points"
"""Name of a selection of points that were clicked one by one."""

CHANGED = ", changed"
"""The end of the name of a selection that points were added to, or taken out of, one by one."""

LONGEST_JOINED = 60
"""Characters of a name that tells what a selection was put together from."""


@dataclass(frozen=True, eq=False)
class AdHocQuery:
    """A query vector that is no item's: of a text, of an image, or of a position on the map.

    Attributes
    ----------
    title : its name on the screen
    vector : float32, shape (d,)
    image : PNG that a decoder makes of the vector, or None
    unknown : words of a text that are not in the model's vocabulary
    text : the text that was encoded, or ""
    expression : the sum and difference of labels, or the numbers, that it is the vector of, or ""
    excluded : rows that are not among the answers, int64, or None
    notes : phrases for the screen
    new_point : number of the new point that it is the vector of, or None
    """

    title: str
    vector: np.ndarray
    image: bytes | None = None
    unknown: tuple[str, ...] = ()
    text: str = ""
    expression: str = ""
    excluded: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    new_point: int | None = None


@dataclass
class History:
    """The items visited in the session's open set, and the selection or query.

    Attributes
    ----------
    rows : row numbers in the order of the visits
    index : the current one's index in `rows`, -1 for none
    selected : bool, shape (n,), or None; `selected_name` is its title. It stays while its members
        are visited
    only_these : whether the map hides everything but the item and its neighbors
    query : the current ad hoc query, or None
    """

    rows: list[int] = field(default_factory=list)
    index: int = -1
    selected: np.ndarray | None = None
    selected_name: str = ""
    only_these: bool = False
    query: AdHocQuery | None = None

    @property
    def row(self) -> int | None:
        """The current item."""
        return self.rows[self.index] if self.index >= 0 else None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to clear."""
        return self.row is None and self.selected is None and self.query is None

    def visit(self, row: int) -> None:
        """Go to an item; the items ahead are dropped, and a selection that it is not in."""
        self.query = None
        self.only_these = False
        if self.selected is not None and not self.selected[row]:
            self.selected, self.selected_name = None, ""
        if row != self.row:
            self.rows = [*self.rows[: self.index + 1], row]
            self.index = len(self.rows) - 1

    def step(self, by: int) -> None:
        """Go back (-1) or forward (1)."""
        self.index = min(max(self.index + by, 0), len(self.rows) - 1)

    def clear(self) -> None:
        """Drop the items visited, the selection and the query."""
        self.rows, self.index, self.only_these = [], -1, False
        self.selected, self.selected_name = None, ""
        self.query = None

    def select(self, rows: np.ndarray, name: str) -> None:
        """Make rows the selection, instead of all that was shown; none, and nothing is.

        Parameters
        ----------
        rows : bool, shape (n,)
        """
        self.clear()
        if rows.any():
            self.selected, self.selected_name = rows, name

    def combine(self, rows: np.ndarray, name: str, mode: SelectionMode) -> None:
        """Make rows the selection, or add them to the one that there is, or take them out of it.

        Parameters
        ----------
        rows : bool, shape (n,)
        """
        before = self.selected
        if mode == "add" and before is not None:
            self.select(before | rows, _joined(self.selected_name, " + ", name))
        elif mode == "subtract":
            if before is not None:
                self.select(before & ~rows, _joined(self.selected_name, " - ", name))
        else:
            self.select(rows, name)

    def toggle(self, row: int, count: int) -> None:
        """Add an item to the selection, or take it out of it.

        Where nothing is selected, the current item is selected with it.

        Parameters
        ----------
        count : rows of the set
        """
        name = self.selected_name
        if self.selected is None:
            rows, name = np.zeros(count, dtype=bool), POINTS
            rows[row if self.row is None else self.row] = True
            rows[row] = True
        else:
            rows = self.selected.copy()
            rows[row] = not rows[row]
            if name != POINTS:
                name = f"{name.removesuffix(CHANGED)}{CHANGED}"
        self.select(rows, name)

    def leave_item(self) -> None:
        """Go back from the items visited to the selection."""
        self.rows, self.index, self.only_these = [], -1, False

    def go_to(self, row: int | None) -> None:
        """Make an item the current one, or none; an item beside the current one is a step."""
        if row is None:
            self.index, self.rows = -1, []
        elif row in self.rows[max(self.index - 1, 0) : self.index]:
            self.index -= 1
        elif row in self.rows[self.index + 1 : self.index + 2]:
            self.index += 1
        else:
            self.visit(row)

    def show_query(self, query: AdHocQuery) -> None:
        """Show the neighbors of a query instead of an item's."""
        self.clear()
        self.query = query


def _joined(name: str, sign: str, other: str) -> str:
    """Return the name of a combination of selections."""
    if name == other and sign == " + ":
        return name
    joined = f"{name}{sign}{other}"
    return joined if len(joined) <= LONGEST_JOINED else f"{name.removesuffix(CHANGED)}{CHANGED}"
