"""The k nearest of each query out of a block of screened closeness: the graph's inner loop.

The same two steps as a single query in neighbors.py, compiled: the k-th best float32 closeness
gives a threshold, and every row within the error bound of it is compared by its exact value.
"""

import numpy as np
from numba import njit, prange

from embeddings.metrics import METRICS, Metric

_CHUNK = 64  # closeness values whose maximum is compared first: most chunks are skipped whole


def settle_block(
    metric: Metric,
    closeness: np.ndarray,
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
    closeness : float32, shape (q, n), larger is nearer
    error : float32, shape (q,), bound of the error of `closeness`
    queries, query_norms : float32 (q, d) and float64 (q,)
    own_rows : int64, shape (q,), the row that each query itself has, left out
    vectors, norms : float32 (n, d) and float64 (n,)
    out_rows, out_values : int32 and float32, shape (q, k), k < n
    """
    _settle(
        METRICS.index(metric), closeness, error, queries, query_norms, own_rows,
        vectors, norms, out_rows, out_values,
    )  # fmt: skip


@njit(parallel=True, nogil=True, cache=True)
def _settle(
    metric, closeness, error, queries, query_norms, own_rows, vectors, norms, out_rows, out_values
):
    count = closeness.shape[1]
    k = out_rows.shape[1]
    for i in prange(closeness.shape[0]):
        line = closeness[i]
        line[own_rows[i]] = -np.inf
        threshold = _kth_largest(line, k) - np.float32(2.0) * error[i]
        best = np.empty(k, dtype=np.float32)  # nearness, a sorted list: best first
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
                        continue  # rows come in increasing order: a tie goes to the earlier
                    place = held if held < k else k - 1
                    while place > 0 and best[place - 1] < nearness:
                        best[place] = best[place - 1]
                        rows[place] = rows[place - 1]
                        place -= 1
                    best[place] = nearness
                    rows[place] = j
                    held = min(held + 1, k)
        for place in range(k):
            out_rows[i, place] = rows[place]
            out_values[i, place] = best[place] if metric < 2 else -best[place]


@njit(nogil=True, cache=True, fastmath={"nnan", "nsz", "reassoc"})
def _maximum(line, start, stop):
    largest = line[start]
    for j in range(start + 1, stop):
        largest = max(largest, line[j])
    return largest


@njit(nogil=True, cache=True)
def _kth_largest(line, k):
    """Return the k-th largest value: a min-heap of the k best, chunks below its root skipped."""
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
    place = 0
    while True:
        child = 2 * place + 1
        if child >= len(heap):
            break
        if child + 1 < len(heap) and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= value:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = value


@njit(nogil=True, cache=True)
def _nearness(metric, x, y, x_norm, y_norm):
    """Exact similarity or minus the distance, in float64 rounded to float32 (see metrics.py)."""
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
