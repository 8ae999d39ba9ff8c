"""Metadata columns: what kind of values one has, and these as categories, numbers or text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.arrow_types import decoded, is_list, is_number, is_text
from embeddings.embedding_set import EmbeddingSet
from embeddings.media import cell_media_type, is_media, majority
from embeddings.text import listed, shorten

ColumnKind = Literal[
    "category", "text", "number", "date", "boolean", "list", "image", "audio", "other", "empty"
]
"""The kind of values of a column: CATEGORICAL ones are colored by value, SCALED ones by a scale."""

CATEGORICAL: tuple[ColumnKind, ...] = ("category", "boolean")
SCALED: tuple[ColumnKind, ...] = ("number", "date")

LABEL = "label"
"""The name of the labels among the columns, unless a column of the metadata has it."""

MISSING = "(missing)"

LISTED = 5
"""Items of a list that are written out."""

_MOST_CATEGORIES = 0.5  # distinct values over rows, above which a string column is text
_MOST_CODES = 20  # values of a column of numbers, above which they are shown by a scale
_FIRST = 20  # cells that decide between images and audio
_LONGEST_ITEM = 60  # characters


@dataclass(frozen=True, eq=False)
class Categories:
    """A column reduced to a few named categories.

    Attributes
    ----------
    codes : uint8, shape (n,); the index of each row's category in `names`
    names : the categories, most frequent first; if m values were merged, the last is "other (m)"
    counts : number of rows of each category
    merged : number of distinct values merged into "other", 0 if none
    """

    codes: np.ndarray
    names: tuple[str, ...]
    counts: tuple[int, ...]
    merged: int


@dataclass(frozen=True, eq=False)
class CodedColumn:
    """A column as numbers of its distinct values.

    Attributes
    ----------
    codes : int32, shape (n,); the index of each row's value in `values`, -1 where it is missing
    values : the distinct values as text, in the order of their first rows
    """

    codes: np.ndarray
    values: tuple[str, ...]


def column_of(embedding_set: EmbeddingSet, name: str) -> pa.ChunkedArray:
    """Return a column of the metadata, or the labels as if they were one.

    Raises
    ------
    KeyError
        if there is no such column, or more than one
    """
    if name == LABEL and name not in embedding_set.metadata.column_names:
        return pa.chunked_array([pa.array(embedding_set.labels, pa.string())])
    return embedding_set.metadata.column(name)


def column_kind(column: pa.ChunkedArray) -> ColumnKind:
    """Return the kind of values of a column.

    It follows from the type; for strings, also from how often values repeat, and for media from
    whether the first cells are images or audio.
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
    if is_number(type_) or types.is_decimal(type_):
        return "number"
    if types.is_time(type_) or types.is_duration(type_):
        return "number"
    if is_list(type_):
        return "list"
    if is_media(type_):
        first = column.drop_null().slice(0, _FIRST).to_pylist()
        return majority([cell_media_type(cell) for cell in first]) or "image"
    if is_text(type_):
        distinct = pc.count_distinct(column).as_py()
        few = distinct <= max(20, _MOST_CATEGORIES * len(column))
        return "category" if few else "text"
    return "other"


