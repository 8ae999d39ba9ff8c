"""A part of a set, laid out by itself: what was selected, and within it what was selected then.

The address names the parts by the rows that were selected in each. The layouts, jobs and neighbors
of a part are those of a set of its own, found by its content; its groups are those of the whole.
"""

from dataclasses import replace

import numpy as np
import streamlit as st

from embeddings import EmbeddingError, EmbeddingSet
from embeddings.layouts.computation import MINIMUM_ROWS
from pages.common import services
from pages.common.formatting import error_box, plain
from pages.explore import layout_controls, navigation
from pages.explore.address.selections import selection_mask, selection_text
from pages.explore.history import History
from pages.explore.layers import ActiveSet
from pages.explore.navigation import OpenSet
from pages.explore.view import ViewState
from server.annotations import rows_digest
from server.open_sets import private_bytes

AUTOMATIC = ("precomputed", "pca", "axes")
"""Methods whose layouts start by themselves; one of another method is started with the part."""


def descend(active: ActiveSet) -> ActiveSet:
    """Return the part of a set that the address names; the whole where it names none."""
    opened = navigation.open_set()
    within = opened.address.within
    if not within:
        return active
    levels = _levels(within, len(active.embedding_set))
    if levels is None:
        error_box("The part in the address cannot be found on this server.")
        opened.address = replace(opened.address, within=())
        if opened.destination is not None:
            opened.destination = replace(
                opened.destination, row=None, selection="", held="", within=()
            )
        return active
    return _part(active, levels[-1])


def _part(active: ActiveSet, rows: np.ndarray) -> ActiveSet:
    """Return some rows, int64 (m,), of a set as a set of its own."""
    whole = active.embedding_set
    is_in = np.zeros(len(whole), dtype=bool)
    is_in[rows] = True
    key = f"{active.key} within {rows_digest(is_in)}"

    def load() -> EmbeddingSet:
        labels = tuple(whole.labels[row] for row in rows.tolist())
        about = whole.provenance
        name = f"{about.name} ({len(rows):,} of {len(whole):,})"
        about = replace(about, name=name)
        return EmbeddingSet(whole.vectors[rows], labels, whole.metadata.take(rows), about)

    shown = services.hold(key, load, private_bytes, part_of=active.key)
    return ActiveSet(key, shown, layer=active.layer, whole=active, rows=rows)


def _levels(within: tuple[str, ...], count: int) -> list[np.ndarray] | None:
    """Return the rows of the whole set, int64, that each part in an address has.

    Parameters
    ----------
    within : the texts of the selections, each in the part before
    count : rows of the whole set

    Returns
    -------
    None if one cannot be read, or is too small to be laid out
    """
    rows, levels = np.arange(count), []
    for text in within:
        mask = selection_mask(text, len(rows))
        if mask is None or np.count_nonzero(mask) < MINIMUM_ROWS:
            return None
        rows = rows[mask]
        levels.append(rows)
    return levels


def draw_button(view: ViewState, selected: np.ndarray | None, key: str) -> None:
    """Draw the button that lays out some of the rows, bool (n,), by themselves."""
    count = 0 if selected is None else int(np.count_nonzero(selected))
    is_clicked = st.button(
        "Lay out only these",
        key=key,
        help="As a set of their own, with its own layouts and neighbors",
        disabled=not MINIMUM_ROWS <= count < len(view.embedding_set),
    )
    if not is_clicked or selected is None:
        return
    try:
        text = selection_text(selected)
    except EmbeddingError as error:
        error_box(str(error))
        return
    _start_layout(view, selected)
    opened = navigation.open_set()
    _open(opened, (*opened.address.within, text), History())
    st.rerun()


def _start_layout(view: ViewState, selected: np.ndarray) -> None:
    """Have the part laid out as the set is that is shown; what takes a moment is anyway."""
    active, spec = view.request.active, view.request.spec
    if spec.method not in AUTOMATIC:
        rows = np.flatnonzero(active.in_whole(selected))
        whole = active.whole or active.ungrouped or active
        layout_controls.start(_part(whole, rows).embedding_set, spec)


def draw_breadcrumb(view: ViewState) -> None:
    """Draw the way back from a part to the sets that it is a part of."""
    opened, active = navigation.open_set(), view.request.active
    within = opened.address.within
    levels = _levels(within, len(active.annotated))
    if active.rows is None or not levels:
        return
    titles = [active.annotated.provenance.name, *(f"{len(rows):,} selected" for rows in levels)]
    with st.container(key="breadcrumb", horizontal=True, vertical_alignment="center", gap="xsmall"):
        for level, title in enumerate(titles[:-1]):
            help_ = f"Back to {plain(title)}"
            if st.button(plain(title), key=f"part_{level}", type="tertiary", help=help_):
                _leave(view, levels, level)
            st.markdown("›", width="content")
        st.markdown(f"**{titles[-1]}**", width="content")
        st.caption("Neighbors are among these.")


def _leave(view: ViewState, levels: list[np.ndarray], level: int) -> None:
    """Go back to a set that this is a part of; what is selected, or else the part, is selected."""
    opened, shown = navigation.open_set(), view.history
    history = History()
    rows = levels[-1]
    outer = levels[level - 1] if level else np.arange(len(view.request.active.annotated))
    selected = rows if shown.selected is None else rows[shown.selected]
    name = shown.selected_name or f"{len(rows):,} selected"
    history.select(np.isin(outer, selected), name)
    if shown.row is not None:
        history.visit(int(np.searchsorted(outer, rows[shown.row])))
    _open(opened, opened.address.within[:level], history)
    st.rerun()


def _open(opened: OpenSet, within: tuple[str, ...], history: History) -> None:
    """Open a part of the open set, or a set that it is a part of, with the same controls."""
    address = replace(
        opened.address,
        within=within,
        filter="",
        hide_rest=False,
        similar=None,
        locked=None,
        hidden=(),
        page=1,
        camera="",
    )
    st.session_state.open_set = OpenSet(opened.key, opened.number + 1, address, history=history)
