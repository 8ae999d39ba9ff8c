"""The four metrics and their exact values: similarities (cosine, dot) and distances.

Values are computed in float64 and rounded to float32. Rows whose rounded values are equal are tied,
and ties are ordered by row number, so that results do not depend on block sizes, threads or the
order in which a BLAS adds.
"""

from typing import Literal, get_args

import numpy as np

from embeddings.blocks import row_blocks
from embeddings.errors import EmbeddingError

Metric = Literal["cosine", "dot", "euclidean", "manhattan"]
METRICS: tuple[Metric, ...] = get_args(Metric)

ValueKind = Literal["similarity", "distance"]

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


def exact_values(
    metric: Metric,
    query: np.ndarray,
    query_norm: float,
    vectors: np.ndarray,
    norms: np.ndarray,
) -> np.ndarray:
    """Compute the similarity or distance of a query to each row.

    Parameters
    ----------
    query : float32, shape (d,)
    query_norm : float64, euclidean length of the query
    vectors : float32, shape (m, d); row i is item i
    norms : float64, shape (m,), euclidean lengths of the rows

    Returns
    -------
    float32, shape (m,), computed in float64
    """
    query, vectors = query.astype(np.float64), vectors.astype(np.float64)
    if metric == "euclidean":
        difference = vectors - query
        values = np.sqrt((difference * difference).sum(axis=1))
    elif metric == "manhattan":
        values = np.abs(vectors - query).sum(axis=1)
    else:
        values = (vectors * query).sum(axis=1)
        if metric == "cosine":
            values = values * inverse_norms(norms * query_norm)
    with np.errstate(over="ignore"):  # a value beyond float32 becomes inf
        return values.astype(np.float32)
