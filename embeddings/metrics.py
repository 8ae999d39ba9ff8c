"""The four measures of nearness: their names and exact values.

A *closeness* grows as points get nearer (a similarity, or a negated distance); it is what searches
compare. What users read is the similarity (cosine, dot) or the distance (euclidean, manhattan).

Values are computed in float64 and rounded to float32. Two rows whose rounded values are equal are
tied, and ties are ordered by row number: so the answer does not depend on block sizes, threads or
the order in which a BLAS adds.
"""

from typing import Literal, get_args

import numpy as np

from embeddings.errors import EmbeddingError

Metric = Literal["cosine", "dot", "euclidean", "manhattan"]
METRICS: tuple[Metric, ...] = get_args(Metric)

ValueKind = Literal["similarity", "distance"]

_SHORTEST = 1e-30


def check_metric(metric: str) -> Metric:
    """Return `metric` if it is one of the four; raise EmbeddingError otherwise."""
    if metric not in METRICS:
        raise EmbeddingError(f"unknown metric {metric!r}; expected one of {', '.join(METRICS)}")
    return metric


def value_kind(metric: Metric) -> ValueKind:
    """Say whether values of `metric` are similarities (larger is nearer) or distances."""
    return "similarity" if metric in ("cosine", "dot") else "distance"


def row_norms(vectors: np.ndarray) -> np.ndarray:
    """Return the euclidean length of each row: float64, shape (n,); 0 for one below 1e-30.

    Such a row has no direction that float32 could hold, and counts as a zero row for cosine.

    Works in blocks of rows, so that memory stays small beside the vectors themselves.
    """
    norms = np.empty(len(vectors), dtype=np.float64)
    step = max(1, 4_000_000 // max(1, vectors.shape[1]))
    for start in range(0, len(vectors), step):
        block = vectors[start : start + step].astype(np.float64)
        norms[start : start + step] = np.sqrt(np.einsum("ij,ij->i", block, block))
    norms[norms < _SHORTEST] = 0.0
    return norms


def inverse_norms(norms: np.ndarray) -> np.ndarray:
    """Return 1 / norms, with 0 for a zero row: its cosine with anything is 0."""
    return np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)


def exact_values(
    metric: Metric,
    query: np.ndarray,
    query_norm: float,
    vectors: np.ndarray,
    norms: np.ndarray,
) -> np.ndarray:
    """Return similarity or distance of one query to each row, in float64 rounded to float32.

    Parameters
    ----------
    query : float32, shape (d,)
    query_norm : euclidean length of the query, float64
    vectors : float32, shape (m, d), a row per item
    norms : float64, shape (m,), euclidean length of each row of `vectors`

    Returns
    -------
    float32, shape (m,)
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
    with np.errstate(over="ignore"):  # beyond float32 lies inf
        return values.astype(np.float32)
