"""Ticks of scales of time and of powers fall on whole units and lie within them."""

import numpy as np
import pytest

from components.map.ticks import MOST, number_text, power_ticks, time_ticks


def at(text: str) -> float:
    return float(np.datetime64(text, "s").astype(np.int64))


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        ("2010-03-01", "2026-01-01", ["2015", "2020", "2025"]),
        ("1000-01-01", "2026-01-01", ["1000", "1200", "1400", "1600", "1800", "2000"]),
        ("2025-03-01", "2026-01-01", ["2025-04", "2025-07", "2025-10", "2026-01"]),
        ("2026-01-03", "2026-01-20", ["2026-01-08", "2026-01-15"]),
        ("2026-01-01", "2026-01-03T00:00:01",
         ["01-01 00:00", "01-01 12:00", "01-02 00:00", "01-02 12:00", "01-03 00:00"]),
        ("2026-01-03T05:01", "2026-01-03T05:03",
         ["05:01:00", "05:01:30", "05:02:00", "05:02:30", "05:03:00"]),
    ],
)  # fmt: skip
def test_ticks_are_whole_units(low: str, high: str, texts: list[str]) -> None:
    assert time_ticks(at(low), at(high))[1] == texts


def test_ticks_lie_within_and_are_few_at_every_scale() -> None:
    rng = np.random.default_rng(0)
    for span in 10.0 ** np.arange(1, 11.5, 0.25):
        low = float(rng.uniform(-2e9, 2e9))
        places, texts = time_ticks(low, low + span)
        assert 2 <= len(places) <= MOST, span
        assert len(set(texts)) == len(texts) == len(places)
        assert low <= min(places) <= max(places) <= low + span


def test_a_moment_has_a_tick() -> None:
    assert time_ticks(5.2, 5.4)[1] == ["00:00:05"]


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0, 3, ["1", "10", "100", "1k"]),
        (-2.5, 9, ["0.01", "1", "100", "10k", "1M", "100M"]),
        (0.1, 1.2, ["2", "5", "10"]),
        (0.4, 0.6, ["2.51", "3.98"]),
        (2.0, 2.9999999, ["100", "1k"]),  # 3 as float32 may have it
    ],
)
def test_ticks_of_powers_are_round_numbers(low: float, high: float, texts: list[str]) -> None:
    assert power_ticks(low, high)[1] == texts


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (-1234, "-1.23k"),
        (999.9, "1k"),
        (0.00012, "0.00012"),
        (5e9, "5B"),
        (1e20, "1e+20"),
    ],
)
def test_numbers_are_short(number: float, text: str) -> None:
    assert number_text(number) == text
