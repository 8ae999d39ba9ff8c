"""The plain page, the baseline for the app: st.plotly_chart and the same neighbors.

This is a careful implementation with Streamlit alone: the set, its PCA and the arrays of each
category are cached; points have no hover text; the clicked row is found from the trace and the
index in it, so that no row numbers are sent. The chart is drawn before the panel, as in Streamlit's
documentation. With ?panel=first in the URL the order is reversed, so that the panel appears before
the browser has processed the new chart.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from embeddings import EmbeddingSet, gallery, layouts, load, neighbors
from embeddings.columns import categories, column_kind
from embeddings.palette import COLORS, OTHER

Groups = list[tuple[str, np.ndarray]]


@st.cache_resource(max_entries=8)
def opened(file_id: str, _content: bytes) -> tuple[EmbeddingSet, np.ndarray, Groups]:
    """Return the set, its PCA, and name and rows of each category of the first category column."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "uploaded.parquet"
        path.write_bytes(_content)
        embedding_set = load(path)
    spec = layouts.LayoutSpec("pca")
    coordinates = layouts.compute(embedding_set, spec, with_quality=False).coordinates
    columns = embedding_set.metadata.columns
    found = categories(next(column for column in columns if column_kind(column) == "category"))
    groups = [(name, np.flatnonzero(found.codes == i)) for i, name in enumerate(found.names)]
    return embedding_set, coordinates, groups


def figure(coordinates: np.ndarray, groups: Groups, row: int | None, near: np.ndarray) -> go.Figure:
    """Draw one scattergl trace per category, and on top the row with lines to its neighbors."""
    traces: list[Any] = []
    for i, (name, rows) in enumerate(groups):
        x, y = coordinates[rows].T
        color = OTHER if name.startswith("other (") else COLORS[i % len(COLORS)]
        marker = {"size": 4, "opacity": 0.6, "color": color}
        traces.append(go.Scattergl(x=x, y=y, mode="markers", name=name, marker=marker))
    if row is not None:
        ends = coordinates[near]
        lines = np.full((3 * len(near), 2), np.nan, dtype=np.float32)  # a gap after each pair
        lines[0::3], lines[1::3] = coordinates[row], ends
        traces.append(go.Scattergl(x=lines[:, 0], y=lines[:, 1], mode="lines"))
        traces.append(go.Scattergl(x=ends[:, 0], y=ends[:, 1], mode="markers"))
        for trace in traces[-2:]:
            trace.update(hoverinfo="skip", showlegend=False, marker_size=8, line_width=1)
    return go.Figure(traces, {"height": 780, "margin": {"l": 0, "r": 0, "t": 30, "b": 0}})


def panel(column: Any, embedding_set: EmbeddingSet, row: int | None, near: np.ndarray) -> None:
    """Show the item and its neighbors, each a button that opens that neighbor."""
    if row is None:
        return
    with column, st.container(key="title"):
        st.text(embedding_set.labels[row])
    with column, st.container(key="neighbors"):
        for other in near.tolist():
            label, key = embedding_set.labels[other], f"neighbor-{other}"
            st.button(label, key=key, on_click=walk, args=(other,))


def walk(row: int) -> None:
    """Show a neighbor."""
    st.session_state.row = row


def main() -> None:
    """Draw the page: file, chart, panel."""
    st.set_page_config("Plain page", layout="wide")
    state = st.session_state
    upload = st.sidebar.file_uploader("Open a file")
    source = upload.file_id if upload else "gallery"
    content = upload.getvalue() if upload else gallery.item("digits").path.read_bytes()
    embedding_set, coordinates, groups = opened(source, content)
    if state.get("source") != source:
        state.source, state.row = source, None
    elif state.get("chart") and state.chart.selection.points:
        point = state.chart.selection.points[0]
        state.row = int(groups[point["curve_number"]][1][point["point_index"]])
    row, near = state.row, np.empty(0, dtype=np.int32)
    if row is not None:
        near = neighbors.query(embedding_set, row, 10).rows
    left, right = st.columns([0.735, 0.265])
    panel_first = st.query_params.get("panel") == "first"
    if panel_first:
        panel(right, embedding_set, row, near)
    shown = figure(coordinates, groups, row, near)
    left.plotly_chart(shown, on_select="rerun", selection_mode="points", key="chart")
    if not panel_first:
        panel(right, embedding_set, row, near)


main()
