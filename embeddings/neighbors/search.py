"""Exact nearest neighbors of one query or of several, in the original space.

The search filters and refines: it scores all rows in float32 with one matrix product, selects the
candidates, which are the rows that may be among the k nearest given the bound on float32's error,
and orders these in float64. So the result is exact at nearly the speed of the product. Where the
bound rules out no row, as in a set of nearly parallel vectors, all rows are compared in float64.
Ties go to the lower row number. A point is not its own neighbor, but its duplicates are neighbors.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from embeddings.blocks import row_blocks
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.metrics import (
    Comparison,
    Metric,
    ValueKind,
    check_metric,
    compare,
    row_norms,
    value_kind,
)
from embeddings.neighbors.centered import CenteredPrefilter, held_filter
from embeddings.neighbors.prefilter import Prefilter, select_candidates

_BLOCK_SCORES = 8_000_000  # scores of one block of queries: 32 MB
_BLOCK_NUMBERS = 1_000_000  # of a block of rows in float64: 8 MB
_FEW_NUMBERS = 500_000  # which are compared in float64 within milliseconds


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The nearest rows of one query (1-D arrays) or of several (2-D, one row per query).

    It unpacks into rows and values: `rows, values = neighbors.query(embedding_set, 7)`.

    Attributes
    ----------
    rows : int32, shape (k,) or (q, k); row numbers, nearest first
    values : float64, same shape; similarities or distances, as `kind` tells
    metric : the metric of `values`
    """

    rows: np.ndarray
    values: np.ndarray
    metric: Metric

    @property
    def kind(self) -> ValueKind:
        """Whether `values` are similarities (larger is nearer) or distances."""
        return value_kind(self.metric)

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter((self.rows, self.values))


def query(
    embedding_set: EmbeddingSet,
    rows: int | np.ndarray | list[int],
    k: int = 10,
    metric: Metric | None = None,
) -> Neighbors:
    """Find the k nearest neighbors of one item or of several, exactly.

    An item is not its own neighbor.

    Parameters
    ----------
    rows : a row number, or q of them
    k : number of neighbors; a set of n items has n - 1 at most, and no more are returned
    metric : the set's own by default

    Returns
    -------
    Neighbors : rows (int32) and values (float64), nearest first; of shape (k,) for one row number
        and (q, k) for several. Values are similarities for cosine and dot, distances for euclidean
        and manhattan.

    Raises
    ------
    EmbeddingError
        if a row number is not in the set, or k is below 1
    """
    numbers = np.atleast_1d(np.asarray(rows))
    if not np.issubdtype(numbers.dtype, np.integer) and numbers.size:
        raise EmbeddingError(f"row numbers of type {numbers.dtype}; expected whole numbers")
    for row in numbers:
        if not 0 <= row < len(embedding_set):
            raise EmbeddingError(f"row {row}; the set has rows 0 to {len(embedding_set) - 1:,}")
    queries, norms = embedding_set.vectors[numbers], embedding_set.norms[numbers]
    found = _search(embedding_set, queries, norms, k, metric, numbers)
    return found if np.ndim(rows) else Neighbors(found.rows[0], found.values[0], found.metric)


def query_vectors(
    embedding_set: EmbeddingSet,
    vectors: np.ndarray,
    k: int = 10,
    metric: Metric | None = None,
    candidates: np.ndarray | None = None,
) -> Neighbors:
    """Find the k items nearest to one vector or to several, exactly.

    Parameters
    ----------
    vectors : shape (d,) or (q, d), in the set's space
    k : number of neighbors; no more than there are candidates are returned
    metric : the set's own by default
    candidates : bool, shape (n,), True for the items that may be returned; None means all

    Returns
    -------
    Neighbors : rows (int32) and values (float64), nearest first; of shape (k,) for one vector and
        (q, k) for several. Values are similarities for cosine and dot, distances for euclidean and
        manhattan.

    Raises
    ------
    EmbeddingError
        if a vector does not have the set's number of dimensions, k is below 1, or there are no
        candidates
    """
    if candidates is not None and not candidates.any():
        raise EmbeddingError("there are no items to search: all of them are excluded")
    queries = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
    if queries.ndim != 2 or queries.shape[1] != embedding_set.dimensions:
        raise EmbeddingError(
            f"a query of shape {np.shape(vectors)} for {embedding_set.dimensions} dimensions"
        )
    queries = np.ascontiguousarray(queries)
    found = _search(embedding_set, queries, row_norms(queries), k, metric, None, candidates)
    many = np.ndim(vectors) == 2
    return found if many else Neighbors(found.rows[0], found.values[0], found.metric)


def compare_with_all(
    embedding_set: EmbeddingSet, row: int, metric: Metric | None = None
) -> np.ndarray:
    """Compare an item with each item of the set, itself included, in float64.

    Returns
    -------
    float64, shape (n,); similarities for cosine and dot, distances for euclidean and manhattan

    Raises
    ------
    EmbeddingError
        if the row number is not in the set
    """
    return compare_with(embedding_set, row, np.arange(len(embedding_set)), metric)


def compare_with(
    embedding_set: EmbeddingSet, row: int, others: np.ndarray, metric: Metric | None = None
) -> np.ndarray:
    """Compare an item with m `others`, int64 row numbers, as `compare_with_all` does with all."""
    return compare_item(embedding_set, row, others, metric)[0].values


