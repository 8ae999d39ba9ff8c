"""Conditions on text: it contains words, or a regular expression matches."""

import time
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import re2

from embeddings.filters.column_condition import (
    LONGEST_VALUE,
    ColumnCondition,
    FilterError,
    as_bool,
)
from embeddings.text import shorten

LONGEST_PATTERN = 1_000
"""Characters of a regular expression."""

MATCH_SECONDS = 10.0
"""Time after which the search for a regular expression is given up."""

NO_WORD = r"[^\pL\pM\pN]+"
"""What separates words, as a regular expression: all but letters, their marks and digits."""

_PATTERN_MEMORY = 2**20  # bytes that RE2 may take for a compiled expression
_BATCH_SECONDS = 0.05  # time that a batch of rows should take


@dataclass(frozen=True)
class ContainsWords(ColumnCondition):
    """The text contains all words of another, separated by blanks, in upper or lower case.

    Attributes
    ----------
    whole : whether they must be whole words, not parts of others

    Raises
    ------
    FilterError
        if there are no words
    """

    words: str = ""
    whole: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.words.split():
            raise FilterError(f"no words that {self.column!r} should contain; give one or more")

    def _met(self, column: pa.ChunkedArray) -> np.ndarray:
        written = self.texts_of(column)
        found = np.ones(len(written), dtype=bool)
        for word in self.words.split():
            if self.whole:
                pattern = f"(^|{NO_WORD}){re2.escape(word)}($|{NO_WORD})"
                part = pc.match_substring_regex(written, pattern, ignore_case=True)
            else:
                part = pc.match_substring(written, word, ignore_case=True)
            found &= as_bool(part)
        return found

    @property
    def title(self) -> str:
        """The condition in words: label contains wine."""
        verb = "does not contain" if self.inverted else "contains"
        word = "the word " * self.whole
        return f"{self.column} {verb} {word}{shorten(self.words, LONGEST_VALUE)}"


@dataclass(frozen=True)
class MatchesPattern(ColumnCondition):
    """A regular expression matches anywhere in the text; its syntax is that of RE2.

    RE2 takes time in proportion to the text, whatever the expression is
    (https://github.com/google/re2/wiki/WhyRE2); the factor is the size of the compiled expression,
    which is limited, and the search is given up after MATCH_SECONDS.

    Raises
    ------
    FilterError
        if the expression is empty, malformed or too large
    """

    pattern: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < len(self.pattern) <= LONGEST_PATTERN:
            raise FilterError(
                f"a regular expression of {len(self.pattern):,} characters; expected 1 to "
                f"{LONGEST_PATTERN:,}"
            )
        options = re2.Options()
        options.log_errors, options.max_mem = False, _PATTERN_MEMORY
        try:
            re2.compile(self.pattern, options)
        except re2.error as error:
            reason = error.args[0].decode(errors="replace")
            raise FilterError(
                f"the regular expression {shorten(self.pattern, LONGEST_VALUE)!r} cannot be used: "
                f"{reason}; its syntax is that of RE2, without look-ahead and back-references"
            ) from None

    def _met(self, column: pa.ChunkedArray) -> np.ndarray:
        return match_pattern(self.texts_of(column), self.pattern, self.column)

    @property
    def title(self) -> str:
        """The condition in words: label matches ^wine."""
        verb = "does not match" if self.inverted else "matches"
        return f"{self.column} {verb} {shorten(self.pattern, LONGEST_VALUE)}"


def match_pattern(written: pa.Array, pattern: str, column: str) -> np.ndarray:
    """Return which texts contain a match of a regular expression: bool, shape (n,).

    Parameters
    ----------
    written : n strings
    pattern : a regular expression that MatchesPattern accepts
    column : named in the message

    Raises
    ------
    FilterError
        if it takes longer than MATCH_SECONDS
    """
    found = np.empty(len(written), dtype=bool)
    start, rows = 0, 1
    began = now = time.monotonic()
    while start < len(written):
        part = pc.match_substring_regex(written.slice(start, rows), pattern)
        found[start : start + rows] = as_bool(part)
        start += rows
        last, now = now, time.monotonic()
        rows = 2 * rows if now - last < _BATCH_SECONDS else max(1, rows // 2)
        if now - began > MATCH_SECONDS and start < len(written):
            raise FilterError(
                f"the regular expression {shorten(pattern, LONGEST_VALUE)!r} takes more "
                f"than {MATCH_SECONDS:.0f} s on {column!r}; use a simpler one"
            )
    return found
