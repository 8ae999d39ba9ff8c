"""A histogram, and below it a slider for a range of numbers or dates."""

import html
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from embeddings.filters import Bound, Histogram, InRange, histogram
from pages.common.choices import key_for
from pages.common.formatting import number
from pages.explore import navigation
from pages.explore.subsets import active_filter

STEPS = 200
"""The slider of numbers that are not whole has at least this many steps."""

_DAYS = 3  # that dates span at least for a slider of days; below it is one of minutes
_LARGEST_EXACT = 2**53  # JavaScript's numbers
_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True)
class Scale:
    """The ends and the step of a slider.

    Attributes
    ----------
    low, high : whole numbers, numbers, dates or times
    step : of their kind, or the difference of two
    form : how numbers are written, in the way of printf; None for the usual one
    """

    low: Bound
    high: Bound
    step: int | float | timedelta
    form: str | None = None


def draw(column: pa.ChunkedArray, name: str, mask: np.ndarray | None) -> None:
    """Draw the histogram of a column and the slider.

    Parameters
    ----------
    mask : bool, shape (n,); the rows under the conditions on other columns, or None for all
    """
    is_date = pa.types.is_date(column.type) or pa.types.is_timestamp(column.type)
    found = histogram(column, mask)
    condition = active_filter.condition_on(name, InRange)
    bounds = condition.limits if condition else (None, None)
    if not len(found.counts):
        st.caption("The column has no values.")
        return
    write = write_date if is_date else number
    st.html(_bars(name, found, bounds, write))
    scale = scale_of(found, is_date)
    if scale is None:
        st.caption(f"From {write(found.low)} to {write(found.high)}")
        return
    value = _within(condition, scale)
    widget = key_for(navigation.open_set().widget(f"filter range {name}"), value)
    st.slider(
        name, scale.low, scale.high, value, scale.step, scale.form, key=widget,
        label_visibility="collapsed", on_change=_apply, args=(name, widget, scale),
    )  # fmt: skip


def _apply(name: str, widget: str, scale: Scale) -> None:
    """Make the range of the slider the condition on a column; at the ends it is open."""
    low, high = st.session_state[widget]
    bounds = low if low > scale.low else None, high if high < scale.high else None
    condition = InRange(name, *bounds) if bounds != (None, None) else None
    active_filter.put(name, InRange, condition)


def scale_of(found: Histogram, is_date: bool) -> Scale | None:
    """Return the scale of a slider over a histogram; None where none can be drawn."""
    low, high = found.low, found.high
    if low == high:
        return None
    if is_date:
        try:
            first, last = (_EPOCH + timedelta(seconds=each) for each in (low, high))
        except OverflowError:
            return None
        if last - first >= timedelta(days=_DAYS):
            return Scale(first.date(), last.date(), timedelta(days=1))
        first, last = first.replace(second=0, microsecond=0), last + timedelta(minutes=1)
        return Scale(first, last.replace(second=0, microsecond=0), timedelta(minutes=1))
    if found.is_whole and max(-low, high) < _LARGEST_EXACT:
        return Scale(int(low), int(high), 1)
    span = high - low
    if not math.isfinite(span) or span < 1e-200:
        return None
    digits = -math.floor(math.log10(span / STEPS))
    step = 10.0**-digits
    start = round(math.floor(low / step) * step, digits)
    end = round(math.ceil(high / step) * step, digits)
    return Scale(start, end, step, f"%.{max(0, digits)}f")


def _within(condition: InRange | None, scale: Scale) -> tuple[Any, Any]:
    """Return the range of a condition in the kind of the slider, within its ends."""
    low: Any = condition.low if condition else None
    high: Any = condition.high if condition else None
    values = []
    for bound, end in ((low, scale.low), (high, scale.high)):
        if bound is None or isinstance(bound, date) is not isinstance(end, date):
            values.append(end)
        elif isinstance(end, datetime):
            values.append(_as_datetime(bound))
        elif isinstance(bound, datetime):
            values.append(bound.date())
        else:
            values.append(type(end)(bound) if isinstance(end, int | float) else bound)
    least: Any = scale.low
    most: Any = scale.high
    start, end = (min(max(value, least), most) for value in values)
    return start, max(start, end)


def _as_datetime(moment: date) -> datetime:
    """Return a moment in UTC without a time zone; a date at its beginning."""
    if not isinstance(moment, datetime):
        return datetime(moment.year, moment.month, moment.day)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def write_date(seconds: float) -> str:
    """Write a moment, in s since 1970, as a date, with the time if it is not midnight."""
    text = str(np.datetime64(math.floor(seconds), "s"))
    return text.removesuffix("T00:00:00").replace("T", " ")


def _bars(
    name: str, found: Histogram, bounds: tuple[Any, Any], write: Callable[[float], str]
) -> str:
    """Return the histogram as HTML: all rows in grey, in front of them those that match."""
    largest = int(found.counts.max())
    low, high = bounds
    bars = []
    for start, end, count, matching in zip(
        found.edges.tolist(), found.edges[1:].tolist(), found.counts.tolist(),
        found.matching.tolist(), strict=False,
    ):  # fmt: skip
        is_out = (low is not None and end <= low) or (high is not None and start > high)
        first, last = (math.ceil(start), math.floor(end)) if found.is_whole else (start, end)
        span = write(first) if first == last else f"{write(first)} to {write(last)}"
        title = f"{span}: {matching:,} of {count:,}"
        bars.append(
            f'<i title="{html.escape(title)}" class="{"out" if is_out else ""}">'
            f'<b style="height:{100 * count / largest:.2f}%"></b>'
            f'<b style="height:{100 * matching / largest:.2f}%"></b></i>'
        )
    label = f"Histogram of {name}, {write(found.low)} to {write(found.high)}"
    return (
        f'<div class="histogram" role="img" aria-label="{html.escape(label)}">{"".join(bars)}</div>'
    )
