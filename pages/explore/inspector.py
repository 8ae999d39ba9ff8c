"""The inspector: the clicked item and its nearest neighbors, or the selected rows."""

import csv
import io
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from components import Event, ListItem, neighbor_list, search_box
from embeddings import EmbeddingSet, neighbors
from embeddings.analysis import clusters
from embeddings.analysis.contexts import CONTEXT, Excerpt, context_of, is_layer
from embeddings.columns import CATEGORICAL, SCALED, as_text, column_kind, listed
from embeddings.metrics import METRICS
from embeddings.neighbors import Neighbors
from pages.common.text import harmless, number, plain
from pages.explore import navigation as walk
from pages.explore import query as asked
from pages.explore.color_controls import column_of
from pages.explore.media import show_image, show_media, show_pictures

CHOICES_OF_K = (5, 10, 20, 50, 100)
SHOWN_COLUMNS = 4
MIDDLE = 10
BROKEN_DOWN = 2
VALUES = 6
LONG = 200
"""Characters of a text from which it is folded away."""
LONGEST = 20_000
"""Characters of a text that are shown once it is unfolded."""
AROUND = 3
"""Words before and after the one that a list's line is about, where it is one in context."""
PICTURES, FOUND_WIDTH = 6, 84
"""Images that are shown of what was found, and their width in px."""
LONGEST_LABEL = 200
"""Characters of a label in a list; the whole stands above it once it is clicked."""


def neighbors_of(embedding_set: EmbeddingSet) -> Neighbors | None:
    """Return the neighbors of the item that the person stands on, by the chosen metric and k."""
    row = walk.current().row
    if row is None or len(embedding_set) < 2:
        return None
    state = st.session_state
    metric = state.get("metric") or embedding_set.provenance.metric
    return neighbors.query(embedding_set, row, state.get("k") or 10, metric)


def mask_of(count: int, rows: Iterable[int]) -> np.ndarray:
    """Return a boolean mask, shape (count,), that is true at `rows`."""
    mask = np.zeros(count, dtype=bool)
    mask[list(rows)] = True
    return mask


def show(
    embedding_set: EmbeddingSet,
    kinds: dict[str, str],
    found: Neighbors | None,
    labels: str,
    on_event: Callable[[Event], None],
) -> None:
    """Draw search box, item or selection, and the lists that lead on."""
    with st.container(key="inspector"):
        search_box(key="search", labels=labels, count=len(embedding_set), on_event=on_event)
        asked.show(embedding_set)
        way = walk.current()
        if way.row is not None:
            _item(embedding_set, kinds, found, on_event)
        elif way.selected is not None:
            _selection(embedding_set, kinds, way, on_event)
        elif way.asked is not None:
            _asked(embedding_set, kinds, way, on_event)
        else:
            st.caption(
                "Click a point, or search, to see its nearest neighbors in the original space. "
                "Draw a box or a lasso to select a region."
            )


