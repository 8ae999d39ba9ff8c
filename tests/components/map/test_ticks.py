"""Ticks of a scale of time fall on whole units and lie within it."""

import numpy as np
import pytest

from components.map.ticks import MOST, time_ticks


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
