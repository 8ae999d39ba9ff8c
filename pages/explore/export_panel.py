"""The export panel: figures of the map, its coordinates, and files for two other viewers."""

import streamlit as st

from components import figure_panel
from embeddings import layouts, neighbors
from embeddings.files.viewers.atlas import AXES, NEIGHBORS, atlas_file
from embeddings.files.viewers.projector_zip import projector_zip
from pages.common import services
from pages.explore import layout_controls
from pages.explore.view import ViewState


def draw(view: ViewState) -> None:
    """Draw the panel behind its button; a file is made when it is downloaded."""
    panel = st.popover("Export", icon=":material/download:", key="export", on_change="rerun")
    if not panel.open:
        return
    name = view.embedding_set.provenance.name
    layout = view.displayed.layout
    with panel, st.container(key="export_files"):
        figure_panel(key="figure", name=f"{name}-{layout.method}")
        st.download_button(
            "Coordinates (CSV)",
            data=lambda: layout_controls.layout_csv(view.embedding_set, layout),
            file_name=f"{name}-{layout.method}.csv",
            mime="text/csv",
            key="download",
            on_click="ignore",
            width="stretch",
        )
        st.download_button(
            "TensorFlow Projector (zip)",
            data=lambda: projector_zip(view.embedding_set),
            file_name=f"{name}-projector.zip",
            mime="application/zip",
            help="Vectors, labels, columns and small images, for TensorBoard's Projector",
            key="download_projector",
            on_click="ignore",
            width="stretch",
        )
        file = f"{name}-atlas.parquet"
        axes = " ".join(
            f"--{axis} {column}" for axis, column in zip("xyz", AXES[: layout.dims], strict=False)
        )
        st.download_button(
            "Embedding Atlas (Parquet)",
            data=lambda: _atlas(view),
            file_name=file,
            key="download_atlas",
            on_click="ignore",
            width="stretch",
            help=f"Open it with `embedding-atlas '{file}' {axes} --text label`; where neighbors "
            f"are known, add `--neighbors {NEIGHBORS}`.",
        )


def _atlas(view: ViewState) -> bytes:
    """Return the file, with the neighbors that layouts are made from if they have been computed."""
    metric = layouts.layout_metric(view.embedding_set)
    graph = neighbors.load_cached(view.embedding_set, services.cache(), metric)
    return atlas_file(view.embedding_set, view.displayed.layout.coordinates, graph)
