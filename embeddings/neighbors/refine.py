"""The refinement of filter-and-refine for many queries at once: the graph's compiled inner loop.

It does what search.py does for a single query: the k-th best float32 score gives a threshold, and
every row within the error bound of it is compared by its exact value.
"""

import numpy as np
from numba import njit, prange

from embeddings.metrics import METRICS, Metric

_CHUNK = 64  # scores whose maximum is compared first: most chunks are skipped as a whole


def refine_block(
    metric: Metric,
    scores: np.ndarray,
    error: np.ndarray,
    queries: np.ndarray,
    query_norms: np.ndarray,
    own_rows: np.ndarray,
    vectors: np.ndarray,
    norms: np.ndarray,
    out_rows: np.ndarray,
    out_values: np.ndarray,
) -> None:
    """Fill `out_rows` and `out_values` with the k nearest rows of each query, nearest first.

    Parameters
    ----------
    metric : of the exact values
    scores : float32, shape (q, n), larger is nearer; overwritten
    error : float32, shape (q,), bound on the error of `scores`
    queries, query_norms : float32, shape (q, d), and their lengths, float64, shape (q,)
    own_rows : int64, shape (q,), the item that each query is, which is not its own neighbor
    vectors, norms : float32, shape (n, d), and their lengths, float64, shape (n,)
    out_rows, out_values : int32 and float32, shape (q, k) with k < n; written
    """
    _refine(
        METRICS.index(metric), scores, error, queries, query_norms, own_rows,
        vectors, norms, out_rows, out_values,
    )  # fmt: skip


@njit(parallel=True, nogil=True, cache=True)
def _refine(
    metric, scores, error, queries, query_norms, own_rows, vectors, norms, out_rows, out_values
):
    count = scores.shape[1]
    k = out_rows.shape[1]
    for i in prange(scores.shape[0]):
        line = scores[i]
        line[own_rows[i]] = -np.inf
        threshold = _kth_largest(line, k) - np.float32(2.0) * error[i]
        best = np.empty(k, dtype=np.float32)  # their nearness, best first
        rows = np.empty(k, dtype=np.int32)
        held = 0
        for start in range(0, count, _CHUNK):
            stop = min(start + _CHUNK, count)
            if _maximum(line, start, stop) < threshold:
                continue
            for j in range(start, stop):
                if line[j] >= threshold and j != own_rows[i]:
                    nearness = _nearness(metric, queries[i], vectors[j], query_norms[i], norms[j])
                    if held == k and nearness <= best[k - 1]:
                        continue  # rows are visited in ascending order: a tie goes to the lower one
                    position = held if held < k else k - 1
                    while position > 0 and best[position - 1] < nearness:
                        best[position] = best[position - 1]
                        rows[position] = rows[position - 1]
                        position -= 1
                    best[position] = nearness
                    rows[position] = j
                    held = min(held + 1, k)
        for position in range(k):
            out_rows[i, position] = rows[position]
            out_values[i, position] = best[position] if metric < 2 else -best[position]


@njit(nogil=True, cache=True, fastmath={"nnan", "nsz", "reassoc"})
def _maximum(line, start, stop):
    largest = line[start]
    for j in range(start + 1, stop):
        largest = max(largest, line[j])
    return largest


@njit(nogil=True, cache=True)
def _kth_largest(line, k):
    """Return the k-th largest value, by a min-heap of the k best; skips chunks below its root."""
    heap = np.sort(line[:k])
    for start in range(k, len(line), _CHUNK):
        stop = min(start + _CHUNK, len(line))
        if _maximum(line, start, stop) <= heap[0]:
            continue
        for j in range(start, stop):
            if line[j] > heap[0]:
                _replace_root(heap, line[j])
    return heap[0]


@njit(nogil=True, cache=True)
def _replace_root(heap, value):
    position = 0
    while True:
        child = 2 * position + 1
        if child >= len(heap):
            break
        if child + 1 < len(heap) and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= value:
            break
        heap[position] = heap[child]
        position = child
    heap[position] = value


@njit(nogil=True, cache=True)
def _nearness(metric, x, y, x_norm, y_norm):
    """Return the similarity or minus the distance, in float64 rounded to float32."""
    total = 0.0
    if metric == 2:
        for c in range(len(x)):
            difference = np.float64(x[c]) - np.float64(y[c])
            total += difference * difference
        return np.float32(-np.sqrt(total))
    if metric == 3:
        for c in range(len(x)):
            total -= abs(np.float64(x[c]) - np.float64(y[c]))
        return np.float32(total)
    for c in range(len(x)):
        total += np.float64(x[c]) * np.float64(y[c])
    if metric == 0:
        lengths = x_norm * y_norm
        total = total / lengths if lengths > 0 else 0.0
    return np.float32(total)
