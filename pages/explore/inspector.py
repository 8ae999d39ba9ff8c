"""The inspector: the current item and its neighbors, the neighbors of a query, or the selection."""

import csv
import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import streamlit as st

import components
from components import Event, Hint, ListItem, neighbor_list, search_box
from embeddings import EmbeddingSet
from embeddings.analysis import clusters
from embeddings.analysis.contexts import Excerpt, context_of, is_layer
from embeddings.columns import CATEGORICAL, SCALED, column_of
from embeddings.files.delimited.formulas import harmless
from embeddings.metrics import METRICS
from embeddings.neighbors import Neighbors
from embeddings.text import shorten
from pages.common.choices import key_for
from pages.common.formatting import error_box, plain, show_text
from pages.explore import navigation, query
from pages.explore.colors.similarity_colors import similarity_options
from pages.explore.history import History
from pages.explore.item_details import show_columns, show_excerpt, show_image, show_title
from pages.explore.map_data import image_address
from pages.explore.subsets import (
    audit_panel,
    contact_sheet,
    contents,
    selection_actions,
    selection_details,
)
from pages.explore.view import DEFAULT_K, K_OPTIONS, ViewState

SEARCHED = (*CATEGORICAL, *SCALED, "text", "list")
"""Kinds of columns that a search for a text looks into."""
CENTRAL_ITEMS = 10
"""Items of a selection that are listed, the closest to its centroid, and outliers."""
COUNTED_COLUMNS, COUNTED_VALUES = 2, 6
"""Columns of a selection whose values are counted, and values listed for each."""
CONTEXT_WORDS = 3
"""Words of context on each side in a list of words in context."""
THUMBNAILS, THUMBNAIL_WIDTH = 6, 84
"""Images shown above the list of a query, and their width in px."""
LONGEST_NAME = 30
"""Characters of a selection's name on the button that leads back to it."""
LONGEST_LABEL = 200
"""Characters of a label in a list; the item's title has all of them."""

LONGEST_LOCKED = 24
"""Characters of the label of the item that colors are locked to."""
SIMILARITY_TITLES = {"off": "Off", "item": "To this item", "pointer": "To the pointer"}

NEIGHBORS_HINT = Hint(
    "Click a point, or search, to see its nearest neighbors in the original space.",
    ("click", "new_point", "query"),
)
SELECTION_HINT = Hint(
    "Draw a box or a lasso to select a region; Shift adds, Alt subtracts. Ctrl-click selects "
    "several points.",
    ("selection", "toggle"),
)
SELECTION_HINT_3D = Hint("Ctrl-click selects several points.", ("selection", "toggle"))
KEYS_HINT = Hint("? lists all keys; Ctrl-K finds every command.", ("keys",))

OnEvent = Callable[[Event], None]


def show(view: ViewState, labels: str, on_event: OnEvent) -> None:
    """Draw the search box, then the item, selection or query.

    Parameters
    ----------
    labels : address from which the search box fetches the labels
    on_event : called before the rerun with what the person did
    """
    history = view.history
    with st.container(key="inspector"):
        columns = any(kind in SEARCHED for kind in view.kinds.values())
        search_box(
            key="search", labels=labels, columns=columns, count=len(view.embedding_set),
            on_event=on_event,
        )  # fmt: skip
        if navigation.open_set().search_error:
            error_box(navigation.open_set().search_error)
        query.show(view.embedding_set, view.encoder)
        if history.row is None and history.query is None:
            contents.draw(view)
        if history.row is not None:
            _item(view, history.row, on_event)
            _similarity(view)
        elif history.selected is not None:
            _selection(view, history.selected, on_event)
        elif history.query is not None:
            _query(view, history.query, on_event)
        else:
            components.hints(key="hints", hints=hints_of(view.displayed.layout.dims))
            audit_panel.draw(view, on_event)


def hints_of(dims: int) -> list[Hint]:
    """Return the hints for a person who is new; a box and a lasso need a map in 2D."""
    return [NEIGHBORS_HINT, SELECTION_HINT if dims == 2 else SELECTION_HINT_3D, KEYS_HINT]


