"""Ticks of a scale of time: whole years, months, days, hours, minutes or seconds."""

import numpy as np

MOST = 6
"""The largest number of ticks on a scale."""

_STEPS = [
    *(("s", step) for step in (1, 2, 5, 15, 30)),
    *(("m", step) for step in (1, 2, 5, 15, 30)),
    *(("h", step) for step in (1, 3, 6, 12)),
    *(("D", step) for step in (1, 2, 7, 14)),
    *(("M", step) for step in (1, 3, 6)),
    *(("Y", step * 10**tens) for tens in range(5) for step in (1, 2, 5)),
]
"""numpy's name of a unit, and how many units are between two ticks; finest first."""

_MIDNIGHT = 10  # characters of a date


def time_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Return the times of the ticks between two times, all in s since 1970, and their texts.

    The step is the finest that makes at most MOST ticks; where it makes fewer than two, the ticks
    are both ends.
    """
    for unit, step in _STEPS:
        found = _multiples(low, high, unit, step)
        if len(found) <= MOST:
            break
    if len(found) < 2:
        found = np.unique(np.array([low, high]).astype("datetime64[s]"))
    seconds = found.astype("datetime64[s]").astype(np.int64).astype(float)
    return seconds.tolist(), [_text(each) for each in found]


def _multiples(low: float, high: float, unit: str, step: int) -> np.ndarray:
    """Return the multiples of a step between two times, but at most one more than MOST.

    Years are counted from 0, other units from 1970.
    """
    ends = np.array([np.ceil(low), np.floor(high)]).astype("datetime64[s]")
    first, last = ends.astype(f"datetime64[{unit}]").astype(np.int64)
    if ends[0] != ends[0].astype(f"datetime64[{unit}]"):
        first += 1  # the unit that holds `low` begins before it
    zero = -1970 if unit == "Y" else 0
    first += -(first - zero) % step
    last = min(last, first + MOST * step)
    return np.arange(first, last + 1, step).astype(f"datetime64[{unit}]")


def _text(time: np.datetime64) -> str:
    """Write a time as precisely as its unit: 2026, 2026-03, 2026-03-01, 03-01 14:00, 14:00:05."""
    text = str(time)
    unit = np.datetime_data(time.dtype)[0]
    if unit == "h":
        text += ":00"
    if unit in ("h", "m"):
        return text[5:].replace("T", " ")
    return text[_MIDNIGHT + 1 :] if unit == "s" else text
