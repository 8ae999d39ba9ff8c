"""Layouts: coordinates in 2D or 3D for the items of a set; a plain dict of name -> function.

A method is a function (embedding_set, graph, params, dims, seed, progress) -> (coordinates, notes):
float32 (n, dims), and plain sentences for the screen. PCA and "none" need no graph (None is given);
t-SNE and UMAP take the set's NeighborGraph, computed once.
"""

import functools
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from embeddings.cache import Cache
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.layouts import quality
from embeddings.layouts.file import load_layout, save_layout
from embeddings.layouts.layout import Layout
from embeddings.layouts.params import (
    PARAMS,
    UMAP_METRICS,
    NoneParams,
    Params,
    PcaParams,
    TsneParams,
    UmapParams,
)
from embeddings.layouts.pca import pca_layout
from embeddings.layouts.precomputed import given_dims, given_layout
from embeddings.layouts.space import layout_metric
from embeddings.layouts.tsne import tsne_layout
from embeddings.layouts.umap import umap_layout
from embeddings.metrics import Metric
from embeddings.neighbors.graph_cache import load_or_build
from embeddings.neighbors.search import GRAPH_NEIGHBORS, NeighborGraph
from embeddings.progress import NullProgress, Progress

__all__ = [
    "METHODS",
    "PARAMS",
    "UMAP_METRICS",
    "Layout",
    "NoneParams",
    "Params",
    "PcaParams",
    "TsneParams",
    "UmapParams",
    "cached",
    "compute",
    "given_dims",
    "keep",
    "layout_metric",
    "load_layout",
    "save_layout",
]

Method = Callable[..., tuple[np.ndarray, tuple[str, ...]]]

METHODS: dict[str, Method] = {
    "pca": pca_layout,
    "tsne": tsne_layout,
    "umap": umap_layout,
    "none": given_layout,
}
"""Layout methods by name."""

_LIBRARIES = {"pca": "numpy", "tsne": "openTSNE", "umap": "umap-learn", "none": "numpy"}

MINIMUM_ROWS = 3
_LARGEST_SEED = 2**32 - 1  # what numpy's RandomState takes


def compute(
    embedding_set: EmbeddingSet,
    method: str,
    dims: int = 2,
    params: Params | None = None,
    seed: int = 0,
    *,
    cache: Cache | None = None,
    progress: Progress = NullProgress(),  # noqa: B008 (stateless)
    judged: bool = True,
) -> Layout:
    """Lay a set out, or find the layout that was computed before.

    Parameters
    ----------
    method : a name in METHODS
    dims : 2 or 3
    params : the method's dataclass from PARAMS; its defaults by default
    cache : where layouts and graphs are kept; None computes without keeping
    judged : whether the layout's quality must be known. Judging needs the neighbor graph; a first
        picture by PCA does not, and may be judged by a second call, which computes nothing twice

    Raises
    ------
    EmbeddingError
        fewer than 3 rows, an unknown method, other dims, a negative seed, or parameters of another
        method
    """
    params = _checked(embedding_set, method, dims, params, seed)
    layout = cached(embedding_set, method, dims, params, seed, cache=cache) if cache else None
    if layout and (layout.quality or not judged):
        return layout

    own_metric = layout_metric(embedding_set)  # neighbors by it are the true ones

    @functools.cache
    def graph(metric: Metric) -> NeighborGraph:
        wanted = max(params.graph_neighbors, GRAPH_NEIGHBORS)
        return load_or_build(embedding_set, cache, wanted, metric, progress)

    if layout is None:
        chosen = getattr(params, "metric", "auto")
        metric = own_metric if chosen == "auto" else chosen
        needed = graph(metric) if params.graph_neighbors else None
        layout = _computed(embedding_set, needed, method, dims, params, seed, progress)
        progress.frame(layout.coordinates)
    if judged:
        neighbors = graph(own_metric)
        progress("quality")
        judgment = quality.judge(embedding_set, neighbors, layout.coordinates)
        layout = replace(layout, quality=judgment)
    if cache:
        path = _path(embedding_set, method, dims, params, seed, cache)
        cache.store(path, lambda file: save_layout(layout, None, file))
    return layout


