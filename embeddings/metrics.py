"""The four metrics, exact in float64: their values, and the order of rows by nearness.

Cosines near 1 are computed from the distance of the unit vectors, since a dot product loses what
tells nearly parallel rows apart. Rows that float64's own error does not tell apart are tied, and
ties are ordered by row number. Sums run in the order of the dimensions, here and in the compiled
loop of neighbors/refine.py, so that results do not depend on block sizes or threads.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from embeddings.blocks import row_blocks
from embeddings.errors import EmbeddingError

Metric = Literal["cosine", "dot", "euclidean", "manhattan"]
METRICS: tuple[Metric, ...] = get_args(Metric)

ValueKind = Literal["similarity", "distance"]

PARALLEL = 0.9
"""Cosines above this are computed from the distance of the unit vectors."""

SPARE_ROUNDINGS = 32
"""Roundings of a value besides those of its sum over the dimensions."""

FLOAT64_ROUNDING = float(np.finfo(np.float64).eps)

_SHORTEST = 1e-30
_BLOCK_NUMBERS = 4_000_000


def check_metric(metric: str) -> Metric:
    """Return `metric`; raise EmbeddingError if it is none of METRICS."""
    if metric not in METRICS:
        raise EmbeddingError(f"unknown metric {metric!r}; expected one of {', '.join(METRICS)}")
    return metric


def value_kind(metric: Metric) -> ValueKind:
    """Return whether values of `metric` are similarities (larger is nearer) or distances."""
    return "similarity" if metric in ("cosine", "dot") else "distance"


def row_norms(vectors: np.ndarray) -> np.ndarray:
    """Return the euclidean length of each row of `vectors`, float32, shape (n, d).

    Returns
    -------
    float64, shape (n,); 0 for lengths below 1e-30, whose direction float32 cannot represent. Such
    a row counts as a zero row for cosine.
    """
    norms = np.empty(len(vectors), dtype=np.float64)
    for block in row_blocks(len(vectors), vectors.shape[1], _BLOCK_NUMBERS):
        rows = vectors[block].astype(np.float64)
        norms[block] = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    norms[norms < _SHORTEST] = 0.0
    return norms


def inverse_norms(norms: np.ndarray) -> np.ndarray:
    """Return 1 / norms, and 0 for zero rows, whose cosine with anything is 0."""
    return np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)


@dataclass(frozen=True, eq=False)
class Comparison:
    """How near m rows are to a query.

    Attributes
    ----------
    values : float64, shape (m,); similarities or distances
    nearness : float64, shape (m,), larger is nearer; the dot product, or minus the distance, which
        for cosine is that of the unit vectors, sqrt(2 - 2 cos)
    tolerance : float64, shape (m,), bound on the error of `nearness`
    """

    values: np.ndarray
    nearness: np.ndarray
    tolerance: np.ndarray

    def nearest_first(self, k: int) -> np.ndarray:
        """Return the positions of the k nearest rows, nearest first: int64, shape (min(k, m),).

        Ties, in which neighboring values differ by no more than the tolerance, are in order of
        position.
        """
        order = np.argsort(-self.nearness, kind="stable")
        sorted_nearness, tolerance = self.nearness[order], self.tolerance[order]
        gaps = sorted_nearness[:-1] - sorted_nearness[1:]
        is_apart = gaps > np.minimum(tolerance[:-1], tolerance[1:])
        if not is_apart.all():
            tied = np.concatenate([[0], np.cumsum(is_apart)])
            order = order[np.lexsort((order, tied))]
        return order[:k]


def compare(
    metric: Metric,
    query: np.ndarray,
    query_norm: float,
    vectors: np.ndarray,
    norms: np.ndarray,
) -> Comparison:
    """Compare a query with each row, in float64.

    Parameters
    ----------
    query : float32 or float64, shape (d,)
    query_norm : float64, euclidean length of the query
    vectors : float32, shape (m, d); row i is item i
    norms : float64, shape (m,), euclidean lengths of the rows
    """
    query, vectors = query.astype(np.float64), vectors.astype(np.float64)
    # d roundings of a sum of d terms (Higham, Accuracy and Stability, 2002, section 4.2)
    error = (len(query) + SPARE_ROUNDINGS) * FLOAT64_ROUNDING
    if metric == "dot":
        values = _row_sums(vectors * query)
        return Comparison(values, values, error * query_norm * norms)
    if metric == "cosine":
        values, distances = _cosines(query, query_norm, vectors, norms)
        return Comparison(values, -distances, np.full(len(values), error))
    difference = vectors - query
    if metric == "euclidean":
        values = np.sqrt(_row_sums(np.square(difference, out=difference)))
    else:
        values = _row_sums(np.abs(difference, out=difference))
    return Comparison(values, -values, error * values)


def exact_values(
    metric: Metric,
    query: np.ndarray,
    query_norm: float,
    vectors: np.ndarray,
    norms: np.ndarray,
) -> np.ndarray:
    """Return the similarity or distance of a query to each row: float64, shape (m,).

    The parameters are those of `compare`.
    """
    return compare(metric, query, query_norm, vectors, norms).values


def _cosines(
    query: np.ndarray, query_norm: float, vectors: np.ndarray, norms: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cosine of a query with each row, and the distance of the unit vectors."""
    lengths = norms * query_norm
    values = np.divide(
        _row_sums(vectors * query), lengths, out=np.zeros_like(lengths), where=lengths > 0
    )
    distances = np.sqrt(np.maximum(2.0 - 2.0 * values, 0.0))
    near = np.flatnonzero(values > PARALLEL)
    if len(near):
        unit_rows = vectors[near] * (1.0 / norms[near])[:, None]
        unit_rows -= query * (1.0 / query_norm)
        squares = _row_sums(np.square(unit_rows, out=unit_rows))
        values[near], distances[near] = 1.0 - 0.5 * squares, np.sqrt(squares)
    return values, distances


def _row_sums(terms: np.ndarray) -> np.ndarray:
    """Sum float64 terms, shape (m, d), along each row, from left to right; overwrites them."""
    return np.add.accumulate(terms, axis=1, out=terms)[:, -1].copy()
