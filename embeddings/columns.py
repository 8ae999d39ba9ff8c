"""What a metadata column is, and its values as categories or as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Kind = Literal["category", "number", "text", "image", "other"]

MISSING = "(missing)"
_MOST_CATEGORIES = 0.5  # a string column with more distinct values than this share is text


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


def kind(column: pa.ChunkedArray) -> Kind:
    """Say what a column holds, by its type and, for strings, by how often values repeat."""
    type_ = column.type
    if pa.types.is_boolean(type_) or pa.types.is_dictionary(type_):
        return "category"
    if pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_):
        return "number"
    if pa.types.is_temporal(type_):
        return "number"
    if pa.types.is_struct(type_) and {field.name for field in type_} == {"bytes", "path"}:
        return "image"
    if pa.types.is_string(type_) or pa.types.is_large_string(type_):
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
        column = column.cast(pa.timestamp("s"), safe=False).cast(pa.int64())
    elif pa.types.is_temporal(column.type):  # times and durations, in their own unit
        column = column.cast(pa.int64() if column.type.bit_width == 64 else pa.int32())
    column = column.cast(pa.float64(), safe=False)
    return pc.fill_null(column, np.nan).to_numpy().astype(np.float32)


def as_text(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as strings, "(missing)" for absent values."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        texts = column.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # lists, structs: as Python writes them
        texts = pa.chunked_array([pa.array([str(value) for value in column.to_pylist()])])
    texts = pc.fill_null(texts, MISSING)
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
