"""The jobs of the worker processes: layouts, new points, clusters, neighborhoods, images of maps.

Arguments are pickled, so vectors are passed as a file that workers map into memory.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from embeddings import layouts, load, neighbors
from embeddings.analysis import clusters, neighborhoods
from embeddings.analysis.contexts import last_layer
from embeddings.cache import Cache, key_hash
from embeddings.embedding_set import EmbeddingSet, fingerprint_of
from embeddings.layouts.compiled import cache_compiled_umap
from embeddings.layouts.map_image import SAMPLED_ROWS, map_image
from embeddings.metrics import Metric
from embeddings.progress import Progress

_log = logging.getLogger(__name__)

_WARM_UP_ITEMS = 60
_MAP_SIZE = 560, 400  # px


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


def find_nearest_items(
    vectors: Path, metric: Metric, new: np.ndarray, progress: Progress
) -> layouts.NearestItems:
    """Find the items nearest to new vectors, float32 (m, d), by which they are placed.

    Parameters
    ----------
    vectors : the path that share_vectors returned
    metric : of the set
    """
    progress("opening the vectors")
    return layouts.nearest_items(open_vectors(vectors, metric), new, progress)


def project_points(
    vectors: Path, metric: Metric, layout: layouts.Layout, new: np.ndarray, progress: Progress
) -> layouts.Placement | None:
    """Place new vectors, float32 (m, d), by the projection of a layout; None if it has none.

    The other parameters are those of find_nearest_items.
    """
    progress("projecting")
    return layouts.project(open_vectors(vectors, metric), layout, new)


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


@dataclass(frozen=True)
class PaintedMap:
    """A small image of a map.

    Attributes
    ----------
    png : the image
    method : title of the layout's method
    rows, shown : items of the set, and of these how many are painted
    """

    png: bytes
    method: str
    rows: int
    shown: int


def paint_map(path: Path, cache_folder: Path, progress: Progress) -> PaintedMap:
    """Paint the map of an embedding file: by t-SNE or UMAP if it is in the cache, else by PCA.

    Parameters
    ----------
    path : an embedding file; of words in context, the last layer is painted
    cache_folder : of the server's cache
    """
    progress("reading the file")
    embedding_set, cache = last_layer(load(path)), Cache(cache_folder)
    specs = [layouts.LayoutSpec(method) for method in ("tsne", "umap", "pca")]
    stored = (layouts.load_cached(embedding_set, spec, cache=cache) for spec in specs)
    layout = next((found for found in stored if found is not None), None)
    if layout is None:
        layout = layouts.compute(embedding_set, specs[-1], with_quality=False)
    png = map_image(embedding_set, layout.coordinates, _MAP_SIZE)
    rows = len(embedding_set)
    return PaintedMap(png, layouts.METHODS[layout.method].title, rows,
                      min(rows, SAMPLED_ROWS))  # fmt: skip


def warm_up() -> None:
    """Do each kind of job on a few points, so that everything is imported and compiled."""
    started = time.monotonic()
    cache_compiled_umap()
    vectors = np.random.default_rng(0).normal(size=(_WARM_UP_ITEMS, 8)).astype(np.float32)
    embedding_set = EmbeddingSet.of(vectors)
    params: layouts.Params = layouts.TsneParams(iterations=1)
    layouts.compute(embedding_set, layouts.LayoutSpec("tsne", params=params))
    params = layouts.UmapParams(epochs=1)
    layout = layouts.compute(embedding_set, layouts.LayoutSpec("umap", params=params))
    clusters.cluster(layout.coordinates)
    _log.info("warm after %.1f s", time.monotonic() - started)


def _check(path: Path, embedding_set: EmbeddingSet) -> bool:
    """Return True; raise an error if a .npy file does not hold the vectors of a set."""
    vectors = np.load(path, mmap_mode="r")
    if fingerprint_of(vectors) != embedding_set.fingerprint:
        raise ValueError(f"{path} holds other vectors than its name tells")
    return True
