"""How a delimited text is written, detected from its first rows: delimiter, quotes, header.

The first rows are split by each candidate delimiter; the one under which most cells are numbers
wins, and a column of lists wins over everything.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.delimited.number_parser import check_width
from embeddings.files.plain_text import contains
from embeddings.files.tabular.roles import LABEL_NAMES, Column, Kind
from embeddings.files.tabular.text_types import holds_list, holds_number

csv.field_size_limit(2**31 - 1)  # a cell may hold a whole vector

_OURS = re.compile(rb'"label"([,\t])"dim_0"')  # how a table of ours begins, see writer.py
_DELIMITERS = "\t;,| "
_SAMPLE_BYTES = 2**20
_SAMPLE_CELLS = 5_000
_SAMPLE_ROWS = 200
_MOST_DIGITS = 18


@dataclass(frozen=True)
class Dialect:
    """How a text is written, and its columns.

    Attributes
    ----------
    delimiter : what separates the columns, one character
    quoted : True if quotes around a cell are part of the syntax
    header : True if the first row holds the names of the columns
    decimal : the decimal point of numbers, '.' or ','
    columns : name and kind of each column, by position
    """

    delimiter: str
    quoted: bool
    header: bool
    decimal: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """Names of the columns; they may repeat."""
        return [column.name for column in self.columns]


def quotings(text: pa.Buffer) -> tuple[bool, ...]:
    """Return whether quotes around cells may be syntax, the more likely answer first."""
    if _ours(text):
        return (True,)
    return (True, False) if contains(text, b'"') else (False,)


def sniff(
    text: pa.Buffer,
    path: Path,
    quoted: bool,
    delimiter: str | None = None,
    several_columns: bool = False,
) -> Dialect:
    """Detect the dialect of a text from its first MiB.

    Parameters
    ----------
    path : its suffix .csv makes a delimiter more likely where no cell is a number
    quoted : True if quotes around a cell are part of the syntax
    delimiter : the delimiter, if it is known
    several_columns : True for a table that is known to have two columns at least; otherwise text
        without numbers may be a list of labels, in which commas are not delimiters

    Raises
    ------
    EmbeddingError
        more columns than a table of text may have
    """
    head = _sample(text)
    ours = _ours(text)
    if ours:
        return _describe(_split(head, ours, quoted), ours, quoted, ours=True)
    candidates = _DELIMITERS if delimiter is None else delimiter
    splits = {each: _split(head, each, quoted) for each in candidates}
    text_table = several_columns or path.suffix.lower() == ".csv"
    scores = {
        each: _score(rows, each, text_table, several_columns) for each, rows in splits.items()
    }
    best = max(splits, key=scores.__getitem__)
    check_width(len(splits[best][0]))
    return _describe(splits[best], best, quoted)


def _ours(text: pa.Buffer) -> str:
    """Return the delimiter of a table that we have written; empty for any other."""
    begin = _OURS.match(text.slice(0, min(text.size, 32)).to_pybytes())
    return begin[1].decode() if begin else ""


def _describe(rows: list[list[str]], delimiter: str, quoted: bool, ours: bool = False) -> Dialect:
    """Complete a dialect from its rows; a table of ours has a header, and "." in numbers."""
    width = len(rows[0])
    rows = [row for row in rows if len(row) == width]
    cells = [cell for row in rows[-10:] for cell in row]
    plain, commas = sum(map(holds_number, cells)), sum(map(_is_comma_number, cells))
    decimal = "," if delimiter != "," and commas > plain and not ours else "."
    kinds = _kinds(rows[1:] or rows, decimal)
    header = ours or _has_header(rows, kinds, decimal)
    if header:
        names = [name.strip() or f"column_{i + 1}" * (i > 0) for i, name in enumerate(rows[0])]
    else:
        names = [f"column_{i + 1}" for i in range(width)]
        kinds = _kinds(rows, decimal)
    columns = tuple(Column(name, kind) for name, kind in zip(names, kinds, strict=True))
    return Dialect(delimiter, quoted, header, decimal, columns)


def _has_header(rows: list[list[str]], kinds: Sequence[Kind], decimal: str) -> bool:
    """Return True if the first row names the columns.

    It does if no cell of it above numbers or lists is one itself, or if those cells count up
    (0, 1, 2, as pandas writes them) above fractions. If all columns are text, two or more have a
    header, which is TensorFlow Projector's rule; a single one has if it is called label, word, ...
    """
    first, body = rows[0], rows[1:]
    if not body:
        return not any(kind in ("number", "list") for kind in _kinds([first], decimal))
    data = [i for i, kind in enumerate(kinds) if kind in ("number", "list")]
    if not data:
        return len(first) > 1 or first[0].strip().lower() in LABEL_NAMES
    above = [i for i in data if first[i].strip()]
    if all(_kind([first[i]], decimal) == "text" for i in above):
        return True
    if len(above) < 2 or not all(_is_count(first[i].strip()) for i in above):
        return False
    start = int(first[above[0]])
    counts_up = [int(first[i]) for i in above] == list(range(start, start + len(above)))
    return counts_up and all(not body[0][i].strip().lstrip("+-").isdecimal() for i in above)


def _is_count(cell: str) -> bool:
    """Return True for the digits of a number of 64 bits at most."""
    return cell.isdecimal() and len(cell) <= _MOST_DIGITS


def _sample(text: pa.Buffer) -> str:
    """Return the first lines, as many as fit the sample but at least two."""
    head = text.slice(0, min(text.size, _SAMPLE_BYTES)).to_pybytes()
    if text.size > _SAMPLE_BYTES:
        whole = head.count(b"\n")
        kept = head.split(b"\n", whole) if whole > 1 else [*text.to_pybytes().split(b"\n", 2), b""]
        head = b"\n".join(kept[:-1])
    return head.decode("utf-8", "replace")


def read_rows(
    text: str, delimiter: str, quoted: bool, strict: bool = False, first_line: int = 1
) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the number of its first line, by Python's slow reader; no blank lines.

    Parameters
    ----------
    strict : True to raise EmbeddingError for quotes that are not closed, or are inside a cell
    first_line : number of the first line of `text`
    """
    lines = io.StringIO(text, newline="")
    if quoted:
        reader = csv.reader(lines, delimiter=delimiter, strict=strict)
    else:
        reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    start = first_line
    try:
        for row in reader:
            if row:
                yield start, row
            start = first_line + reader.line_num
    except csv.Error as error:
        raise EmbeddingError(f"line {start}: {error}; check the quotes on that line") from error


