"""UMAP by the steps of umap-learn, with neighbors from the set's graph, initialized by PCA.

McInnes, Healy and Melville, UMAP (2018). The steps are those of `umap.UMAP.fit` with
`precomputed_knn`; the fuzzy graph is umap-learn's, the optimization ours (umap_epochs.py).

umap-learn's neighbor lists start with the point itself. Without that column it takes the nearest
neighbor for the point, and neighbor preservation at 10 falls: .230 instead of .246 on 10,000 GloVe
words, .136 instead of .145 on 37,000 (with umap-learn's own search: .242 to .251 and .142 to .148).
"""

import functools
import time
from typing import TYPE_CHECKING

import numpy as np

from embeddings.embedding_set import EmbeddingSet
from embeddings.layouts.compiled import cache_compiled_umap, numba_threads
from embeddings.layouts.params import UmapParams, thread_count
from embeddings.layouts.pca import pca
from embeddings.layouts.space import points
from embeddings.neighbors.graph import NeighborGraph
from embeddings.progress import NullProgress, Progress

if TYPE_CHECKING:
    from embeddings.layouts.umap_epochs import Optimization

_FRAME_SECONDS = 1.0
_REPORT_SECONDS = 0.2
_cache_compiled_once = functools.cache(cache_compiled_umap)


def umap_layout(
    embedding_set: EmbeddingSet,
    graph: NeighborGraph,
    params: UmapParams,
    dims: int,
    seed: int,
    progress: Progress,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Lay a set out by UMAP.

    For cosine, distances are 1 - cos, as in umap-learn.

    Parameters
    ----------
    graph : by the layout's metric, with at least min(n, n_neighbors) - 1 neighbors per point

    Returns
    -------
    coordinates : float32, shape (n, dims)
    notes : that n_neighbors was lowered
    """
    progress("loading UMAP")
    _cache_compiled_once()
    from umap.umap_ import find_ab_params

    from embeddings.layouts.umap_epochs import Optimization  # numba takes long to import

    count = len(embedding_set)
    notes: tuple[str, ...] = ()
    if params.n_neighbors > count:
        notes += (
            f"n_neighbors lowered from {params.n_neighbors} to {count}, the number of points",
        )
    total = params.epochs or (500 if count <= 10_000 else 200)
    progress("fuzzy graph")
    edges = _fuzzy_edges(graph, min(params.n_neighbors, count), total)
    start = _initial_coordinates(embedding_set, dims, seed, progress)
    a, b = find_ab_params(params.spread, params.min_dist)
    optimization = Optimization(edges, start, a, b, total, seed)
    with numba_threads(thread_count(params.threads)):
        _optimize(optimization, total, progress)
    return optimization.coordinates, notes


def _fuzzy_edges(graph: NeighborGraph, n_neighbors: int, epochs: int):  # type: ignore[no-untyped-def]
    """Return the fuzzy simplicial set: a scipy COO matrix of edge weights, without the weakest.

    umap-learn counts the point itself among its n_neighbors.
    """
    from umap.umap_ import fuzzy_simplicial_set

    count = len(graph.rows)
    others = graph.first(min(graph.k, n_neighbors - 1))
    values = 1.0 - others.values if graph.metric == "cosine" else others.values
    rows = np.hstack([np.arange(count, dtype=np.int32)[:, None], others.rows])
    distances = np.hstack([np.zeros((count, 1)), np.maximum(values, 0.0)]).astype(np.float32)
    edges, _, _ = fuzzy_simplicial_set(
        np.empty((count, 0), np.float32),  # only its number of rows is read
        n_neighbors,
        None,
        graph.metric,
        knn_indices=rows,
        knn_dists=distances,
    )
    edges = edges.tocoo()
    edges.sum_duplicates()
    edges.data[edges.data < edges.data.max() / max(epochs, 10)] = 0.0
    edges.eliminate_zeros()
    return edges


def _initial_coordinates(
    embedding_set: EmbeddingSet,
    dims: int,
    seed: int,
    progress: Progress = NullProgress(),  # noqa: B008 (stateless)
) -> np.ndarray:
    """Return the PCA with noise, each axis scaled from 0 to 10: float32, shape (n, dims).

    umap-learn scales its initial coordinates in this way.
    """
    coordinates = pca(points(embedding_set), dims, progress)[0]
    largest = np.abs(coordinates).max()
    if largest > 0:
        coordinates *= 10.0 / largest
    noise = np.random.default_rng(seed).normal(scale=1e-4, size=coordinates.shape)
    coordinates += noise.astype(np.float32)
    low, high = coordinates.min(axis=0), coordinates.max(axis=0)
    return (10.0 * (coordinates - low) / (high - low)).astype(np.float32, order="C")


def _optimize(optimization: "Optimization", total: int, progress: Progress) -> None:
    """Run all epochs, in steps of about _REPORT_SECONDS, and report each step.

    Every _FRAME_SECONDS the coordinates are reported, too.
    """
    started = shown = time.monotonic()
    done, size = 0, 1
    while done < total:
        optimization.run(size)
        done = min(done + size, total)
        now = time.monotonic()
        progress("UMAP", done / total, f"epoch {done} of {total}")
        if now - shown >= _FRAME_SECONDS:
            shown = now
            progress.frame(optimization.coordinates)
        per_epoch = max((now - started) / done, 1e-6)
        size = min(2 * size, max(1, round(_REPORT_SECONDS / per_epoch)))
