"""What a metadata column is, and its values as categories, as numbers or as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.media import cell_media_type, is_media, majority

ColumnKind = Literal[
    "category", "text", "number", "date", "boolean", "list", "image", "audio", "other", "empty"
]
"""What a column holds. A category or a boolean colors by category, a number or a date by scale."""

CATEGORICAL: tuple[ColumnKind, ...] = ("category", "boolean")
SCALED: tuple[ColumnKind, ...] = ("number", "date")

MISSING = "(missing)"
_MOST_CATEGORIES = 0.5  # a string column with more distinct values than this share is text
_FIRST = 20  # cells that tell images from audio
_SHOWN = 5  # items of a list that are written out
_LONGEST_ITEM = 60  # characters


@dataclass(frozen=True, eq=False)
class Categories:
    """A column folded to few named values.

    Attributes
    ----------
    codes : uint8, shape (n,); the place of each row's value in `names`
    names : the named values, most frequent first; the last is "other (m)" where m were folded
    counts : rows of each
    folded : how many different values "other" stands for, 0 if none
    """

    codes: np.ndarray
    names: tuple[str, ...]
    counts: tuple[int, ...]
    folded: int


def column_kind(column: pa.ChunkedArray) -> ColumnKind:
    """Say what a column holds, by its type; for strings, also by how often values repeat.

    Whether a column of media is of images or of audio, its first cells say.
    """
    type_ = column.type
    types = pa.types
    if column.null_count == len(column):
        return "empty"
    if types.is_boolean(type_):
        return "boolean"
    if types.is_dictionary(type_):
        return "category"
    if types.is_date(type_) or types.is_timestamp(type_):
        return "date"
    if types.is_integer(type_) or types.is_floating(type_) or types.is_decimal(type_):
        return "number"
    if types.is_time(type_) or types.is_duration(type_):
        return "number"
    if types.is_list(type_) or types.is_large_list(type_) or types.is_fixed_size_list(type_):
        return "list"
    if is_media(type_):
        first = column.drop_null().slice(0, _FIRST).to_pylist()
        return majority([cell_media_type(cell) for cell in first]) or "image"
    if types.is_string(type_) or types.is_large_string(type_):
        distinct = pc.count_distinct(column).as_py()
        few = distinct <= max(20, _MOST_CATEGORIES * len(column))
        return "category" if few else "text"
    return "other"


def categories(column: pa.ChunkedArray, most: int = 20, named: Sequence[str] = ()) -> Categories:
    """Fold a column to at most `most` named values and "other".

    Parameters
    ----------
    column : n values of any type that can be written as text
    most : named values at the most
    named : the values to be named; none: the most frequent ones
    """
    texts = as_text(column)
    counted = pc.value_counts(texts)
    values = counted.field("values").to_pylist()
    counts = counted.field("counts").to_numpy()
    by_count = sorted(range(len(values)), key=lambda i: (-counts[i], values[i]))
    wanted = [i for i in by_count if values[i] in set(named)][:most]
    room = most - len(wanted) if not named else 0
    kept = wanted + [i for i in by_count if i not in set(wanted)][:room]
    kept.sort(key=lambda i: (-counts[i], values[i]))
    names = [values[i] for i in kept]
    sizes = [int(counts[i]) for i in kept]
    folded = len(values) - len(kept)
    index = pc.index_in(texts, value_set=pa.array(names, pa.string()))
    codes = pc.fill_null(index, len(names)).to_numpy().astype(np.uint8)
    if folded:
        names.append(f"other ({folded:,})")
        sizes.append(len(column) - sum(sizes))
    return Categories(codes, tuple(names), tuple(sizes), folded)


def numbers(column: pa.ChunkedArray) -> np.ndarray:
    """Return numbers, dates or times as float32, shape (n,); missing values are NaN.

    Dates and timestamps are in s since 1970, times and durations in their own unit.
    """
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        return seconds(column).astype(np.float32)
    if pa.types.is_temporal(column.type):  # times and durations, in their own unit
        column = column.cast(pa.int64() if column.type.bit_width == 64 else pa.int32())
    column = column.cast(pa.float64(), safe=False)
    return pc.fill_null(column, np.nan).to_numpy().astype(np.float32)


def seconds(column: pa.ChunkedArray) -> np.ndarray:
    """Return dates or timestamps in s since 1970, float64, shape (n,); missing ones are NaN."""
    unit = column.type.unit if pa.types.is_timestamp(column.type) else "s"
    ticks = column.cast(pa.timestamp(unit), safe=False).cast(pa.int64())
    ticks = ticks.cast(pa.float64(), safe=False)
    per_second = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[unit]
    return pc.fill_null(ticks, np.nan).to_numpy() / per_second


def as_text(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as strings, "(missing)" for absent values; dates in ISO 8601."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        texts = _without_zeros(column).cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # lists, records, bytes
        values = [None if v is None else _nested_text(v) for v in column.to_pylist()]
        texts = pa.chunked_array([pa.array(values, pa.string())])
    texts = pc.fill_null(texts, MISSING)
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts


def listed(items: Sequence[Any]) -> str:
    """Write a list for the screen: its first items with commas, "and 4 more" for the rest."""
    texts = [_shorten(MISSING if item is None else str(item)) for item in items[:_SHOWN]]
    more = f" and {len(items) - _SHOWN:,} more" if len(items) > _SHOWN else ""
    return ", ".join(texts) + more


def _nested_text(value: Any) -> str:
    if isinstance(value, list):
        return listed(value)
    return f"{len(value):,} bytes" if isinstance(value, bytes) else str(value)


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_ITEM else f"{text[:_LONGEST_ITEM]}..."


def _without_zeros(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return timestamps of whole seconds as such, so that no zeros are written; else the column."""
    if not pa.types.is_timestamp(column.type):
        return column
    try:
        return column.cast(pa.timestamp("s", column.type.tz))
    except pa.ArrowInvalid:
        return column
