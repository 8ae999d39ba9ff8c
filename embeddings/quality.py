"""How far a layout may be trusted: trustworthiness, and the share of neighbors it keeps.

Both compare the k nearest points in the picture with the k nearest in the original space. Where
two points are equally near in the original space, either may count as the nearer.
"""

from typing import Any

import numpy as np

from embeddings.embedding_set import EmbeddingSet
from embeddings.metrics import Metric, inverse_norms
from embeddings.neighbors import NeighborGraph

NEIGHBORS = 10
_BLOCK_FLOATS = 4_000_000
_PRESERVATION_ROWS = 200_000  # rows whose kept neighbors are counted; of more, a sample


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
    sample : rows whose neighbors in the picture are ranked against all points

    Returns
    -------
    dict of
    trustworthiness : 1 when every neighbor in the picture is a true one; less by how far false
        ones are (Venna and Kaski 2001), of `sample` rows drawn at random
    neighbor_preservation : share of the true k nearest that are among the k nearest in the
        picture, of all rows (of 200,000 drawn at random where there are more)
    sample : rows whose trustworthiness was judged
    k : neighbors compared
    """
    count = len(coordinates)
    k = max(1, min(k, (count - 1) // 2, graph.k))
    random = np.random.default_rng(seed)
    rows = np.sort(random.permutation(count)[:sample])
    shown = shown_neighbors(coordinates, k, rows)
    counted = rows
    if count <= _PRESERVATION_ROWS:
        counted = np.arange(count)
    else:
        counted = np.sort(random.permutation(count)[:_PRESERVATION_ROWS])
    kept = _kept(graph, coordinates, k, counted)
    return {
        "trustworthiness": _trustworthiness(embedding_set, graph.metric, rows, shown),
        "neighbor_preservation": float(kept.mean()),
        "sample": len(rows),
        "k": k,
    }


def preservation_per_point(
    graph: NeighborGraph, coordinates: np.ndarray, k: int = NEIGHBORS
) -> np.ndarray:
    """Return the share of each point's true k nearest among its k nearest in the picture.

    float32, shape (n,), 0 to 1; k is n - 1 at most.
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
        true, values = graph.rows[rows[block]], graph.values[rows[block]]
        near = values == values[:, k - 1 : k]  # as near as the k-th: any of them would do
        near[:, :k] = True
        true = np.where(near, true, -1)
        hits = (shown[block, :, None] == true[:, None, :]).any(axis=2)
        shares[block] = hits.mean(axis=1)
    return shares


def _trustworthiness(
    embedding_set: EmbeddingSet, metric: Metric, rows: np.ndarray, shown: np.ndarray
) -> float:
    """Return 1 - 2 / (m k (2n - 3k - 1)) times the sum of (true rank - k) over false neighbors.

    Venna and Kaski, Neighborhood preservation in nonlinear projection methods (2001); m rows are
    summed instead of all n. Ranks count the points that are strictly nearer.

    Parameters
    ----------
    rows : int64, shape (m,)
    shown : int64, shape (m, k), their neighbors in the picture
    """
    count, k = len(embedding_set), shown.shape[1]
    total = 0
    step = max(1, _BLOCK_FLOATS // count)
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        nearness = _nearness(embedding_set, metric, block)
        nearness[np.arange(len(block)), block] = -np.inf
        for line, neighbors in zip(nearness, shown[start : start + step], strict=True):
            ranks = 1 + (line > line[neighbors][:, None]).sum(axis=1)
            total += int(np.maximum(ranks - k, 0).sum())
    return 1.0 - 2.0 * total / (len(rows) * k * (2 * count - 3 * k - 1))


def _nearness(embedding_set: EmbeddingSet, metric: Metric, rows: np.ndarray) -> np.ndarray:
    """Return how near each of `rows` is to all: float32 (q, n) of exact values, larger is nearer.

    Computed in float64 and rounded, as metrics.py has it: equal values are ties.
    """
    from scipy.spatial.distance import cdist

    vectors = embedding_set.vectors
    if metric in ("euclidean", "manhattan"):
        name = "cityblock" if metric == "manhattan" else "euclidean"
        return -cdist(vectors[rows], vectors, name).astype(np.float32)
    products = vectors[rows].astype(np.float64) @ vectors.T.astype(np.float64)
    if metric == "cosine":
        scale = inverse_norms(embedding_set.norms)
        products *= scale[rows, None]
        products *= scale
    return products.astype(np.float32)
