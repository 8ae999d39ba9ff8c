"""The affinities of t-SNE: how strongly each point is drawn to its nearest neighbors.

van der Maaten and Hinton, Visualizing data using t-SNE (2008): p_(j|i) is proportional to
exp(-b_i d_ij^2), with b_i such that the entropy of the row is that of `perplexity` equal neighbors,
and p_ij = (p_(j|i) + p_(i|j)) / 2n.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numba import njit, prange

from embeddings.neighbors.graph import NeighborGraph

_MOST_STEPS = 64
_TOLERANCE = 1e-5  # of the entropy


@dataclass(frozen=True, eq=False)
class Affinities:
    """A symmetric matrix of affinities, which sum to 1, in CSR format.

    Attributes
    ----------
    starts : int64, shape (n + 1,), where each row starts in the two others
    neighbors : int32, shape (m,)
    values : float32, shape (m,), above 0
    """

    starts: np.ndarray
    neighbors: np.ndarray
    values: np.ndarray

    @property
    def negative_entropy(self) -> float:
        """The sum of p log p."""
        values = self.values.astype(np.float64)
        return float(np.sum(values * np.log(values)))

    def matrix(self) -> sp.csr_matrix:
        """Return the same matrix for openTSNE: float64, shape (n, n)."""
        count = len(self.starts) - 1
        values = self.values.astype(np.float64)
        return sp.csr_matrix((values, self.neighbors, self.starts), shape=(count, count))

    def reordered(self, order: np.ndarray) -> "Affinities":
        """Return the matrix of the points in another order: `order` has their former numbers."""
        count = len(order)
        numbers = np.empty(count, np.int32)
        numbers[order] = np.arange(count, dtype=np.int32)
        matrix = (self.values, numbers[self.neighbors], self.starts)
        return _of(sp.csr_matrix(matrix, shape=(count, count))[order])


def graph_affinities(graph: NeighborGraph, perplexity: float) -> Affinities:
    """Return the affinities of a graph's points to all their neighbors in it.

    For cosine, distances are those of the unit vectors, sqrt(2 - 2 cos).
    """
    values = graph.values
    if graph.metric == "cosine":
        squares = np.maximum(2.0 - 2.0 * values, 0.0)
    else:
        largest = values.max()
        squares = (values / (largest if largest > 0 else 1.0)) ** 2
    count, k = squares.shape
    conditional = np.empty((count, k), np.float32)
    _search_widths(squares, np.log(perplexity), conditional)
    starts = np.arange(0, count * k + 1, k)
    matrix = sp.csr_matrix((conditional.ravel(), graph.rows.ravel(), starts), shape=(count, count))
    return _of((matrix + matrix.T) / np.float32(2 * count))


def _of(matrix: sp.csr_matrix) -> Affinities:
    matrix.sort_indices()
    matrix.eliminate_zeros()
    return Affinities(
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int32),
        matrix.data.astype(np.float32),
    )


@njit(parallel=True, cache=True, nogil=True)
def _search_widths(squares, entropy, conditional):
    """Fill each row with exp(-b d^2), scaled to a sum of 1, whose entropy is the one given.

    Newton's method on the logarithm of b, within bounds that are halved where it leaves them. Where
    no b has this entropy (more equal neighbors than the perplexity), it ends at the closest.
    """
    count, k = squares.shape
    for i in prange(count):
        nearest = squares[i].min()
        mean = squares[i].mean() - nearest
        b = 1.0 / mean if mean > 0 else 1.0
        low, high = 0.0, np.inf
        for _ in range(_MOST_STEPS):
            total = first = second = 0.0
            for j in range(k):
                distance = b * (squares[i, j] - nearest)
                weight = np.exp(-distance)
                total += weight
                first += weight * distance
                second += weight * distance * distance
            first /= total
            excess = np.log(total) + first - entropy
            if abs(excess) < _TOLERANCE:
                break
            if excess > 0:
                low = b
            else:
                high = b
            slope = second / total - first * first  # by -log b
            b = b * np.exp(min(excess / slope, 2.0)) if slope > 0 else high
            if not low < b < high:
                b = 2 * low if high == np.inf else (low + high) / 2
        total = 0.0
        for j in range(k):
            total += np.exp(-b * (squares[i, j] - nearest))
        for j in range(k):
            conditional[i, j] = np.exp(-b * (squares[i, j] - nearest)) / total
