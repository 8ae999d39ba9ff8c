from datetime import date, time, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from embeddings.columns import (
    are_codes,
    as_text,
    categories,
    coded,
    coded_items,
    column_kind,
    list_text,
    numbers,
    seconds,
)
from embeddings.media import MEDIA


def column(values, type_=None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, type_)])


@pytest.mark.parametrize(
    ("kind", "values", "type_"),
    [
        ("category", ["a", "b"] * 30, None),
        ("category", [1, 2], pa.dictionary(pa.int8(), pa.int64())),
        ("text", [f"sentence {i}" for i in range(60)], None),
        ("category", [f"value {i % 30}" for i in range(60)], None),
        ("text", [f"sentence {i % 31}" for i in range(60)], None),
        ("boolean", [True, None], None),
        ("number", [1, 2], None),
        ("number", [0.5, None], None),
        ("number", [Decimal("0.5")], None),
        ("number", [timedelta(1)], None),
        ("number", [time(12)], None),
        ("date", [date(2026, 1, 31)], None),
        ("date", [0], pa.timestamp("ns", "UTC")),
        ("list", [[1, 2], [3]], None),
        ("list", [["a"], None], pa.large_list(pa.string())),
        ("list", [[1, 2]], pa.list_(pa.int64(), 2)),
        ("image", [{"bytes": b"GIF89a", "path": None}, None], MEDIA),
        ("image", [{"bytes": b"of no known format", "path": None}], MEDIA),
        ("image", [{"bytes": None, "path": "a.JPG"}], MEDIA),
        ("audio", [{"bytes": b"fLaC", "path": "a.png"}], MEDIA),
        ("audio", [{"bytes": None, "path": "folder/a.mp3"}], MEDIA),
        ("other", [{"bytes": 5, "path": "a.mp3"}], None),
        ("other", [{"a": 1}], None),
        ("other", [b"bytes"], None),
        ("empty", [None, None], None),
        ("empty", [None], MEDIA),
    ],
)
def test_kinds(kind: str, values: list, type_: pa.DataType | None) -> None:
    if type_ is not None and pa.types.is_dictionary(type_):
        assert column_kind(pa.chunked_array([pa.array(values).dictionary_encode()])) == kind
    else:
        assert column_kind(column(values, type_)) == kind


def test_intervals_are_no_numbers() -> None:
    assert column_kind(column([(1, 2, 3)], pa.month_day_nano_interval())) == "other"


def test_the_tail_is_folded_and_counted() -> None:
    values = ["a"] * 5 + ["b"] * 3 + ["c"] * 2 + ["d", None]
    found = categories(column(values), most=2)
    assert found.names == ("a", "b", "other (3)")
    assert found.counts == (5, 3, 4)
    assert found.merged == 3
    assert found.codes.tolist() == [0] * 5 + [1] * 3 + [2] * 4


def test_named_values_are_the_ones_named() -> None:
    values = ["a"] * 5 + ["b"] * 3 + ["c"] * 2
    found = categories(column(values), most=2, named=["c"])
    assert found.names == ("c", "other (2)")
    assert found.counts == (2, 8)


def test_missing_is_a_value_of_its_own() -> None:
    found = categories(column(["x", None, "x"]))
    assert found.names == ("x", "(missing)")


def test_numbers_of_dates_and_gaps() -> None:
    np.testing.assert_array_equal(numbers(column([1, None, 3])), [1, np.nan, 3])
    stamps = column([0, 86_400], pa.timestamp("s"))
    np.testing.assert_array_equal(numbers(stamps), [0, 86_400])


def test_seconds_are_exact_where_float32_would_round() -> None:
    now = 1_769_904_123
    for unit, factor in (("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)):
        stamps = column([now * factor, None], pa.timestamp(unit, "UTC"))
        np.testing.assert_array_equal(seconds(stamps), [now, np.nan])
    np.testing.assert_array_equal(seconds(column([date(1970, 1, 2)])), [86_400])


def test_text_of_dates_lists_and_bytes() -> None:
    assert as_text(column([date(2026, 1, 31), None])).to_pylist() == ["2026-01-31", "(missing)"]
    assert as_text(column([5_000_000], pa.timestamp("us"))).to_pylist() == ["1970-01-01 00:00:05"]
    assert as_text(column([5], pa.timestamp("ms"))).to_pylist() == ["1970-01-01 00:00:00.005"]
    assert as_text(column([["a", "b"], None, []])).to_pylist() == ["a, b", "(missing)", ""]
    assert as_text(column([b"\xff\xfe"])).to_pylist() == ["2 bytes"]


def test_a_long_list_ends_with_the_number_left_out() -> None:
    assert list_text([1, 2, 3, 4, 5]) == "1, 2, 3, 4, 5"
    assert list_text(range(9)) == "0, 1, 2, 3, 4 and 4 more"
    assert list_text(["x" * 100]) == "x" * 60 + "..."


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1, 2, 3, 4] * 6, True),
        ([-1.0, 0.0, 7.0, None] * 6, True),
        ([0, 0, 0, 0], False),
        ([0.5, 1.0] * 6, False),
        (list(range(30)), False),
        (list(range(21)) * 3, False),
        ([0, 1, 2], False),
        (["0", "1"] * 6, False),
        ([float("nan"), 1.0, 2.0] * 6, False),
    ],
)
def test_whole_numbers_of_few_values_are_codes(values: list, expected: bool) -> None:
    assert are_codes(column(values)) is expected


@pytest.mark.parametrize(
    "type_", [pa.list_(pa.string()), pa.large_list(pa.string()), pa.list_(pa.string(), 2)]
)
def test_items_of_lists_are_numbered_once_a_row(type_: pa.DataType) -> None:
    chunks = [[["a", "b"], None, ["b", "b"], [None, "c"]], [["d", "a"]]]
    column = pa.chunked_array([pa.array(chunk, type_) for chunk in chunks])
    found, rows = coded_items(column)
    assert found.values == ("a", "b", "c", "d")
    assert found.codes.tolist() == [0, 1, 1, 2, 0, 3, -1]
    assert rows.tolist() == [0, 0, 2, 3, 4, 4, 1]


def test_values_are_numbered_and_missing_ones_are_not() -> None:
    found = coded(pa.chunked_array([["b", None], ["a", "b"]]))
    assert (found.codes.tolist(), found.values) == ([0, -1, 1, 0], ("b", "a"))
    found = coded(pa.chunked_array([[1.5, float("nan"), None]]))
    assert (found.codes.tolist(), found.values[0]) == ([0, -1, -1], "1.5")
