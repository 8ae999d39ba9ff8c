"""What a person has visited, selected or queried in the open set, and the way back and forward."""

from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from components import Clear, Click, Event, Selection
from pages.common import url_state


@dataclass(frozen=True, eq=False)
class AdHocQuery:
    """A query vector that is no item's: of a text, of an image, or of a position on the map.

    Attributes
    ----------
    title : its name on the screen
    vector : float32, shape (d,)
    image : PNG that a decoder makes of the vector, or None
    unknown : words of a text that are not in the model's vocabulary
    """

    title: str
    vector: np.ndarray
    image: bytes | None = None
    unknown: tuple[str, ...] = ()


@dataclass
class History:
    """The items visited in the session's open set, and the selection or query.

    Attributes
    ----------
    rows : row numbers in the order of the visits
    index : the current one's index in `rows`, -1 for none
    selected : bool, shape (n,), or None; `selected_name` is its title
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
        """Go to an item; the items ahead are dropped."""
        self.query = None
        self.selected, self.only_these = None, False
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

    def show_query(self, query: AdHocQuery) -> None:
        """Show the neighbors of a query instead of an item's."""
        self.clear()
        self.query = query


def current() -> History:
    """Return the session's history in the open set."""
    if "history" not in st.session_state:
        st.session_state.history = History()
    return st.session_state.history


def restore_from_url(count: int) -> None:
    """Begin a session's history at the row in the URL, if the set of `count` rows has it."""
    if "history" not in st.session_state:
        row = url_state.row()
        if row is not None and row < count:
            current().visit(row)


def receive(event: Event) -> None:
    """Carry out a click, a selection or a clearing."""
    history = current()
    if isinstance(event, Click):
        history.visit(event.row)
    elif isinstance(event, Clear):
        history.clear()
    elif isinstance(event, Selection):
        history.clear()
        history.selected, history.selected_name = event.mask, event.name
