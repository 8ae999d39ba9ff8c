"""Slow, obvious references that the fast paths are compared with."""

import numpy as np

_TIED = 2.0**46  # nearness that differs by less than 1 / _TIED is equal but for rounding


def nearest(vectors: np.ndarray, row: int, k: int, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Compare a row with all others one by one; return rows and values, nearest first."""
    compared = [compare(vectors[row], other, metric) for other in vectors]
    others = sorted(set(range(len(vectors))) - {row}, key=lambda other: (compared[other][1], other))
    return np.array(others[:k]), np.array([compared[other][0] for other in others[:k]])


def value(x: np.ndarray, y: np.ndarray, metric: str) -> float:
    """Return the similarity or distance of two vectors, by the textbook, in long double."""
    return compare(x, y, metric)[0]


def compare(x: np.ndarray, y: np.ndarray, metric: str) -> tuple[float, float]:
    """Return the value of two vectors by the textbook, in long double, and how far they are apart.

    Cosines are as far apart as the unit vectors. Exact ties differ by rounding errors, which are
    rounded away.
    """
    x, y = x.astype(np.longdouble), y.astype(np.longdouble)
    x_length, y_length = np.sqrt(np.sum(x * x)), np.sqrt(np.sum(y * y))
    if metric in ("euclidean", "manhattan"):
        terms = (x - y) ** 2 if metric == "euclidean" else np.abs(x - y)
        value = np.sqrt(np.sum(terms)) if metric == "euclidean" else np.sum(terms)
        return float(value), _rounded(value, np.longdouble(2) ** np.frexp(value)[1])
    if metric == "dot":
        value = np.sum(x * y)
        return float(value), _rounded(-value, x_length * y_length)
    if min(x_length, y_length) < 1e-30:
        return 0.0, _rounded(np.sqrt(np.longdouble(2)), 1)
    x, y = x / x_length, y / y_length
    return float(np.sum(x * y)), _rounded(np.sqrt(np.sum((x - y) ** 2)), 1)


def _rounded(value: np.longdouble, unit: np.longdouble | int) -> float:
    """Round to a multiple of unit / _TIED."""
    return float(np.rint(value / unit * _TIED) * unit) if unit else 0.0
