"""The filter of filter-and-refine for rows that lie close together and far from the origin.

Rows of a collapsed set, whose mean cosine is 1 - 1e-8, differ only in the last digits of float32:
the scores of prefilter.py rule nothing out, and all pairs would be compared in float64. What tells
such rows apart is kept by their differences from a common center, computed in float64 before they
are rounded to float32:

    |u - v|^2 = |c|^2 + |e|^2 - 2 ce,  where c = u - center and e = v - center

For cosine, u and v are unit rows. Any center is right; a good one makes the differences small.
"""

import threading
from weakref import WeakKeyDictionary

import numpy as np

from embeddings.blocks import row_blocks
from embeddings.embedding_set import EmbeddingSet
from embeddings.metrics import (
    FLOAT64_ROUNDING,
    SPARE_ROUNDINGS,
    Metric,
    inverse_norms,
)
from embeddings.neighbors.prefilter import product

_CLOSE = 0.05  # radius of the rows, in lengths of a row, up to which they are centered
_SAMPLED = 2_000  # rows whose median is the center
_TYPICAL = 0.99  # fraction of the rows within the radius
_FAR = 4.0  # radii
_FLOAT32_ROUNDING = 2.0**-24
_BLOCK_NUMBERS = 1_000_000
_HELD_BYTES = 256 * 2**20  # of a filter for single queries
_MOST_HELD = 2

_held: "WeakKeyDictionary[EmbeddingSet, dict[Metric, CenteredPrefilter | None]]"
_held = WeakKeyDictionary()  # the sets searched last, the latest last
_lock = threading.Lock()


class CenteredPrefilter:
    """Float32 scores of the rows of a set against all its rows, with a bound on their error.

    A score grows as rows get nearer: it is the square of the query's distance from the center minus
    the squared distance of the two rows, in a unit in which the radius is about 1.

    The few rows beyond four radii are not scored. They are no neighbors of the rows within one
    radius: they are three radii away or more, and k others two at most. Queries beyond one radius
    are compared with all rows.

    Parameters
    ----------
    embedding_set : the set
    metric : cosine or euclidean
    center : float64, shape (d,)
    """

    def __init__(self, embedding_set: EmbeddingSet, metric: Metric, center: np.ndarray) -> None:
        count, dimensions = embedding_set.vectors.shape
        self._vectors = np.empty((count, dimensions), np.float32)
        lengths = np.empty(count)
        for block in row_blocks(count, dimensions, _BLOCK_NUMBERS):
            centered = _rows(embedding_set, metric, block) - center
            lengths[block] = np.sqrt(np.einsum("ij,ij->i", centered, centered))
        if metric == "cosine":  # the cosine of a zero row with any other is 0: it is far away
            lengths[embedding_set.norms == 0] = np.inf
        self.radius = float(np.quantile(lengths, _TYPICAL, method="lower"))
        self.typical = lengths <= self.radius
        if not 0 < self.radius < np.inf:
            return
        unit = 2.0 ** -np.round(np.log2(self.radius))  # a power of two: scaling by it is exact
        for block in row_blocks(count, dimensions, _BLOCK_NUMBERS):
            self._vectors[block] = (_rows(embedding_set, metric, block) - center) * unit
        is_far = lengths > _FAR * self.radius
        self._vectors[is_far] = 0.0
        lengths *= unit
        self._squares = np.where(is_far, np.inf, np.square(lengths)).astype(np.float32)

        # Scores: d roundings of a dot product of length d and some more (see prefilter.py), of
        # numbers up to `reach` squared. Distances: rounding of the differences and their center in
        # float64, and the tolerance within which exact distances are tied (see metrics.compare).
        longest = 1.0 if metric == "cosine" else embedding_set.longest
        reach = lengths + _FAR * self.radius * unit
        distance = 2.0 * (dimensions + SPARE_ROUNDINGS) * FLOAT64_ROUNDING * longest * unit
        errors = 2.0 * (dimensions + 8) * _FLOAT32_ROUNDING * np.square(reach)
        errors += 2.0 * reach * distance + distance**2
        self._errors = np.where(self.typical, errors, 1.0).astype(np.float32)

    def score_rows(self, rows: slice | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Score every row of the set for each of some rows; larger is nearer.

        Returns
        -------
        scores : float32, shape (q, n); all 0 for a row that is compared with all others
        errors : float32, shape (q,), bounds on |score - exact score|
        """
        queries = self._vectors[rows] * np.float32(2.0)
        scores = product(self._vectors, queries)
        scores -= self._squares
        scores[~self.typical[rows]] = 0.0
        return scores, self._errors[rows]


def centered_prefilter(
    embedding_set: EmbeddingSet, metric: Metric, k: int
) -> CenteredPrefilter | None:
    """Return a filter for a set whose rows lie close together, far from the origin; else None.

    Parameters
    ----------
    metric : of the neighbors
    k : neighbors of each row that are to be found
    """
    if metric not in ("cosine", "euclidean"):
        return None
    sampled = np.arange(0, len(embedding_set), max(1, len(embedding_set) // _SAMPLED))
    rows = _rows(embedding_set, metric, sampled)
    center = np.median(rows, axis=0)
    longest = 1.0 if metric == "cosine" else embedding_set.longest
    distances = np.sqrt(np.square(rows - center).sum(axis=1))
    if not np.median(distances) <= _CLOSE * longest:
        return None
    found = CenteredPrefilter(embedding_set, metric, center)
    is_close = 0 < found.radius <= _CLOSE * longest
    return found if is_close and int(found.typical.sum()) > k else None


def held_filter(
    embedding_set: EmbeddingSet, metric: Metric, k: int, build: bool
) -> CenteredPrefilter | None:
    """Return the filter for single queries of a set, which is held for the next ones, or None.

    It is a copy of the vectors: those of the sets searched last are held, unless they are large.

    Parameters
    ----------
    build : True to build it if it is not there
    """
    with _lock:
        held = _held.get(embedding_set, {})
    if metric not in held:
        if not build or embedding_set.vectors.nbytes > _HELD_BYTES:
            return None
        held = {**held, metric: centered_prefilter(embedding_set, metric, k)}
        with _lock:
            _held.pop(embedding_set, None)
            _held[embedding_set] = held
            for oldest in list(_held)[:-_MOST_HELD]:
                del _held[oldest]
    found = held[metric]
    return found if found is not None and int(found.typical.sum()) > k else None


def _rows(embedding_set: EmbeddingSet, metric: Metric, rows: slice | np.ndarray) -> np.ndarray:
    """Return some rows, for cosine those of length 1: float64, shape (q, d)."""
    vectors = embedding_set.vectors[rows].astype(np.float64)
    if metric == "cosine":
        vectors *= inverse_norms(embedding_set.norms[rows])[:, None]
    return vectors
