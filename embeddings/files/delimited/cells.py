"""What the cells of the first rows are: how numbers are written, kinds of columns, the header."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from embeddings.files.tabular.roles import LABEL_NAMES, Kind, is_vector_name
from embeddings.files.tabular.text_types import holds_list, holds_number, is_missing
from embeddings.text import shorten

_GROUPED = re.compile(
    r"\s*[+-]?[1-9]\d{0,2}(?P<groups>(?P<mark>[.,'’ \u00a0\u202f])\d{3}(?:(?P=mark)\d{3})*)"
    r"(?:(?P<decimal>[.,])\d*)?\s*",
    re.ASCII,
)
_CERTAIN_MARKS = "'’\u00a0\u202f"  # which separate nothing else
_CLASS_NAMES = ("target", "class", "category", "cluster", "group", "species", "type", "y")
_INNER = ";|"  # which may separate the numbers of a list in a cell
_CURRENCIES = "$€£¥₹"
_UNIT_SIGNS = re.compile(f"[{_CURRENCIES}%]")
_MOST_HEADER_ROWS = 3
_FEWEST_IDS = 3
_COUNTED = 5  # columns from which 0, 1, 2, ... above whole numbers are names


_PLAIN = re.compile(r"(?:[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\n)*+", re.ASCII)


def are_plain_numbers(cells: Sequence[str]) -> bool:
    """Return True if each cell is a number with at most a point and an exponent: most columns.

    One expression for all of them takes a tenth of the time of the closer looks at each cell.
    """
    text = "\n".join([*cells, ""])
    return text.count("\n") == len(cells) and _PLAIN.fullmatch(text) is not None


UNITS = (rf"^(\s*[+-]?)\s*[{_CURRENCIES}]\s*", rf"\s*[{_CURRENCIES}%]\s*$")
"""What may be before and after a number: a currency or percent; "\\1" and "" take their place.

