"""The health of a set's neighborhoods: hubs, near duplicates, and whether the measure matters.

Hubs are points that are among the nearest neighbors of very many others, as in many dimensions
some become (Radovanovic, Nanopoulos and Ivanovic 2010, Hubs in space: popular nearest neighbors in
high-dimensional data).
"""

from dataclasses import dataclass

import numpy as np

from embeddings.analysis.health import mean_cosine, mean_squared_distance
from embeddings.embedding_set import EmbeddingSet
from embeddings.metrics import Metric
from embeddings.neighbors import NeighborGraph, build_graph, query
from embeddings.progress import NullProgress, Progress

NEIGHBORS = 10
NEAR = 0.01
"""Near duplicates are nearer than this share of what two rows have between them on average."""

_ALL_ROWS = 20_000  # up to so many, and so many multiplications, all rows are asked: 1 s or so
_ALL_PRODUCTS = 5e10
_ASKED_ROWS = 500
_ASKED_PRODUCTS = 2e10
_FEWEST_ASKED = 100
_HUB_ROWS = 10_000
_COMPARED_ROWS = 200  # asked by dot and by cosine
_BLOCK_FLOATS = 1_000_000


@dataclass(frozen=True)
class Hubs:
    """How unevenly the rows occur among each other's k nearest neighbors.

    Attributes
    ----------
    nearest_row, nearest_share : the row that most rows have as their nearest neighbor, exact
        copies of it apart, and the share of the rows asked that do, 0 to 1; None and 0 where the
        nearest are all copies
    hub_row, hub_share : the row that is among the k nearest of most rows, and the share of the
        rows asked that have it there, 0 to 1
    skewness : third standardized moment of N_k, how often each row is among the k nearest of
        others (Radovanovic et al. 2010); 0 where all are equally often
    unlisted_share : share of rows that are among the k nearest of none, 0 to 1
    rows : rows that skewness and unlisted_share were counted among: all, or so many drawn at
        random, each with its nearest among these
    """

    nearest_row: int | None
    nearest_share: float
    hub_row: int
    hub_share: float
    skewness: float
    unlisted_share: float
    rows: int


@dataclass(frozen=True)
class NearDuplicates:
    """Rows that nearly coincide with another one, which is no exact copy.

    Attributes
    ----------
    count, share : rows that have such a neighbor among their k nearest; share of the rows asked
    rows_asked : all, or so many drawn at random
    limit : the largest distance of near duplicates, by `metric` (for cosine 1 - similarity): 0.01
        of the mean cosine distance of all pairs; for euclidean and manhattan, the distance whose
        square is 0.01 of the mean squared euclidean distance of all pairs
    metric : that of the set; cosine for dot, by which the nearest may be far away
    """

    count: int
    share: float
    rows_asked: int
    limit: float
    metric: Metric


@dataclass(frozen=True)
class Agreement:
    """Share of the k nearest by cosine that are among the k nearest by dot; of `rows` rows."""

    overlap: float
    rows: int


@dataclass(frozen=True)
class NeighborHealth:
    """What the k nearest neighbors of the rows say; by cosine or dot, zero rows are left out.

    Attributes
    ----------
    metric, k : the set's own, and the neighbors of each row that were looked at
    rows_asked : rows whose neighbors among all rows were found: all, or so many drawn at random
    hubs, near_duplicates : see there
    dot_and_cosine : None for other measures, or where all rows are equally long
    """

    metric: Metric
    k: int
    rows_asked: int
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

    Given a graph, or up to 20,000 rows and 5e10 multiplications, all rows are asked. Beyond, 500
    rows drawn at random (fewer, but 100, where that takes more than 2e10 multiplications) are asked
    for their neighbors among all rows, and the skewness counted among 10,000 rows drawn at random
    (fewer where that takes more than 5e10).

    Parameters
    ----------
    graph : of this set by its own metric; or None
    k : neighbors looked at; fewer where there are fewer, or the graph holds fewer
    seed : of the rows drawn

    Returns
    -------
    NeighborHealth, or None where fewer than two rows have neighbors to speak of

    Raises
    ------
    ValueError
        a graph of another set or by another metric
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
    if graph is None and _affordable(embedding_set):
        graph = build_graph(embedding_set, k, progress=progress)
    random = np.random.default_rng(seed)
    if graph is not None:
        asked = usable
        rows, values = graph.rows[asked, :k], graph.values[asked, :k]
        occurrences = np.bincount(rows.ravel(), minlength=len(embedding_set))[usable]
    else:
        progress("neighbors")
        most = int(_ASKED_PRODUCTS / embedding_set.vectors.size)
        asked = _drawn(random, usable, min(_ASKED_ROWS, max(_FEWEST_ASKED, most)))
        rows, values = query(embedding_set, asked, k)
        progress("hubs")
        occurrences = _occurrences_in_sample(embedding_set, usable, k, random)
    progress("comparing")
    places = _drawn(random, np.arange(len(asked)), _COMPARED_ROWS)
    return NeighborHealth(
        metric,
        k,
        len(asked),
        _hubs(embedding_set.vectors, asked, rows, occurrences),
        _near_duplicates(embedding_set, asked, rows, values, random),
        _dot_and_cosine(embedding_set, asked[places], rows[places]),
    )


