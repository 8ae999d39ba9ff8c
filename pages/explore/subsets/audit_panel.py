"""The audit of a set: items among those of another category, and near duplicates, to walk along.

Nothing is computed until the panel is opened.
"""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from components import Event, ListItem, neighbor_list
from embeddings import EmbeddingSet, layouts, neighbors
from embeddings.analysis.audit import Disagreements, NearPairs, disagreements, near_pairs
from embeddings.columns import CATEGORICAL, CodedColumn, coded, column_of
from embeddings.neighbors import NeighborGraph
from embeddings.text import count_noun, shorten
from pages.common import services
from pages.common.formatting import plain
from pages.explore import navigation
from pages.explore.history import History
from pages.explore.map_data import image_address
from pages.explore.view import ViewState

BUILT_ROWS = 20_000
"""Sets of up to this many rows have their neighbor graph built for the panel: about a second."""

LISTED = 20
"""Items, and near duplicates, that are listed."""

_LONGEST_LABEL, _LONGEST_VALUE = 60, 20  # characters


def draw(view: ViewState, on_event: Callable[[Event], None]) -> None:
    """Draw the panel, folded at first.

    Parameters
    ----------
    on_event : called before the rerun with what the person did
    """
    opened = navigation.open_set()
    fold = st.expander("Audit", opened.is_auditing, key="audit", on_change="rerun")
    opened.is_auditing = bool(fold.open)  # it stays open while an item of its lists is visited
    if not opened.is_auditing:
        return
    with fold:
        near = _near_pairs(view.key, view.embedding_set)
        if near is None:
            st.caption("Available once the quality of a layout has been measured.")
            return
        columns = [name for name, kind in view.kinds.items() if kind in CATEGORICAL]
        if columns:
            by = view.request.coloring.by
            first = columns.index(by) if by in columns else 0
            widget = opened.widget("audit_column")
            name = st.selectbox("Category", columns, first, key=widget)
            found = _disagreements(view.key, name, view.embedding_set)
            if found is not None:
                _categories(view, name, *found, on_event)
        _duplicates(view, near, on_event)


def _graph(embedding_set: EmbeddingSet) -> NeighborGraph | None:
    """Return the neighbor graph of the set; None if it is large, and has none yet."""
    metric = layouts.layout_metric(embedding_set)
    if len(embedding_set) > BUILT_ROWS:
        return neighbors.load_cached(embedding_set, services.cache(), metric)
    with st.spinner("Comparing neighbors…"):
        return neighbors.load_or_build(embedding_set, services.cache(), metric=metric)


def _categories(
    view: ViewState,
    name: str,
    column: CodedColumn,
    found: Disagreements,
    on_event: Callable[[Event], None],
) -> None:
    """List the items whose category is not that of most of their neighbors."""
    count = len(found.rows)
    st.caption(
        f"{count_noun(count, 'item')} whose {plain(name)} is not that of most of the {found.k} "
        "nearest. Each has its own, that of its neighbors, and their fraction."
    )
    if not count:
        return
    lines = []
    for row, code, fraction in list(zip(found.rows, found.codes, found.fractions, strict=True))[
        :LISTED
    ]:
        own, other = (shorten(column.values[c], _LONGEST_VALUE) for c in (column.codes[row], code))
        label = shorten(view.embedding_set.labels[row], _LONGEST_LABEL)
        text = f"{label} ({own} → {other})"
        lines.append(ListItem(int(row), text, float(fraction), float(fraction)))
    title = f"{name} unlike its neighbors"
    _list(view, "audit_categories", lines, f"Items and fractions: {title}", on_event)
    _select_button(view, "select_disagreeing", found.rows, title)


def _duplicates(view: ViewState, found: NearPairs, on_event: Callable[[Event], None]) -> None:
    """List the pairs of near duplicates, one item below the other."""
    count, metric = len(found.rows), layouts.layout_metric(view.embedding_set)
    st.caption(
        f"{count_noun(count, 'pair')} of near duplicates ({metric} distance up to "
        f"{found.limit:.2g}), {int(found.equal.sum()):,} of them equal."
    )
    if not count:
        return
    largest = float(np.abs(found.values).max()) or 1.0
    lines = []
    for pair, value in list(zip(found.rows.tolist(), found.values.tolist(), strict=True))[
        : LISTED // 2
    ]:
        for row in pair:
            label = shorten(view.embedding_set.labels[row], _LONGEST_LABEL)
            lines.append(ListItem(row, label, value, abs(value) / largest))
    _list(view, "audit_pairs", lines, "Pairs of near duplicates", on_event)
    _select_button(view, "select_near", np.unique(found.rows), "near duplicates")


def _list(
    view: ViewState,
    key: str,
    items: Sequence[ListItem],
    description: str,
    on_event: Callable[[Event], None],
) -> None:
    neighbor_list(
        key=key,
        items=items,
        of=None,
        count=len(view.embedding_set),
        images=image_address(view),
        description=description,
        on_event=on_event,
    )


def _select_button(view: ViewState, key: str, rows: np.ndarray, title: str) -> None:
    """Draw the button that selects all rows that were found."""
    st.button(
        f"Select {len(rows):,}",
        key=key,
        type="tertiary",
        on_click=_select,
        args=(view.history, len(view.embedding_set), rows, title),
    )


def _select(history: History, count: int, rows: np.ndarray, title: str) -> None:
    selected = np.zeros(count, dtype=bool)
    selected[rows] = True
    history.select(selected, title)


def _is_found(found: object) -> bool:
    """Return True unless there was no neighbor graph yet."""
    return found is not None


@st.cache_resource(max_entries=16, show_spinner=False, validate=_is_found)
def _disagreements(
    key: str, name: str, _embedding_set: EmbeddingSet
) -> tuple[CodedColumn, Disagreements] | None:
    """Return the values of a column, and the items whose value is not that of their neighbors."""
    graph, column = _graph(_embedding_set), coded(column_of(_embedding_set, name))
    return None if graph is None else (column, disagreements(graph, column.codes))


@st.cache_resource(max_entries=16, show_spinner=False, validate=_is_found)
def _near_pairs(key: str, _embedding_set: EmbeddingSet) -> NearPairs | None:
    graph = _graph(_embedding_set)
    return None if graph is None else near_pairs(_embedding_set, graph)
