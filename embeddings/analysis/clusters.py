"""Clusters: dense groups of points on a map, from coarse to fine, with their middles and words.

The method is HDBSCAN (Campello, Moulavi, Sander 2013, doi:10.1007/978-3-642-37456-2_14) on the
layout's coordinates: what is seen as a clump is what is named, and points between clumps belong to
none.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.errors import EmbeddingError
from embeddings.metrics import Metric, exact_values, inverse_norms, row_norms, value_kind
from embeddings.neighbors import Neighbors

SMALLEST = 5
"""No cluster has fewer members."""

NOISE = -1
"""The label of points that are in no cluster."""

_COARSE, _FINE = 0.05, 0.0005  # min_cluster_size as a share of all points at fineness 0 and 1
_MIN_SAMPLES = SMALLEST - 1  # neighbors beside the point itself; the smallest cluster has them
_CONTRAST = 1.5  # see _divided
_LOOKS = 8  # how often at most a continent is divided
_CENTRAL = 3  # members kept per cluster to name it by
_NAME_WORDS = 3
_TYPICAL = 0.05  # a word that names a cluster is in at least this share of its labels
_WORD = re.compile(r"[^\W\d_]{2,}|\d+")


@dataclass(frozen=True, eq=False)
class Clusters:
    """The cluster of every point.

    Attributes
    ----------
    labels : int32, shape (n,); clusters are numbered from 0 by decreasing size, -1 is noise
    count : how many clusters
    sizes : members of each, decreasing
    noise_share : points in no cluster, as a share of all
    fineness : 0 (coarse) to 1 (fine), as asked
    min_cluster_size : what that came to; see smallest_cluster
    central : int32, shape (count, 3); the members nearest to the mean of each, nearest first
    """

    labels: np.ndarray
    count: int
    sizes: tuple[int, ...]
    noise_share: float
    fineness: float
    min_cluster_size: int
    central: np.ndarray


def smallest_cluster(points: int, fineness: float) -> int:
    """Return HDBSCAN's min_cluster_size: a share of all points, but at least 5.

    The share falls geometrically: 5 % at fineness 0, 0.5 % at 0.5, 0.05 % at 1.
    """
    if not 0.0 <= fineness <= 1.0:
        raise EmbeddingError(f"fineness {fineness}; expected 0 (coarse) to 1 (fine)")
    return max(SMALLEST, round(points * _COARSE * (_FINE / _COARSE) ** fineness))


def cluster(coordinates: np.ndarray, fineness: float = 0.5) -> Clusters:
    """Find the clusters of a layout; the same coordinates give the same clusters.

    Parameters
    ----------
    coordinates : float32, shape (n, 2) or (n, 3)
    fineness : 0 (few large clusters) to 1 (many small ones); see smallest_cluster

    Raises
    ------
    EmbeddingError
        fineness outside 0 to 1
    """
    points = np.ascontiguousarray(coordinates, dtype=np.float32)
    size = smallest_cluster(len(points), fineness)
    labels = _by_decreasing_size(_labels(points, size))
    sizes = np.bincount(labels[labels >= 0]).tolist()
    central = [
        middle_members(points, labels, number, _CENTRAL).rows for number in range(len(sizes))
    ]
    return Clusters(
        labels=labels,
        count=len(sizes),
        sizes=tuple(sizes),
        noise_share=float((labels == NOISE).mean()) if len(labels) else 0.0,
        fineness=fineness,
        min_cluster_size=size,
        central=np.array(central, dtype=np.int32).reshape(len(sizes), _CENTRAL),
    )


def middle_members(
    vectors: np.ndarray,
    labels: np.ndarray,
    cluster: int,
    count: int = 10,
    metric: Metric = "euclidean",
) -> Neighbors:
    """Return the members nearest to their mean, nearest first, and how near they are.

    Parameters
    ----------
    vectors : float32, shape (n, d); the original vectors, or the coordinates of a layout
    labels : int32, shape (n,), of Clusters
    metric : distances are compared as they are; for cosine and dot, the angle to the mean of
        the members' directions
    """
    members = np.flatnonzero(labels == cluster).astype(np.int32)
    inside = np.asarray(vectors)[members]
    norms = row_norms(inside)
    angular = value_kind(metric) == "similarity"
    directions = inside * inverse_norms(norms)[:, None] if angular else inside
    compared: Metric = "cosine" if angular else metric
    if not len(members):
        return Neighbors(members, np.empty(0, np.float32), compared)
    middle = directions.mean(axis=0, dtype=np.float64).astype(np.float32)
    values = exact_values(compared, middle, row_norms(middle[None])[0], inside, norms)
    nearness = values if angular else -values
    order = np.lexsort((members, -nearness))[:count]
    return Neighbors(members[order], values[order], compared)


def breakdown(
    labels: np.ndarray, cluster: int, column: pa.Array | pa.ChunkedArray
) -> list[tuple[Any, int, float]]:
    """Count the values of a column among the members: (value, count, share), most frequent first.

    Missing values count as None; equal counts are in the order of their text.
    """
    members = np.flatnonzero(labels == cluster)
    counts = pc.value_counts(column.take(pa.array(members)))
    found = [(entry["values"].as_py(), entry["counts"].as_py()) for entry in counts]
    found.sort(key=lambda entry: (-entry[1], str(entry[0])))
    return [(value, count, count / len(members)) for value, count in found]


def names(clusters: Clusters, labels: Sequence[str]) -> tuple[str, ...]:
    """Name each cluster by its most characteristic words, or else by its most central labels.

    Words are weighed as BERTopic does (class-based tf-idf, arXiv:2203.05794, eq. 3):
    tf(word, cluster) x log(1 + average words per cluster / frequency of the word in all clusters).
    A word counts where at least 5 % and two of the cluster's labels have it; where no word does,
    as with sets of single words, the three labels nearest to the middle are the name.

    Parameters
    ----------
    labels : n strings, one per point
    """
    counts = [Counter[str]() for _ in range(clusters.count)]
    for number, label in zip(clusters.labels.tolist(), labels, strict=True):
        if number >= 0:
            counts[number].update(set(_WORD.findall(label.lower())))
    overall = sum(counts, Counter[str]())
    average = overall.total() / max(1, clusters.count)
    found = []
    for number, words in enumerate(counts):
        needed = max(2, _TYPICAL * clusters.sizes[number])
        weights = {
            word: frequency * np.log1p(average / overall[word])
            for word, frequency in words.items()
            if frequency >= needed
        }
        best = sorted(weights, key=lambda word: (-weights[word], word))[:_NAME_WORDS]
        central = dict.fromkeys(labels[row] for row in clusters.central[number])
        found.append(", ".join(best or central))
    return _distinct(found)


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Number the names that occur again: sea, sea (2), sea (3)."""
    seen = Counter[str]()
    result = []
    for name in names:
        seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(result)


