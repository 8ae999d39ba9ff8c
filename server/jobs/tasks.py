"""What the app has its workers do: layouts, clusters, health; by file name and small values."""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from embeddings import layouts
from embeddings.analysis import clusters, neighborhoods
from embeddings.cache import Cache
from embeddings.embedding_set import EmbeddingSet
from embeddings.layouts.compiled import keep_umap_compiled
from embeddings.metrics import Metric
from embeddings.neighbors.graph_cache import kept
from embeddings.progress import Progress

_log = logging.getLogger(__name__)

_WARM_UP_ITEMS = 60


def share_vectors(embedding_set: EmbeddingSet, cache: Cache) -> Path:
    """Write a set's vectors to the cache, once, for workers to map into memory; return the path."""
    path = cache.path("vectors", {"fingerprint": embedding_set.fingerprint}, ".npy")
    if cache.load(path, lambda file: _map(file, embedding_set.vectors.shape)) is None:
        cache.store(path, lambda file: np.save(file, embedding_set.vectors))
    return path


def open_vectors(
    vectors: Path, metric: Metric, columns: Mapping[str, pa.ChunkedArray] | None = None
) -> EmbeddingSet:
    """Return the set of shared vectors, mapped into memory; labels stay behind."""
    return EmbeddingSet.of(np.load(vectors, mmap_mode="r"), metadata=columns, metric=metric)


def lay_out(
    vectors: Path,
    metric: Metric,
    method: str,
    dims: int,
    params: Any,
    seed: int,
    cache_folder: Path,
    columns: Mapping[str, pa.ChunkedArray] | None = None,
    *,
    progress: Progress,
) -> None:
    """Compute a layout into the cache, where the server finds it.

    Parameters
    ----------
    vectors : what share_vectors returned
    method, dims, params, seed : see layouts.compute
    columns : the metadata that the method reads: x, y[, z] for "none"
    """
    progress("opening the vectors")
    embedding_set, cache = open_vectors(vectors, metric, columns), Cache(cache_folder)
    layouts.compute(embedding_set, method, dims, params, seed, cache=cache, progress=progress)


def find_clusters(
    coordinates: np.ndarray, fineness: float, progress: Progress
) -> clusters.Clusters:
    """Find the clusters of a layout's coordinates: float32, shape (n, 2) or (n, 3)."""
    progress("finding clusters")
    return clusters.cluster(coordinates, fineness)


def examine_neighbors(
    vectors: Path, metric: Metric, cache_folder: Path, progress: Progress
) -> neighborhoods.NeighborHealth | None:
    """Examine the neighborhoods of a set, from its graph where that lies in the cache.

    Parameters
    ----------
    vectors : what share_vectors returned
    """
    progress("opening the vectors")
    embedding_set = open_vectors(vectors, metric)
    graph = kept(embedding_set, Cache(cache_folder))
    return neighborhoods.examine_neighbors(embedding_set, graph, progress=progress)


def warm_up() -> None:
    """Run each kind of work on a handful of points: imports and numba's compilers are then done."""
    started = time.monotonic()
    keep_umap_compiled()
    vectors = np.random.default_rng(0).normal(size=(_WARM_UP_ITEMS, 8)).astype(np.float32)
    embedding_set = EmbeddingSet.of(vectors)
    layouts.compute(embedding_set, "tsne", params=layouts.TsneParams(iterations=1))
    for threads in ("reproducible", "fast"):  # compiled apart
        params = layouts.UmapParams(epochs=1, threads=threads)
        layout = layouts.compute(embedding_set, "umap", params=params)
    clusters.cluster(layout.coordinates)
    _log.info("warm after %.1f s", time.monotonic() - started)


def _map(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Map a .npy into memory; raise ValueError if it is cut off or of another shape."""
    vectors = np.load(path, mmap_mode="r")
    if vectors.shape != shape:
        raise ValueError(f"{path} has shape {vectors.shape}, expected {shape}")
    return vectors
