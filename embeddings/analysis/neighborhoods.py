"""Statistics of a set's neighborhoods: hubs, near duplicates, and agreement of dot and cosine.

Hubs are points that are among the nearest neighbors of very many others. They appear in many
dimensions (Radovanovic, Nanopoulos and Ivanovic 2010, Hubs in space: popular nearest neighbors in
high-dimensional data).
"""

from dataclasses import dataclass

import numpy as np

from embeddings.analysis.duplicates import equal_rows
from embeddings.analysis.health import mean_cosine, mean_squared_distance
from embeddings.embedding_set import EmbeddingSet
from embeddings.metrics import Metric
from embeddings.neighbors import NeighborGraph, build_graph, query
from embeddings.neighbors.search import candidate_count
from embeddings.progress import NullProgress, Progress

NEIGHBORS = 10
NEAR = 0.01
"""Near duplicates are closer than this fraction of the mean distance of two rows."""

_ALL_ROWS = 20_000  # sets up to this size and this many multiplications are not sampled: about 1 s
_ALL_PRODUCTS = 5e10
_SAMPLED_ROWS = 500
_SAMPLED_PRODUCTS = 2e10
_FEWEST_SAMPLED = 100
_COMPARED_NUMBERS = 2.5e8  # in float64, of all sampled rows together: about 5 s
_FEWEST_COMPARED = 5
_HUB_ROWS = 10_000
_COMPARED_ROWS = 200  # searched by dot and by cosine


@dataclass(frozen=True)
class Hubs:
    """The distribution of N_k, the number of k-nearest-neighbor lists that a row is in.

    Attributes
    ----------
    nearest_row : the row that is the nearest neighbor of most rows, not counting exact duplicates
        of it; None if all nearest neighbors are duplicates
    nearest_fraction : fraction of the sampled rows whose nearest neighbor it is, 0 to 1
    hub_row : the row that is among the k nearest neighbors of most rows
    hub_fraction : fraction of the sampled rows that have it there, 0 to 1
    skewness : third standardized moment of N_k (Radovanovic et al. 2010); 0 if it is constant
    antihub_fraction : fraction of rows with N_k = 0, 0 to 1
    rows : number of rows that skewness and antihub_fraction were computed from: all, or a random
        sample, in which neighbors were searched within the sample
    """

    nearest_row: int | None
    nearest_fraction: float
    hub_row: int
    hub_fraction: float
    skewness: float
    antihub_fraction: float
    rows: int


@dataclass(frozen=True)
class NearDuplicates:
    """Rows that nearly coincide with another row without being its exact duplicate.

    Attributes
    ----------
    count, fraction : number of sampled rows that have a near duplicate among their k nearest
        neighbors, and their fraction, 0 to 1
    sampled_rows : number of rows examined: all, or a random sample
    limit : the largest distance of near duplicates. For cosine it is a difference from similarity
        1, and 0.01 of the mean of that difference over all pairs; for euclidean and manhattan, the
        distance whose square is 0.01 of the mean squared euclidean distance of all pairs
    metric : the set's own; cosine if that is dot, by which the nearest may be far away
    """

    count: int
    fraction: float
    sampled_rows: int
    limit: float
    metric: Metric


@dataclass(frozen=True)
class Agreement:
    """Agreement of dot product and cosine on nearest neighbors.

    Attributes
    ----------
    overlap : mean fraction of the k nearest by one that are among the k nearest by the other
    rows : number of rows that were compared
    """

    overlap: float
    rows: int


@dataclass(frozen=True)
class NeighborHealth:
    """Statistics of the neighborhoods of a set, without zero rows for cosine and dot.

    Attributes
    ----------
    metric, k : of the neighbors
    sampled_rows : number of rows whose neighbors among all rows were found: all, or a random sample
    hubs : see Hubs
    near_duplicates : see NearDuplicates
    dot_and_cosine : see Agreement; None for other metrics, or if all rows are equally long
    """

    metric: Metric
    k: int
    sampled_rows: int
    hubs: Hubs
    near_duplicates: NearDuplicates
    dot_and_cosine: Agreement | None


