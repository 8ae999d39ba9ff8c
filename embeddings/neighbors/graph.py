"""The graph of the k nearest neighbors of every point: built once, stored, and sliced by all.

t-SNE, UMAP, quality, duplicates and colors read this graph. It is exact.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embeddings.blocks import row_blocks
from embeddings.cache import Cache, key_hash
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.metrics import Metric, check_metric
from embeddings.neighbors.centered import centered_prefilter
from embeddings.neighbors.prefilter import Prefilter
from embeddings.neighbors.search import check_k
from embeddings.progress import NullProgress, Progress

GRAPH_NEIGHBORS = 100
"""Default number of neighbors per point in a graph."""

_BLOCK_SCORES = 8_000_000  # scores of one block of queries: 32 MB


@dataclass(frozen=True, eq=False)
class NeighborGraph:
    """The k nearest neighbors of every point of a set.

    Attributes
    ----------
    rows : int32, shape (n, k); row i lists the neighbors of item i, nearest first, without i
    values : float64, shape (n, k); similarities or distances by `metric`
    metric : the metric of `values`
    fingerprint : of the vectors that it was built from
    """

    rows: np.ndarray
    values: np.ndarray
    metric: Metric
    fingerprint: str

    @property
    def k(self) -> int:
        """Number of neighbors per point."""
        return self.rows.shape[1]

    def first(self, k: int) -> "NeighborGraph":
        """Return the graph of the k nearest neighbors, a view.

        Raises
        ------
        ValueError
            if the graph has fewer than k neighbors per point
        """
        if k > self.k:
            raise ValueError(f"{k} neighbors of a graph that has {self.k} per point")
        return NeighborGraph(self.rows[:, :k], self.values[:, :k], self.metric, self.fingerprint)


def build_graph(
    embedding_set: EmbeddingSet,
    k: int = GRAPH_NEIGHBORS,
    metric: Metric | None = None,
    progress: Progress = NullProgress(),  # noqa: B008 (stateless)
) -> NeighborGraph:
    """Find the k nearest neighbors of every point, exactly, with all cores.

    Parameters
    ----------
    k : neighbors per point; a graph of n points has n - 1 at most
    metric : the set's own by default

    Raises
    ------
    EmbeddingError
        if the set has one item only, or k is below 1
    """
    from embeddings.neighbors.refine import refine_block  # numba takes a second to import

    count = len(embedding_set)
    if count < 2:
        raise EmbeddingError("a set of 1 item has no neighbors; a graph needs at least 2 items")
    k = check_k(k, count - 1)
    metric = check_metric(metric or embedding_set.provenance.metric)
    prefilter = centered_prefilter(embedding_set, metric, k) or Prefilter(embedding_set, metric)
    rows = np.empty((count, k), dtype=np.int32)
    values = np.empty((count, k), dtype=np.float64)
    for block in row_blocks(count, count, _BLOCK_SCORES):
        scores, errors = prefilter.score_rows(block)
        refine_block(
            metric,
            scores,
            errors,
            embedding_set.vectors[block],
            embedding_set.norms[block],
            np.arange(block.start, block.stop),
            embedding_set.vectors,
            embedding_set.norms,
            rows[block],
            values[block],
        )
        progress("neighbors", block.stop / count)
    return NeighborGraph(rows, values, metric, embedding_set.fingerprint)


def load_or_build(
    embedding_set: EmbeddingSet,
    cache: Cache | None,
    k: int = GRAPH_NEIGHBORS,
    metric: Metric | None = None,
    progress: Progress = NullProgress(),  # noqa: B008 (stateless)
) -> NeighborGraph:
    """Return the graph of the k nearest neighbors of every point, from the cache if it is there.

    A stored graph of at least k neighbors is sliced. Otherwise a graph of at least GRAPH_NEIGHBORS
    is built and replaces it. A damaged file is built again.

    Parameters
    ----------
    cache : None builds the graph without storing it
    k : neighbors per point; a graph of n points has n - 1 at most
    metric : the set's own by default

    Raises
    ------
    EmbeddingError
        if the set has one item only, or k is below 1
    """
    metric = check_metric(metric or embedding_set.provenance.metric)
    if cache is None or k < 1:  # build_graph raises the error for k
        return build_graph(embedding_set, k, metric, progress)
    k = min(k, max(1, len(embedding_set) - 1))
    path = _path(embedding_set, cache, metric)
    progress("neighbors", 0.0)
    # a second process waits here, and finds the graph of the first
    with cache.lock(path, on_wait=lambda: progress("another process is finding the neighbors")):
        stored = load_cached(embedding_set, cache, metric)
        if stored is not None and stored.k >= k:
            return stored.first(k)
        graph = build_graph(embedding_set, max(k, GRAPH_NEIGHBORS), metric, progress)
        cache.store(path, lambda file: np.savez(file, rows=graph.rows, values=graph.values))
    return graph.first(k)


def load_cached(
    embedding_set: EmbeddingSet, cache: Cache, metric: Metric | None = None
) -> NeighborGraph | None:
    """Return the stored graph with all its neighbors, or None; builds nothing."""
    metric = check_metric(metric or embedding_set.provenance.metric)
    path = _path(embedding_set, cache, metric)
    return cache.load(path, lambda file: _read(file, embedding_set, metric))


def _path(embedding_set: EmbeddingSet, cache: Cache, metric: Metric) -> Path:
    key = key_hash(
        {"fingerprint": embedding_set.fingerprint, "metric": metric, "values": "float64"}
    )
    return cache.path("graphs", key, ".npz")


def _read(path: Path, embedding_set: EmbeddingSet, metric: Metric) -> NeighborGraph:
    """Read a stored graph; raise ValueError if it does not fit the set."""
    with np.load(path, allow_pickle=False) as arrays:
        rows, values = arrays["rows"], arrays["values"]
    count = len(embedding_set)
    fits = (
        rows.dtype == np.int32
        and values.dtype == np.float64
        and rows.shape == values.shape
        and rows.ndim == 2
        and len(rows) == count
        and rows.min(initial=0) >= 0
        and rows.max(initial=0) < count
    )
    if not fits:
        raise ValueError(f"rows {rows.dtype} {rows.shape} and values {values.dtype}, {count} items")
    return NeighborGraph(rows, values, metric, embedding_set.fingerprint)