def skewness(values: np.ndarray) -> float:
    """Return the third standardized moment of numbers, shape (n,); 0 where all are equal."""
    centered = values - values.mean(dtype=np.float64)
    spread = np.sqrt(np.mean(centered**2))
    return float(np.mean(centered**3) / spread**3) if spread > 0 else 0.0


def _affordable(embedding_set: EmbeddingSet) -> bool:
    """Say whether all rows can be asked in about a second."""
    count = len(embedding_set)
    return count <= _ALL_ROWS and float(count) * embedding_set.vectors.size <= _ALL_PRODUCTS


def _drawn(random: np.random.Generator, rows: np.ndarray, most: int) -> np.ndarray:
    """Return `most` of the rows, drawn at random, ascending; all where there are no more."""
    if len(rows) <= most:
        return rows
    return np.sort(random.choice(rows, most, replace=False, shuffle=False))


def _occurrences_in_sample(
    embedding_set: EmbeddingSet, usable: np.ndarray, k: int, random: np.random.Generator
) -> np.ndarray:
    """Return how often each of some rows is among the k nearest of another of these rows."""
    most = min(_HUB_ROWS, int(np.sqrt(_ALL_PRODUCTS / embedding_set.dimensions)))
    sample = _drawn(random, usable, max(most, k + 1))
    part = EmbeddingSet.of(embedding_set.vectors[sample], metric=embedding_set.provenance.metric)
    return np.bincount(build_graph(part, k).rows.ravel(), minlength=len(part))


def _hubs(
    vectors: np.ndarray, asked: np.ndarray, rows: np.ndarray, occurrences: np.ndarray
) -> Hubs:
    """Count who is near to many: `rows` are the neighbors, int (q, k), of the q rows asked."""
    listed = np.bincount(rows.ravel())
    copies = _equal(vectors, asked, rows[:, 0])
    nearest = np.bincount(rows[~copies, 0], minlength=1)
    most = int(nearest.argmax())
    return Hubs(
        nearest_row=most if nearest[most] else None,
        nearest_share=float(nearest[most] / len(asked)),
        hub_row=int(listed.argmax()),
        hub_share=float(listed.max() / len(asked)),
        skewness=skewness(occurrences),
        unlisted_share=float((occurrences == 0).mean()),
        rows=len(occurrences),
    )


def _near_duplicates(
    embedding_set: EmbeddingSet,
    asked: np.ndarray,
    rows: np.ndarray,
    values: np.ndarray,
    random: np.random.Generator,
) -> NearDuplicates:
    """Count the rows asked that have a neighbor within the limit, and no exact copy of them."""
    metric, vectors = embedding_set.provenance.metric, embedding_set.vectors
    if metric == "dot":
        metric, asked = "cosine", _drawn(random, asked, _ASKED_ROWS)
        rows, values = query(embedding_set, asked, rows.shape[1], metric)
    if metric == "cosine":
        limit = NEAR * (1 - (mean_cosine(embedding_set) or 0.0))
        place, order = np.nonzero(1 - values <= limit)
    else:
        limit = float(np.sqrt(NEAR * mean_squared_distance(vectors)))
        place, order = np.nonzero(values <= limit)
    copies = _equal(vectors, asked[place], rows[place, order])
    count = len(np.unique(place[~copies]))
    return NearDuplicates(count, count / len(asked), len(asked), limit, metric)


def _dot_and_cosine(
    embedding_set: EmbeddingSet, asked: np.ndarray, rows: np.ndarray
) -> Agreement | None:
    """Compare the neighbors of the rows asked with those by the other one of dot and cosine."""
    metric, norms = embedding_set.provenance.metric, embedding_set.norms
    nonzero = norms[norms > 0]
    if metric not in ("cosine", "dot") or nonzero.max() <= nonzero.min() * 1.002:
        return None
    other = query(embedding_set, asked, rows.shape[1], "dot" if metric == "cosine" else "cosine")
    shared = (rows[:, :, None] == other.rows[:, None, :]).any(axis=2)
    return Agreement(float(shared.mean()), len(asked))


def _equal(vectors: np.ndarray, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Say for each of `rows` whether it holds the same vector as its one of `others`: bool."""
    equal = np.empty(len(rows), dtype=bool)
    step = max(1, _BLOCK_FLOATS // vectors.shape[1])
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        equal[part] = (vectors[rows[part]] == vectors[others[part]]).all(axis=1)
    return equal
