"""Filter: the conditions that rows must all meet, and its text in an address.

The text consists of characters that addresses take as they are, as far as names and values do:

    year~between~1990~1999~~label~not-contains~red wine~~color~is~green~*-*

"~~" separates conditions, "~" column, verb and arguments. In these "~" is written as "*7e*", "*" as
"*2a*", an empty text as "**" and a missing value as "*-*".
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from embeddings.embedding_set import EmbeddingSet
from embeddings.filters.column_condition import FilterError
from embeddings.filters.conditions import Bound, Condition, HasValue, InRange, IsMissing
from embeddings.filters.text_conditions import ContainsWords, MatchesPattern
from embeddings.text import shorten

MOST_CONDITIONS = 50

_NOT = "not-"
_MISSING, _OPEN = "*-*", "any"
_ESCAPED = re.compile(r"\*(|2a|7e)\*")
_CHARACTERS = {"": "", "2a": "*", "7e": "~"}
_INTEGER = re.compile(r"-?[0-9]{1,20}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Filter:
    """Conditions that a row must all meet; without any, all rows pass.

    Raises
    ------
    FilterError
        if there are more than MOST_CONDITIONS
    """

    conditions: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        if len(self.conditions) > MOST_CONDITIONS:
            raise FilterError(
                f"a filter of {len(self.conditions):,} conditions; expected at most "
                f"{MOST_CONDITIONS}"
            )

    def __bool__(self) -> bool:
        return bool(self.conditions)

    def mask(self, embedding_set: EmbeddingSet) -> np.ndarray:
        """Return which rows meet all conditions: bool, shape (n,).

        Raises
        ------
        FilterError
            if a condition does not fit the set; see conditions.py
        """
        found = np.ones(len(embedding_set), dtype=bool)
        for condition in self.conditions:
            found &= condition.mask(embedding_set)
        return found

    @property
    def title(self) -> str:
        """The conditions in words, separated by commas."""
        return ", ".join(condition.title for condition in self.conditions)

    def on(self, column: str) -> "Filter":
        """Return the conditions on a column."""
        return Filter(tuple(each for each in self.conditions if each.column == column))

    def on_others(self, column: str) -> "Filter":
        """Return the conditions on all other columns, under which the values of one are counted."""
        return Filter(tuple(each for each in self.conditions if each.column != column))

    def without(self, condition: Condition) -> "Filter":
        """Return the filter without one of its conditions."""
        return Filter(tuple(each for each in self.conditions if each != condition))

    def replaced(self, old: Condition, new: Condition) -> "Filter":
        """Return the filter with another condition in the place of one."""
        return Filter(tuple(new if each == old else each for each in self.conditions))

    def extended(self, condition: Condition) -> "Filter":
        """Return the filter with one more condition, unless it has it already."""
        if condition in self.conditions:
            return self
        return Filter((*self.conditions, condition))

    def to_text(self) -> str:
        """Return the filter as text, which from_text reads; "" if it has no conditions."""
        return "~~".join(_condition_text(condition) for condition in self.conditions)

    @classmethod
    def from_text(cls, text: str) -> "Filter":
        """Read the text of a filter.

        Raises
        ------
        FilterError
            if the text is malformed
        """
        if not text:
            return cls()
        parts = text.split("~~")
        if len(parts) > MOST_CONDITIONS:
            raise FilterError(
                f"a filter of {len(parts):,} conditions; expected at most {MOST_CONDITIONS}"
            )
        return cls(tuple(_read_condition(part) for part in parts))


def _condition_text(condition: Condition) -> str:
    verb, arguments = _parts(condition)
    verb = f"{_NOT}{verb}" if condition.inverted else verb
    return "~".join((_escaped(condition.column), verb, *arguments))


def _parts(condition: Condition) -> tuple[str, tuple[str, ...]]:
    """Return the verb of a condition and its arguments as text."""
    if isinstance(condition, HasValue):
        values = condition.values
        return "is", tuple(_MISSING if value is None else _escaped(value) for value in values)
    if isinstance(condition, InRange):
        return "between", (_bound_text(condition.low), _bound_text(condition.high))
    if isinstance(condition, ContainsWords):
        return "words" if condition.whole else "contains", (_escaped(condition.words),)
    if isinstance(condition, MatchesPattern):
        return "matches", (_escaped(condition.pattern),)
    return "missing", ()


def _read_condition(text: str) -> Condition:
    column, *rest = text.split("~")
    if not rest:
        raise FilterError(
            f"{shorten(text)!r} is no condition of a filter; expected a column, a verb and values, "
            "such as year~between~1990~1999"
        )
    inverted = rest[0].startswith(_NOT)
    verb, arguments = rest[0].removeprefix(_NOT), rest[1:]
    if verb not in _VERBS:
        raise FilterError(
            f"unknown verb {shorten(verb)!r} in the filter; expected one of {', '.join(_VERBS)}"
        )
    count, read = _VERBS[verb]
    if count is not None and len(arguments) != count:
        raise FilterError(
            f"{len(arguments)} values for {verb!r} in the filter; expected exactly {count}"
        )
    return read(_unescaped(column), inverted, arguments)


def _read_values(column: str, inverted: bool, arguments: list[str]) -> Condition:
    values = [None if each == _MISSING else _unescaped(each) for each in arguments]
    return HasValue(column, tuple(values), inverted=inverted)


def _read_words(column: str, inverted: bool, arguments: list[str]) -> Condition:
    return ContainsWords(column, _unescaped(arguments[0]), inverted=inverted)


def _read_whole_words(column: str, inverted: bool, arguments: list[str]) -> Condition:
    return ContainsWords(column, _unescaped(arguments[0]), whole=True, inverted=inverted)


def _read_pattern(column: str, inverted: bool, arguments: list[str]) -> Condition:
    return MatchesPattern(column, _unescaped(arguments[0]), inverted=inverted)


def _read_missing(column: str, inverted: bool, arguments: list[str]) -> Condition:
    return IsMissing(column, inverted=inverted)


def _read_range(column: str, inverted: bool, arguments: list[str]) -> Condition:
    low, high = map(_read_bound, arguments)
    return InRange(column, low, high, inverted=inverted)


_VERBS: dict[str, tuple[int | None, Callable[[str, bool, list[str]], Condition]]] = {
    "is": (None, _read_values),
    "between": (2, _read_range),
    "contains": (1, _read_words),
    "words": (1, _read_whole_words),
    "matches": (1, _read_pattern),
    "missing": (0, _read_missing),
}
"""The number of arguments of each verb, None for any number, and what reads them."""


def _escaped(text: str) -> str:
    return text.replace("*", "*2a*").replace("~", "*7e*") if text else "**"


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: _CHARACTERS[match[1]], text)


def _bound_text(bound: Bound | None) -> str:
    if bound is None:
        return _OPEN
    if isinstance(bound, date):
        return bound.isoformat()
    return repr(float(bound)) if isinstance(bound, float) else str(int(bound))


def _read_bound(text: str) -> Bound | None:
    if text == _OPEN:
        return None
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
        if _DAY.match(text):
            return datetime.fromisoformat(text)
        return int(text) if _INTEGER.fullmatch(text) else float(text)
    except ValueError:
        raise FilterError(
            f"the bound {shorten(text)!r} of a range is neither a number nor a date such as "
            f"1999-12-31; {_OPEN!r} leaves it open"
        ) from None
