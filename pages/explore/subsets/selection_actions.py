"""What can be done with a selection: invert it, select what is nearest to it, name it."""

import numpy as np
import streamlit as st

from embeddings import EmbeddingSet
from embeddings.analysis.cohesion import nearest_outside
from pages.explore.colors.map_colors import cluster_of
from pages.explore.history import History
from pages.explore.subsets import groups, part
from pages.explore.subsets.active_filter import Matching
from pages.explore.view import ViewState

NEIGHBOR_COUNTS = (5, 10, 20, 50, 100)
"""Numbers of neighbors to choose from."""

MOST_PRODUCTS = 20_000_000
"""Members times rows of a set, up to which neighbors of each member are searched for: 2 seconds."""

INVERTED = "not "
"""The beginning of the name of an inverted selection."""

_TO = {"centroid": "The centroid", "members": "Each point"}


def draw(view: ViewState) -> None:
    """Draw the buttons for the selection."""
    active, history, matching = view.request.active, view.history, view.matching
    embedding_set, selected = active.embedding_set, history.selected
    assert selected is not None
    with st.container(key="selection_actions", horizontal=True):
        st.button(
            "Invert",
            key="invert_selection",
            help="Select the other points" + (" that match the filter" * bool(matching.filter)),
            on_click=_invert,
            args=(history, matching),
        )
        _neighbors(embedding_set, history, selected)
        cluster = cluster_of(view.colored, selected)
        title = None if cluster is None else view.colored.titles[cluster]
        groups.draw_form(active, history, title)
        part.draw_button(view, matching.within(selected), "lay_out_selected")


def _invert(history: History, matching: Matching) -> None:
    """Select the points that are not selected, of those that match the filter."""
    selected, name = history.selected, history.selected_name
    if selected is None:
        return
    others = matching.within(~selected)
    assert others is not None
    inverse = name.removeprefix(INVERTED) if name.startswith(INVERTED) else f"{INVERTED}{name}"
    history.select(others, inverse)


def _neighbors(embedding_set: EmbeddingSet, history: History, selected: np.ndarray) -> None:
    """Draw the form for points near the selection, behind its button."""
    panel = st.popover("Neighbors", key="selection_neighbors", on_change="rerun")
    if not panel.open:
        return
    with panel:
        is_small = int(selected.sum()) * len(selected) <= MOST_PRODUCTS
        to = st.segmented_control(
            "Nearest to",
            list(_TO) if is_small else ["centroid"],
            default="centroid",
            format_func=_TO.__getitem__,
            key="selection_neighbors_of",
            required=True,
            help="By the metric of the set, in the original space",
        )
        k = st.selectbox("Neighbors", NEIGHBOR_COUNTS, 1, key="selection_neighbors_count")
        for title, key, is_added in (
            ("Add to the selection", "add_neighbors", True),
            ("Select instead", "select_neighbors", False),
        ):
            st.button(
                title,
                key=key,
                width="stretch",
                on_click=_select_neighbors,
                args=(embedding_set, history, k, to, is_added),
            )


def _select_neighbors(
    embedding_set: EmbeddingSet, history: History, k: int, to: str, is_added: bool
) -> None:
    """Select the points nearest to the selection, or add them to it."""
    selected, name = history.selected, history.selected_name
    if selected is None:
        return
    found = nearest_outside(
        embedding_set, selected, k, "members" if to == "members" else "centroid"
    )
    if not found.any():
        return
    title = "neighbors" if is_added else f"neighbors of {name}"
    history.combine(found, title, "add" if is_added else "replace")
