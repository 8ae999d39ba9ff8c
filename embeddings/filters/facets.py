"""Facets: the values of a column with their counts, and the histogram of a column of numbers.

Both count all rows, and the rows of a mask: those that meet the conditions on all other columns.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from embeddings.columns import MISSING, CodedColumn, numbers, seconds

BINS = 40


@dataclass(frozen=True, eq=False)
class ValueCounts:
    """The most frequent values of a column.

    Attributes
    ----------
    values : as text, most frequent first, ties in alphabetical order; a missing value is None
    counts, matching : int64, shape (v,); numbers of rows with each value, and of these in the mask
    distinct : number of distinct values of the column, a missing one included
    """

    values: tuple[str | None, ...]
    counts: np.ndarray
    matching: np.ndarray
    distinct: int


@dataclass(frozen=True, eq=False)
class Histogram:
    """Numbers of rows in intervals of equal width, each with its lower end, the last with both.

    Attributes
    ----------
    edges : float64, shape (b + 1,), ascending; dates are in s since 1970
    counts, matching : int64, shape (b,); numbers of rows in each, and of these in the mask
    low, high : the smallest and the largest finite value; NaN if there is none
    missing, missing_matching : numbers of rows without a value
    infinite : number of rows that are infinite, and in no interval
    is_whole : whether all finite values are whole numbers
    """

    edges: np.ndarray
    counts: np.ndarray
    matching: np.ndarray
    low: float
    high: float
    missing: int
    missing_matching: int
    infinite: int
    is_whole: bool


def count_values(
    column: CodedColumn,
    mask: np.ndarray | None = None,
    most: int | None = None,
    containing: str = "",
    always: Collection[str | None] = (),
) -> ValueCounts:
    """Count the values of a column.

    Parameters
    ----------
    column : see columns.coded
    mask : bool, shape (n,); by default all rows
    most : largest number of values that are returned; by default all
    containing : text that values contain, in upper or lower case; others are left out
    always : values that are returned in addition
    """
    size = len(column.values) + 1  # the first is "missing"
    counts = np.bincount(column.codes + 1, minlength=size)
    matching = counts
    if mask is not None:
        matching = np.bincount(column.codes[mask] + 1, minlength=size)
    names: list[str | None] = [None, *column.values]
    is_found = counts > 0
    distinct = int(is_found.sum())
    if containing:
        part = containing.casefold()
        is_found &= np.array([part in (name or MISSING).casefold() for name in names])
    wanted = set(always)
    is_wanted = np.array([name in wanted for name in names]) if wanted else np.zeros(size, bool)
    found = np.flatnonzero(is_found & ~is_wanted)
    if most is not None and len(found) > most:  # ties at the limit are sorted before it cuts
        least = np.partition(counts[found], -most)[-most] if most else np.inf
        found = found[counts[found] >= least]

    def place(i: int) -> tuple[int, str]:
        return -int(counts[i]), names[i] or ""

    order = sorted(found.tolist(), key=place)[:most]
    order = sorted([*order, *np.flatnonzero(is_wanted).tolist()], key=place)
    return ValueCounts(tuple(names[i] for i in order), counts[order], matching[order], distinct)


def histogram(
    column: pa.ChunkedArray, mask: np.ndarray | None = None, bins: int = BINS
) -> Histogram:
    """Count the rows of a column of numbers, times or dates in intervals of equal width.

    Intervals of whole numbers begin and end halfway between two of them, so that each has equally
    many.

    Parameters
    ----------
    column : n numbers or dates; see columns.numbers
    mask : bool, shape (n,); by default all rows
    bins : number of intervals, at most
    """
    types = pa.types
    is_date = types.is_date(column.type) or types.is_timestamp(column.type)
    values = seconds(column) if is_date else numbers(column, np.float64)
    is_missing = np.isnan(values)
    mask = np.ones(len(values), dtype=bool) if mask is None else mask
    is_finite = np.isfinite(values)
    finite = values[is_finite]
    missing = int(is_missing.sum())
    edges = np.zeros(1)
    counts = matching = np.zeros(0, dtype=np.int64)
    low = high = float("nan")
    is_whole = False
    if len(finite):
        low, high = float(finite.min()), float(finite.max())
        is_whole = not is_date and bool((finite == np.floor(finite)).all())
        edges = _edges(low, high, bins, is_whole)
        counts, _ = np.histogram(finite, edges)
        matching, _ = np.histogram(values[is_finite & mask], edges)
    return Histogram(
        edges=edges,
        counts=counts,
        matching=matching,
        low=low,
        high=high,
        missing=missing,
        missing_matching=int((is_missing & mask).sum()),
        infinite=len(values) - missing - len(finite),
        is_whole=is_whole,
    )


def _edges(low: float, high: float, bins: int, is_whole: bool) -> np.ndarray:
    """Return the ends of the intervals: float64, shape (b + 1,)."""
    if is_whole and max(-low, high) < 2**52:
        width = np.ceil((high - low + 1) / bins)
        count = int(np.ceil((high - low + 1) / width))
        return low - 0.5 + width * np.arange(count + 1)
    if low == high:  # the interval ends, or begins, at the value, and has a width
        width = max(abs(low) * 1e-9, 1e-300)
        return np.array([low - width, low] if low >= 0 else [low, low + width])
    if not math.isfinite(high - low):
        return np.array([low, 0.0, high])
    return np.linspace(low, high, bins + 1)
