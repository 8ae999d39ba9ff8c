"""Slow, obvious references that the fast paths are compared with."""

import numpy as np

SIMILARITIES = ("cosine", "dot")


def nearest(vectors: np.ndarray, row: int, k: int, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Compare a row with all others one by one; return rows and values, nearest first."""
    values = np.array([value(vectors[row], other, metric) for other in vectors], dtype=np.float32)
    nearness = values if metric in SIMILARITIES else -values
    order = sorted(set(range(len(vectors))) - {row}, key=lambda other: (-nearness[other], other))
    return np.array(order[:k]), values[order[:k]]


def value(x: np.ndarray, y: np.ndarray, metric: str) -> float:
    """Return the similarity or distance of two vectors, by the textbook, in float64."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    if metric == "euclidean":
        return float(np.sqrt(np.sum((x - y) ** 2)))
    if metric == "manhattan":
        return float(np.sum(np.abs(x - y)))
    dot = float(np.sum(x * y))
    if metric == "dot":
        return dot
    lengths = float(np.sqrt(np.sum(x * x)) * np.sqrt(np.sum(y * y)))
    return dot / lengths if lengths > 0 else 0.0
