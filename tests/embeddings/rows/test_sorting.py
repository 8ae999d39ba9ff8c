"""Rows in the order of a column: values, missing ones last, ties as they were."""

import math
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings import EmbeddingError
from embeddings.media import MEDIA
from embeddings.rows.sorting import sort_order


def column(values: list[Any], kind: pa.DataType | None = None, chunks: int = 1) -> pa.ChunkedArray:
    """Return values as a column of so many chunks."""
    parts = np.array_split(np.arange(len(values)), chunks)
    kind = kind or pa.array(values).type
    return pa.chunked_array([pa.array([values[i] for i in part], kind) for part in parts], kind)


def reference(values: list[Any], descending: bool, key: Any) -> list[int]:
    """Sort as Python does, which is stable in both directions."""
    there = [i for i, value in enumerate(values) if not _is_missing(value)]
    there.sort(key=lambda i: key(values[i]), reverse=descending)
    return there + [i for i, value in enumerate(values) if _is_missing(value)]


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


numbers = st.none() | st.integers(-3, 3) | st.integers(-(2**62), 2**62)
floats = st.none() | st.floats(width=32) | st.sampled_from([0.0, -0.0, 1.5])
words = st.none() | st.sampled_from(["a", "A", "b", "", "é", "10", "zz"])


@given(st.lists(numbers, max_size=30), st.booleans(), st.integers(1, 3))
def test_numbers(values: list[Any], descending: bool, chunks: int) -> None:
    found = sort_order(column(values, pa.int64(), chunks), descending)
    assert found.dtype == np.int32
    assert found.tolist() == reference(values, descending, lambda value: value)


@given(st.lists(floats, max_size=30), st.booleans())
def test_floats_with_nan_as_missing(values: list[Any], descending: bool) -> None:
    found = sort_order(column(values, pa.float64()), descending).tolist()
    expected = reference(values, descending, lambda value: value)
    there = sum(not _is_missing(value) for value in values)
    assert found[:there] == expected[:there]
    assert sorted(found[there:]) == sorted(expected[there:])


@given(st.lists(words, max_size=30), st.booleans(), st.integers(1, 3), st.booleans())
def test_texts_without_regard_to_case(
    values: list[Any], descending: bool, chunks: int, as_dictionary: bool
) -> None:
    if all(value in (None, "10") for value in values):
        return  # texts of numbers, below
    given_ = column(values, pa.string(), chunks)
    found = sort_order(given_.dictionary_encode() if as_dictionary else given_, descending)
    assert found.tolist() == reference(values, descending, str.lower)


def test_texts_that_are_all_numbers_are_in_their_order() -> None:
    assert sort_order(column(["10", "9", None, "-1"])).tolist() == [3, 1, 0, 2]
    assert sort_order(column(["10", "9", None, "x"])).tolist() == [0, 1, 3, 2]


def test_dates_times_and_booleans() -> None:
    days = [date(2020, 1, 2), None, date(1999, 1, 1), date(2020, 1, 2)]
    assert sort_order(column(days)).tolist() == [2, 0, 3, 1]
    assert sort_order(column(days), descending=True).tolist() == [0, 3, 2, 1]
    moments = [datetime(2020, 1, 2, 3), datetime(2020, 1, 2, 1), None]
    assert sort_order(column(moments)).tolist() == [1, 0, 2]
    assert sort_order(column([True, None, False, True])).tolist() == [2, 0, 3, 1]
    assert sort_order(column([True, None, False, True]), descending=True).tolist() == [0, 3, 2, 1]
    assert sort_order(column([None, None], pa.null())).tolist() == [0, 1]
    assert sort_order(column([1.5, None, 0.5], pa.float16())).tolist() == [2, 0, 1]


@given(
    st.lists(st.none() | st.lists(st.sampled_from(["a", "B", "c"]), max_size=5), max_size=20),
    st.booleans(),
    st.sampled_from([pa.list_, pa.large_list]),
)
def test_lists_item_by_item(values: list[Any], descending: bool, kind: Any) -> None:
    found = sort_order(column(values, kind(pa.string())), descending)
    expected = reference(values, descending, lambda items: [item.lower() for item in items])
    assert found.tolist() == expected


def test_lists_of_numbers_and_what_is_beyond_the_items_that_are_written() -> None:
    assert sort_order(column([[10], [9, 1], None, [9]])).tolist() == [3, 1, 0, 2]
    same = [1, 2, 3, 4, 5]
    assert sort_order(column([[*same, 9, 9], [*same, 1], same])).tolist() == [2, 1, 0]
    assert sort_order(column([[1, None], [1, 2]])).tolist() == [1, 0]
    assert sort_order(column([[2, 1], [1, 2], None], pa.list_(pa.int64(), 2))).tolist() == [1, 0, 2]


@pytest.mark.parametrize("kind", [MEDIA, pa.binary(), pa.list_(pa.list_(pa.int8()))])
def test_what_has_no_order_is_refused(kind: pa.DataType) -> None:
    with pytest.raises(EmbeddingError, match="have no order"):
        sort_order(column([None, None], kind))
