"""What a person should look at: items among items of another category, and near duplicates.

And two numbers of each item's place in the neighbor graph, to color by: how many items it is a
neighbor of, and how many of its neighbors are neighbors of each other.
"""

from dataclasses import dataclass

import numpy as np

from embeddings.analysis.duplicates import equal_rows
from embeddings.analysis.neighborhoods import NEIGHBORS, near_limit
from embeddings.blocks import row_blocks
from embeddings.embedding_set import EmbeddingSet
from embeddings.neighbors import NeighborGraph

MAJORITY = 0.5
"""An item disagrees if more than this fraction of its neighbors have one other category."""

_BLOCK_NUMBERS = 8_000_000


@dataclass(frozen=True, eq=False)
class Disagreements:
    """The items whose category is not that of most of their neighbors, the clearest first.

    Attributes
    ----------
    rows : int64, shape (m,)
    codes : int64, shape (m,); the category that most neighbors have
    fractions : float64, shape (m,); the fraction of the neighbors that have it
    k : neighbors of each item
    """

    rows: np.ndarray
    codes: np.ndarray
    fractions: np.ndarray
    k: int


@dataclass(frozen=True, eq=False)
class NearPairs:
    """Pairs of items that nearly coincide, the nearest first.

    Attributes
    ----------
    rows : int64, shape (m, 2), the lower row first
    values : float64, shape (m,); similarities or distances by the metric of the graph
    equal : bool, shape (m,); whether the two vectors are equal
    limit : the largest distance of a pair; for cosine, the difference from similarity 1
    """

    rows: np.ndarray
    values: np.ndarray
    equal: np.ndarray
    limit: float


def disagreements(graph: NeighborGraph, codes: np.ndarray, k: int = NEIGHBORS) -> Disagreements:
    """Find the items whose category is not that of most of their k neighbors.

    Parameters
    ----------
    codes : whole numbers, shape (n,); the category of each item, -1 for none
    k : no more than the graph has
    """
    k = min(k, graph.k)
    best, fractions = np.empty(len(codes), dtype=np.int64), np.empty(len(codes))
    for block in row_blocks(len(codes), k * k, _BLOCK_NUMBERS):
        around = codes[graph.rows[block, :k]]
        counts = (around[:, :, None] == around[:, None, :]).sum(axis=2)
        counts[around < 0] = 0
        place = counts.argmax(axis=1)[:, None]
        best[block] = np.take_along_axis(around, place, axis=1)[:, 0]
        fractions[block] = np.take_along_axis(counts, place, axis=1)[:, 0] / k
    rows = np.flatnonzero((codes >= 0) & (best != codes) & (fractions > MAJORITY))
    rows = rows[np.argsort(-fractions[rows], kind="stable")]
    return Disagreements(rows, best[rows], fractions[rows], k)


def near_pairs(embedding_set: EmbeddingSet, graph: NeighborGraph) -> NearPairs:
    """Find the pairs of items that are neighbors of each other and nearly coincide.

    Parameters
    ----------
    graph : of the set, not by dot
    """
    limit = near_limit(embedding_set, graph.metric)
    distances = 1 - graph.values if graph.metric == "cosine" else graph.values
    index, order = np.nonzero(distances <= limit)
    others = graph.rows[index, order].astype(np.int64)
    pairs = np.column_stack([np.minimum(index, others), np.maximum(index, others)])
    values = graph.values[index, order]
    pairs, first = np.unique(pairs, axis=0, return_index=True)
    values, nearest = values[first], np.argsort(distances[index, order][first], kind="stable")
    pairs, values = pairs[nearest].reshape(-1, 2), values[nearest]
    equal = equal_rows(embedding_set.vectors, pairs[:, 0], pairs[:, 1])
    return NearPairs(pairs, values, equal, limit)


def in_degree(graph: NeighborGraph, k: int = NEIGHBORS) -> np.ndarray:
    """Return N_k of each item, the number of items that have it among their k nearest.

    Returns
    -------
    float32, shape (n,); items with very large numbers are hubs, see neighborhoods.Hubs
    """
    k = min(k, graph.k)
    found = np.bincount(graph.rows[:, :k].ravel(), minlength=len(graph.rows))
    return found.astype(np.float32)


def local_clustering(graph: NeighborGraph, k: int = NEIGHBORS) -> np.ndarray:
    """Return the fraction of the pairs of each item's k neighbors that are neighbors themselves.

    This is the local clustering coefficient (Watts and Strogatz 1998) of the k nearest; a pair
    counts if either item is among the k nearest of the other.

    Returns
    -------
    float32, shape (n,), 0 to 1; 0 for fewer than two neighbors
    """
    n, k = len(graph.rows), min(k, graph.k)
    rows = graph.rows[:, :k].astype(np.int64)
    found = np.zeros(n, dtype=np.float32)
    if k < 2:
        return found
    edges = np.sort((np.arange(n)[:, None] * n + rows).ravel())
    one, other = np.triu_indices(k, 1)
    for block in row_blocks(n, len(one), _BLOCK_NUMBERS):
        a, b = rows[block][:, one], rows[block][:, other]
        linked = _contains(edges, a * n + b) | _contains(edges, b * n + a)
        found[block] = linked.mean(axis=1)
    return found


def _contains(ascending: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return which numbers are among ascending ones: bool, of the shape of `numbers`."""
    places = np.searchsorted(ascending, numbers)
    return ascending[np.minimum(places, len(ascending) - 1)] == numbers
