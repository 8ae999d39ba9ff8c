"""A group of rows: how similar they are to each other, which are central and which are outliers."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from embeddings.blocks import row_blocks
from embeddings.embedding_set import EmbeddingSet
from embeddings.metrics import (
    Comparison,
    Metric,
    compare,
    inverse_norms,
    row_norms,
    value_kind,
)
from embeddings.neighbors import Neighbors, query_vectors
from embeddings.neighbors.prefilter import one_blas_thread

MOST_SETS, FEWEST_SETS = 100, 10
"""Random sets that a group is compared with."""

_NUMBERS = 40_000_000  # numbers read for random sets, 0.2 s
_ROW_NUMBERS = 50  # drawing a row takes as long as reading so many
_BLOCK_NUMBERS = 1_000_000


@dataclass(frozen=True)
class Cohesion:
    """The mean cosine of all pairs of different rows of a group, beside random groups of its size.

    A zero row has cosine 0 with every other.

    Attributes
    ----------
    similarity : of the group, -1 to 1
    random_mean, random_deviation : mean and standard deviation over the random groups
    random_sets : number of random groups, drawn without replacement from all rows
    larger : number of the random groups whose mean cosine is at least that of the group
    seed : of the random groups
    """

    similarity: float
    random_mean: float
    random_deviation: float
    random_sets: int
    larger: int
    seed: int


def cohesion(embedding_set: EmbeddingSet, selected: np.ndarray, seed: int = 0) -> Cohesion | None:
    """Measure how similar the rows of a group are to each other.

    The mean cosine follows exactly from the sum s of the m unit vectors: (|s|^2 - m) / (m (m - 1)),
    in O(m d). So does that of each random group, of which there are MOST_SETS, fewer where the
    group is large, but at least FEWEST_SETS.

    Parameters
    ----------
    selected : bool, shape (n,)
    seed : of the random groups

    Returns
    -------
    None for groups of fewer than two rows
    """
    members = np.flatnonzero(selected)
    n, size = len(embedding_set), len(members)
    if size < 2:
        return None
    # a group of more than half of the rows: the sum of all less that of the others
    drawn = min(size, n - size)
    read = max(1, drawn) * (embedding_set.dimensions + _ROW_NUMBERS)
    sets = int(np.clip(_NUMBERS // read, FEWEST_SETS, MOST_SETS))
    rng = np.random.default_rng(seed)
    groups = [rng.choice(n, drawn, replace=False, shuffle=False) for _ in range(sets)]
    if sets * drawn < n:
        sums = [_unit_sum(embedding_set, rows) for rows in groups]
    else:
        sums = _unit_sums(embedding_set, groups)
    if drawn < size:
        whole, nonzero = _unit_sum(embedding_set, np.arange(n))
        sums = [(whole - total, nonzero - count) for total, count in sums]
    found = np.array([_mean_cosine(total, count, size) for total, count in sums])
    similarity = _mean_cosine(*_unit_sum(embedding_set, members), size)
    return Cohesion(
        similarity=similarity,
        random_mean=float(found.mean()),
        random_deviation=float(found.std(ddof=1)),
        random_sets=sets,
        larger=int((found >= similarity).sum()),
        seed=seed,
    )


def _unit_sum(embedding_set: EmbeddingSet, rows: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the sum of the unit vectors of some rows, float64 (d,), and how many are not zero."""
    total = np.zeros(embedding_set.dimensions)
    inverse = inverse_norms(embedding_set.norms[rows])
    with one_blas_thread():
        for block in row_blocks(len(rows), embedding_set.dimensions, _BLOCK_NUMBERS):
            total += inverse[block] @ embedding_set.vectors[rows[block]].astype(np.float64)
    return total, int(np.count_nonzero(inverse))


def _unit_sums(
    embedding_set: EmbeddingSet, groups: list[np.ndarray]
) -> list[tuple[np.ndarray, int]]:
    """Return what `_unit_sum` returns for each group; all rows are read once."""
    n, dimensions = embedding_set.vectors.shape
    is_member = np.zeros((len(groups), n), dtype=bool)
    for group, rows in zip(is_member, groups, strict=True):
        group[rows] = True
    inverse = inverse_norms(embedding_set.norms)
    totals = np.zeros((len(groups), dimensions))
    with one_blas_thread():
        for block in row_blocks(n, dimensions, _BLOCK_NUMBERS):
            units = embedding_set.vectors[block] * inverse[block, None]  # float64
            totals += is_member[:, block].astype(np.float64) @ units
    return list(
        zip(totals, np.count_nonzero(is_member[:, inverse > 0], axis=1).tolist(), strict=True)
    )