def compare_item(
    embedding_set: EmbeddingSet, row: int, others: np.ndarray, metric: Metric | None
) -> tuple[Comparison, Metric]:
    """Compare an item with m `others`, int64 row numbers; return the metric, too.

    Raises
    ------
    EmbeddingError
        if the row number is not in the set
    """
    if not 0 <= row < len(embedding_set):
        raise EmbeddingError(f"row {row}; the set has rows 0 to {len(embedding_set) - 1:,}")
    metric = check_metric(metric or embedding_set.provenance.metric)
    vector, norm = embedding_set.vectors[row], embedding_set.norms[row]
    return _compare_rows(embedding_set, metric, vector, norm, others), metric


def candidate_count(embedding_set: EmbeddingSet, rows: np.ndarray, k: int) -> float:
    """Return how many rows are compared in float64 to find k neighbors of an item, on average.

    Parameters
    ----------
    rows : int64, shape (q,), the items
    """
    prefilter = Prefilter(embedding_set, check_metric(embedding_set.provenance.metric))
    found = [_likely_rows(embedding_set, prefilter, row, k)[0] for row in np.split(rows, len(rows))]
    return float(np.mean(list(map(len, found))))


def check_k(k: int, available: int) -> int:
    """Return k, or `available` if that is less; raise EmbeddingError if k is below 1."""
    if k < 1:
        raise EmbeddingError(f"k = {k}; expected at least 1 neighbor")
    return min(k, available)


def _search(
    embedding_set: EmbeddingSet,
    queries: np.ndarray,
    norms: np.ndarray,
    k: int,
    metric: Metric | None,
    own_rows: np.ndarray | None,
    candidates: np.ndarray | None = None,
) -> Neighbors:
    """Filter and refine for each query.

    Parameters
    ----------
    queries, norms : float32, shape (q, d), and their euclidean lengths, float64, shape (q,)
    own_rows : int64, shape (q,), the item that each query is, which is not its own neighbor; or
        None
    candidates : bool, shape (n,), see query_vectors
    """
    metric = check_metric(metric or embedding_set.provenance.metric)
    searched = len(embedding_set) if candidates is None else int(candidates.sum())
    k = check_k(k, searched - (own_rows is not None))
    rows = np.empty((len(queries), k), dtype=np.int32)
    values = np.empty((len(queries), k), dtype=np.float64)
    prefilter = Prefilter(embedding_set, metric)
    for block in row_blocks(len(queries), len(embedding_set), _BLOCK_SCORES):
        if own_rows is not None:
            found = _likely_rows(embedding_set, prefilter, own_rows[block], k)
        else:
            scores = prefilter.scores(queries[block], norms[block])
            if candidates is not None:
                scores[:, ~candidates] = -np.inf
            found = _select(scores, prefilter.error_bounds(norms[block]), k)
        for i, likely in enumerate(found, block.start):
            compared = _compare_rows(embedding_set, metric, queries[i], norms[i], likely)
            order = compared.nearest_first(k)
            rows[i], values[i] = likely[order], compared.values[order]
    return Neighbors(rows, values, metric)


def _likely_rows(
    embedding_set: EmbeddingSet, prefilter: Prefilter, items: np.ndarray, k: int
) -> list[np.ndarray]:
    """Return the rows that may be among the k nearest of each item: int64, ascending.

    Parameters
    ----------
    items : int64, shape (q,), row numbers
    """
    centered = held_filter(embedding_set, prefilter.metric, k, build=False)
    if centered is None:
        found = _scored(prefilter, items, k)
        if max(map(len, found)) * embedding_set.dimensions <= _FEW_NUMBERS:
            return found
        centered = held_filter(embedding_set, prefilter.metric, k, build=True)
        if centered is None:
            return found
    close = centered.typical[items]
    likely = [np.empty(0, np.int64)] * len(items)
    for which, each in ((np.flatnonzero(close), centered), (np.flatnonzero(~close), prefilter)):
        for i, found_rows in zip(which, _scored(each, items[which], k), strict=True):
            likely[i] = found_rows
    return likely


def _scored(
    prefilter: Prefilter | CenteredPrefilter, items: np.ndarray, k: int
) -> list[np.ndarray]:
    """Return the rows that may be among the k nearest of each item, as one filter scores them."""
    if not len(items):
        return []
    scores, errors = prefilter.score_rows(items)
    scores[np.arange(len(items)), items] = -np.inf
    return _select(scores, errors, k)


def _select(scores: np.ndarray, errors: np.ndarray, k: int) -> list[np.ndarray]:
    """Return the candidates of each query; see select_candidates."""
    return [
        select_candidates(line, k, 2.0 * error) for line, error in zip(scores, errors, strict=True)
    ]


def _compare_rows(
    embedding_set: EmbeddingSet, metric: Metric, query: np.ndarray, norm: float, rows: np.ndarray
) -> Comparison:
    """Compare a query with m `rows` of a set, block by block: they may be all rows."""
    vectors, norms = embedding_set.vectors, embedding_set.norms
    blocks = list(row_blocks(len(rows), vectors.shape[1], _BLOCK_NUMBERS)) or [slice(0, 0)]
    parts = [
        compare(metric, query, norm, vectors[rows[block]], norms[rows[block]]) for block in blocks
    ]
    if len(parts) == 1:
        return parts[0]
    return Comparison(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.nearness for part in parts]),
        np.concatenate([part.tolerance for part in parts]),
    )