def _split(head: str, delimiter: str, quoted: bool) -> list[list[str]]:
    """Return the first rows, split into cells; at least one row."""
    first = islice(read_rows(head, delimiter, quoted), _SAMPLE_ROWS)
    rows = [row for _, row in first] or [[""]]
    return rows[: max(2, _SAMPLE_CELLS // len(rows[0]))]


def _score(
    rows: list[list[str]], delimiter: str, text_table: bool, several_columns: bool
) -> tuple[float, float]:
    """Return how well a delimiter explains the rows: by lists, then by numbers in a row.

    Parameters
    ----------
    text_table : True if a table without numbers may be divided by any delimiter, not only by tabs
    several_columns : see sniff; a space then may divide two or three words in each row
    """
    width = len(rows[0])
    if width < 2:
        return 0, 0
    body = [row for row in rows[1:] or rows if len(row) == width]
    cells = [cell for row in body for cell in row]
    comma = delimiter != ","
    count = sum(holds_number(cell) or (comma and _is_comma_number(cell)) for cell in cells)
    numbers = count / len(rows[1:] or rows)  # rows of another length count against the delimiter
    lists = any(
        2 * sum("[" in row[i] and holds_list(row[i]) for row in body) >= len(body) > 0
        for i in range(width)
    )
    if delimiter == " " and numbers < max(2, width / 2):  # words ("item 7"), not a matrix
        same = all(len(row) == width for row in rows)
        return 0, 1e-9 if several_columns and same and width <= 3 else 0
    if numbers == 0 and (delimiter == "\t" or text_table):
        return lists, 1e-6 * len(body) / len(rows) + (1e-12 if several_columns else 0)
    return lists, numbers


def _kinds(rows: Sequence[Sequence[str]], decimal: str) -> list[Kind]:
    return [_kind(cells, decimal) for cells in zip(*rows, strict=True)]


def _kind(cells: Sequence[str], decimal: str) -> Kind:
    """Return what at least half of a column's cells are, not counting blank ones."""
    present = [cell for cell in cells if cell.strip()]
    if not present:
        return "text"
    number = holds_number if decimal == "." else _is_comma_number
    numbers = [cell for cell in present if number(cell)]
    if 2 * len(numbers) >= len(present) and re.search(r"\d", "".join(numbers)):  # nan is a word
        return "number"
    if 2 * sum(map(holds_list, present)) >= len(present):
        return "list"
    return "text"


def _is_comma_number(cell: str) -> bool:
    return "." not in cell and holds_number(cell.replace(",", ".", 1))