def _labels(points: np.ndarray, min_cluster_size: int) -> np.ndarray:
    """Return HDBSCAN's labels, int64, shape (n,), with a continent divided where it has parts.

    HDBSCAN often finds one continent and a few islands, a map of one color. A cluster of more than
    half of all points is therefore replaced by the clusters inside it; see _divided.
    """
    if len(points) < min_cluster_size:
        return np.full(len(points), NOISE)
    if not np.ptp(points, axis=0).any():  # all in one place: no density to compare
        return np.zeros(len(points), dtype=np.int64)
    labels, _ = _hdbscan(points, min_cluster_size)
    _divide_continent(points, labels, min_cluster_size, len(points) // 2, _LOOKS)
    return labels


def _divide_continent(
    points: np.ndarray, labels: np.ndarray, min_cluster_size: int, most: int, looks: int
) -> bool:
    """Replace a cluster of more than `most` points by its parts; say whether none is left."""
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    if sizes.max() <= most:
        return True
    continent = np.flatnonzero(labels == sizes.argmax())
    inside = _divided(points[continent], min_cluster_size, most, looks) if looks else None
    if inside is None:
        return False
    labels[continent] = np.where(inside >= 0, inside + len(sizes), NOISE)
    return True


def _divided(points: np.ndarray, min_cluster_size: int, most: int, looks: int) -> np.ndarray | None:
    """Return the labels of the parts of a cluster, or None where it is better left whole.

    The parts must hold at least half of the points, be no larger than `most` (larger ones are
    divided in turn, `looks` times at most), and stand out: chance makes bumps in any blob, but
    their median contrast was 1.1 to 1.4 in normal and uniform samples of 100 to 20,000 points,
    against 1.6 to 3 on maps of GloVe and of arXiv papers.
    """
    labels, tree = _hdbscan(points, min_cluster_size)
    if np.bincount(labels[labels >= 0], minlength=1).max() > most:
        divided = _divide_continent(points, labels, min_cluster_size, most, looks - 1)
    else:
        contrast = _contrast(labels, tree)
        divided = len(contrast) > 0 and bool(np.median(contrast) >= _CONTRAST)
    return labels if divided and 2 * np.count_nonzero(labels >= 0) >= len(labels) else None


def _contrast(labels: np.ndarray, tree: np.ndarray) -> np.ndarray:
    """Return how clearly each cluster stands out: float64, shape (clusters,).

    The length of the shortest edge of the spanning tree that leaves it, over the median of those
    inside it.
    """
    start, end = labels[tree[:, 0].astype(int)], labels[tree[:, 1].astype(int)]
    length = tree[:, 2]
    leaving = np.full(labels.max(initial=NOISE) + 1, np.inf)
    for side in (start, end):
        crossing = (start != end) & (side >= 0)
        np.minimum.at(leaving, side[crossing], length[crossing])
    inside = [np.median(length[(start == k) & (end == k)]) for k in range(len(leaving))]
    with np.errstate(divide="ignore", invalid="ignore"):  # points in one place: infinite
        return leaving / np.array(inside)


def _hdbscan(points: np.ndarray, min_cluster_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return HDBSCAN's labels, int64, shape (n,), in its own order, and the spanning tree.

    The tree is float64, shape (n - 1, 3): two points and their mutual reachability distance.

    fast_hdbscan, and never scikit-learn's: with warm code it took a third to four fifths of its
    time at all sizes from 2 points on, for the same clusters. One thread, since its threads race
    for edges of equal length (its `reproducible` only lowers the odds, and took 3 to 5 times the
    CPU seconds at 117,000 points).
    """
    import numba  # with fast_hdbscan a second to import
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
    """Renumber clusters by decreasing size, equal sizes by their first member; -1 stays."""
    found, first, sizes = np.unique(labels[labels >= 0], return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    number = np.full(int(found.max(initial=-1)) + 2, NOISE, dtype=np.int32)  # the last one: noise
    number[found[order]] = np.arange(len(found))
    return number[labels]