They are for pyarrow, whose expressions take linear time; see without_unit.
"""


def without_unit(cell: str) -> str:
    """Return a cell without the sign of a currency, or of percent, if it has one."""
    if _UNIT_SIGNS.search(cell) is None:
        return cell
    text = cell.strip()  # no expression, which would try each of many blanks
    if _UNIT_SIGNS.fullmatch(text[-1:]):
        text = text[:-1].rstrip()
    sign = text[:1] if text.startswith(("+", "-")) else ""
    rest = text[len(sign) :].lstrip()
    return sign + (rest[1:].lstrip() if rest.startswith(tuple(_CURRENCIES)) else rest)


@dataclass(frozen=True)
class NumberStyle:
    """How numbers are written.

    Attributes
    ----------
    decimal : the decimal sign, "." or ","
    thousands : what separates thousands, such as "," in 1,200.5; "" for nothing
    """

    decimal: str = "."
    thousands: str = ""

    @property
    def grouped(self) -> str:
        """The pattern of a number with separated thousands, for a full match."""
        mark, decimal = re.escape(self.thousands), re.escape(self.decimal)
        return rf"^[+-]?\d{{1,3}}({mark}\d{{3}})+({decimal}\d*)?$"

    def plain(self, cell: str) -> str:
        """Return a cell as numbers are written in Python; what is no number stays none."""
        cell = without_unit(cell)
        if self.thousands and self.thousands in cell:
            if re.fullmatch(self.grouped, cell.strip()) is None:
                return f"{cell} is no number"
            cell = cell.replace(self.thousands, "")
        if self.decimal == ",":
            return f"{cell} is no number" if "." in cell else cell.replace(",", ".", 1)
        return cell

    def is_number(self, cell: str) -> bool:
        """Return True if a cell is one number."""
        return holds_number(self.plain(cell))


def number_style(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    delimiter: str,
    decimal: str | None = None,
) -> NumberStyle:
    """Return how the numbers of the first rows are written.

    "1,200" may be a thousand, a decimal number, or two numbers. It is read as a thousand where a
    cell of its column tells (1,200.5 or 1,200,000), or where commas separate the columns, so that
    one within a cell is no decimal sign; never in a column that is called `vector` or the like.

    Parameters
    ----------
    decimal : the decimal sign, if it is known; then the other sign can only separate thousands
    """
    if decimal is not None:
        grouped = NumberStyle(decimal, "." if decimal == "," else ",")
        marked = [cell for row in rows for cell in row if grouped.thousands in cell]
        return grouped if any(map(grouped.is_number, marked)) else NumberStyle(decimal)
    for name, column in zip(names, zip(*rows, strict=True), strict=True):
        found = None if is_vector_name(name) else _thousands(column, delimiter)
        if found is not None:
            return found
    cells = [without_unit(cell) for row in rows[-10:] for cell in row]
    plain, commas = sum(map(holds_number, cells)), sum(map(is_comma_number, cells))
    return NumberStyle("," if delimiter != "," and commas > plain else ".")


def _thousands(cells: Sequence[str], delimiter: str) -> NumberStyle | None:
    """Return how a column of numbers separates thousands; None if it does not, or may not."""
    if are_plain_numbers(cells):  # 1.200 alone does not tell
        return None
    cells = list(map(without_unit, cells))
    matches = [match for cell in cells if (match := _GROUPED.fullmatch(cell))]
    marks = {match["mark"] for match in matches}
    if len(marks) != 1:
        return None
    mark = marks.pop()
    signs = {match["decimal"] for match in matches} - {None}
    certain = (
        mark in _CERTAIN_MARKS
        or any(sign != mark for sign in signs)
        or (mark in ".," and any(len(match["groups"]) > 4 for match in matches))
        or (mark == delimiter == ",")
    )
    if mark in signs or len(signs) > 1 or not certain:
        return None
    other = "," if mark == "." else "."
    style = NumberStyle(signs.pop() if signs else other, mark)
    present = [cell for cell in cells if not is_missing(cell)]
    return style if all(map(style.is_number, present)) else None


def is_comma_number(cell: str) -> bool:
    """Return True for a number, or for one with a decimal comma."""
    return "." not in cell and holds_number(cell.replace(",", ".", 1))


def may_be_number(cell: str, comma: bool) -> bool:
    """Return True for a number in any style; with commas only if they do not separate columns."""
    cell = without_unit(cell)
    if holds_number(cell) or _GROUPED.fullmatch(cell) is not None:
        return True
    return comma and is_comma_number(cell)


def count_numbers(cells: Sequence[str], comma: bool) -> int:
    """Return how many cells of a column may be numbers; see may_be_number."""
    if are_plain_numbers(cells):
        return len(cells)
    return sum(may_be_number(cell, comma) for cell in cells)


def column_kinds(rows: Sequence[Sequence[str]], style: NumberStyle) -> list[Kind]:
    """Return what each column holds, judging by these rows."""
    return [_kind(cells, style) for cells in zip(*rows, strict=True)]


def _kind(cells: Sequence[str], style: NumberStyle) -> Kind:
    """Return what at least half of a column's cells are, not counting missing ones."""
    if style == NumberStyle() and cells and are_plain_numbers(cells):
        return "number"
    present = [cell for cell in cells if not is_missing(cell)]
    if not present:
        return "text"
    numbers = [cell for cell in present if style.is_number(cell)]
    if 2 * len(numbers) >= len(present) and re.search(r"\d", "".join(numbers)):  # inf is a word
        return "number"
    if 2 * sum(map(holds_list, present)) >= len(present):
        return "list"
    return "text"


def inner_signs(row: list[str], delimiter: str) -> list[str]:
    """Return the signs of _INNER that are in exactly one cell of a row."""
    signs = (sign for sign in _INNER if sign != delimiter)
    return [sign for sign in signs if sum(sign in cell for cell in row) == 1]


def holds_lists(name: str, cells: Sequence[str], inner: list[list[str]], delimiter: str) -> bool:
    """Return True if at least half of a column's cells surely are lists of numbers.

    They are in brackets or braces, or under a name for vectors, or of three numbers or more between
    signs that no other column has; two where tabs separate the columns.

    Parameters
    ----------
    inner : for each cell, the signs that are in no other cell of its row
    """
    if are_plain_numbers(cells):
        return False
    fewest = 1 if delimiter == "\t" else 2
    is_named = is_vector_name(name.strip())
    found = 0
    for cell, signs in zip(cells, inner, strict=True):
        is_sure = is_named or "[" in cell or "{" in cell
        is_sure = is_sure or any(cell.count(sign) >= fewest for sign in signs)
        found += is_sure and holds_list(cell)
    return 2 * found >= len(cells) > 0


@dataclass(frozen=True)
class Header:
    """Whether the first row names the columns, and a sentence about it where that was a guess."""

    present: bool
    assumed: str = ""


