"""Where a person is: the clicked item, the way back and forward, and the selected rows."""

from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from components import Clear, Click, Event, Selection
from pages.common import url_state


@dataclass(frozen=True, eq=False)
class Asked:
    """A vector that is no item's: of a text, of a picture, of a place of the map.

    Attributes
    ----------
    name : what the screen calls it
    vector : float32, shape (d,)
    picture : what a decoder makes of the vector, as PNG
    unknown : words of a text that the model has never learned
    """

    name: str
    vector: np.ndarray
    picture: bytes | None = None
    unknown: tuple[str, ...] = ()


@dataclass
class Walk:
    """The items visited in this session's open set, and the selection.

    Attributes
    ----------
    rows : row numbers in the order visited
    place : index of the present one, -1 for none
    selected : bool, shape (n,), or None; `selected_name` says what it is
    only_these : whether the map shows nothing but the item and its neighbors
    asked : the vector that was asked for, which is no item's, or None
    """

    rows: list[int] = field(default_factory=list)
    place: int = -1
    selected: np.ndarray | None = None
    selected_name: str = ""
    only_these: bool = False
    asked: "Asked | None" = None

    @property
    def row(self) -> int | None:
        """The present item."""
        return self.rows[self.place] if self.place >= 0 else None

    def go(self, row: int) -> None:
        """Walk to an item; the way forward is forgotten."""
        self.asked = None
        if row != self.row:
            self.rows = [*self.rows[: self.place + 1], row]
            self.place = len(self.rows) - 1

    def step(self, by: int) -> None:
        """Go back (-1) or forward (1)."""
        self.place = min(max(self.place + by, 0), len(self.rows) - 1)

    def clear(self) -> None:
        """Stand nowhere and select nothing; the way is forgotten."""
        self.rows, self.place, self.only_these = [], -1, False
        self.selected, self.selected_name = None, ""
        self.asked = None

    def ask(self, asked: "Asked") -> None:
        """Stand at a vector that is no item's."""
        self.clear()
        self.asked = asked


def current() -> Walk:
    """Return this session's walk through the open set."""
    if "walk" not in st.session_state:
        st.session_state.walk = Walk()
    return st.session_state.walk


def begin(count: int) -> None:
    """Start a session's walk at the row that the address names, if the set has it."""
    if "walk" not in st.session_state:
        row = url_state.row()
        if row is not None and row < count:
            current().go(row)


def receive(event: Event) -> None:
    """Carry out a click, a selection or a clearing."""
    walk = current()
    if isinstance(event, Click):
        walk.go(event.row)
        walk.selected, walk.only_these = None, False
    elif isinstance(event, Clear):
        walk.clear()
    elif isinstance(event, Selection):
        walk.clear()
        walk.selected, walk.selected_name = event.mask, event.name
