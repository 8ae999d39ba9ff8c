"""Tests of two groups equal scipy's, to the smallest probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, fisher_exact, hypergeom, mannwhitneyu, rankdata

from embeddings.analysis.significance import (
    log_benjamini_hochberg,
    log_fisher,
    log_mann_whitney,
    rank,
)


def by_scipy(inside: int, total: int, size: int, rows: int) -> float:
    table = [[inside, size - inside], [total - inside, rows - size - total + inside]]
    return float(np.log(fisher_exact(table).pvalue))


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, int, int, int]:
    rows = draw(st.integers(1, 400))
    size = draw(st.integers(0, rows))
    total = draw(st.integers(0, rows))
    inside = draw(st.integers(max(0, total + size - rows), min(size, total)))
    return inside, total, size, rows


@given(tables())
def test_fisher_agrees_with_scipy(table: tuple[int, int, int, int]) -> None:
    inside, total, size, rows = table
    (found,) = log_fisher(np.array([inside]), np.array([total]), size, rows)
    assert found == pytest.approx(by_scipy(*table), rel=1e-7, abs=1e-7)


def test_fisher_of_all_tables_of_a_size_at_once() -> None:
    size, rows = 40, 90
    pairs = [
        (inside, total)
        for total in range(rows + 1)
        for inside in range(max(0, total + size - rows), min(size, total) + 1)
    ]
    inside, totals = map(np.array, zip(*pairs, strict=True))
    expected = [by_scipy(*pair, size, rows) for pair in pairs]
    found = log_fisher(inside, totals, size, rows)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize(
    ("inside", "total"), [(900, 1_000), (5, 1_000), (60, 2_500), (10_300, 500_000)]
)
def test_fisher_of_a_million_rows(inside: int, total: int) -> None:
    size, rows = 20_000, 1_000_000
    (found,) = log_fisher(np.array([inside]), np.array([total]), size, rows)
    given_log = hypergeom.logpmf(inside, rows, total, size)
    counts = np.arange(min(total, size) + 1)
    logs = hypergeom.logpmf(counts, rows, total, size)
    expected = np.logaddexp.reduce(logs[logs <= given_log + 1e-7])
    assert found == pytest.approx(expected, rel=1e-6)
    assert found < -1 and np.isfinite(found)


def test_no_tests_have_no_results() -> None:
    nothing = np.empty(0, dtype=np.int64)
    assert len(log_fisher(nothing, nothing, 3, 9)) == 0
    assert len(log_benjamini_hochberg(np.empty(0))) == 0


@given(
    st.lists(st.integers(-4, 4), min_size=1, max_size=15),
    st.lists(st.integers(-4, 4), min_size=1, max_size=15),
)
def test_mann_whitney_agrees_with_scipy(first: list[int], second: list[int]) -> None:
    values = np.array([*first, *second], dtype=float)
    group = np.arange(len(values)) < len(first)
    found = log_mann_whitney(rank(values), group)
    if np.ptp(values) == 0:
        assert found == 0
        return
    expected = mannwhitneyu(first, second, method="asymptotic").pvalue
    assert np.exp(found) == pytest.approx(expected, rel=1e-9)


def test_groups_far_apart_have_a_finite_logarithm() -> None:
    values = np.arange(20_000.0)
    found = log_mann_whitney(rank(values), values < 10_000)
    assert -8_000 < found < -7_000


@given(st.lists(st.integers(-3, 3).map(float), max_size=20))
def test_equal_numbers_share_their_mean_rank(values: list[float]) -> None:
    np.testing.assert_array_equal(rank(np.array(values)).ranks, rankdata(values))


@given(st.lists(st.floats(1e-12, 1.0), min_size=1, max_size=30))
def test_false_discovery_rates_agree_with_scipy(p: list[float]) -> None:
    found = np.exp(log_benjamini_hochberg(np.log(p)))
    np.testing.assert_allclose(found, false_discovery_control(p), rtol=1e-9)
