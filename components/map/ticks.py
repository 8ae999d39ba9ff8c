"""Ticks of a scale of time (whole years, months, days, hours, minutes, seconds) and of powers."""

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


def power_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Return the ticks between two powers of ten, as exponents, and the texts of their numbers.

    They are powers of ten, or, where there are fewer than two, numbers that begin with 1, 2 or 5;
    where these are fewer than two, the ticks are both ends.
    """
    within = 1e-6  # float32 may miss a power of ten
    exponents = np.arange(np.ceil(low - within), np.floor(high + within) + 1)
    found = exponents[:: int(np.ceil(len(exponents) / MOST)) or 1]
    if len(found) < 2:
        finer = np.add.outer(np.arange(np.floor(low), np.ceil(high) + 1), np.log10([1, 2, 5]))
        found = finer[(finer >= low - within) & (finer <= high + within)]
    if len(found) < 2:
        found = np.array([low, high])
    return found.tolist(), [number_text(10**exponent) for exponent in found.tolist()]


def number_text(number: float) -> str:
    """Write a number with three digits, thousands as 12k, millions as 3.4M, billions as 5B."""
    rounded = float(f"{number:.3g}")
    for unit, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if unit <= abs(rounded) < 1e15:
            return f"{rounded / unit:.3g}{letter}"
    return f"{rounded:.3g}"


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
