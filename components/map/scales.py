"""Scales of numbers: what is drawn for each value, the ends of the color bar, and its ticks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from components.map.ticks import number_text, power_ticks

Scale = Literal["robust", "linear", "log", "quantile"]

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Ticks of the scale of quantiles."""


@dataclass(frozen=True, eq=False)
class Scaled:
    """Values on a scale.

    Attributes
    ----------
    values : float32, shape (n,); NaN where missing, or where the scale has no place
    low, high : ends of the color bar, in the unit of `values`
    ticks : places on the color bar, in the unit of `values`, and their texts; None for the usual
    """

    values: np.ndarray
    low: float
    high: float
    ticks: tuple[Sequence[float], Sequence[str]] | None = None


def scaled(values: np.ndarray, scale: Scale) -> Scaled:
    """Return values on a scale.

    Parameters
    ----------
    values : float32, shape (n,); NaN where missing
    scale : "robust" for the range from the 1st to the 99th percentile, "linear" for the whole
        range, "log" for the logarithms of what is above 0, "quantile" for ranks
    """
    if scale == "robust":
        return Scaled(values, *percentiles(values, 1, 99))
    if scale == "linear":
        return Scaled(values, *percentiles(values, 0, 100))
    if scale == "log":
        return _log(values)
    return _quantile(values)


def percentiles(values: np.ndarray, first: float, last: float) -> tuple[float, float]:
    """Return two percentiles of the finite values, apart from each other where they are equal."""
    finite = values[np.isfinite(values)].astype(float)
    low, high = np.percentile(finite, [first, last]) if len(finite) else (0.0, 1.0)
    if low == high:
        margin = max(0.5, 1e-9 * abs(low))
        low, high = low - margin, high + margin
    return float(low), float(high)


def _log(values: np.ndarray) -> Scaled:
    positive = np.where(values > 0, values, np.nan)
    powers = np.log10(positive).astype(np.float32)
    low, high = percentiles(powers, 0, 100)
    return Scaled(powers, low, high, power_ticks(low, high))


def _quantile(values: np.ndarray) -> Scaled:
    """Scale values to the fraction of all that is smaller; equal values share the middle."""
    finite = np.sort(values[np.isfinite(values)])
    if not len(finite):
        return Scaled(values, 0.0, 1.0)

    def rank(wanted: np.ndarray) -> np.ndarray:
        ends = [np.searchsorted(finite, wanted, side) for side in ("left", "right")]
        ranks = (ends[0] + ends[1]) / (2 * len(finite))
        return np.where(np.isnan(wanted), np.nan, ranks).astype(np.float32)

    marked = np.unique(np.quantile(finite, QUANTILES, method="nearest"))
    texts = [number_text(value) for value in marked.tolist()]
    return Scaled(rank(values), 0.0, 1.0, (rank(marked).tolist(), texts))