def examine_neighbors(
    embedding_set: EmbeddingSet,
    graph: NeighborGraph | None = None,
    k: int = NEIGHBORS,
    seed: int = 0,
    progress: Progress = NullProgress(),  # noqa: B008 (stateless)
) -> NeighborHealth | None:
    """Examine the neighborhoods of a set by its own metric.

    With a graph, or up to 20,000 rows and 5e10 multiplications, all rows are examined. Larger sets
    are sampled: the neighbors of 500 random rows are searched among all rows (of fewer, but at
    least 100, if that takes more than 2e10 multiplications; of fewer still where most rows are
    equal or nearly parallel, and compared in float64), and the skewness is computed within
    10,000 random rows (fewer if that takes more than 5e10 multiplications).

    Parameters
    ----------
    graph : of this set by its own metric; or None
    k : neighbors per row; reduced if there are fewer rows, or the graph has fewer
    seed : of the samples

    Returns
    -------
    NeighborHealth, or None if fewer than two rows have neighbors

    Raises
    ------
    ValueError
        if the graph is of another set or by another metric
    """
    metric = embedding_set.provenance.metric
    if graph and (graph.fingerprint, graph.metric) != (embedding_set.fingerprint, metric):
        raise ValueError(f"a graph by {graph.metric} of {graph.fingerprint}; expected this set's")
    usable = np.arange(len(embedding_set))
    if metric in ("cosine", "dot"):
        usable = np.flatnonzero(embedding_set.norms)
    if len(usable) < 2:
        return None
    k = min(k, len(embedding_set) - 1, graph.k if graph else k)
    if graph is None and _is_affordable(embedding_set):
        graph = build_graph(embedding_set, k, progress=progress)
    random = np.random.default_rng(seed)
    if graph is not None:
        sampled = usable
        rows, values = graph.rows[sampled, :k], graph.values[sampled, :k]
        occurrences = np.bincount(rows.ravel(), minlength=len(embedding_set))[usable]
    else:
        progress("neighbors")
        sampled = _affordable_sample(embedding_set, usable, k, random)
        rows, values = query(embedding_set, sampled, k)
        progress("hubs")
        occurrences = _occurrences_in_sample(embedding_set, usable, k, random)
    progress("comparing")
    compared = _sample(random, np.arange(len(sampled)), _COMPARED_ROWS)
    return NeighborHealth(
        metric,
        k,
        len(sampled),
        _hubs(embedding_set.vectors, sampled, rows, occurrences),
        _near_duplicates(embedding_set, sampled, rows, values, random),
        _dot_and_cosine(embedding_set, sampled[compared], rows[compared]),
    )


def skewness(values: np.ndarray) -> float:
    """Return the third standardized moment of numbers, shape (n,); 0 if all are equal."""
    centered = values - values.mean(dtype=np.float64)
    deviation = np.sqrt(np.mean(centered**2))
    return float(np.mean(centered**3) / deviation**3) if deviation > 0 else 0.0


def _is_affordable(embedding_set: EmbeddingSet) -> bool:
    """Return True if the neighbors of all rows can be searched in about a second."""
    count = len(embedding_set)
    return count <= _ALL_ROWS and float(count) * embedding_set.vectors.size <= _ALL_PRODUCTS


