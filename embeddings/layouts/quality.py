"""How far a layout may be trusted: trustworthiness, and the share of neighbors it keeps.

Both compare the k nearest points in the picture with the k nearest in the original space. Where
two points are equally near in the original space, either may count as the nearer.
"""

from typing import Any

import numpy as np

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.metrics import Metric, exact_values, inverse_norms, value_kind
from embeddings.neighbors.search import NeighborGraph

NEIGHBORS = 10
_BLOCK_FLOATS = 4_000_000
_RANKED_PRODUCTS = 1e11  # multiplications spent on ranks: 2,000 rows up to 130,000 x 384 and beyond
_FEWEST_RANKED = 200
_COUNTED_ROWS = 200_000  # rows whose kept neighbors are counted; of more, a sample


def judge(
    embedding_set: EmbeddingSet,
    graph: NeighborGraph,
    coordinates: np.ndarray,
    k: int = NEIGHBORS,
    sample: int = 2000,
    seed: int = 0,
) -> dict[str, Any]:
    """Judge a layout by the neighborhoods that it shows.

    Parameters
    ----------
    graph : of the set, by the metric that the layout is to be judged by, k neighbors or more
    coordinates : float32, shape (n, dims)
    k : neighbors compared; fewer than n / 2
    sample : rows at most whose neighbors in the picture are ranked against all points; fewer,
        but 200, where n x d is beyond 50 million

    Returns
    -------
    dict of
    trustworthiness : 1 when every neighbor in the picture is a true one, less by how far off the
        false ones are (Venna and Kaski 2001); of `sample` rows drawn at random
    neighbor_preservation : share of the true k nearest that are among the k nearest in the
        picture, of all rows (of 200,000 drawn at random where there are more)
    sample : rows whose trustworthiness was judged
    k : neighbors compared

    Raises
    ------
    EmbeddingError
        fewer than 3 rows
    """
    count = len(coordinates)
    if count < 3:
        raise EmbeddingError(f"{count} rows; the neighbors of fewer than 3 say nothing of a layout")
    k = max(1, min(k, (count - 1) // 2, graph.k))
    affordable = int(_RANKED_PRODUCTS / embedding_set.vectors.size)
    drawn = np.random.default_rng(seed).permutation(count)
    ranked = np.sort(drawn[: min(sample, max(affordable, _FEWEST_RANKED))])
    shown = shown_neighbors(coordinates, k, ranked)
    kept = _kept(graph, coordinates, k, np.sort(drawn[:_COUNTED_ROWS]))
    return {
        "trustworthiness": _trustworthiness(embedding_set, graph.metric, ranked, shown),
        "neighbor_preservation": float(kept.mean()),
        "sample": len(ranked),
        "k": k,
    }


def preservation_per_point(
    graph: NeighborGraph, coordinates: np.ndarray, k: int = NEIGHBORS
) -> np.ndarray:
    """Return the share of each point's true k nearest among its k nearest in the picture.

    float32, shape (n,), 0 to 1; k is what the graph holds at most.
    """
    k = min(k, graph.k)
    return _kept(graph, coordinates, k, np.arange(len(coordinates))).astype(np.float32)


def shown_neighbors(coordinates: np.ndarray, k: int, rows: np.ndarray) -> np.ndarray:
    """Return the k nearest points in the picture of each of `rows`: int64, shape (len(rows), k)."""
    from scipy.spatial import cKDTree

    tree = cKDTree(coordinates)
    found = tree.query(coordinates[rows], k=k + 1, workers=-1)[1]
    own = found == rows[:, None]
    own[~own.any(axis=1), -1] = True  # hidden behind k + 1 duplicates: drop the last instead
    return found[~own].reshape(len(rows), k)


def _kept(graph: NeighborGraph, coordinates: np.ndarray, k: int, rows: np.ndarray) -> np.ndarray:
    """Return the share of neighbors kept by each of `rows`: float64, shape (len(rows),)."""
    shown = shown_neighbors(coordinates, k, rows)
    shares = np.empty(len(rows))
    step = max(1, _BLOCK_FLOATS // (k * graph.k))
    for start in range(0, len(rows), step):
        block = slice(start, start + step)
        values = graph.values[rows[block]]
        near = values == values[:, k - 1 : k]  # as near as the k-th: any of them would do
        near[:, :k] = True
        true = np.where(near, graph.rows[rows[block]], -1)
        hits = (shown[block, :, None] == true[:, None, :]).any(axis=2)
        shares[block] = hits.mean(axis=1)
    return shares


def _trustworthiness(
    embedding_set: EmbeddingSet, metric: Metric, rows: np.ndarray, shown: np.ndarray
) -> float:
    """Return 1 - 2 / (m k (2n - 3k - 1)) times the sum of (true rank - k) over false neighbors.

    Venna and Kaski, Neighborhood preservation in nonlinear projection methods (2001); m rows are
    summed instead of all n.

    Parameters
    ----------
    rows : int64, shape (m,)
    shown : int64, shape (m, k), their neighbors in the picture
    """
    count, k = len(embedding_set), shown.shape[1]
    ranks = _true_ranks(embedding_set, metric, rows, shown)
    excess = int(np.maximum(ranks - k, 0).sum())
    return 1.0 - 2.0 * excess / (len(rows) * k * (2 * count - 3 * k - 1))


def _true_ranks(
    embedding_set: EmbeddingSet, metric: Metric, rows: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """Return the rank of each of `others` among the neighbors of its row: int64, shape (m, k).

    1 is the nearest; it is 1 + the points that are strictly nearer, so ties share the best rank.
    """
    vectors, norms = embedding_set.vectors, embedding_set.norms
    sign = 1.0 if value_kind(metric) == "similarity" else -1.0
    bounds = np.empty(others.shape, dtype=np.float32)
    for i, (row, line) in enumerate(zip(rows, others, strict=True)):
        values = exact_values(metric, vectors[row], norms[row], vectors[line], norms[line])
        bounds[i] = sign * values
    ranks = np.ones(others.shape, dtype=np.int64)
    step = max(1, _BLOCK_FLOATS // len(rows))
    for start in range(0, len(vectors), step):
        nearness = sign * _values(embedding_set, metric, rows, slice(start, start + step))
        inside = np.flatnonzero((rows >= start) & (rows < start + step))
        nearness[inside, rows[inside] - start] = -np.inf  # no point is its own neighbor
        for j in range(others.shape[1]):
            ranks[:, j] += (nearness > bounds[:, j, None]).sum(axis=1)
    return ranks


def _values(
    embedding_set: EmbeddingSet, metric: Metric, rows: np.ndarray, columns: slice
) -> np.ndarray:
    """Return the measure between `rows` and the items of `columns`: float32, shape (m, columns).

    Computed in float64 and rounded, as metrics.py has it: equal values are ties.
    """
    queries = embedding_set.vectors[rows].astype(np.float64)
    items = embedding_set.vectors[columns].astype(np.float64)
    if metric == "manhattan":
        from scipy.spatial.distance import cdist

        return cdist(queries, items, "cityblock").astype(np.float32)
    norms = embedding_set.norms
    products = queries @ items.T
    if metric == "cosine":
        products *= inverse_norms(norms[rows])[:, None]
        products *= inverse_norms(norms[columns])
    elif metric == "euclidean":
        squares = np.square(norms[rows])[:, None] + np.square(norms[columns]) - 2.0 * products
        products = np.sqrt(np.maximum(squares, 0.0))
    return products.astype(np.float32)