def are_codes(column: pa.ChunkedArray) -> bool:
    """Return True for whole numbers of few values that repeat, such as classes or clusters."""
    if not is_number(column.type):
        return False
    values = column.unique().drop_null()
    if not 2 <= len(values) <= min(_MOST_CODES, (len(column) - column.null_count) // 2):
        return False
    numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return bool(np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all())


def shown_kind(column: pa.ChunkedArray) -> ColumnKind:
    """Return the kind of a column on the screen: whole numbers of few values are categories."""
    return "category" if are_codes(column) else column_kind(column)


def first_to_color_by(columns: Mapping[str, pa.ChunkedArray], colors: int) -> str | None:
    """Return the name of the first column to color by, or None if there is none.

    Preferred are columns with more than two categories but no more than colors, then those of text.

    Parameters
    ----------
    columns : columns of categories, in their order
    colors : how many categories have a color of their own
    """

    def rank(name: str) -> tuple[bool, bool, bool]:
        column = columns[name]
        distinct = pc.count_distinct(as_text(column)).as_py()
        return distinct <= 2, distinct > colors, is_number(column.type)

    return min(columns, key=rank, default=None)


def categories(column: pa.ChunkedArray, most: int = 20, named: Sequence[str] = ()) -> Categories:
    """Reduce a column to at most `most` categories and "other".

    Parameters
    ----------
    column : n values of any type; they are written as text
    most : largest number of categories besides "other"
    named : the values to keep as categories; by default the most frequent ones
    """
    written = as_text(column)
    counted = pc.value_counts(written)
    values = counted.field("values").to_pylist()
    counts = counted.field("counts").to_numpy()
    by_count = sorted(range(len(values)), key=lambda i: (-counts[i], values[i]))
    if named:
        by_count = [i for i in by_count if values[i] in set(named)]
    names = [values[i] for i in by_count[:most]]
    sizes = [int(counts[i]) for i in by_count[:most]]
    merged = len(values) - len(names)
    index = pc.index_in(written, value_set=pa.array(names, pa.string()))
    codes = pc.fill_null(index, len(names)).to_numpy().astype(np.uint8)
    if merged:
        names.append(f"other ({merged:,})")
        sizes.append(len(column) - sum(sizes))
    return Categories(codes, tuple(names), tuple(sizes), merged)


def coded_items(column: pa.ChunkedArray) -> tuple[CodedColumn, np.ndarray]:
    """Number the distinct items of a column of lists; an item that a list repeats counts once.

    Returns
    -------
    the items, m of them, with -1 for each missing list, and the row of each: int32, shape (m,)
    """
    lists = column.combine_chunks()
    items = pa.chunked_array([pc.list_flatten(lists)])
    found = coded(items)
    rows = pc.list_parent_indices(lists).to_numpy().astype(np.int64)
    pairs = np.unique((rows << 32 | found.codes)[found.codes >= 0])
    missing = np.flatnonzero(is_missing(column))
    codes = np.append(pairs & 0xFFFFFFFF, np.full(len(missing), -1)).astype(np.int32)
    return CodedColumn(codes, found.values), np.append(pairs >> 32, missing).astype(np.int32)


def numbers(column: pa.ChunkedArray, dtype: type[np.floating] = np.float32) -> np.ndarray:
    """Return numbers, dates or times as floats, shape (n,); missing values are NaN.

    Dates and timestamps are in seconds since 1970, times and durations in their own unit.
    """
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        return seconds(column).astype(dtype)
    if pa.types.is_temporal(column.type):  # times and durations
        column = column.cast(pa.int64() if column.type.bit_width == 64 else pa.int32())
    column = column.cast(pa.float64(), safe=False)
    return pc.fill_null(column, np.nan).to_numpy().astype(dtype)


def seconds(column: pa.ChunkedArray) -> np.ndarray:
    """Return dates or timestamps in seconds since 1970: float64, shape (n,); missing are NaN."""
    unit = column.type.unit if pa.types.is_timestamp(column.type) else "s"
    ticks = column.cast(pa.timestamp(unit), safe=False).cast(pa.int64())
    ticks = ticks.cast(pa.float64(), safe=False)
    per_second = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[unit]
    return pc.fill_null(ticks, np.nan).to_numpy() / per_second


def as_text(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as strings, with dates in ISO 8601 and "(missing)" for missing values."""
    return pc.fill_null(texts(column), MISSING)


def texts(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as strings, with dates in ISO 8601; missing values are null."""
    try:
        found = _without_fractions(decoded(column)).cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # lists, records, bytes
        values = [None if v is None else _nested_text(v) for v in column.to_pylist()]
        found = pa.chunked_array([pa.array(values, pa.string())])
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def is_missing(column: pa.ChunkedArray) -> np.ndarray:
    """Return which rows have no value, NaN included: bool, shape (n,)."""
    return column.is_null(nan_is_null=True).to_numpy()


def coded(column: pa.ChunkedArray) -> CodedColumn:
    """Number the distinct values of a column; NaN counts as missing."""
    found = pc.dictionary_encode(texts(column))
    codes = pc.fill_null(found.indices, -1).to_numpy()
    if pa.types.is_floating(column.type):
        codes = np.where(is_missing(column), np.int32(-1), codes)
    return CodedColumn(codes, tuple(found.dictionary.to_pylist()))


def list_text(items: Sequence[Any]) -> str:
    """Return a list cell as text: "a, b, c, d, e and 4 more"."""
    first = [MISSING if item is None else str(item) for item in items[:LISTED]]
    return listed([shorten(text, _LONGEST_ITEM) for text in first], total=len(items))


def _nested_text(value: Any) -> str:
    if isinstance(value, list):
        return list_text(value)
    return f"{len(value):,} bytes" if isinstance(value, bytes) else str(value)


def _without_fractions(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return timestamps in whole seconds if none has a fraction; else the column."""
    if not pa.types.is_timestamp(column.type):
        return column
    try:
        return column.cast(pa.timestamp("s", column.type.tz))
    except pa.ArrowInvalid:
        return column
