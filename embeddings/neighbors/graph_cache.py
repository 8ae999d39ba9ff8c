"""The neighbor graph on disk: built once per (set, metric), sliced by everybody else."""

from pathlib import Path

import numpy as np

from embeddings.cache import Cache
from embeddings.embedding_set import EmbeddingSet
from embeddings.metrics import Metric, check_metric
from embeddings.neighbors.search import GRAPH_NEIGHBORS, NeighborGraph, build_graph
from embeddings.progress import NullProgress, Progress


def load_or_build(
    embedding_set: EmbeddingSet,
    cache: Cache | None,
    k: int = GRAPH_NEIGHBORS,
    metric: Metric | None = None,
    progress: Progress = NullProgress(),  # noqa: B008 (stateless)
) -> NeighborGraph:
    """Return the graph of the k nearest neighbors of every point, from disk where it lies there.

    A stored graph that holds k neighbors or more is sliced; otherwise one with at least
    GRAPH_NEIGHBORS is built and takes its place. A broken file is built anew.

    Parameters
    ----------
    cache : where graphs are kept; None builds without keeping
    k : neighbors per point; n - 1 at most
    metric : the set's own by default

    Raises
    ------
    EmbeddingError
        a set of one item, which has no neighbors, or k below 1
    """
    metric = check_metric(metric or embedding_set.provenance.metric)
    if cache is None or k < 1:  # build_graph names a wrong k
        return build_graph(embedding_set, k, metric, progress)
    k = min(k, max(1, len(embedding_set) - 1))
    path = _path(embedding_set, cache, metric)
    progress("neighbors", 0.0)
    with cache.lock(path):  # whoever comes second waits, and finds the graph of the first
        stored = kept(embedding_set, cache, metric)
        if stored is not None and stored.k >= k:
            return stored.first(k)
        graph = build_graph(
            embedding_set,
            max(k, GRAPH_NEIGHBORS),
            metric,
            progress,
        )
        cache.store(path, lambda file: np.savez(file, rows=graph.rows, values=graph.values))
    return graph.first(k)


def kept(
    embedding_set: EmbeddingSet, cache: Cache, metric: Metric | None = None
) -> NeighborGraph | None:
    """Return the graph that lies on disk, with all its neighbors, or None; nothing is built."""
    metric = check_metric(metric or embedding_set.provenance.metric)
    path = _path(embedding_set, cache, metric)
    return cache.load(path, lambda file: _read(file, embedding_set, metric))


def _path(embedding_set: EmbeddingSet, cache: Cache, metric: Metric) -> Path:
    key = {"fingerprint": embedding_set.fingerprint, "metric": metric}
    return cache.path("graphs", key, ".npz")


def _read(path: Path, embedding_set: EmbeddingSet, metric: Metric) -> NeighborGraph:
    """Read a stored graph; raise ValueError where it does not fit the set."""
    with np.load(path, allow_pickle=False) as arrays:
        rows, values = arrays["rows"], arrays["values"]
    count = len(embedding_set)
    fits = (
        rows.dtype == np.int32
        and values.dtype == np.float32
        and rows.shape == values.shape
        and rows.ndim == 2
        and len(rows) == count
        and rows.min(initial=0) >= 0
        and rows.max(initial=0) < count
    )
    if not fits:
        raise ValueError(f"rows {rows.dtype} {rows.shape} and values {values.dtype}, {count} items")
    return NeighborGraph(rows, values, metric, embedding_set.fingerprint)