def _mean_cosine(total: np.ndarray, nonzero: int, size: int) -> float:
    return float((total @ total - nonzero) / (size * (size - 1)))


def by_centroid(
    embedding_set: EmbeddingSet, selected: np.ndarray, count: int = 10
) -> tuple[Neighbors, Neighbors]:
    """Find the rows of a group that are nearest to its centroid, and the farthest: its outliers.

    Parameters
    ----------
    selected : bool, shape (n,)
    count : number of rows of each, at most

    Returns
    -------
    nearest, outliers : the latter begin with the farthest
    """
    members = np.flatnonzero(selected).astype(np.int32)
    metric = embedding_set.provenance.metric
    found, kind = compare_with_centroid(embedding_set.vectors, members, metric)
    order = found.nearest_first(len(members))
    nearest, farthest = order[:count], order[::-1][:count]
    return (
        Neighbors(members[nearest], found.values[nearest], kind),
        Neighbors(members[farthest], found.values[farthest], kind),
    )


def nearest_outside(
    embedding_set: EmbeddingSet,
    selected: np.ndarray,
    k: int,
    to: Literal["centroid", "members"] = "centroid",
) -> np.ndarray:
    """Find the rows outside of a group that are nearest to it, exactly.

    Parameters
    ----------
    selected : bool, shape (n,)
    k : number of rows, at most; of "members", for each of them
    to : the centroid, see compare_with_centroid; or each member, by the metric of the set

    Returns
    -------
    bool, shape (n,); without the members
    """
    found = np.zeros(len(embedding_set), dtype=bool)
    if not selected.any() or selected.all():
        return found
    metric, queries = embedding_set.provenance.metric, embedding_set.vectors[selected]
    if to == "centroid":
        rows = np.flatnonzero(selected).astype(np.int32)
        metric = "cosine" if value_kind(metric) == "similarity" else metric
        queries = _centroid(embedding_set.vectors, rows, metric)[0][None]
    found[query_vectors(embedding_set, queries, k, metric, ~selected).rows] = True
    return found


def compare_with_centroid(
    vectors: np.ndarray, members: np.ndarray, metric: Metric
) -> tuple[Comparison, Metric]:
    """Compare the members of a group with its centroid.

    Parameters
    ----------
    vectors : float32, shape (n, d)
    members : int32, shape (m,); rows
    metric : euclidean and manhattan compare with the mean of the members; cosine and dot compare
        with the mean of their directions, by cosine

    Returns
    -------
    the comparison with each member, and the metric of its values
    """
    kind: Metric = "cosine" if value_kind(metric) == "similarity" else metric
    centroid, norms = _centroid(vectors, members, kind)
    blocks = list(row_blocks(len(members), vectors.shape[1], _BLOCK_NUMBERS))
    length = float(row_norms(centroid[None])[0])
    parts = [
        compare(kind, centroid, length, vectors[members[block]], norms[block]) for block in blocks
    ]
    if not parts:
        return Comparison(*(np.empty(0) for _ in range(3))), kind
    return Comparison(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.nearness for part in parts]),
        np.concatenate([part.tolerance for part in parts]),
    ), kind


def _centroid(
    vectors: np.ndarray, members: np.ndarray, metric: Metric
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of members, or of their directions for cosine, float64 (d,), and norms."""
    centroid, norms = np.zeros(vectors.shape[1]), np.empty(len(members))
    for block in row_blocks(len(members), vectors.shape[1], _BLOCK_NUMBERS):
        rows = vectors[members[block]]
        norms[block] = row_norms(rows)
        weights = inverse_norms(norms[block]) if metric == "cosine" else np.ones(len(rows))
        centroid += (rows * weights[:, None]).sum(axis=0)
    return centroid / max(1, len(members)), norms
