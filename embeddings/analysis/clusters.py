"""Clusters: dense groups of points in a layout, from coarse to fine.

The method is HDBSCAN (Campello, Moulavi, Sander 2013, doi:10.1007/978-3-642-37456-2_14) on the
layout's coordinates, so that a cluster is what looks like a group on the map. Points between
clusters belong to none.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.analysis.cohesion import compare_with_centroid
from embeddings.errors import EmbeddingError
from embeddings.metrics import Metric
from embeddings.neighbors import Neighbors

SMALLEST = 5
"""Smallest number of members of a cluster."""

NOISE = -1
"""The label of points that belong to no cluster."""

GRANULARITY = 0.25
"""By default, from 0 (coarse) to 1 (fine)."""

_COARSE, _FINE = 0.05, 0.0005  # min_cluster_size as a fraction of n at granularity 0 and 1
_MIN_SAMPLES = SMALLEST - 1  # neighbors besides the point itself; the smallest cluster has them
_CONTRAST = 1.5  # see _parts
_DEEPEST_SPLIT = 8  # largest number of times that a giant cluster is split in turn
_CENTRAL = 3  # members in Clusters.central
_LAYER_STEP = 0.25  # of the granularity, between layers


@dataclass(frozen=True, eq=False)
class Clusters:
    """The cluster of every point of a layout.

    Attributes
    ----------
    labels : int32, shape (n,); clusters are numbered from 0 by decreasing size, -1 is noise
    count : number of clusters
    sizes : number of members of each cluster, decreasing
    noise_fraction : fraction of the points that belong to no cluster, 0 to 1
    granularity : 0 (coarse) to 1 (fine)
    min_cluster_size : smallest_cluster(n, granularity)
    central : int32, shape (count, 3); the members closest to the centroid of each, nearest first
    """

    labels: np.ndarray
    count: int
    sizes: tuple[int, ...]
    noise_fraction: float
    granularity: float
    min_cluster_size: int
    central: np.ndarray


def smallest_cluster(points: int, granularity: float) -> int:
    """Return HDBSCAN's min_cluster_size: a fraction of the number of points, but at least 5.

    The fraction decreases geometrically: 5 % at granularity 0, 0.5 % at 0.5, 0.05 % at 1.

    Raises
    ------
    EmbeddingError
        if granularity is not between 0 and 1
    """
    if not 0.0 <= granularity <= 1.0:
        raise EmbeddingError(f"granularity {granularity}; expected 0 (coarse) to 1 (fine)")
    return max(SMALLEST, round(points * _COARSE * (_FINE / _COARSE) ** granularity))


def cluster(coordinates: np.ndarray, granularity: float = GRANULARITY) -> Clusters:
    """Find the clusters of a layout; the result is deterministic.

    Parameters
    ----------
    coordinates : float32, shape (n, 2) or (n, 3)
    granularity : 0 (few large clusters) to 1 (many small ones); see smallest_cluster

    Raises
    ------
    EmbeddingError
        if granularity is not between 0 and 1
    """
    points = np.ascontiguousarray(coordinates, dtype=np.float32)
    size = smallest_cluster(len(points), granularity)
    labels = _by_decreasing_size(_labels(points, size))
    sizes = np.bincount(labels[labels >= 0]).tolist()
    central = [
        closest_to_centroid(points, labels, number, _CENTRAL).rows for number in range(len(sizes))
    ]
    return Clusters(
        labels=labels,
        count=len(sizes),
        sizes=tuple(sizes),
        noise_fraction=float((labels == NOISE).mean()) if len(labels) else 0.0,
        granularity=granularity,
        min_cluster_size=size,
        central=np.array(central, dtype=np.int32).reshape(len(sizes), _CENTRAL),
    )


def finer_layers(coordinates: np.ndarray, granularity: float) -> tuple[Clusters, ...]:
    """Find the clusters of a layout at finer granularities, in steps of 0.25, coarsest first.

    A layer that has no more clusters than the one before is left out.

    Parameters
    ----------
    coordinates : float32, shape (n, 2) or (n, 3)
    granularity : of the layer that is there already
    """
    layers = [cluster(coordinates, granularity)]
    for step in range(1, int((1.0 - granularity) / _LAYER_STEP) + 1):
        layer = cluster(coordinates, granularity + step * _LAYER_STEP)
        if layer.count > layers[-1].count:
            layers.append(layer)
    return tuple(layers[1:])


def radii(coordinates: np.ndarray, clusters: Clusters) -> np.ndarray:
    """Return the root mean square distance of each cluster's members from their centroid.

    Parameters
    ----------
    coordinates : float32, shape (n, 2) or (n, 3), in which the clusters were found

    Returns
    -------
    float64, shape (count,)
    """
    members = clusters.labels >= 0
    labels, points = clusters.labels[members], coordinates[members].astype(np.float64)
    sizes = np.maximum(np.array(clusters.sizes, dtype=np.float64), 1.0)

    def means(values: np.ndarray) -> np.ndarray:
        return np.bincount(labels, values, minlength=clusters.count) / sizes

    variances = [means((axis - means(axis)[labels]) ** 2) for axis in points.T]
    return np.sqrt(np.sum(variances, axis=0))


def closest_to_centroid(
    vectors: np.ndarray,
    labels: np.ndarray,
    cluster: int,
    count: int = 10,
    metric: Metric = "euclidean",
) -> Neighbors:
    """Find the members of a cluster that are closest to its centroid.

    Parameters
    ----------
    vectors : float32, shape (n, d); the original vectors, or the coordinates of a layout
    labels : int32, shape (n,); see Clusters
    cluster : its number in `labels`
    count : number of members returned, at most
    metric : euclidean and manhattan compare with the mean of the members; cosine and dot compare
        with the mean of their directions, by cosine

    Returns
    -------
    Neighbors : rows and values of shape (count,), closest first
    """
    members = np.flatnonzero(labels == cluster).astype(np.int32)
    found, kind = compare_with_centroid(np.asarray(vectors), members, metric)
    order = found.nearest_first(count)
    return Neighbors(members[order], found.values[order], kind)


def value_counts(
    labels: np.ndarray, cluster: int, column: pa.Array | pa.ChunkedArray
) -> list[tuple[Any, int, float]]:
    """Count the values of a column among the members of a cluster.

    Parameters
    ----------
    labels : int32, shape (n,); see Clusters
    cluster : its number in `labels`
    column : n values

    Returns
    -------
    list of (value, count, fraction of the members), most frequent first, ties by the text of the
    value; missing values are counted as None
    """
    members = np.flatnonzero(labels == cluster)
    counts = pc.value_counts(column.take(pa.array(members)))
    found = [(entry["values"].as_py(), entry["counts"].as_py()) for entry in counts]
    found.sort(key=lambda entry: (-entry[1], str(entry[0])))
    return [(value, count, count / len(members)) for value, count in found]


def _labels(points: np.ndarray, min_cluster_size: int) -> np.ndarray:
    """Return HDBSCAN's labels, int64, shape (n,), with a giant cluster split into its parts.

    HDBSCAN often finds one giant cluster and a few small ones, which colors the map all alike. A
    cluster of more than half of the points is therefore replaced by the clusters inside it; see
    _parts.
    """
    if len(points) < min_cluster_size:
        return np.full(len(points), NOISE)
    if not np.ptp(points, axis=0).any():  # all points coincide: there is no density
        return np.zeros(len(points), dtype=np.int64)
    labels, _ = _hdbscan(points, min_cluster_size)
    _split_giant_cluster(points, labels, min_cluster_size, len(points) // 2, _DEEPEST_SPLIT)
    return labels


def _split_giant_cluster(
    points: np.ndarray, labels: np.ndarray, min_cluster_size: int, largest: int, depth: int
) -> bool:
    """Replace a cluster of more than `largest` points by its parts, in place.

    Returns True if no cluster is that large any more.
    """
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    if sizes.max() <= largest:
        return True
    giant = np.flatnonzero(labels == sizes.argmax())
    parts = _parts(points[giant], min_cluster_size, largest, depth) if depth else None
    if parts is None:
        return False
    labels[giant] = np.where(parts >= 0, parts + len(sizes), NOISE)
    return True


def _parts(
    points: np.ndarray, min_cluster_size: int, largest: int, depth: int
) -> np.ndarray | None:
    """Return the labels of the parts of a cluster, or None if it should not be split.

    The parts must have at least half of the points, be no larger than `largest` (larger ones are
    split in turn, `depth` times at most) and have enough contrast: any sample has random bumps, but
    their median contrast was 1.1 to 1.4 in normal and uniform samples of 100 to 20,000 points,
    against 1.6 to 3 on maps of GloVe and of arXiv papers.
    """
    labels, tree = _hdbscan(points, min_cluster_size)
    if np.bincount(labels[labels >= 0], minlength=1).max() > largest:
        is_split = _split_giant_cluster(points, labels, min_cluster_size, largest, depth - 1)
    else:
        contrast = _contrast(labels, tree)
        is_split = len(contrast) > 0 and bool(np.median(contrast) >= _CONTRAST)
    return labels if is_split and 2 * np.count_nonzero(labels >= 0) >= len(labels) else None


def _contrast(labels: np.ndarray, tree: np.ndarray) -> np.ndarray:
    """Return how clearly each cluster is separated: float64, shape (clusters,).

    It is the length of the shortest edge of the spanning tree that leaves the cluster, divided by
    the median length of the edges inside it.
    """
    start, end = labels[tree[:, 0].astype(int)], labels[tree[:, 1].astype(int)]
    length = tree[:, 2]
    leaving = np.full(labels.max(initial=NOISE) + 1, np.inf)
    for side in (start, end):
        crossing = (start != end) & (side >= 0)
        np.minimum.at(leaving, side[crossing], length[crossing])
    inside = [np.median(length[(start == k) & (end == k)]) for k in range(len(leaving))]
    with np.errstate(divide="ignore", invalid="ignore"):  # coinciding points: infinite
        return leaving / np.array(inside)


def _hdbscan(points: np.ndarray, min_cluster_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Run HDBSCAN.

    Once compiled, fast_hdbscan took a third to four fifths of the time of scikit-learn's at all
    sizes from 2 points on, for the same clusters. It runs in one thread, since its threads race for
    edges of equal length (its `reproducible` only lowers the odds, and took 3 to 5 times the CPU
    seconds at 117,000 points).

    Returns
    -------
    labels : int64, shape (n,), in HDBSCAN's own order
    tree : float64, shape (n - 1, 3), the edges of the spanning tree: two points and their mutual
        reachability distance
    """
    import numba  # it takes a second to import, with fast_hdbscan
    from fast_hdbscan import fast_hdbscan

    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        labels, _, _, _, tree, *_ = fast_hdbscan(
            points,
            min_cluster_size=min_cluster_size,
            min_samples=min(_MIN_SAMPLES, len(points) - 1),
            return_trees=True,
        )
    finally:
        numba.set_num_threads(threads)
    return labels, tree


def _by_decreasing_size(labels: np.ndarray) -> np.ndarray:
    """Renumber clusters by decreasing size, ties by their first member; -1 is unchanged."""
    found, first, sizes = np.unique(labels[labels >= 0], return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    number = np.full(int(found.max(initial=-1)) + 2, NOISE, dtype=np.int32)  # the last is noise
    number[found[order]] = np.arange(len(found))
    return number[labels]
