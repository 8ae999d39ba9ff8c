"""Conditions on any column: it has one of some values, is in a range, or is missing.

A missing value meets no condition but IsMissing, and HasValue with None among its values. An
inverted condition is met by exactly the rows that do not meet the condition itself, missing values
included.
"""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.arrow_types import is_list
from embeddings.columns import MISSING, coded_items, is_missing, seconds
from embeddings.filters.column_condition import (
    LONGEST_VALUE,
    ColumnCondition,
    FilterError,
    as_bool,
)
from embeddings.filters.text_conditions import ContainsWords, MatchesPattern
from embeddings.text import listed, shorten

Bound = int | float | date | datetime
"""A bound of a range; a datetime without time zone is in UTC, and a date is a whole day."""

_LISTED = 3  # values in a title
_LARGEST_INTEGER = 2**64
_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class HasValue(ColumnCondition):
    """The value, written as text, is any of some; None stands for a missing value.

    Of a column of lists, any item has to be one of the values.

    Raises
    ------
    FilterError
        if there are no values
    """

    values: tuple[str | None, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.values:
            raise FilterError(f"no value of {self.column!r} is given; expected at least one")

    def _met(self, column: pa.ChunkedArray) -> np.ndarray:
        wanted = [value for value in self.values if value is not None]
        missing = is_missing(column)
        if is_list(column.type):
            items, rows = coded_items(column)
            is_wanted = np.array([value in self.values for value in (*items.values, None)])
            found = np.zeros(len(column), dtype=bool)
            found[rows[is_wanted[items.codes]]] = True  # the last is None, of a missing list
            return found
        found = as_bool(pc.is_in(self.texts_of(column), value_set=pa.array(wanted, pa.string())))
        found &= ~missing  # NaN, which is written as a text
        return found | missing if None in self.values else found

    @property
    def title(self) -> str:
        """The condition in words: color is red, green and 2 more."""
        names = [MISSING if v is None else shorten(v, LONGEST_VALUE) for v in self.values]
        return f"{self.column} is {'not ' * self.inverted}{listed(names, _LISTED)}"


@dataclass(frozen=True)
class InRange(ColumnCondition):
    """A number or a date is between two bounds, themselves included; either may be open (None).

    Raises
    ------
    FilterError
        if both bounds are open, one is not finite, they are of two kinds, or in the wrong order
    """

    low: Bound | None = None
    high: Bound | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        given = [bound for bound in (self.low, self.high) if bound is not None]
        if not given:
            raise FilterError(f"the range of {self.column!r} has no bounds; give one or both")
        for bound in given:
            if isinstance(bound, int) and abs(bound) > _LARGEST_INTEGER:
                raise FilterError(f"a bound of {self.column!r} has more than 64 bits; leave it out")
            if isinstance(bound, float) and not math.isfinite(bound):
                raise FilterError(f"a bound of {self.column!r} is {bound}; leave it out")
        if len({isinstance(bound, date) for bound in given}) > 1:
            raise FilterError(
                f"the bounds of {self.column!r} are a number and a date; give two of one kind"
            )
        start, end = self.limits
        if start is not None and end is not None and start > end:
            raise FilterError(
                f"the range of {self.column!r} ends at {_written(self.high)}, before it begins at "
                f"{_written(self.low)}"
            )

    @property
    def is_of_dates(self) -> bool:
        """Whether the bounds are dates."""
        return isinstance(self.high if self.low is None else self.low, date)

    @property
    def limits(self) -> tuple[int | float | None, int | float | None]:
        """The bounds as numbers, dates in s since 1970; a day ends with its last moment."""
        low, high = self.low, self.high
        start = _timestamp(low) if isinstance(low, date) else low
        if not isinstance(high, date):
            return start, high
        if isinstance(high, datetime):
            return start, _timestamp(high)
        return start, math.nextafter(_timestamp(high) + _DAY_SECONDS, -math.inf)

    def _met(self, column: pa.ChunkedArray) -> np.ndarray:
        types, type_ = pa.types, column.type
        if types.is_date(type_) or types.is_timestamp(type_):
            kind, values = "dates", seconds(column)
        elif types.is_integer(type_):
            kind, values = "numbers", pc.fill_null(column, 0).to_numpy()
        elif types.is_floating(type_) or types.is_decimal(type_):
            floats = column.cast(pa.float64(), safe=False)
            kind, values = "numbers", pc.fill_null(floats, np.nan).to_numpy()
        elif types.is_time(type_) or types.is_duration(type_):
            integers = column.cast(pa.int64() if type_.bit_width == 64 else pa.int32())
            kind, values = "numbers", pc.fill_null(integers, 0).to_numpy()
        else:
            raise FilterError(f"{self.column!r} holds neither numbers nor dates; a range needs one")
        expected = "dates" if self.is_of_dates else "numbers"
        if kind != expected:
            raise FilterError(f"{self.column!r} holds {kind}, and the range is one of {expected}")
        low, high = self.limits
        found = ~is_missing(column)
        if low is not None:
            found &= values >= low
        if high is not None:
            found &= values <= high
        return found

    @property
    def title(self) -> str:
        """The condition in words: year 1990 to 1999."""
        start = f"{self.column} {'not ' * self.inverted}"
        if self.low is None:
            return f"{start}up to {_written(self.high)}"
        if self.high is None:
            return f"{start}from {_written(self.low)}"
        return f"{start}{_written(self.low)} to {_written(self.high)}"


@dataclass(frozen=True)
class IsMissing(ColumnCondition):
    """There is no value; NaN is none."""

    def _met(self, column: pa.ChunkedArray) -> np.ndarray:
        return is_missing(column)

    @property
    def title(self) -> str:
        """The condition in words: year is missing."""
        return f"{self.column} is {'not ' * self.inverted}missing"


Condition = HasValue | InRange | ContainsWords | MatchesPattern | IsMissing


def _timestamp(moment: date | datetime) -> float:
    """Return s since 1970, of a date at its first moment."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _written(bound: Bound | None) -> str:
    """Write a bound for a person."""
    if isinstance(bound, datetime):
        return bound.isoformat(" ", "seconds")
    return f"{bound:.6g}" if isinstance(bound, float) else str(bound)
