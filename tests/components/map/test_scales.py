"""Scales of numbers: what is drawn for a value, and which values the ticks name."""

import numpy as np
import pytest

from components.map.scales import Scale, scaled

VALUES = np.r_[np.geomspace(1, 10_000, 801), np.nan].astype(np.float32)


def test_the_whole_range_is_from_the_smallest_to_the_largest_and_the_robust_one_within() -> None:
    whole, robust = scaled(VALUES, "linear"), scaled(VALUES, "robust")
    assert (whole.low, whole.high) == (1, 10_000)
    assert whole.low < robust.low < robust.high < whole.high
    assert whole.ticks is None and whole.values is VALUES


def test_a_logarithm_has_equal_steps_and_no_place_for_what_is_not_positive() -> None:
    found = scaled(np.r_[VALUES, 0, -5].astype(np.float32), "log")
    assert (found.low, found.high) == pytest.approx((0, 4))
    steps = np.diff(found.values[:801])
    np.testing.assert_allclose(steps, 0.005, rtol=0.01)
    assert np.isnan(found.values[801:]).all()
    assert found.ticks == ([0, 1, 2, 3, 4], ["1", "10", "100", "1k", "10k"])


def test_quantiles_have_as_many_points_each_and_ticks_at_their_values() -> None:
    found = scaled(VALUES, "quantile")
    assert (found.low, found.high) == (0, 1)
    counts, _ = np.histogram(found.values[:-1], bins=4, range=(0, 1))
    assert counts.max() - counts.min() <= 1
    assert np.isnan(found.values[-1])
    assert found.ticks is not None
    places, texts = found.ticks
    assert texts == ["1", "10", "100", "1k", "10k"]
    assert places == pytest.approx([0, 0.25, 0.5, 0.75, 1], abs=0.001)


def test_equal_values_share_a_place_among_quantiles() -> None:
    found = scaled(np.float32([5, 1, 1, 1, 9, np.inf, -np.inf]), "quantile")
    np.testing.assert_allclose(found.values, [0.7, 0.3, 0.3, 0.3, 0.9, 1, 0])
    assert found.ticks is not None
    np.testing.assert_allclose(found.ticks[0], [0.3, 0.7, 0.9])
    assert found.ticks[1] == ["1", "5", "9"]


@pytest.mark.parametrize("scale", ["robust", "linear", "log", "quantile"])
@pytest.mark.parametrize("value", [np.nan, 0, -3, 7, 1e30])
def test_every_scale_takes_one_value_and_none(scale: Scale, value: float) -> None:
    with np.errstate(all="raise"):
        found = scaled(np.full(4, value, dtype=np.float32), scale)
    assert found.low < found.high and len(found.values) == 4