def _affordable_sample(
    embedding_set: EmbeddingSet, usable: np.ndarray, k: int, random: np.random.Generator
) -> np.ndarray:
    """Return as many random rows as can be searched in seconds, ascending."""
    affordable = int(_SAMPLED_PRODUCTS / embedding_set.vectors.size)
    sampled = _sample(random, usable, min(_SAMPLED_ROWS, max(_FEWEST_SAMPLED, affordable)))
    compared = candidate_count(embedding_set, sampled[:: len(sampled) // 4], k)
    numbers = compared * (embedding_set.dimensions + 10)
    size = max(_FEWEST_COMPARED, int(_COMPARED_NUMBERS / numbers))
    return sampled if size >= len(sampled) else _sample(random, sampled, size)


def _sample(random: np.random.Generator, rows: np.ndarray, size: int) -> np.ndarray:
    """Return `size` random ones of the rows, ascending; all of them if there are no more."""
    if len(rows) <= size:
        return rows
    return np.sort(random.choice(rows, size, replace=False, shuffle=False))


def _occurrences_in_sample(
    embedding_set: EmbeddingSet, usable: np.ndarray, k: int, random: np.random.Generator
) -> np.ndarray:
    """Return N_k of m random rows, with neighbors among these: int64, shape (m,)."""
    size = min(_HUB_ROWS, int(np.sqrt(_ALL_PRODUCTS / embedding_set.dimensions)))
    sample = _sample(random, usable, max(size, k + 1))
    part = EmbeddingSet.of(embedding_set.vectors[sample], metric=embedding_set.provenance.metric)
    return np.bincount(build_graph(part, k).rows.ravel(), minlength=len(part))


def _hubs(
    vectors: np.ndarray, sampled: np.ndarray, rows: np.ndarray, occurrences: np.ndarray
) -> Hubs:
    """Find the hubs.

    Parameters
    ----------
    sampled : int64, shape (m,)
    rows : int32, shape (m, k), the neighbors of the sampled rows
    occurrences : int64, N_k of each row that it is known of
    """
    lists = np.bincount(rows.ravel())
    duplicates = equal_rows(vectors, sampled, rows[:, 0])
    nearest = np.bincount(rows[~duplicates, 0], minlength=1)
    most_frequent = int(nearest.argmax())
    return Hubs(
        nearest_row=most_frequent if nearest[most_frequent] else None,
        nearest_fraction=float(nearest[most_frequent] / len(sampled)),
        hub_row=int(lists.argmax()),
        hub_fraction=float(lists.max() / len(sampled)),
        skewness=skewness(occurrences),
        antihub_fraction=float((occurrences == 0).mean()),
        rows=len(occurrences),
    )


def _near_duplicates(
    embedding_set: EmbeddingSet,
    sampled: np.ndarray,
    rows: np.ndarray,
    values: np.ndarray,
    random: np.random.Generator,
) -> NearDuplicates:
    """Count the sampled rows that have a neighbor within the limit that is no exact duplicate."""
    metric, vectors = embedding_set.provenance.metric, embedding_set.vectors
    if metric == "dot":
        metric, sampled = "cosine", _sample(random, sampled, _SAMPLED_ROWS)
        rows, values = query(embedding_set, sampled, rows.shape[1], metric)
    limit = near_limit(embedding_set, metric)
    index, order = np.nonzero((1 - values if metric == "cosine" else values) <= limit)
    duplicates = equal_rows(vectors, sampled[index], rows[index, order])
    count = len(np.unique(index[~duplicates]))
    return NearDuplicates(count, count / len(sampled), len(sampled), limit, metric)


def near_limit(embedding_set: EmbeddingSet, metric: Metric) -> float:
    """Return the largest distance of near duplicates, see NearDuplicates; `metric` is not dot."""
    if metric == "cosine":
        return NEAR * (1 - (mean_cosine(embedding_set) or 0.0))
    return float(np.sqrt(NEAR * mean_squared_distance(embedding_set.vectors)))


def _dot_and_cosine(
    embedding_set: EmbeddingSet, sampled: np.ndarray, rows: np.ndarray
) -> Agreement | None:
    """Compare the neighbors of the sampled rows by dot with those by cosine; None if alike."""
    metric, norms = embedding_set.provenance.metric, embedding_set.norms
    nonzero = norms[norms > 0]
    if metric not in ("cosine", "dot") or nonzero.max() <= nonzero.min() * 1.002:
        return None
    other = query(embedding_set, sampled, rows.shape[1], "dot" if metric == "cosine" else "cosine")
    shared = (rows[:, :, None] == other.rows[:, None, :]).any(axis=2)
    return Agreement(float(shared.mean()), len(sampled))
