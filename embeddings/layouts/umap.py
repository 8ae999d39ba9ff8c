"""UMAP by the steps of umap-learn, with neighbors from the set's graph, initialized by PCA.

McInnes, Healy and Melville, UMAP (2018). The steps are those of `umap.UMAP.fit` with
`precomputed_knn`, called one by one so that progress and intermediate layouts can be shown.

umap-learn's neighbor lists start with the point itself. Without that column it takes the nearest
neighbor for the point, and neighbor preservation at 10 falls: .230 instead of .246 on 10,000 GloVe
words, .136 instead of .145 on 37,000 (with umap-learn's own search: .242 to .251 and .142 to .148).
"""

import functools
import time

import numpy as np

from embeddings.embedding_set import EmbeddingSet
from embeddings.layouts.compiled import cache_compiled_umap
from embeddings.layouts.params import UmapParams, thread_count
from embeddings.layouts.pca import pca
from embeddings.layouts.space import points
from embeddings.neighbors.graph import NeighborGraph
from embeddings.progress import NullProgress, Progress

_FRAME_SECONDS = 1.0
_REPORT_SECONDS = 0.2
_cache_compiled_once = functools.cache(cache_compiled_umap)
_INT32_RANGE = (-(2**31) + 1, 2**31 - 2)  # of the three random states, as in umap-learn


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
    notes : a lowered n_neighbors, and that several threads are not reproducible
    """
    progress("loading UMAP")
    _cache_compiled_once()
    import numba
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import find_ab_params, make_epochs_per_sample

    count = len(embedding_set)
    notes: tuple[str, ...] = ()
    if params.n_neighbors > count:
        notes += (
            f"n_neighbors lowered from {params.n_neighbors} to {count}, the number of points",
        )
    threads = thread_count(params.threads)
    if threads > 1:
        notes += ("computed with several threads: not reproducible",)
    epochs = params.epochs or (500 if count <= 10_000 else 200)
    progress("fuzzy graph")
    edges = _fuzzy_edges(graph, min(params.n_neighbors, count), epochs)
    coordinates = _initial_coordinates(embedding_set, dims, seed, progress)
    a, b = find_ab_params(params.spread, params.min_dist)
    default_threads = numba.get_num_threads()
    numba.set_num_threads(min(threads, default_threads))
    try:
        optimize_layout_euclidean(
            coordinates,
            coordinates,
            edges.row,
            edges.col,
            epochs,
            count,
            make_epochs_per_sample(edges.data, epochs),
            a,
            b,
            np.random.RandomState(seed).randint(*_INT32_RANGE, 3).astype(np.int64),
            parallel=threads > 1,
            tqdm_kwds={
                "disable": False,
                "file": _EpochProgress(progress, epochs, coordinates),
                "bar_format": "{n}",
                "mininterval": _REPORT_SECONDS,
            },
            move_other=True,
        )
    finally:
        numba.set_num_threads(default_threads)
    return coordinates, notes


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


class _EpochProgress:
    """A text file to which tqdm writes the number of epochs done, and which reports them."""

    def __init__(self, progress: Progress, epochs: int, coordinates: np.ndarray) -> None:
        self._progress, self._epochs, self._coordinates = progress, epochs, coordinates
        self._shown = time.monotonic()

    def write(self, text: str) -> None:
        """Report one update of the progress bar, such as "\\r120"."""
        if not text.strip().isdigit():
            return
        done = int(text)
        self._progress("UMAP", done / self._epochs, f"epoch {done} of {self._epochs}")
        if time.monotonic() - self._shown >= _FRAME_SECONDS:
            self._shown = time.monotonic()
            self._progress.frame(self._coordinates.copy())

    def flush(self) -> None:
        """Do nothing: there is no buffer."""
