"""The jobs of the worker processes: layouts, clusters, neighborhoods.

Arguments are pickled, so vectors are passed as a file that workers map into memory.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from embeddings import layouts, neighbors
from embeddings.analysis import clusters, neighborhoods
from embeddings.cache import Cache, key_hash
from embeddings.embedding_set import EmbeddingSet, fingerprint_of
from embeddings.layouts.compiled import cache_compiled_umap
from embeddings.metrics import Metric
from embeddings.progress import Progress

_log = logging.getLogger(__name__)

_WARM_UP_ITEMS = 60


def share_vectors(embedding_set: EmbeddingSet, cache: Cache) -> Path:
    """Write a set's vectors to the cache unless they are there; return the path."""
    path = cache.path("vectors", key_hash({"fingerprint": embedding_set.fingerprint}), ".npy")
    if cache.load(path, lambda file: _check(file, embedding_set)) is None:
        cache.store(path, lambda file: np.save(file, embedding_set.vectors))
    return path


def open_vectors(
    vectors: Path,
    metric: Metric,
    columns: Mapping[str, pa.ChunkedArray] | None = None,
    labels: Sequence[str] | None = None,
) -> EmbeddingSet:
    """Return the set of shared vectors, mapped into memory, without its labels by default."""
    return EmbeddingSet.of(np.load(vectors, mmap_mode="r"), labels, columns, metric=metric)


def lay_out(
    vectors: Path,
    metric: Metric,
    spec: layouts.LayoutSpec,
    cache_folder: Path,
    columns: Mapping[str, pa.ChunkedArray] | None = None,
    with_quality: bool = True,
    labels: Sequence[str] | None = None,
    *,
    progress: Progress,
) -> None:
    """Compute a layout and store it in the cache, where the server finds it.

    Parameters
    ----------
    vectors : the path that share_vectors returned
    metric : of the set
    spec : of the layout
    cache_folder : of the server's cache
    columns : the metadata that the method reads: x, y[, z] for "precomputed", those of "axes"
    with_quality : whether to measure the layout's quality, which needs the neighbor graph
    labels : of the items, if the method reads them
    """
    progress("opening the vectors")
    embedding_set, cache = open_vectors(vectors, metric, columns, labels), Cache(cache_folder)
    layouts.compute(embedding_set, spec, cache=cache, progress=progress, with_quality=with_quality)


def find_clusters(
    coordinates: np.ndarray, granularity: float, progress: Progress
) -> clusters.Clusters:
    """Find the clusters of a layout's coordinates: float32, shape (n, 2) or (n, 3)."""
    progress("finding clusters")
    return clusters.cluster(coordinates, granularity)


def find_finer_clusters(
    coordinates: np.ndarray, granularity: float, progress: Progress
) -> tuple[clusters.Clusters, ...]:
    """Find the layers of clusters that are finer than those of `find_clusters`."""
    progress("finding finer clusters")
    return clusters.finer_layers(coordinates, granularity)


def examine_neighbors(
    vectors: Path, metric: Metric, cache_folder: Path, progress: Progress
) -> neighborhoods.NeighborHealth | None:
    """Examine the neighborhoods of a set, with its graph if that is in the cache.

    Parameters
    ----------
    vectors : the path that share_vectors returned
    metric : of the set
    cache_folder : of the server's cache
    """
    progress("opening the vectors")
    embedding_set = open_vectors(vectors, metric)
    graph = neighbors.load_cached(embedding_set, Cache(cache_folder))
    return neighborhoods.examine_neighbors(embedding_set, graph, progress=progress)


def warm_up() -> None:
    """Do each kind of job on a few points, so that everything is imported and compiled."""
    started = time.monotonic()
    cache_compiled_umap()
    vectors = np.random.default_rng(0).normal(size=(_WARM_UP_ITEMS, 8)).astype(np.float32)
    embedding_set = EmbeddingSet.of(vectors)
    params: layouts.Params = layouts.TsneParams(iterations=1)
    layouts.compute(embedding_set, layouts.LayoutSpec("tsne", params=params))
    for threads in ("reproducible", "fast"):  # compiled separately
        params = layouts.UmapParams(epochs=1, threads=threads)
        layout = layouts.compute(embedding_set, layouts.LayoutSpec("umap", params=params))
    clusters.cluster(layout.coordinates)
    _log.info("warm after %.1f s", time.monotonic() - started)


def _check(path: Path, embedding_set: EmbeddingSet) -> bool:
    """Return True; raise an error if a .npy file does not hold the vectors of a set."""
    vectors = np.load(path, mmap_mode="r")
    if fingerprint_of(vectors) != embedding_set.fingerprint:
        raise ValueError(f"{path} holds other vectors than its name tells")
    return True
