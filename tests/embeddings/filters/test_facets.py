"""Facets: counts of values and histograms equal a count by hand."""

from collections import Counter
from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings import EmbeddingSet
from embeddings.columns import coded, column_of
from embeddings.filters import Filter, HasValue, InRange, count_values, histogram


def test_values_are_counted_in_all_rows_and_in_the_mask() -> None:
    column = coded(pa.chunked_array([["b", "a", None], ["b", "c", "a"]]))
    found = count_values(column, np.array([True, True, True, False, False, True]))
    assert found.values == ("a", "b", None, "c")
    assert found.counts.tolist() == [2, 2, 1, 1]
    assert found.matching.tolist() == [2, 1, 1, 0]
    assert found.distinct == 4


def test_the_most_frequent_values_come_first_ties_by_name() -> None:
    column = coded(pa.chunked_array([["d", "c", "b", "a", "z", "z"]]))
    found = count_values(column, most=3)
    assert (found.values, found.counts.tolist(), found.distinct) == (
        ("z", "a", "b"), [2, 1, 1], 5,
    )  # fmt: skip
    assert found.matching.tolist() == [2, 1, 1]


def test_values_are_found_by_a_part_and_some_are_always_there() -> None:
    column = coded(pa.chunked_array([["Red", "dark red", "blue", "blue", None, "green"]]))
    found = count_values(column, most=1, containing="RED", always=("green", None))
    assert found.values == (None, "Red", "green")
    assert found.counts.tolist() == [1, 1, 1]
    assert count_values(column, containing="missing").values == (None,)
    assert count_values(column, most=0).values == ()


@given(st.lists(st.none() | st.sampled_from("abcdefg"), min_size=1, max_size=40), st.data())
def test_counts_agree_with_a_counter(values: list[str | None], data: st.DataObject) -> None:
    size = len(values)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    found = count_values(coded(pa.chunked_array([pa.array(values, pa.string())])), mask)
    inside = Counter(value for value, chosen in zip(values, mask, strict=True) if chosen)
    assert dict(zip(found.values, found.counts.tolist(), strict=True)) == Counter(values)
    assert {v: n for v, n in zip(found.values, found.matching.tolist(), strict=True) if n} == inside


def test_a_histogram_of_whole_numbers_has_an_interval_for_each() -> None:
    column = pa.chunked_array([[1990, 1990, 1992, None, 1993]])
    found = histogram(column, np.array([True, False, False, True, True]))
    assert found.edges.tolist() == [1989.5, 1990.5, 1991.5, 1992.5, 1993.5]
    assert found.counts.tolist() == [2, 0, 1, 1]
    assert found.matching.tolist() == [1, 0, 0, 1]
    assert (found.low, found.high, found.missing, found.missing_matching) == (1990, 1993, 1, 1)
    assert found.is_whole


def test_intervals_of_many_whole_numbers_are_equally_wide() -> None:
    found = histogram(pa.chunked_array([np.arange(0, 1001)]), bins=40)
    assert len(found.counts) <= 40
    assert (found.counts[:-1] == found.counts[0]).all()
    assert found.counts.sum() == 1001


def test_a_histogram_of_floats_counts_missing_and_infinite_apart() -> None:
    column = pa.chunked_array([[0.0, 1.0, 2.5, None, float("nan"), float("inf"), float("-inf")]])
    found = histogram(column, bins=5)
    assert found.edges == pytest.approx(np.linspace(0, 2.5, 6))
    assert found.counts.tolist() == [1, 0, 1, 0, 1]
    assert (found.missing, found.missing_matching, found.infinite) == (2, 2, 2)
    assert not found.is_whole


@pytest.mark.parametrize("value", [0.1, 1e300, -1e-300, 5e-324, 2.0**60, 1.7e308])
def test_equal_values_are_one_interval(value: float) -> None:
    found = histogram(pa.chunked_array([[value, value]]))
    assert found.counts.sum() == 2
    assert (np.diff(found.edges) > 0).all()


def test_the_widest_range_overflows_nothing() -> None:
    found = histogram(pa.chunked_array([[-1.7e308, 1.7e308]]))
    assert found.counts.sum() == 2


def test_dates_are_in_seconds() -> None:
    moments = [datetime(1970, 1, 1), datetime(1970, 1, 1, 0, 1), None]
    found = histogram(pa.chunked_array([pa.array(moments, pa.timestamp("ms"))]), bins=6)
    assert found.edges.tolist() == [0, 10, 20, 30, 40, 50, 60]
    assert found.counts.tolist() == [1, 0, 0, 0, 0, 1]


@pytest.mark.parametrize("values", [[], [None, None]])
def test_a_column_without_values_has_no_intervals(values: list[None]) -> None:
    found = histogram(pa.chunked_array([pa.array(values, pa.float64())]))
    assert len(found.counts) == len(found.matching) == 0
    assert found.missing == len(values)
    assert np.isnan([found.low, found.high]).all()


def test_counts_are_those_under_the_conditions_on_other_columns() -> None:
    made = EmbeddingSet.of(
        np.eye(4), metadata={"color": ["red", "red", "blue", "blue"], "year": [1, 2, 2, 3]}
    )
    filter_ = Filter((HasValue("color", ("red",)), InRange("year", 2, 3)))
    color = count_values(coded(column_of(made, "color")), filter_.on_others("color").mask(made))
    assert dict(zip(color.values, color.matching.tolist(), strict=True)) == {"red": 1, "blue": 2}
    year = histogram(column_of(made, "year"), filter_.on_others("year").mask(made))
    assert year.matching.tolist() == [1, 1, 0]
