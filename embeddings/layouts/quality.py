"""The quality of a layout: its trustworthiness, and how many neighbors it preserves.

Both compare the k nearest points in the layout with the k nearest in the original space. Of points
that are equally near in the original space, any may count as the nearest.
"""

from typing import Any

import numpy as np

from embeddings.blocks import row_blocks
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.metrics import Metric, compare, inverse_norms
from embeddings.neighbors.graph import NeighborGraph

NEIGHBORS = 10
_BLOCK_NUMBERS = 4_000_000
_RANKED_PRODUCTS = 1e11  # multiplications spent on ranks: 2,000 rows up to 130,000 x 384 and beyond
_FEWEST_RANKED = 200
_COUNTED_ROWS = 200_000  # largest number of rows whose preserved neighbors are counted


def evaluate_layout(
    embedding_set: EmbeddingSet,
    graph: NeighborGraph,
    coordinates: np.ndarray,
    k: int = NEIGHBORS,
    sample: int = 2000,
    seed: int = 0,
) -> dict[str, Any]:
    """Compare the neighborhoods of a layout with those of the original space.

    Parameters
    ----------
    graph : of the set, by the metric of the layout, with at least k neighbors per point
    coordinates : float32, shape (n, dims)
    k : neighbors compared; reduced to (n - 1) // 2 in small sets
    sample : largest number of rows whose trustworthiness is measured; where n x d is beyond 50
        million it is reduced to what 1e11 multiplications allow, but not below 200
    seed : of the sample

    Returns
    -------
    dict with the keys
        trustworthiness : float, 1 if every neighbor in the layout is a true neighbor; the farther
            away the false ones are, the lower (Venna and Kaski 2001)
        neighbor_preservation : float, fraction of the k true nearest neighbors that are among the k
            nearest in the layout, over all rows (over 200,000 random rows of larger sets)
        sample : int, rows whose trustworthiness was measured
        k : int, neighbors compared

    Raises
    ------
    EmbeddingError
        if there are fewer than 3 rows
    """
    count = len(coordinates)
    if count < 3:
        raise EmbeddingError(f"{count} rows; layout quality needs at least 3")
    k = max(1, min(k, (count - 1) // 2, graph.k))
    affordable = int(_RANKED_PRODUCTS / embedding_set.vectors.size)
    shuffled = np.random.default_rng(seed).permutation(count)
    ranked = np.sort(shuffled[: min(sample, max(affordable, _FEWEST_RANKED))])
    neighbors = layout_neighbors(coordinates, k, ranked)
    preserved = _preservation(graph, coordinates, k, np.sort(shuffled[:_COUNTED_ROWS]))
    return {
        "trustworthiness": _trustworthiness(embedding_set, graph.metric, ranked, neighbors),
        "neighbor_preservation": float(preserved.mean()),
        "sample": len(ranked),
        "k": k,
    }


def preservation_per_point(
    graph: NeighborGraph, coordinates: np.ndarray, k: int = NEIGHBORS
) -> np.ndarray:
    """Return the fraction of each point's k true nearest neighbors that the layout preserves.

    Parameters
    ----------
    graph : of the set, by the metric of the layout
    coordinates : float32, shape (n, dims)
    k : neighbors compared; no more than the graph has

    Returns
    -------
    float32, shape (n,), 0 to 1
    """
    k = min(k, graph.k)
    return _preservation(graph, coordinates, k, np.arange(len(coordinates))).astype(np.float32)


def layout_neighbors(coordinates: np.ndarray, k: int, rows: np.ndarray) -> np.ndarray:
    """Return the k nearest points in the layout of each of m `rows`: int64, shape (m, k)."""
    from scipy.spatial import cKDTree

    tree = cKDTree(coordinates)
    found = tree.query(coordinates[rows], k=k + 1, workers=-1)[1]
    own = found == rows[:, None]
    own[~own.any(axis=1), -1] = True  # hidden behind k + 1 duplicates: drop the last one instead
    return found[~own].reshape(len(rows), k)


def _preservation(
    graph: NeighborGraph, coordinates: np.ndarray, k: int, rows: np.ndarray
) -> np.ndarray:
    """Return the fraction of neighbors preserved for each of m `rows`: float64, shape (m,)."""
    found = layout_neighbors(coordinates, k, rows)
    fractions = np.empty(len(rows))
    for block in row_blocks(len(rows), k * graph.k, _BLOCK_NUMBERS):
        values = graph.values[rows[block]]
        near = values == values[:, k - 1 : k]  # as near as the k-th: any of them counts
        near[:, :k] = True
        true = np.where(near, graph.rows[rows[block]], -1)
        preserved = (found[block, :, None] == true[:, None, :]).any(axis=2)
        fractions[block] = preserved.mean(axis=1)
    return fractions


def _trustworthiness(
    embedding_set: EmbeddingSet, metric: Metric, rows: np.ndarray, neighbors: np.ndarray
) -> float:
    """Return 1 - 2 / (m k (2n - 3k - 1)) times the sum of (true rank - k) over false neighbors.

    Venna and Kaski, Neighborhood preservation in nonlinear projection methods (2001), summed over
    m rows instead of all n.

    Parameters
    ----------
    rows : int64, shape (m,)
    neighbors : int64, shape (m, k), the nearest points of these rows in the layout
    """
    count, k = len(embedding_set), neighbors.shape[1]
    ranks = _true_ranks(embedding_set, metric, rows, neighbors)
    excess = int(np.maximum(ranks - k, 0).sum())
    return 1.0 - 2.0 * excess / (len(rows) * k * (2 * count - 3 * k - 1))


def _true_ranks(
    embedding_set: EmbeddingSet, metric: Metric, rows: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """Return the rank of each of `others` among the neighbors of its row: int64, shape (m, k).

    The rank is 1 plus the number of points that are strictly nearer, so that ties share the best
    rank.
    """
    vectors, norms = embedding_set.vectors, embedding_set.norms
    bounds = np.empty(others.shape, dtype=np.float32)
    for i, (row, line) in enumerate(zip(rows, others, strict=True)):
        bounds[i] = compare(metric, vectors[row], norms[row], vectors[line], norms[line]).nearness
    ranks = np.ones(others.shape, dtype=np.int64)
    for block in row_blocks(len(vectors), len(rows), _BLOCK_NUMBERS):
        nearness = _nearness(embedding_set, metric, rows, block)
        inside = np.flatnonzero((rows >= block.start) & (rows < block.stop))
        nearness[inside, rows[inside] - block.start] = -np.inf  # no point is its own neighbor
        for j in range(others.shape[1]):
            ranks[:, j] += (nearness > bounds[:, j, None]).sum(axis=1)
    return ranks


def _nearness(
    embedding_set: EmbeddingSet, metric: Metric, rows: np.ndarray, block: slice
) -> np.ndarray:
    """Return how near m `rows` and the b items of a block are: float32, shape (m, b).

    It is the nearness of metrics.Comparison, computed in float64 by matrix products and rounded:
    rows with equal values are tied.
    """
    queries = embedding_set.vectors[rows].astype(np.float64)
    items = embedding_set.vectors[block].astype(np.float64)
    query_norms, norms = embedding_set.norms[rows], embedding_set.norms[block]
    if metric == "dot":
        return (queries @ items.T).astype(np.float32)
    if metric == "manhattan":
        from scipy.spatial.distance import cdist

        return np.negative(cdist(queries, items, "cityblock")).astype(np.float32)
    if metric == "cosine":
        queries *= inverse_norms(query_norms)[:, None]
        items *= inverse_norms(norms)[:, None]
    center = queries.mean(axis=0)  # what all rows have in common would cost the squares digits
    queries, items = queries - center, items - center
    squares = np.square(queries).sum(axis=1)[:, None] + np.square(items).sum(axis=1)
    squares -= 2.0 * (queries @ items.T)
    if metric == "cosine":  # that of a zero row is 0
        squares[(query_norms == 0)[:, None] | (norms == 0)] = 2.0
    return -np.sqrt(np.maximum(squares, 0.0)).astype(np.float32)
