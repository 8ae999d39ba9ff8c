"""What the browser fetches to draw a view: points, labels, columns, small images."""

import streamlit as st

from components import Points, points_of, text_address
from embeddings import EmbeddingSet
from embeddings.analysis.contexts import CONTEXT, contexts_of, is_layer
from embeddings.columns import as_text
from embeddings.layouts import Layout
from pages.common import services
from pages.explore.layers import ActiveSet
from pages.explore.view import ViewState


def map_points(view: ViewState) -> Points:
    """Return the points of the layout; while t-SNE runs, those of its latest frame."""
    job, active = view.displayed.job, view.request.active
    if job is not None and not view.displayed.is_requested and job.frame is not None:
        frame = active.align(job.frame)
        return services.frames().points(f"{job.key} {job.started}", job.frame_number, frame)
    return _points(view.displayed.key, view.key, active, view.displayed.layout)


def label_address(view: ViewState) -> str:
    """Return the address from which the browser fetches the labels."""
    return _labels(view.key, view.embedding_set)


def image_column(view: ViewState) -> str | None:
    """Return the first column of images; None if the set has no images."""
    return next((name for name, kind in view.kinds.items() if kind == "image"), None)


def image_address(view: ViewState) -> str | None:
    """Return the address of the items' small images; None if the set has no images."""
    name = image_column(view)
    if name is None:
        return None
    return services.thumbnails().address(view.key, view.embedding_set, name)


def hover_addresses(view: ViewState) -> list[tuple[str, str]]:
    """Return name and address of each column that points show when hovered over."""
    return [(name, _column(view.key, name, view.embedding_set)) for name in view.request.hover]


@st.cache_resource(
    max_entries=32, show_spinner=False, validate=lambda points: services.blobs().has(points.url)
)
def _points(layout_key: str, key: str, _active: ActiveSet, _layout: Layout) -> Points:
    return points_of(_active.shown(_layout), services.blobs())


@st.cache_resource(
    max_entries=16, show_spinner=False, validate=lambda address: services.blobs().has(address)
)
def _labels(key: str, _embedding_set: EmbeddingSet) -> str:
    return text_address(_embedding_set.labels, services.blobs())


@st.cache_resource(
    max_entries=64, show_spinner=False, validate=lambda address: services.blobs().has(address)
)
def _column(key: str, name: str, _embedding_set: EmbeddingSet) -> str:
    if name == CONTEXT and is_layer(_embedding_set):
        return text_address(contexts_of(_embedding_set), services.blobs())
    texts = as_text(_embedding_set.metadata.column(name)).to_pylist()
    return text_address(texts, services.blobs())