def _item(
    embedding_set: EmbeddingSet,
    kinds: dict[str, str],
    found: Neighbors | None,
    on_event: Callable[[Event], None],
) -> None:
    way = walk.current()
    row = way.row
    assert row is not None
    with st.container(key="walk", horizontal=True):
        at_start, at_end = way.place <= 0, way.place >= len(way.rows) - 1
        st.button("←", key="back", help="Back", disabled=at_start, on_click=way.step, args=(-1,))
        st.button("→", key="forward", help="Forward", disabled=at_end, on_click=way.step, args=(1,))
    _title(embedding_set.labels[row] or "(no label)")
    if is_layer(embedding_set):
        st.markdown(emphasized(context_of(embedding_set, row)))
    _metadata(embedding_set, kinds, row)
    if found is None:
        st.caption("A set of one item has no neighbors.")
        return
    left, right = st.columns(2)
    metric = found.metric
    left.selectbox(
        "Metric", METRICS, index=METRICS.index(metric), key="metric", persist_state="session"
    )
    right.selectbox(
        "Neighbors", CHOICES_OF_K, index=CHOICES_OF_K.index(10), key="k", persist_state="session"
    )
    st.markdown(f"**Nearest in the original space ({metric})**")
    with st.container(key="neighbors"):
        _list("neighbor-list", embedding_set, row, found, on_event)
    with st.container(key="actions", horizontal=True):
        _only_these(way)
        st.download_button(
            "CSV",
            data=lambda: neighbors_csv(embedding_set, row, found),
            file_name="neighbors.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )


def _title(text: str) -> None:
    with st.container(key="title"):
        st.markdown(plain(text))


def _only_these(way: walk.Walk) -> None:
    st.session_state.only = way.only_these  # what the walk says, whatever was clicked before
    st.toggle("Only these", key="only", on_change=_toggle_only)


def _toggle_only() -> None:
    walk.current().only_these = st.session_state.only


def _list(
    key: str,
    embedding_set: EmbeddingSet,
    of: int | None,
    found: Neighbors,
    on_event: Callable[[Event], None],
) -> None:
    """Draw rows with their values as bars from 0 to the largest."""
    rows, values = found
    largest = float(np.abs(values).max()) if len(values) else 0.0
    shares = np.clip(values / largest, 0, 1) if largest > 0 else np.ones(len(values))
    neighbor_list(
        key=key,
        items=[
            ListItem(int(r), listed_as(embedding_set, r), float(v), float(s))
            for r, v, s in zip(rows, values, shares, strict=True)
        ],
        of=of,
        count=len(embedding_set),
        description=f"Nearest items and their {found.kind}",
        on_event=on_event,
    )


def emphasized(excerpt: Excerpt) -> str:
    """Return an excerpt as Markdown, its word in bold; all else is shown as it is."""
    word = f"**{plain(excerpt.word)}**" if excerpt.word else ""
    return plain(excerpt.before) + word + plain(excerpt.after)


def listed_as(embedding_set: EmbeddingSet, row: int) -> str | Excerpt:
    """Return what a row is called in a list: its label, or the word among those around it."""
    if is_layer(embedding_set):
        return context_of(embedding_set, row, AROUND)
    return embedding_set.labels[row][:LONGEST_LABEL]


def _metadata(embedding_set: EmbeddingSet, kinds: dict[str, str], row: int) -> None:
    """Show an item's images, sounds and first columns; long texts and the rest are folded away."""
    cells, long = [], []
    pictures: list[tuple[str, bytes]] = []
    for name in embedding_set.metadata.column_names:
        if name == CONTEXT and is_layer(embedding_set):
            continue  # stands above
        column, what = embedding_set.metadata.column(name), kinds[name]
        cell = column[row]
        if not cell.is_valid:
            continue
        if what == "image" and cell["bytes"].as_py():
            pictures.append((name, cell["bytes"].as_py()))
            continue
        text = show_media(cell) if what in ("image", "audio") else _text(what, column, row)
        if len(text) > LONG:
            long.append((name, text))
        elif text:
            cells.append(f"{plain(name)}: {plain(text)}")
    show_pictures(pictures)
    if cells:
        st.caption("  \n".join(cells[:SHOWN_COLUMNS]))
    for name, text in long:
        with st.expander(f"{plain(name)}, {len(text):,} characters"):
            more = len(text) - LONGEST
            st.caption("  \n".join(plain(line.strip()) for line in text[:LONGEST].splitlines()))
            if more > 0:
                st.caption(f"and {more:,} more characters")
    if len(cells) > SHOWN_COLUMNS:
        with st.expander(f"{len(cells) - SHOWN_COLUMNS} more columns"):
            st.caption("  \n".join(cells[SHOWN_COLUMNS:]))


def _text(what: str, column: pa.ChunkedArray, row: int) -> str:
    """Write a cell that is there for the screen."""
    if what not in ("boolean", "list", "number"):
        return str(as_text(column.slice(row, 1))[0].as_py())
    value = column[row].as_py()
    if what == "boolean":
        return "yes" if value else "no"
    if what == "list":
        return listed(value)
    return number(value) if isinstance(value, int | float) else str(value)


def _selection(
    embedding_set: EmbeddingSet,
    kinds: dict[str, str],
    way: walk.Walk,
    on_event: Callable[[Event], None],
) -> None:
    """Show how many rows are selected, what they are, and the items nearest their middle."""
    selected = way.selected
    assert selected is not None
    rows = np.flatnonzero(selected)
    _title(way.selected_name)
    st.caption(f"{len(rows):,} of {len(selected):,} points, {len(rows) / len(selected):.1%}")
    _only_these(way)
    labels = np.where(selected, 0, clusters.NOISE)
    for name in [n for n, what in kinds.items() if what in CATEGORICAL][:BROKEN_DOWN]:
        _breakdown(name, clusters.value_counts(labels, 0, column_of(embedding_set, name)))
    metric = embedding_set.provenance.metric
    middle = clusters.closest_to_centroid(embedding_set.vectors, labels, 0, MIDDLE, metric)
    st.markdown("**Nearest to their middle**")
    with st.container(key="neighbors"):
        _list("middle-list", embedding_set, None, middle, on_event)


def _asked(
    embedding_set: EmbeddingSet,
    kinds: dict[str, str],
    way: walk.Walk,
    on_event: Callable[[Event], None],
) -> None:
    """Show the images nearest to a text, a picture or a place, and list them."""
    found = asked.nearest(embedding_set, kinds)
    assert found is not None and way.asked is not None
    _title(way.asked.name)
    if way.asked.unknown:
        st.caption(f"Without what was never learned: {plain(', '.join(way.asked.unknown))}")
    if way.asked.picture is not None:
        show_image(way.asked.picture)
    column = asked.images(embedding_set, kinds)
    if column is not None:
        with st.container(key="pictures", horizontal=True):
            for row in found.rows[:PICTURES]:
                show_image(column[int(row)]["bytes"].as_py(), FOUND_WIDTH, FOUND_WIDTH)
    _only_these(way)
    st.markdown(f"**Nearest in the original space ({found.metric})**")
    with st.container(key="neighbors"):
        _list("asked-list", embedding_set, None, found, on_event)


def _breakdown(name: str, counted: list[tuple[Any, int, float]]) -> None:
    """Write the most frequent values of a column among the selected rows."""
    lines = [
        f"{plain('(missing)' if value is None else str(value))}: {count:,} ({share:.0%})"
        for value, count, share in counted[:VALUES]
    ]
    if len(counted) > VALUES:
        lines.append(f"and {len(counted) - VALUES:,} other values")
    st.markdown(f"**{plain(name)}**")
    st.caption("  \n".join(lines))


def neighbors_csv(embedding_set: EmbeddingSet, row: int, found: Neighbors) -> str:
    """Write an item's neighbors as CSV; a text cell that a spreadsheet would run is quoted off."""
    out = io.StringIO()
    writer = csv.writer(out)
    columns = [
        name
        for name in embedding_set.metadata.column_names
        if column_kind(embedding_set.metadata.column(name)) in (*CATEGORICAL, *SCALED, "text")
    ]
    named = [harmless(name) for name in columns]
    writer.writerow(["item", "rank", "row", "label", found.kind, "metric", *named])
    for rank, (other, value) in enumerate(zip(found.rows, found.values, strict=True), start=1):
        cells = [embedding_set.metadata.column(name)[int(other)].as_py() for name in columns]
        line = [embedding_set.labels[row], rank, int(other), embedding_set.labels[other],
                float(value), found.metric, *cells]  # fmt: skip
        writer.writerow([harmless(cell) for cell in line])
    return out.getvalue()
