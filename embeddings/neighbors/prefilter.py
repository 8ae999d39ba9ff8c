"""Screening: every row's closeness to a query in float32, with a bound on its error.

Closeness grows as points get nearer. What may be among the k nearest, given the bound, is then
settled by exact values (neighbors.py, topk.py).
"""

from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

from embeddings.embedding_set import EmbeddingSet
from embeddings.metrics import Metric, inverse_norms

_FLOAT32_ROUNDING = 2.0**-24
_LARGEST_NORM = 1e17  # squares of sums of two such are still float32


class Screen:
    """Float32 closeness of queries to all rows of a set, with a bound on its error."""

    def __init__(self, embedding_set: EmbeddingSet, metric: Metric) -> None:
        self.metric = metric
        self.vectors = embedding_set.vectors
        self.longest = embedding_set.longest
        self.unit = np.float32(1.0)
        huge = self.longest > _LARGEST_NORM
        self.by_direction = metric == "cosine" or (metric == "dot" and huge)
        if metric == "cosine":
            self.scale = np.float32(1.0) if huge else embedding_set.inverse_norms
            if huge:  # one unit for all would leave nothing of the short rows
                self.vectors = _unit_rows(self.vectors, embedding_set.norms)
        elif huge:  # a power of two: scaling by it rounds nothing
            self.unit = np.float32(2.0 ** -np.ceil(np.log2(self.longest)))
            self.vectors = self.vectors * self.unit
            self.longest *= float(self.unit)
        if metric == "euclidean":
            self.squares = np.square(embedding_set.norms * float(self.unit)).astype(np.float32)

    def closeness(self, queries: np.ndarray, query_norms: np.ndarray) -> np.ndarray:
        """Return float32, shape (q, n): larger is nearer.

        Cosine, dot, minus the squared euclidean distance less the query's own square (the same
        for all rows), or minus the manhattan distance; of huge vectors, in units that do not
        overflow, for dot a unit for each query.
        """
        queries = _unit_rows(queries, query_norms) if self.by_direction else queries * self.unit
        if self.metric == "manhattan":
            return _negated_manhattan(queries, self.vectors)
        if len(queries) == 1:  # streams the vectors once, which a second thread does not hasten
            with _blas().limit(limits=1, user_api="blas"):
                closeness = (self.vectors @ queries[0])[None, :]
        else:
            closeness = queries @ self.vectors.T
        if self.metric == "cosine":
            closeness *= self.scale
        elif self.metric == "euclidean":
            closeness *= 2.0
            closeness -= self.squares
        return closeness

    def error(self, query_norms: np.ndarray) -> np.ndarray:
        """Bound |closeness - exact closeness| for each query: float32, shape (q,)."""
        query_norms = np.maximum(query_norms, 1e-30) * float(self.unit)  # see row_norms
        if self.by_direction:
            query_norms = np.ones_like(query_norms)
        longest = max(self.longest, 1e-30)
        dimensions = self.vectors.shape[1]
        scale = {
            "cosine": query_norms,
            "dot": query_norms * longest,
            "euclidean": (query_norms + longest) ** 2,
            "manhattan": (query_norms + longest) * np.sqrt(dimensions),
        }[self.metric]
        # d roundings of a dot product of length d, after any order of summation (Higham, Accuracy
        # and Stability of Numerical Algorithms, 2002, section 3.1), some for scaling, and a reserve
        return (2.0 * (dimensions + 8) * _FLOAT32_ROUNDING * scale).astype(np.float32)


def candidates(closeness: np.ndarray, k: int, margin: float) -> np.ndarray:
    """Return the rows that may be among the k nearest: int64, in increasing order.

    A first bound comes from the maxima of short chunks: the k-th largest of them is at most the
    k-th largest value. It leaves few rows for the partition that finds the k-th largest itself.
    """
    if k == 0:
        return np.empty(0, dtype=np.int64)
    bound = -np.inf
    chunk = 64
    chunks = len(closeness) // chunk
    if chunks > 4 * k:
        maxima = closeness[: chunks * chunk].reshape(chunks, chunk).max(axis=1)
        bound = np.partition(maxima, chunks - k)[chunks - k]
    likely = np.flatnonzero(closeness >= bound - margin)
    kth = np.partition(closeness[likely], len(likely) - k)[len(likely) - k]
    if kth == -np.inf:
        return likely[closeness[likely] > -np.inf]
    return likely[closeness[likely] >= kth - margin]


@cache
def _blas() -> ThreadpoolController:
    """Return the handle on numpy's BLAS.

    With two threads, and both cores busy with a layout, a click at 100,000 x 50 took 8 ms in the
    median, with one thread 0.6 ms: the product waits for whichever thread the system runs last.
    """
    return ThreadpoolController()


def _unit_rows(vectors: np.ndarray, norms: np.ndarray) -> np.ndarray:
    """Return rows divided by their lengths, in float64 rounded to float32; zero rows stay zero."""
    result = np.empty_like(vectors)
    return np.multiply(vectors, inverse_norms(norms)[:, None], out=result, casting="same_kind")


def _negated_manhattan(queries: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return minus the manhattan distances: float32, shape (q, n)."""
    closeness = np.empty((len(queries), len(vectors)), dtype=np.float32)
    step = max(1, 1_000_000 // vectors.shape[1])
    for start in range(0, len(vectors), step):
        block = vectors[start : start + step]
        for i, vector in enumerate(queries):
            np.abs(block - vector).sum(axis=1, out=closeness[i, start : start + step])
    return np.negative(closeness, out=closeness)
