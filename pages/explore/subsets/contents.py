"""The table of contents: groups and clusters; a click selects one and zooms to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import streamlit as st

from embeddings.text import shorten
from pages.common.formatting import plain
from pages.explore import navigation
from pages.explore.navigation import OpenSet
from pages.explore.subsets import groups
from pages.explore.view import ViewState

MOST_LINES = 30
"""Groups, and clusters, that are listed; the largest."""

LONGEST_LINE = 40
"""Characters of a name in the list."""

_HEIGHT, _UNSCROLLED = 200, 7  # px of a longer list, lines of one that needs no scrolling


@dataclass(frozen=True, eq=False)
class Line:
    """A group or a cluster: the rows whose code is `code`.

    Attributes
    ----------
    key : of its button
    codes : whole numbers, shape (n,)
    size : number of its rows
    """

    key: str
    name: str
    codes: np.ndarray
    code: int
    size: int

    @property
    def rows(self) -> np.ndarray:
        """Its rows: bool, shape (n,)."""
        return self.codes == self.code

    def is_selected(self, selected: np.ndarray | None) -> bool:
        """Return whether its rows, and no others, are selected."""
        if selected is None or np.count_nonzero(selected) != self.size:
            return False
        return np.array_equal(self.rows, selected)


def draw(view: ViewState) -> None:
    """Draw the list, if there are groups or clusters."""
    lines = list(_lines(view))
    if not lines:
        return
    fold = st.expander("Contents", expanded=True, key="contents", on_change="rerun")
    if not fold.open:
        return
    height: Literal["content"] | int = "content" if len(lines) <= _UNSCROLLED else _HEIGHT
    with fold, st.container(key="contents_lines", height=height, border=False, gap=None):
        for line in lines:
            is_selected = line.is_selected(view.history.selected)
            name = plain(shorten(line.name, LONGEST_LINE))
            st.button(
                f"{f'**{name}**' if is_selected else name} :gray[{line.size:,}]",
                key=line.key,
                type="tertiary",
                width="stretch",
                help="Back to the view before" if is_selected else f"Zoom to {plain(line.name)}",
                on_click=_go,
                args=(navigation.open_set(), line, is_selected),
            )
        if _left_out(view):
            st.caption(f"and {_left_out(view):,} smaller clusters")


def _left_out(view: ViewState) -> int:
    """Return how many clusters are not listed."""
    return max(0, len(view.colored.titles) - MOST_LINES)


def _lines(view: ViewState) -> Iterator[Line]:
    """Yield the groups and the clusters, the largest first."""
    active, colored = view.request.active, view.colored
    found = groups.of(active)
    if found is not None and found.groups:
        codes = found.codes if active.rows is None else found.codes[active.rows]
        sizes = np.bincount(codes, minlength=len(found.groups) + 1)[1:]
        for number in np.argsort(-sizes, kind="stable")[:MOST_LINES].tolist():
            if sizes[number]:
                key, name = f"contents group {number}", found.groups[number]
                yield Line(key, name, codes, number + 1, int(sizes[number]))
    if colored.clusters is not None:
        members = colored.clusters.sizes
        for number, title in enumerate(colored.titles[:MOST_LINES]):
            key = f"contents cluster {number}"
            yield Line(key, title, colored.clusters.labels, number, members[number])


def _go(opened: OpenSet, line: Line, is_selected: bool) -> None:
    """Select a line's rows and zoom to them; if they are selected, return to the view before."""
    if is_selected:
        opened.history.clear()
        opened.zoom = -abs(opened.zoom) - 1
    else:
        opened.history.select(line.rows, line.name)
        opened.zoom = abs(opened.zoom) + 1