def _item(view: ViewState, row: int, on_event: OnEvent) -> None:
    """Show an item, its columns and its nearest neighbors."""
    embedding_set, history, found = view.embedding_set, view.history, view.found
    assert found is not None
    if history.selected is not None:
        name = shorten(history.selected_name, LONGEST_NAME)
        st.button(
            f"← {plain(name)} ({int(history.selected.sum()):,})", key="to_selection",
            type="tertiary", help="Back to the selection", on_click=history.leave_item,
        )  # fmt: skip
    _back_and_forward(history)
    show_title(embedding_set.labels[row] or "(no label)")
    if is_layer(embedding_set):
        show_excerpt(context_of(embedding_set, row))
    show_columns(embedding_set, view.kinds, row)
    left, right = st.columns(2)
    metric, k = found.metric, navigation.control("k", DEFAULT_K, K_OPTIONS)
    left.selectbox("Metric", METRICS, METRICS.index(metric), key=key_for("metric", metric))
    right.selectbox("Neighbors", K_OPTIONS, K_OPTIONS.index(k), key=key_for("k", k))
    st.markdown(f"**Nearest in the original space ({found.metric})**")
    with st.container(key="neighbors"):
        _list("neighbor-list", view, row, found, on_event)
    with st.container(key="actions", horizontal=True):
        _only_these(history)
        st.download_button(
            "CSV",
            data=lambda: neighbors_csv(embedding_set, view.kinds, row, found),
            file_name="neighbors.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )


def _similarity(view: ViewState) -> None:
    """Draw what the map is colored by in place of the column: similarity to an item."""
    opened, count = navigation.open_set(), len(view.embedding_set)
    mode, locked = opened.address.similar or "off", opened.address.locked
    st.segmented_control(
        "Color by similarity",
        similarity_options(count),
        default=mode,
        format_func=SIMILARITY_TITLES.__getitem__,
        key=key_for("similar", mode),
        required=True,
        help="In the original space. On the map, the key S switches it on and off.",
    )
    if mode == "off":
        return
    row = view.history.row if locked is None else locked
    label = "" if row is None else view.embedding_set.labels[row][:LONGEST_LOCKED]
    st.toggle(
        f"Lock to {plain(label) or 'this item'}",
        locked is not None,
        key=key_for("lock", locked is not None),
        disabled=row is None,
    )


def _back_and_forward(history: History) -> None:
    at_start, at_end = history.index <= 0, history.index >= len(history.rows) - 1
    with st.container(key="history", horizontal=True):
        for label, key, name, by, disabled in (
            ("←", "back", "Back", -1, at_start),
            ("→", "forward", "Forward", 1, at_end),
        ):
            step = history.step
            st.button(label, key=key, help=name, disabled=disabled, on_click=step, args=(by,))


def _selection(view: ViewState, selected: np.ndarray, on_event: OnEvent) -> None:
    """Show how many rows are selected, what sets them apart, central items and outliers."""
    embedding_set = view.embedding_set
    count = int(selected.sum())
    show_title(view.history.selected_name)
    st.caption(f"{count:,} of {len(selected):,} points, {count / len(selected):.1%}")
    selection_actions.draw(view)
    _only_these(view.history)
    contact_sheet.draw(view, selected, on_event)
    selection_details.show_differences(view.request.active, selected)
    selection_details.show_similarity(view.key, embedding_set, selected)
    central, outliers = selection_details.central_and_outlying(
        view.key, embedding_set, selected, CENTRAL_ITEMS
    )
    st.markdown("**Closest to the centroid**")
    with st.container(key="neighbors"):
        _list("central-list", view, None, central, on_event)
    if count > CENTRAL_ITEMS:
        with st.expander("Outliers"), st.container(key="outliers"):
            _list("outlier-list", view, None, outliers, on_event)
    labels = np.where(selected, 0, clusters.NOISE)
    for name in [n for n, kind in view.kinds.items() if kind in CATEGORICAL][:COUNTED_COLUMNS]:
        _counts(name, clusters.value_counts(labels, 0, column_of(embedding_set, name)))


def _query(view: ViewState, shown: query.AdHocQuery, on_event: OnEvent) -> None:
    """Show the items nearest to a text, an image or a position."""
    embedding_set, found = view.embedding_set, view.found
    assert found is not None
    show_title(shown.title)
    if shown.unknown:
        st.caption(f"Ignored, not in the vocabulary: {plain(', '.join(shown.unknown))}")
    if shown.notes:
        notes = "; ".join(shown.notes)
        st.caption(plain(f"{notes[0].upper()}{notes[1:]}."))
    if shown.image is not None:
        show_image(shown.image)
    column = query.image_column(embedding_set, view.kinds)
    if column is not None:
        with st.container(key="thumbnails", horizontal=True):
            for row in found.rows[:THUMBNAILS]:
                content = column[int(row)]["bytes"].as_py()
                show_image(content, THUMBNAIL_WIDTH, THUMBNAIL_WIDTH)
    _only_these(view.history)
    st.markdown(f"**Nearest in the original space ({found.metric})**")
    with st.container(key="neighbors"):
        _list("query-list", view, None, found, on_event)


def _only_these(history: History) -> None:
    """Draw the toggle; clicking an item clears it, too."""
    key = key_for("only", history.only_these)
    st.toggle("Only these", value=history.only_these, key=key)


def _list(key: str, view: ViewState, of: int | None, found: Neighbors, on_event: OnEvent) -> None:
    """Draw rows with their values as bars from 0 to the largest."""
    embedding_set = view.embedding_set
    rows, values = found
    largest = float(np.abs(values).max()) if len(values) else 0.0
    bars = np.clip(values / largest, 0, 1) if largest > 0 else np.ones(len(values))
    neighbor_list(
        key=key,
        items=[
            ListItem(int(r), list_label(embedding_set, r), float(v), float(b))
            for r, v, b in zip(rows, values, bars, strict=True)
        ],
        of=of,
        count=len(embedding_set),
        images=image_address(view),
        description=f"Nearest items and their {found.kind}",
        on_event=on_event,
    )


def list_label(embedding_set: EmbeddingSet, row: int) -> str | Excerpt:
    """Return an item's text in a list: its label, or the word with a few words around it."""
    if is_layer(embedding_set):
        return context_of(embedding_set, row, CONTEXT_WORDS)
    return embedding_set.labels[row][:LONGEST_LABEL]


def _counts(name: str, counted: list[tuple[Any, int, float]]) -> None:
    """List the most frequent values of a column among the selected rows."""
    lines = [
        f"{'(missing)' if value is None else value}: {count:,} ({fraction:.0%})"
        for value, count, fraction in counted[:COUNTED_VALUES]
    ]
    if len(counted) > COUNTED_VALUES:
        lines.append(f"and {len(counted) - COUNTED_VALUES:,} other values")
    st.markdown(f"**{plain(name)}**")
    show_text(*lines)


def neighbors_csv(
    embedding_set: EmbeddingSet, kinds: Mapping[str, str], row: int, found: Neighbors
) -> str:
    """Return an item's neighbors as CSV; text that a spreadsheet would run is escaped."""
    out = io.StringIO()
    writer = csv.writer(out)
    columns = [
        name
        for name in embedding_set.metadata.column_names
        if kinds[name] in (*CATEGORICAL, *SCALED, "text")
    ]
    named = [harmless(name) for name in columns]
    writer.writerow(["item", "rank", "row", "label", found.kind, "metric", *named])
    for rank, (other, value) in enumerate(zip(found.rows, found.values, strict=True), start=1):
        cells = [embedding_set.metadata.column(name)[int(other)].as_py() for name in columns]
        line = [embedding_set.labels[row], rank, int(other), embedding_set.labels[other],
                float(value), found.metric, *cells]  # fmt: skip
        writer.writerow([harmless(cell) for cell in line])
    return out.getvalue()
