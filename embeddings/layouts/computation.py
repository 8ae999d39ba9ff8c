"""Computation of layouts, and their storage in the cache."""

import functools
import time
from dataclasses import asdict, replace
from pathlib import Path

from embeddings.cache import Cache
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.layouts.layout import Layout, load_layout, save_layout
from embeddings.layouts.pca import sampled_pca
from embeddings.layouts.quality import evaluate_layout
from embeddings.layouts.space import layout_metric, points
from embeddings.layouts.spec import METHODS, LayoutSpec
from embeddings.metrics import Metric
from embeddings.neighbors.graph import GRAPH_NEIGHBORS, NeighborGraph, load_or_build
from embeddings.progress import NullProgress, Progress

MINIMUM_ROWS = 3


def compute(
    embedding_set: EmbeddingSet,
    spec: LayoutSpec,
    *,
    cache: Cache | None = None,
    progress: Progress = NullProgress(),  # noqa: B008 (stateless)
    with_quality: bool = True,
) -> Layout:
    """Return a layout of a set: from the cache if it is there, else computed and stored.

    Parameters
    ----------
    spec : the method, dimensions, parameters and seed
    cache : holds layouts and neighbor graphs; None computes everything and stores nothing. Where
        another process with the same cache computes the layout, it is waited for, and its result
        returned.
    with_quality : whether to measure the layout's quality, which needs the neighbor graph. A layout
        that was stored without it is measured by a later call; nothing is computed twice.

    Returns
    -------
    Layout, whose quality is {} if it was not measured

    Raises
    ------
    EmbeddingError
        if the set has fewer than 3 rows, or the method is "precomputed" and the set has no such
        coordinates
    """
    _check_rows(embedding_set)
    if cache is None:
        return _compute(embedding_set, spec, None, None, progress, with_quality)
    layout = load_cached(embedding_set, spec, cache=cache)
    if layout and (layout.quality or not with_quality):
        return layout
    path = _path(embedding_set, spec, cache)
    with cache.lock(path, on_wait=lambda: progress("another server is computing it")):
        layout = load_cached(embedding_set, spec, cache=cache)
        if layout and (layout.quality or not with_quality):
            return layout
        return _compute(embedding_set, spec, layout, cache, progress, with_quality)


def _compute(
    embedding_set: EmbeddingSet,
    spec: LayoutSpec,
    layout: Layout | None,
    cache: Cache | None,
    progress: Progress,
    with_quality: bool,
) -> Layout:
    """Compute a layout, unless it is given, and its quality; store both."""

    @functools.cache
    def graph(metric: Metric) -> NeighborGraph:
        k = max(spec.params.graph_neighbors, GRAPH_NEIGHBORS)
        return load_or_build(embedding_set, cache, k, metric, progress)

    own_metric = layout_metric(embedding_set)  # its neighbors are the true ones
    if layout is None:
        metric = getattr(spec.params, "metric", "auto")
        needs_graph = spec.params.graph_neighbors > 0
        read = graph(own_metric if metric == "auto" else metric) if needs_graph else None
        layout = _run(embedding_set, read, spec, progress)
        if cache:  # it can be shown while its quality is measured
            _write(embedding_set, layout, spec, cache)
        progress.frame(layout.coordinates)
    if with_quality:
        neighbors = graph(own_metric)
        progress("quality")
        quality = evaluate_layout(embedding_set, neighbors, layout.coordinates)
        layout = replace(layout, quality=quality)
        if cache:
            _write(embedding_set, layout, spec, cache)
    return layout


def load_cached(embedding_set: EmbeddingSet, spec: LayoutSpec, *, cache: Cache) -> Layout | None:
    """Return a layout that was computed before, or None; computes nothing.

    Raises
    ------
    EmbeddingError
        if the method is "precomputed" and the set has no such coordinates
    """

    def read(file: Path) -> Layout:
        layout = load_layout(file)
        if layout.coordinates.shape != (len(embedding_set), spec.dims):
            raise ValueError(f"coordinates of shape {layout.coordinates.shape}")
        return layout

    return cache.load(_path(embedding_set, spec, cache), read)


def preview(embedding_set: EmbeddingSet, dims: int) -> Layout:
    """Return a rough PCA, by the directions of a sample of the rows, in time linear in n x d.

    Raises
    ------
    EmbeddingError
        if the set has fewer than 3 rows
    """
    _check_rows(embedding_set)
    started = time.perf_counter()
    coordinates, sampled = sampled_pca(points(embedding_set), dims)
    return Layout(
        coordinates,
        "pca",
        fingerprint=embedding_set.fingerprint,
        metric=layout_metric(embedding_set),
        seconds=time.perf_counter() - started,
        notes=(f"by the directions of a sample of {sampled:,} rows",),
    )


def store(embedding_set: EmbeddingSet, layout: Layout, cache: Cache) -> None:
    """Store a layout that was computed elsewhere, unless the cache has one with the same key.

    Raises
    ------
    EmbeddingError
        if the layout belongs to other vectors, or its method or parameters are unknown
    """
    if layout.fingerprint != embedding_set.fingerprint:
        raise EmbeddingError("the layout belongs to other vectors; compute it again")
    if load_cached(embedding_set, layout.spec, cache=cache) is None:
        _write(embedding_set, layout, layout.spec, cache)


def _check_rows(embedding_set: EmbeddingSet) -> None:
    if len(embedding_set) < MINIMUM_ROWS:
        raise EmbeddingError(
            f"a layout needs at least {MINIMUM_ROWS} rows; this set has {len(embedding_set)}"
        )


def _run(
    embedding_set: EmbeddingSet,
    graph: NeighborGraph | None,
    spec: LayoutSpec,
    progress: Progress,
) -> Layout:
    """Run the method and measure its wall time."""
    started = time.perf_counter()
    coordinates, notes = METHODS[spec.method].function(
        embedding_set, graph, spec.params, spec.dims, spec.seed, progress
    )
    if spec.method != "precomputed" and embedding_set.provenance.metric == "dot":
        notes += ("laid out by cosine, since the dot product is not a distance",)
    return Layout(
        coordinates,
        spec.method,
        asdict(spec.params),
        spec.seed,
        embedding_set.fingerprint,
        layout_metric(embedding_set),
        time.perf_counter() - started,
        notes,
        libraries=spec.libraries,
    )


def _path(embedding_set: EmbeddingSet, spec: LayoutSpec, cache: Cache) -> Path:
    return cache.path("layouts", spec.cache_key(embedding_set), ".parquet")


def _write(embedding_set: EmbeddingSet, layout: Layout, spec: LayoutSpec, cache: Cache) -> None:
    path = _path(embedding_set, spec, cache)
    cache.store(path, lambda file: save_layout(layout, None, file))
