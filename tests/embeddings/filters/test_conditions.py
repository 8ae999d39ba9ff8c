"""Conditions: each is met by exactly the rows that it names, on every kind of column."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings import EmbeddingError, EmbeddingSet
from embeddings.filters import (
    Condition,
    ContainsWords,
    FilterError,
    HasValue,
    InRange,
    IsMissing,
    MatchesPattern,
    text_conditions,
)

COLUMNS = {
    "color": pa.array(["red", "green", None, "red", "blue"]),
    "level": pa.array(["a", None, "b", "a", "b"]).dictionary_encode(),
    "year": pa.array([1989, 1990, None, 1999, 2000]),
    "price": pa.array([0.5, float("nan"), None, float("inf"), -1.0]),
    "small": pa.array([1, 2, 3, 4, None], pa.uint8()),
    "big": pa.array([2**53, 2**53 + 1, 0, -(2**63), None], pa.int64()),
    "cost": pa.array([Decimal("1.50"), None, Decimal("2.00"), Decimal("0.00"), Decimal("9.99")]),
    "sold": pa.array([True, False, None, True, False]),
    "day": pa.array([date(1999, 12, 30), date(1999, 12, 31), None, date(2000, 1, 1), date.min]),
    "at": pa.array(
        [datetime(1969, 12, 31, 12), datetime(1999, 12, 31, 23, 59, 59), None, datetime(2000, 1, 1),
         datetime(1969, 12, 31, 23, 59, 59, 999_000)], pa.timestamp("us")
    ),
    "zoned": pa.array(
        [datetime(2000, 1, 1, tzinfo=UTC)] * 4 + [None], pa.timestamp("s", "Asia/Tokyo")
    ),
    "took": pa.array([timedelta(seconds=s) for s in (1, 2, 3, 4)] + [None], pa.duration("s")),
    "raw": pa.array([b"a"] * 5),
    "record": pa.array([{"bytes": b"a", "path": "a"}] * 5),
    "tags": pa.array([["a", "b"], [], None, ["c"], [None]]),
}  # fmt: skip
LABELS = ["Red Wine", "white wine, dry", "vinegar", "Straße", ""]
MADE = EmbeddingSet.of(np.eye(5, dtype=np.float32), LABELS, COLUMNS)


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        (HasValue("color", ("red",)), [0, 3]),
        (HasValue("color", ("green", "blue", "violet")), [1, 4]),
        (HasValue("color", ("(missing)",)), []),
        (HasValue("color", (None,)), [2]),
        (HasValue("color", (None, "blue")), [2, 4]),
        (HasValue("color", ("red",), inverted=True), [1, 2, 4]),
        (HasValue("level", ("a",)), [0, 3]),
        (HasValue("year", ("1990", "2000")), [1, 4]),
        (HasValue("price", ("nan",)), []),
        (HasValue("price", (None,)), [1, 2]),
        (HasValue("sold", ("true",)), [0, 3]),
        (HasValue("sold", ("false", None)), [1, 2, 4]),
        (HasValue("label", ("",)), [4]),
        (HasValue("tags", ("a, b",)), []),
        (HasValue("tags", ("b", "c")), [0, 3]),
        (HasValue("tags", ("b", None)), [0, 2]),
        (HasValue("tags", ("b",), inverted=True), [1, 2, 3, 4]),
        (InRange("year", 1990, 1999), [1, 3]),
        (InRange("year", 1990), [1, 3, 4]),
        (InRange("year", None, 1989.5), [0]),
        (InRange("year", 1990, 1999, inverted=True), [0, 2, 4]),
        (InRange("price", -1), [0, 3, 4]),
        (InRange("price", None, 0.5), [0, 4]),
        (InRange("small", -3, 2), [0, 1]),
        (InRange("big", 2**53 + 1), [1]),
        (InRange("big", -(2**63), 2**53), [0, 2, 3]),
        (InRange("cost", 1.5, 2), [0, 2]),
        (InRange("took", 2, 3), [1, 2]),
        (InRange("day", date(1999, 12, 31), date(1999, 12, 31)), [1]),
        (InRange("day", None, date(1999, 12, 31)), [0, 1, 4]),
        (InRange("at", date(1999, 12, 31), date(1999, 12, 31)), [1]),
        (InRange("at", date(1969, 12, 31), date(1969, 12, 31)), [0, 4]),
        (InRange("at", datetime(1999, 12, 31, 23, 59, 59), datetime(2000, 1, 1)), [1, 3]),
        (InRange("zoned", datetime(2000, 1, 1, tzinfo=UTC), date(2000, 1, 1)), [0, 1, 2, 3]),
        (ContainsWords("label", "WINE"), [0, 1]),
        (ContainsWords("label", " wine  red "), [0]),
        (ContainsWords("label", "wine", inverted=True), [2, 3, 4]),
        (ContainsWords("label", "vin"), [2]),
        (ContainsWords("label", "vin", whole=True), []),
        (ContainsWords("label", "wine dry", whole=True), [1]),
        (ContainsWords("label", "e,"), [1]),
        (ContainsWords("label", "straße", whole=True), [3]),
        (ContainsWords("color", "e"), [0, 1, 3, 4]),
        (MatchesPattern("label", r"^[a-z]"), [1, 2]),
        (MatchesPattern("label", r"(?i)WINE$"), [0]),
        (MatchesPattern("label", r"^$"), [4]),
        (MatchesPattern("color", r"^$"), []),
        (MatchesPattern("color", r"r", inverted=True), [2, 4]),
        (IsMissing("color"), [2]),
        (IsMissing("price"), [1, 2]),
        (IsMissing("year", inverted=True), [0, 1, 3, 4]),
        (IsMissing("tags"), [2]),
        (IsMissing("label"), []),
    ],
)  # fmt: skip
def test_a_condition_is_met_by_exactly_these_rows(condition: Condition, rows: list[int]) -> None:
    found = condition.mask(MADE)
    assert found.dtype == np.bool_
    assert np.flatnonzero(found).tolist() == rows


@pytest.mark.parametrize(
    ("condition", "title"),
    [
        (InRange("year", 1990, 1999), "year 1990 to 1999"),
        (InRange("year", 1990, inverted=True), "year not from 1990"),
        (InRange("year", None, 0.123456789), "year up to 0.123457"),
        (InRange("at", date(1999, 12, 31), datetime(2000, 1, 1, 12)),
         "at 1999-12-31 to 2000-01-01 12:00:00"),
        (ContainsWords("label", "wine"), "label contains wine"),
        (ContainsWords("label", "wine", whole=True, inverted=True),
         "label does not contain the word wine"),
        (MatchesPattern("label", "^w"), "label matches ^w"),
        (HasValue("color", ("red", None)), "color is red, (missing)"),
        (HasValue("color", tuple("abcde"), inverted=True), "color is not a, b, c and 2 more"),
        (IsMissing("year"), "year is missing"),
        (IsMissing("year", inverted=True), "year is not missing"),
    ],
)  # fmt: skip
def test_a_condition_has_a_short_title(condition: Condition, title: str) -> None:
    assert condition.title == title


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HasValue("color"), "no value of 'color'"),
        (lambda: HasValue("color", ("\ud800",)), "unpaired surrogate"),
        (lambda: ContainsWords("\udfff", "x"), "unpaired surrogate"),
        (lambda: InRange("year"), "has no bounds"),
        (lambda: InRange("year", 2, 1), "ends at 1, before it begins at 2"),
        (lambda: InRange("year", float("nan")), "is nan"),
        (lambda: InRange("year", None, float("inf")), "is inf"),
        (lambda: InRange("year", 10**30), "64 bits"),
        (lambda: InRange("day", date.min, 3), "a number and a date"),
        (lambda: ContainsWords("label", " "), "give one or more"),
        (lambda: MatchesPattern("label", ""), "expected 1 to 1,000"),
        (lambda: MatchesPattern("label", "a" * 1001), "1,001 characters"),
        (lambda: MatchesPattern("label", "("), "missing ): ("),
        (lambda: MatchesPattern("label", r"(a)\1"), "without look-ahead and back-references"),
        (lambda: MatchesPattern("label", r"(?=a)"), "RE2"),
        (lambda: MatchesPattern("label", r"((\pL{1000}){1000}){1000}"), "cannot be used"),
        (lambda: MatchesPattern("label", r"(\pL{500})"), "pattern too large"),
    ],
)
def test_what_cannot_be_meant_is_explained(make, message: str) -> None:
    with pytest.raises(FilterError, match=re.escape(message)):
        make()


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (IsMissing("colour"), "no column 'colour'"),
        (InRange("color", 1), "'color' holds neither numbers nor dates"),
        (InRange("tags", 1), "'tags' holds neither numbers nor dates"),
        (ContainsWords("tags", "a"), "'tags' holds no text"),
        (MatchesPattern("raw", "a"), "'raw' holds no text"),
        (HasValue("record", ("a",)), "'record' holds no text"),
        (InRange("year", date.min), "'year' holds numbers, and the range is one of dates"),
        (InRange("day", 3), "'day' holds dates, and the range is one of numbers"),
    ],
)
def test_what_does_not_fit_the_set_is_explained(condition: Condition, message: str) -> None:
    with pytest.raises(EmbeddingError, match=re.escape(message)):
        condition.mask(MADE)


def test_a_column_that_a_set_has_twice_is_not_guessed() -> None:
    column = pa.array(["a", "b"])
    table = pa.Table.from_arrays([column, column], names=["x", "x"])
    made = EmbeddingSet.of(np.eye(2), metadata=table)
    with pytest.raises(FilterError, match="more than one"):
        HasValue("x", ("a",)).mask(made)


def test_a_column_named_label_comes_before_the_labels() -> None:
    made = EmbeddingSet.of(np.eye(2), ["a", "b"], {"label": ["b", "a"]})
    assert HasValue("label", ("a",)).mask(made).tolist() == [False, True]


def test_columns_of_several_chunks() -> None:
    chunks = pa.chunked_array([["a"], [], [None, "b"], ["a"]], pa.string())
    made = EmbeddingSet.of(np.eye(4), metadata=pa.table({"x": chunks}))
    assert HasValue("x", ("a",)).mask(made).tolist() == [True, False, False, True]
    assert MatchesPattern("x", "[ab]").mask(made).tolist() == [True, False, True, True]
    assert IsMissing("x").mask(made).tolist() == [False, True, False, False]


def test_a_search_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_conditions, "MATCH_SECONDS", -1.0)
    with pytest.raises(FilterError, match="use a simpler one"):
        MatchesPattern("label", "wine").mask(MADE)


def test_batches_of_a_search_cover_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    made = EmbeddingSet.of(np.ones((1000, 2)))
    expected = ["7" in label for label in made.labels]
    for seconds in (0.0, 100.0):  # the smallest batches, and the largest
        monkeypatch.setattr(text_conditions, "_BATCH_SECONDS", seconds)
        assert MatchesPattern("label", "7").mask(made).tolist() == expected


@given(
    st.lists(st.none() | st.integers(-5, 5), min_size=1, max_size=20),
    st.integers(-6, 6), st.integers(0, 6), st.booleans(),
)  # fmt: skip
def test_ranges_agree_with_python(
    values: list[int | None], low: int, width: int, inverted: bool
) -> None:
    made = EmbeddingSet.of(np.ones((len(values), 1)), metadata={"x": pa.array(values, pa.int32())})
    found = InRange("x", low, low + width, inverted=inverted).mask(made)
    expected = [(v is not None and low <= v <= low + width) is not inverted for v in values]
    assert found.tolist() == expected


def test_an_expression_that_backtracking_never_finishes() -> None:
    made = EmbeddingSet.of(np.eye(2), ["a" * 5_000 + "!", "a" * 5_000])
    assert MatchesPattern("label", "(a+)+$").mask(made).tolist() == [False, True]
    assert MatchesPattern("label", "(a|aa)*$").mask(made).tolist() == [True, True]