def cached(
    embedding_set: EmbeddingSet,
    method: str,
    dims: int = 2,
    params: Params | None = None,
    seed: int = 0,
    *,
    cache: Cache,
) -> Layout | None:
    """Return the layout if it was computed before, else None; nothing is computed."""
    params = _checked(embedding_set, method, dims, params, seed)

    def read(file: Path) -> Layout:
        layout = load_layout(file)
        if layout.coordinates.shape != (len(embedding_set), dims):
            raise ValueError(f"coordinates of shape {layout.coordinates.shape}")
        return layout

    return cache.load(_path(embedding_set, method, dims, params, seed, cache), read)


def keep(embedding_set: EmbeddingSet, layout: Layout, cache: Cache) -> None:
    """Put a ready layout where `cached` finds it, unless one is there.

    Raises
    ------
    EmbeddingError
        a layout of other vectors
    """
    if layout.fingerprint != embedding_set.fingerprint:
        raise EmbeddingError("the layout belongs to other vectors; compute it anew")
    params = PARAMS[layout.method](**layout.params)
    path = _path(embedding_set, layout.method, layout.dims, params, layout.seed, cache)
    if cache.load(path, load_layout) is None:
        cache.store(path, lambda file: save_layout(layout, None, file))


def _computed(
    embedding_set: EmbeddingSet,
    graph: NeighborGraph | None,
    method: str,
    dims: int,
    params: Params,
    seed: int,
    progress: Progress,
) -> Layout:
    """Run a method and note its time and what it says."""
    started = time.perf_counter()
    coordinates, notes = METHODS[method](embedding_set, graph, params, dims, seed, progress)
    if method != "none" and embedding_set.provenance.metric == "dot":
        notes += ("laid out by cosine: dot is no distance",)
    return Layout(
        coordinates,
        method,
        asdict(params),
        seed,
        embedding_set.fingerprint,
        layout_metric(embedding_set),
        time.perf_counter() - started,
        notes,
        libraries=_libraries(method),
    )


def _checked(
    embedding_set: EmbeddingSet, method: str, dims: int, params: Params | None, seed: int
) -> Params:
    """Return the method's parameters, by default its defaults; raise EmbeddingError if unfit."""
    if method not in METHODS:
        raise EmbeddingError(f"unknown method {method!r}; expected one of {', '.join(METHODS)}")
    if dims not in (2, 3):
        raise EmbeddingError(f"{dims} dimensions; a layout has 2 or 3")
    if not isinstance(seed, int) or not 0 <= seed <= _LARGEST_SEED:
        raise EmbeddingError(
            f"seed = {seed!r}; expected a whole number from 0 to {_LARGEST_SEED:,}"
        )
    if len(embedding_set) < MINIMUM_ROWS:
        raise EmbeddingError(
            f"a layout needs at least {MINIMUM_ROWS} rows; this set has {len(embedding_set)}"
        )
    params = PARAMS[method]() if params is None else params
    if not isinstance(params, PARAMS[method]):
        raise EmbeddingError(
            f"{type(params).__name__} for method {method}; expected {PARAMS[method].__name__}"
        )
    return params


def _libraries(method: str) -> dict[str, str]:
    """Return name and version of the library that computes the method."""
    return {_LIBRARIES[method]: version(_LIBRARIES[method])}


def _path(
    embedding_set: EmbeddingSet, method: str, dims: int, params: Params, seed: int, cache: Cache
) -> Path:
    """Return where the layout lies on disk, by all that it depends on."""
    key: dict[str, Any] = {
        "fingerprint": embedding_set.fingerprint,
        "metric": embedding_set.provenance.metric,
        "method": method,
        "dims": dims,
        "params": asdict(params),
        "seed": seed,
        "libraries": _libraries(method),
    }
    if method == "none":  # the columns x, y[, z] are not part of the fingerprint
        given, _ = given_layout(embedding_set, None, NoneParams(), dims, seed, NullProgress())
        key["given"] = xxhash.xxh3_128_hexdigest(given.tobytes())
    return cache.path("layouts", key, ".parquet")
