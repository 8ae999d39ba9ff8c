"""Types of columns of text: numbers, booleans, dates, times, categories, lists of numbers.

A cell may have any length, so no expression may try a text in more than one way: what is repeated
is possessive (`*+`), or ends at a character that it cannot contain.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

NUMBER = re.compile(
    r"\s*+[+-]?(?:(?:\d++(?:\.\d*+)?|\.\d++)(?:e[+-]?\d++)?|inf(?:inity)?|nan)\s*+",
    re.IGNORECASE | re.ASCII,
)
"""One number, on a full match."""

MISSING = r"^\s*[\[({]?\s*((?i:nan|null|none|n/?a|<na>|nat)|\\N|\?|-)?\s*[\])}]?\s*$"
"""A cell that stands for a missing value: an empty one, NULL, None, NaN, NA, [], Postgres' \\N."""

_CALL = r"(?:np\.)?(?:tensor|array|float\d+)\("
CALLED = re.compile(rf"\s*+(?:\[\s*+)?{_CALL}")
"""The beginning of a list that was written as Python shows an object."""

_SETTING = re.compile(r",\s*[a-z_]+=")
CALLS = (rf"{_SETTING.pattern}[^\[\]]*$", rf"{_CALL}|\)")
"""What is around the numbers of such a list, to be removed one after the other:
tensor([...], device='cuda:0'), array([...], dtype=float32), [np.float32(0.1), ...]. They are for
pyarrow; in Python, which tries an expression at every comma, see _without_calls."""

_LIST = re.compile(
    r"\s*+[\[({]{0,2}\s*+[+-]?[\d.][\d.e+-]*+"
    r"(?:(?:\s*+[,;|]\s*+|\s++)(?:[+-]?[\d.][\d.e+-]*+|nan|inf))+"
    r"[\s,]*+[\])}]{0,2}\s*+",
    re.IGNORECASE,
)

SPARSE = re.compile(
    r"\s*+\{(?:\s*+\d{1,9}\s*+:\s*+[+-]?[\d.][\d.e+-]*+\s*+,?)*+\}/(\d{1,9})\s*+", re.IGNORECASE
)
"""A sparse vector as pgvector writes it, {1:0.5,3:1}/5: places count from 1."""

_LONGEST_MISSING = 64  # characters, so that no expression looks at long texts

_INTEGER = r"^-?(0|[1-9]\d{0,18})$"  # no leading zeros: 007 is a name
_REAL = r"^(-?(0|[1-9]\d{0,15})(\.\d*)?([eE][+-]?\d+)?|[nN]a[nN]|-?[iI]nf)$"
_BOOLEAN = "^([tT]rue|[fF]alse|TRUE|FALSE)$"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_TIME = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$"


def holds_number(text: str) -> bool:
    """Return True if a text is one number."""
    return NUMBER.fullmatch(text) is not None


def is_missing(text: str) -> bool:
    """Return True if a cell of text stands for a missing value, or is blank."""
    return len(text) < _LONGEST_MISSING and re.match(MISSING, text) is not None


def holds_list(text: str) -> bool:
    """Return True if a text is several numbers: '[0.1, 0.2]', '[0.1 0.2]', '0.1|0.2'; or SPARSE."""
    if SPARSE.fullmatch(text):
        return True
    if CALLED.match(text):
        text = _without_calls(text)
    return _LIST.fullmatch(text) is not None


def _without_calls(text: str) -> str:
    """Return the text of a list without what CALLS matches."""
    numbers_end = max(text.rfind("["), text.rfind("]")) + 1
    setting = _SETTING.search(text, numbers_end)
    return re.sub(CALLS[1], "", text[: setting.start()] if setting else text)


def may_hold_list(text: str) -> bool:
    """Return True if a text begins like a list: with a bracket, or as a call; or is SPARSE."""
    return (
        text.lstrip().startswith("[")
        or SPARSE.fullmatch(text) is not None
        or CALLED.match(text) is not None
    )


def infer_type(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of strings under the narrowest type that fits every value.

    int64, float64, boolean, date32 or timestamp; a dictionary (a category) if each value occurs
    twice on average; otherwise the strings. What is converted reads the same as before.
    """
    for pattern, kinds in (
        (_INTEGER, [pa.int64()]),
        (_REAL, [pa.float64()]),
        (_BOOLEAN, [pa.bool_()]),
        (_DATE, [pa.date32()]),
        (_TIME, [pa.timestamp("us"), pa.timestamp("us", "UTC")]),
    ):
        if _all_match(column, pattern):
            for kind in kinds:
                try:
                    return column.cast(kind)
                except pa.ArrowInvalid:  # a 31st of June, or times with and without a zone
                    continue
    present = len(column) - column.null_count
    if 0 < pc.count_distinct(column).as_py() <= present // 2:
        return column.dictionary_encode().unify_dictionaries()
    return column


def _all_match(column: pa.ChunkedArray, pattern: str) -> bool:
    present = column.drop_null()
    if len(present) == 0 or re.search(pattern, present[0].as_py()) is None:
        return False
    return bool(pc.all(pc.match_substring_regex(present, pattern)).as_py())