def find_header(rows: Sequence[Sequence[str]], kinds: Sequence[Kind], style: NumberStyle) -> Header:
    """Find out whether the first row names the columns.

    It does if, above the columns of numbers or lists,

    - no cell of it is a number or a list itself,
    - a cell is text, above a column that holds nothing but numbers, as the name of the classes
      beside 0, 1, 2, ... that pandas writes; or, above texts, one such as `class`, and the numbers
      rise,
    - or the cells count up: above fractions, or in a row of at least five.

    If all columns are text, two or more have a header, which is TensorFlow Projector's rule; a
    single one has if it is called label, word, ...
    """
    first, body = rows[0], rows[1:]
    if not body:
        alone = column_kinds([first], style)
        return Header(not any(kind in ("number", "list") for kind in alone))
    data = [i for i, kind in enumerate(kinds) if kind in ("number", "list")]
    if not data:
        return Header(len(first) > 1 or first[0].strip().lower() in LABEL_NAMES)
    above = [i for i in data if first[i].strip()]
    if all(_kind([first[i]], style) == "text" for i in above):
        return Header(True)
    names = [first[i].strip() for i in above]
    words = [
        i
        for i in above
        if not is_missing(first[i])
        and _kind([first[i]], style) == "text"
        and all(style.is_number(row[i]) or is_missing(row[i]) for row in body)
    ]
    if words and len(set(names)) == len(names):
        word = shorten(first[words[0]].strip(), 40)
        return Header(True, f"took the first row as names of columns: {word!r} is above numbers")
    known = [i for i, kind in enumerate(kinds) if kind == "text" and _names_a_class(first[i])]
    if known and _rise(names, style):
        word = first[known[0]].strip()
        return Header(True, f"took the first row as names of columns: one of them is {word!r}")
    if not _count_up(names):
        return Header(False)
    below = [body[0][i].strip().lstrip("+-") for i in above]
    if not any(cell.isdecimal() for cell in below):
        return Header(True)
    if len(above) < _COUNTED or names[0] not in ("0", "1") or _count_up(below):
        return Header(False)
    return Header(True, f"took the first row as names of columns: it counts from {names[0]}")


def count_header_rows(rows: Sequence[Sequence[str]], style: NumberStyle) -> int:
    """Return how many rows name the columns, the header included: pandas writes several.

    A row below the header is one too if it has text, and no number, above all columns of numbers
    but one, the index. A row with cells above other columns only may follow it, which names the
    index. Names that are numbers repeat in the first row.
    """
    if len(rows) < 3 or any(map(style.is_number, rows[1])):
        return 1
    kinds = column_kinds(rows[_MOST_HEADER_ROWS:] or rows[2:], style)
    data = [i for i, kind in enumerate(kinds) if kind == "number"]
    above = [rows[1][i] for i in data]
    texts = [cell for cell in above if not is_missing(cell)]
    if len(texts) < max(2, len(data) - 1):
        return 1
    top = [rows[0][i] for i in data]
    if any(map(style.is_number, top)) and len(set(top)) == len(top):
        return 1
    has_index_row = len(rows) > _MOST_HEADER_ROWS and not any(rows[2][i].strip() for i in data[1:])
    return 3 if has_index_row and any(cell.strip() for cell in rows[2]) else 2


def header_names(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the names of the columns, those of several rows joined by points."""
    stripped = [[cell.strip() for cell in column] for column in zip(*rows, strict=True)]
    joined = [".".join(dict.fromkeys(filter(None, cells))) for cells in stripped]
    return [name or f"column_{i + 1}" * (i > 0) for i, name in enumerate(joined)]


def begins_with_ids(rows: Sequence[Sequence[str]]) -> bool:
    """Return True if the first column holds different whole numbers, and all others fractions."""
    if len(rows) < _FEWEST_IDS or len(rows[0]) < 3:
        return False
    ids, *others = zip(*rows, strict=True)
    if len(set(ids)) < len(ids) or not all(cell.strip().isdecimal() for cell in ids):
        return False
    return all(any("." in cell for cell in column) for column in others)


def _names_a_class(cell: str) -> bool:
    return cell.strip().lower() in (*LABEL_NAMES, *_CLASS_NAMES)


def _rise(cells: Sequence[str], style: NumberStyle) -> bool:
    """Return True for at least two numbers, each larger than the one before."""
    if len(cells) < 2 or not all(map(style.is_number, cells)):
        return False
    return all(a < b for a, b in pairwise(float(style.plain(cell)) for cell in cells))


def _count_up(cells: Sequence[str]) -> bool:
    """Return True for at least two whole numbers, each one more than the one before."""
    if len(cells) < 2 or not all(cell.isdecimal() and len(cell) < 10 for cell in cells):
        return False
    start = int(cells[0])
    return [int(cell) for cell in cells] == list(range(start, start + len(cells)))
