"""The export of the table's rows: what is written, and the link that downloads the file."""

import html
from functools import partial

import numpy as np
import pyarrow as pa
import streamlit as st
import xxhash

from embeddings.analysis.clusters import NOISE
from embeddings.layouts import METHODS
from embeddings.rows.export import Export, Format, file_name, left_out
from embeddings.text import count_noun, listed
from pages.common import services
from pages.common.formatting import plain
from pages.explore import navigation
from pages.explore.view import ViewState

TITLES: dict[Format, str] = {
    "csv": "CSV",
    "parquet": "Parquet",
    "jsonl": "JSON Lines",
    "embedding": "Embedding file",
}


def draw(view: ViewState) -> None:
    """Draw the panel behind its button; the file is made when it is downloaded."""
    panel = st.popover(
        "Export rows",
        icon=":material/download:",
        key="export_rows",
        on_change="rerun",
        disabled=not view.table.count,
    )
    if not panel.open:
        return
    with panel, st.container(key="export_options"):
        format_: Format = st.segmented_control(
            "Format", list(TITLES), default="csv", format_func=TITLES.__getitem__,
            key=navigation.open_set().widget("export_format"), required=True,
        )  # fmt: skip
        with_metadata = bool(view.embedding_set.metadata.num_columns) and _option("Columns", True)
        has_vectors = format_ == "embedding"
        numbers = f"{view.embedding_set.dimensions:,} numbers"
        with_vectors = has_vectors or _option(f"Vectors ({numbers})")
        layout = METHODS[view.displayed.layout.method].title
        columns = coordinate_columns(view) if _option(f"Coordinates ({layout})") else {}
        if view.colored.clusters is not None and _option("Names of clusters"):
            labels, titles = view.colored.clusters.labels, view.colored.titles
            columns["cluster"] = cluster_column(labels, titles)
        part = rows_title(view)
        name = file_name(view.embedding_set.provenance.name, part, format_)
        lost = left_out(view.embedding_set.metadata, format_) if with_metadata else []
        note = f"{count_noun(view.table.count, 'row')}, in the order of the table"
        st.caption(plain(f"{note}, without {listed(lost, 4)}" if lost else note))
        title = view.embedding_set.provenance.name
        describe = partial(
            Export,
            rows=view.table.ordered,
            metadata=with_metadata,
            vectors=with_vectors,
            columns=columns,
            name=f"{title}, {part}" if part else title,
        )
        clusters = (view.request.coloring.granularity, view.colored.titles)
        options = (with_metadata, with_vectors, list(columns), clusters)
        identity = f"{view.key}\0{view.displayed.key}\0{_digest(view.table.ordered)}\0{options}"
        address = services.exports().address(identity, view.embedding_set, describe, format_, name)
        _link(address, name)


def rows_title(view: ViewState) -> str:
    """Return what the rows are: the selection, the filter, both, or "" for all rows."""
    parts = [view.history.selected_name or "selection"] if view.history.selected is not None else []
    if view.matching.mask is not None:
        parts.append(view.matching.filter.title)
    return ", ".join(parts)


def coordinate_columns(view: ViewState) -> dict[str, pa.ChunkedArray]:
    """Return the coordinates of the layout; the method is in their names if the set has such."""
    layout = view.displayed.layout
    taken = view.embedding_set.metadata.column_names
    axes = "xyz"[: layout.coordinates.shape[1]]
    prefix = f"{layout.method}_" if set(axes) & set(taken) else ""
    columns = zip(axes, layout.coordinates.T, strict=True)
    return {
        f"{prefix}{axis}": pa.chunked_array([pa.array(np.ascontiguousarray(values))])
        for axis, values in columns
    }


def cluster_column(labels: np.ndarray, names: tuple[str, ...]) -> pa.ChunkedArray:
    """Return the name of each point's cluster; those in none have no value."""
    codes = pa.array(labels.astype(np.int32), mask=labels == NOISE)
    return pa.chunked_array([pa.DictionaryArray.from_arrays(codes, pa.array(names, pa.string()))])


def _option(title: str, is_on: bool = False) -> bool:
    """Draw the choice of a part of the file."""
    key = navigation.open_set().widget(f"export {title.partition(' ')[0]}")
    return st.checkbox(plain(title), is_on, key=key)


def _digest(rows: np.ndarray | None) -> str:
    return "" if rows is None else xxhash.xxh3_128_hexdigest(np.ascontiguousarray(rows).tobytes())


def _link(address: str, name: str) -> None:
    """Draw the link: it downloads, while a button of Streamlit would hold the file in memory."""
    st.html(
        f'<a class="download" href="{html.escape(address)}" download="{html.escape(name)}">'
        "Download</a>"
    )
