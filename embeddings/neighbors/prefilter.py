"""The filter of filter-and-refine: float32 scores of all rows, with a bound on their error.

A score grows as points get nearer. The rows that may be among the k nearest, given the bound, are
the candidates; search.py and refine.py order them by their exact values.
"""

from contextlib import AbstractContextManager
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

from embeddings.blocks import row_blocks
from embeddings.embedding_set import EmbeddingSet
from embeddings.metrics import Metric, inverse_norms

_FLOAT32_ROUNDING = 2.0**-24
_LARGEST_NORM = 1e17  # the squared sum of two such norms is still a float32
_SMALLEST_NORM = 1e-4  # products of much shorter rows have fewer digits, or none
_LARGEST_UNIT = 2.0**60  # products of its rows with a much longer query do not overflow
_MANHATTAN_NUMBERS = 1_000_000  # of a block of rows: 4 MB


class Prefilter:
    """Float32 scores of queries against all rows of a set, with a bound on their error."""

    def __init__(self, embedding_set: EmbeddingSet, metric: Metric) -> None:
        self._set, self.metric = embedding_set, metric
        self.vectors = embedding_set.vectors
        self.longest = embedding_set.longest
        self.unit = np.float32(1.0)
        huge = self.longest > _LARGEST_NORM
        tiny = 0 < self.longest < _SMALLEST_NORM and metric in ("dot", "euclidean")
        self.by_direction = metric == "cosine" or (metric == "dot" and (huge or tiny))
        if metric == "cosine":
            self.scale = np.float32(1.0) if huge else embedding_set.inverse_norms
            if huge:  # a common unit would turn the short rows into zeros
                self.vectors = _unit_rows(self.vectors, embedding_set.norms)
        elif huge or tiny:  # a power of two: scaling by it is exact
            unit = 2.0 ** -np.ceil(np.log2(self.longest))
            self.unit = np.float32(min(unit, _LARGEST_UNIT))
            self.vectors = self.vectors * self.unit
            self.longest *= float(self.unit)
        if metric == "euclidean":
            self.squares = np.square(embedding_set.norms * float(self.unit)).astype(np.float32)

    def score_rows(self, rows: slice | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Score every row for each of some rows of the set; see `scores` and `error_bounds`."""
        vectors, norms = self._set.vectors[rows], self._set.norms[rows]
        return self.scores(vectors, norms), self.error_bounds(norms)

    def scores(self, queries: np.ndarray, query_norms: np.ndarray) -> np.ndarray:
        """Score every row for each query; larger is nearer.

        A score is the cosine, the dot product, minus the manhattan distance, or minus the squared
        euclidean distance without the query's own square, which is the same for all rows. Huge and
        tiny vectors are scored in a unit that neither overflows nor vanishes; for dot, each query
        has its own unit.

        Parameters
        ----------
        queries : float32, shape (q, d)
        query_norms : float64, shape (q,), euclidean lengths of the queries

        Returns
        -------
        float32, shape (q, n)
        """
        queries = _unit_rows(queries, query_norms) if self.by_direction else queries * self.unit
        if self.metric == "manhattan":
            return _negated_manhattan(queries, self.vectors)
        scores = product(self.vectors, queries)
        if self.metric == "cosine":
            scores *= self.scale
        elif self.metric == "euclidean":
            scores *= 2.0
            scores -= self.squares
        return scores

    def error_bounds(self, query_norms: np.ndarray) -> np.ndarray:
        """Bound |score - exact score| for each query: float32, shape (q,).

        Parameters
        ----------
        query_norms : float64, shape (q,), euclidean lengths of the queries
        """
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


def select_candidates(scores: np.ndarray, k: int, margin: float) -> np.ndarray:
    """Return the rows that may be among the k nearest: int64, ascending.

    A first bound comes from the maxima of short chunks: the k-th largest of them is at most the
    k-th largest score. Few rows then remain for the partition that finds the k-th largest score.

    Parameters
    ----------
    scores : float32, shape (n,); -inf excludes a row
    k : number of neighbors
    margin : twice the bound on the error of a score
    """
    if k == 0:
        return np.empty(0, dtype=np.int64)
    bound = -np.inf
    chunk = 64
    chunks = len(scores) // chunk
    if chunks > 4 * k:
        maxima = scores[: chunks * chunk].reshape(chunks, chunk).max(axis=1)
        bound = np.partition(maxima, chunks - k)[chunks - k]
    likely = np.flatnonzero(scores >= bound - margin)
    kth = np.partition(scores[likely], len(likely) - k)[len(likely) - k]
    if kth == -np.inf:
        return likely[scores[likely] > -np.inf]
    return likely[scores[likely] >= kth - margin]


def product(vectors: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Return the dot products of q queries, shape (q, d), with n vectors: float32, shape (q, n)."""
    if len(queries) > 1:
        return queries @ vectors.T
    with one_blas_thread():  # bound by memory: threads gain nothing
        return (vectors @ queries[0])[None, :]


def one_blas_thread() -> AbstractContextManager[object]:
    """Have numpy's BLAS use one thread in a block of code, which answers a person.

    With two threads, while both cores compute a layout, a click at 100,000 x 50 took 8 ms in the
    median, with one thread 0.6 ms: the product waits for the thread that is scheduled last.
    """
    return _blas().limit(limits=1, user_api="blas")


@cache
def _blas() -> ThreadpoolController:
    """Return the controller of numpy's BLAS; finding the libraries takes milliseconds."""
    return ThreadpoolController()


def _unit_rows(vectors: np.ndarray, norms: np.ndarray) -> np.ndarray:
    """Return rows divided by their lengths, in float64 rounded to float32; zero rows stay zero."""
    result = np.empty_like(vectors)
    return np.multiply(vectors, inverse_norms(norms)[:, None], out=result, casting="same_kind")


def _negated_manhattan(queries: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return minus the manhattan distances: float32, shape (q, n)."""
    scores = np.empty((len(queries), len(vectors)), dtype=np.float32)
    for block in row_blocks(len(vectors), vectors.shape[1], _MANHATTAN_NUMBERS):
        for i, vector in enumerate(queries):
            np.abs(vectors[block] - vector).sum(axis=1, out=scores[i, block])
    return np.negative(scores, out=scores)
