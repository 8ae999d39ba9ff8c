"""The refinement of filter-and-refine for many queries at once: the graph's compiled inner loop.

It does what search.py does for a single query: the k-th best float32 score gives a threshold, and
every row within the error bound of it is compared in float64, by the formulas of metrics.compare.
"""

import numpy as np
from numba import njit, prange

from embeddings.metrics import FLOAT64_ROUNDING, METRICS, PARALLEL, SPARE_ROUNDINGS, Metric

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
    out_rows, out_values : int32 and float64, shape (q, k) with k < n; written
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
        rows = np.empty(k, dtype=np.int32)  # the best so far, best first
        best = np.empty(k, dtype=np.float64)  # their nearness,
        slack = np.empty(k, dtype=np.float64)  # its tolerance,
        values = np.empty(k, dtype=np.float64)  # and their values
        held = 0
        for start in range(0, count, _CHUNK):
            stop = min(start + _CHUNK, count)
            if _maximum(line, start, stop) < threshold:
                continue
            for j in range(start, stop):
                if line[j] >= threshold and j != own_rows[i]:
                    value, nearness, tolerance = _compare(
                        metric, queries[i], vectors[j], query_norms[i], norms[j]
                    )
                    # rows are visited in ascending order: a tie goes to the lower one
                    if held == k and nearness - best[k - 1] <= min(tolerance, slack[k - 1]):
                        continue
                    position = held if held < k else k - 1
                    while position > 0 and nearness - best[position - 1] > min(
                        tolerance, slack[position - 1]
                    ):
                        rows[position] = rows[position - 1]
                        best[position] = best[position - 1]
                        slack[position] = slack[position - 1]
                        values[position] = values[position - 1]
                        position -= 1
                    rows[position] = j
                    best[position] = nearness
                    slack[position] = tolerance
                    values[position] = value
                    held = min(held + 1, k)
        out_rows[i] = rows
        out_values[i] = values


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
def _compare(metric, x, y, x_norm, y_norm):
    """Return value, nearness and tolerance; see metrics.Comparison."""
    error = (len(x) + SPARE_ROUNDINGS) * FLOAT64_ROUNDING
    total = 0.0
    if metric >= 2:
        for c in range(len(x)):
            difference = np.float64(y[c]) - np.float64(x[c])
            total += difference * difference if metric == 2 else abs(difference)
        distance = np.sqrt(total) if metric == 2 else total
        return distance, -distance, error * distance
    for c in range(len(x)):
        total += np.float64(y[c]) * np.float64(x[c])
    if metric == 1:
        return total, total, error * x_norm * y_norm
    lengths = y_norm * x_norm
    cosine = total / lengths if lengths > 0 else 0.0
    if cosine <= PARALLEL:
        return cosine, -np.sqrt(max(2.0 - 2.0 * cosine, 0.0)), error
    x_scale, y_scale = 1.0 / x_norm, 1.0 / y_norm
    squares = 0.0
    for c in range(len(x)):
        difference = np.float64(y[c]) * y_scale - np.float64(x[c]) * x_scale
        squares += difference * difference
    return 1.0 - 0.5 * squares, -np.sqrt(squares), error
