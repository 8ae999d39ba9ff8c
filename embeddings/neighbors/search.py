"""Exact nearest neighbors, in the original space: one query, many queries, or every point's graph.

Every search works the same way: *screen* all rows in float32 (one matrix product), keep those that
could still be among the k nearest given the bound on float32's error, then *settle* their order
with exact values. So the answer is exact at nearly the speed of the product; ties go to the lower
row number; the point itself is left out, its duplicates are not.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.metrics import Metric, ValueKind, check_metric, exact_values, row_norms, value_kind
from embeddings.neighbors.prefilter import Screen, candidates
from embeddings.progress import NullProgress, Progress

GRAPH_NEIGHBORS = 100
"""Neighbors per point that a graph holds unless more are asked for."""

_BLOCK_FLOATS = 8_000_000  # size of one block of screened closeness: 32 MB


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The nearest rows of one query (1-D arrays) or of several (2-D, one row per query).

    Attributes
    ----------
    rows : int32, shape (k,) or (q, k), nearest first
    values : float32, same shape; similarities or distances, as `kind` says
    metric, kind : the measure, and what it yields
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


@dataclass(frozen=True, eq=False)
class NeighborGraph:
    """The k nearest neighbors of every point; built once and sliced by everything else.

    Attributes
    ----------
    rows : int32, shape (n, k); row i lists the neighbors of item i, nearest first, without i
    values : float32, shape (n, k); similarities or distances, by `metric`
    metric : the measure
    fingerprint : of the set that it was built from
    """

    rows: np.ndarray
    values: np.ndarray
    metric: Metric
    fingerprint: str

    @property
    def k(self) -> int:
        """Neighbors held per point."""
        return self.rows.shape[1]

    def first(self, k: int) -> "NeighborGraph":
        """Return the graph of the k nearest; k may not exceed what is held."""
        if k > self.k:
            raise ValueError(f"the graph holds {self.k} neighbors per point, {k} were asked for")
        return NeighborGraph(self.rows[:, :k], self.values[:, :k], self.metric, self.fingerprint)


def query(
    embedding_set: EmbeddingSet,
    rows: int | np.ndarray | list[int],
    k: int = 10,
    metric: Metric | None = None,
) -> Neighbors:
    """Find the exact k nearest neighbors of one item, or of several, leaving out the item itself.

    Parameters
    ----------
    rows : one row number (the result is 1-D) or an array of them (2-D)
    k : how many; a set of n items has at most n - 1 neighbors, and so many are returned then
    metric : the set's own by default

    Raises
    ------
    EmbeddingError
        a row number outside the set, or k below 1
    """
    numbers = np.atleast_1d(np.asarray(rows))
    if not np.issubdtype(numbers.dtype, np.integer) and numbers.size:
        raise EmbeddingError(f"row numbers of type {numbers.dtype}; expected whole numbers")
    for row in numbers:
        if not 0 <= row < len(embedding_set):
            raise EmbeddingError(f"row {row}; the set has rows 0 to {len(embedding_set) - 1:,}")
    found = _search(embedding_set, embedding_set.vectors[numbers], k, metric, numbers)
    return found if np.ndim(rows) else Neighbors(found.rows[0], found.values[0], found.metric)


def query_vectors(
    embedding_set: EmbeddingSet,
    vectors: np.ndarray,
    k: int = 10,
    metric: Metric | None = None,
    among: np.ndarray | None = None,
) -> Neighbors:
    """Find the exact k items nearest to one vector (1-D result) or to several (2-D).

    Parameters
    ----------
    vectors : shape (d,) or (q, d), in the set's space
    among : bool, shape (n,), the items that may be found; None: all

    Raises
    ------
    EmbeddingError
        another number of dimensions than the set's, k below 1, or no item that may be found
    """
    if among is not None and not among.any():
        raise EmbeddingError("no item is left to be found")
    queries = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
    if queries.ndim != 2 or queries.shape[1] != embedding_set.dimensions:
        raise EmbeddingError(
            f"a query of shape {np.shape(vectors)} for {embedding_set.dimensions} dimensions"
        )
    found = _search(embedding_set, np.ascontiguousarray(queries), k, metric, None, among)
    many = np.ndim(vectors) == 2
    return found if many else Neighbors(found.rows[0], found.values[0], found.metric)


def build_graph(
    embedding_set: EmbeddingSet,
    k: int = GRAPH_NEIGHBORS,
    metric: Metric | None = None,
    progress: Progress = NullProgress(),  # noqa: B008 (stateless)
) -> NeighborGraph:
    """Find the k nearest neighbors of every point, exactly, with all cores.

    Parameters
    ----------
    k : neighbors per point; n - 1 at most
    progress : told the fraction done after each block of rows

    Raises
    ------
    EmbeddingError
        a set of one item, which has no neighbors
    """
    from embeddings.neighbors import (
        refine,
    )  # numba takes a second to import; a click does without it

    if len(embedding_set) < 2:
        raise EmbeddingError("a set of 1 item has no neighbors; a graph needs at least 2 items")
    k = _check_k(k, len(embedding_set) - 1)
    metric = check_metric(metric or embedding_set.provenance.metric)
    screen = Screen(embedding_set, metric)
    count = len(embedding_set)
    rows = np.empty((count, k), dtype=np.int32)
    values = np.empty((count, k), dtype=np.float32)
    for start, stop in _blocks(count, count):
        block = slice(start, stop)
        queries, norms = embedding_set.vectors[block], embedding_set.norms[block]
        own = np.arange(start, stop)
        closeness = screen.closeness(queries, norms)
        refine.settle_block(
            metric, closeness, screen.error(norms), queries, norms, own,
            embedding_set.vectors, embedding_set.norms, rows[block], values[block],
        )  # fmt: skip
        progress("neighbors", stop / count)
    return NeighborGraph(rows, values, metric, embedding_set.fingerprint)


def _search(
    embedding_set: EmbeddingSet,
    queries: np.ndarray,
    k: int,
    metric: Metric | None,
    own_rows: np.ndarray | None,
    among: np.ndarray | None = None,
) -> Neighbors:
    """Screen and settle each query; `own_rows` are left out of their own answers.

    among : bool, shape (n,), see query_vectors
    """
    metric = check_metric(metric or embedding_set.provenance.metric)
    everything = len(embedding_set) if among is None else int(among.sum())
    available = everything - (own_rows is not None)
    k = _check_k(k, available)
    rows = np.empty((len(queries), k), dtype=np.int32)
    values = np.empty((len(queries), k), dtype=np.float32)
    screen = Screen(embedding_set, metric)
    norms = row_norms(queries)
    for start, stop in _blocks(len(queries), len(embedding_set)):
        closeness = screen.closeness(queries[start:stop], norms[start:stop])
        error = screen.error(norms[start:stop])
        for i in range(start, stop):
            line = closeness[i - start]
            if own_rows is not None:
                line[own_rows[i]] = -np.inf
            if among is not None:
                line[~among] = -np.inf
            likely = candidates(line, k, 2.0 * error[i - start])
            exact = exact_values(
                metric, queries[i], norms[i],
                embedding_set.vectors[likely], embedding_set.norms[likely],
            )  # fmt: skip
            nearness = exact if value_kind(metric) == "similarity" else -exact
            order = np.lexsort((likely, -nearness))[:k]
            rows[i], values[i] = likely[order], exact[order]
    return Neighbors(rows, values, metric)


def _check_k(k: int, available: int) -> int:
    """Return k, or all there are if they are fewer; raise EmbeddingError below 1."""
    if k < 1:
        raise EmbeddingError(f"k = {k}; ask for at least 1 neighbor")
    return min(k, available)


def _blocks(queries: int, items: int) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of blocks of queries whose closeness to all items stays small."""
    step = max(1, _BLOCK_FLOATS // items)
    for start in range(0, queries, step):
        yield start, min(start + step, queries)
