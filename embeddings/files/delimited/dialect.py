"""How a delimited text is written, detected from its first rows: delimiter, quotes, header.

The first rows are split by each candidate delimiter; the one under which most cells are numbers
wins, and a column of lists wins over everything.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.delimited.cells import (
    Header,
    NumberStyle,
    begins_with_ids,
    column_kinds,
    count_header_rows,
    count_numbers,
    find_header,
    header_names,
    holds_lists,
    inner_signs,
    number_style,
)
from embeddings.files.delimited.number_parser import check_width
from embeddings.files.delimited.text_options import DETECTED, QUOTE_CHARACTERS, TextOptions
from embeddings.files.plain_text import contains
from embeddings.files.tabular.roles import Column
from embeddings.files.tabular.vector_bytes import holds_encoded_vectors

csv.field_size_limit(2**31 - 1)  # a cell may hold a whole vector

_OURS = re.compile(rb'"label"([,\t])"dim_0"')  # how a table of ours begins, see writer.py
_SINGLE_QUOTED = re.compile(rb"'[^'\n]*'(?:[\t;,|]|\r?\n)")  # how a table in single quotes begins
_EXAMINED = 2**12  # bytes that tell whether it begins so
_DELIMITERS = "\t;,| "
_SAMPLE_BYTES = 2**20
_LONGEST_LINES = 2**24  # bytes of the first two lines
_SAMPLE_CELLS = 5_000
_SAMPLE_ROWS = 200
_MANY_ROWS = 10  # of equally many words each: no sentences


@dataclass(frozen=True)
class Dialect:
    """How a text is written, and its columns.

    Attributes
    ----------
    delimiter : what separates the columns, one character
    quote : the quotation mark that may be around a cell; "" for none
    header : True if the first row holds the names of the columns
    style : how numbers are written
    columns : name and kind of each column, by position
    short_header : True if the header has one cell less than the rows
    padded : True if each of the first rows ends in a separator: the last column has no name and,
        as far as is known, no cells
    assumed : what was guessed, one sentence each
    ours : True for a table that this project wrote
    header_rows : number of rows of the header, if there is one
    """

    delimiter: str
    quote: str
    header: bool
    style: NumberStyle
    columns: tuple[Column, ...]
    short_header: bool = False
    padded: bool = False
    assumed: tuple[str, ...] = ()
    ours: bool = False
    header_rows: int = 1

    @property
    def first_row(self) -> int:
        """Number of rows above the data."""
        return self.header_rows if self.header else 0

    @property
    def names(self) -> list[str]:
        """Names of the columns; they may repeat."""
        return [column.name for column in self.columns]


def quote_candidates(text: pa.Buffer, options: TextOptions = DETECTED) -> tuple[str, ...]:
    """Return the quotation marks that may be syntax, "" for none, the more likely first."""
    if options.quotes is not None:
        return (QUOTE_CHARACTERS[options.quotes],)
    if _ours(text):
        return ('"',)
    if contains(text, b'"'):
        return ('"', "")
    return ("'", "") if _SINGLE_QUOTED.match(bytes(text[:_EXAMINED])) else ("",)


def sniff(
    text: pa.Buffer,
    path: Path,
    quote: str,
    options: TextOptions = DETECTED,
    delimiter: str | None = None,
    several_columns: bool = False,
) -> Dialect:
    """Detect the dialect of a text from its first MiB, as far as the user does not state it.

    Parameters
    ----------
    path : its suffix .csv makes a delimiter more likely where no cell is a number
    quote : the quotation mark that is part of the syntax; "" for none
    options : what the user states; the delimiter is the next parameter
    delimiter : the delimiter, if it is known
    several_columns : True for a table that is known to have two columns at least; otherwise text
        without numbers may be a list of labels, in which commas are not delimiters

    Raises
    ------
    EmbeddingError
        more columns than a table of text may have
    """
    head = _sample(text)
    ours = "" if options.stated else _ours(text)
    if ours:
        return _describe(_split(head, ours, quote), ours, quote, ours=True)
    candidates = _DELIMITERS if delimiter is None else delimiter
    found = {each: _split(head, each, quote) for each in candidates}
    splits = {
        each: rows if options.header == "no" else _filled_up(rows, each)
        for each, rows in found.items()
    }
    text_table = several_columns or path.suffix.lower() == ".csv"
    scores = {
        each: _score(rows, each, text_table, several_columns) for each, rows in splits.items()
    }
    best = max(splits, key=scores.__getitem__)
    check_width(len(splits[best][0]))
    short = len(found[best][0]) < len(splits[best][0])
    return _describe(splits[best], best, quote, options, short=short)


def _ours(text: pa.Buffer) -> str:
    """Return the delimiter of a table that we have written; empty for any other."""
    begin = _OURS.match(text.slice(0, min(text.size, 32)).to_pybytes())
    return begin[1].decode() if begin else ""


def _describe(
    rows: list[list[str]],
    delimiter: str,
    quote: str,
    options: TextOptions = DETECTED,
    *,
    ours: bool = False,
    short: bool = False,
) -> Dialect:
    """Complete a dialect from its rows; a table of ours has a header, and "." in numbers.

    Parameters
    ----------
    short : True if the first row was filled up to the length of the others; it is a header then
    """
    width = len(rows[0])
    rows = [row for row in rows if len(row) == width]
    padded = not ours and width > 1 and not any(row[-1].strip() for row in rows)
    used = width - padded
    cells = [row[:used] for row in rows]
    style = NumberStyle()
    if not ours:
        style = number_style(cells[0], cells[1:] or cells, delimiter, options.decimal)
    kinds = column_kinds(cells[1:] or cells, style)
    if options.header is not None:
        header = Header(options.header == "yes")
    else:
        header = Header(True) if ours or short else find_header(cells, kinds, style)
    assumed = [header.assumed] if header.assumed else []
    first = 1 if ours or short or options.header == "no" else count_header_rows(cells, style)
    if header.present or first > 1:
        header = Header(True)
        names, body = header_names(cells[:first]), cells[first:]
        kinds = column_kinds(body, style) if first > 1 else kinds
    else:
        names, body = [f"column_{i + 1}" for i in range(used)], cells
        kinds = column_kinds(cells, style)
        if begins_with_ids(cells):
            kinds[0] = "text"
            assumed.append("took the first column, of different whole numbers, as names of rows")
    if first > 1:
        assumed.append(f"the names of columns are in {first} rows: joined them")
    columns = [
        Column(name, "list" if kind == "text" and _holds_bytes(name, body, i) else kind)
        for i, (name, kind) in enumerate(zip(names, kinds, strict=True))
    ]
    if padded:
        columns.append(Column(f"column_{width}", "other"))
    if short and not padded:
        assumed.append("the first row is one name short: took the first column as names of rows")
    if style.thousands:
        assumed.append(f"numbers are written with {style.thousands!r} between thousands")
    return Dialect(
        delimiter,
        quote,
        header.present,
        style,
        tuple(columns),
        short,
        padded,
        tuple(assumed),
        ours,
        max(first, 1),
    )


def _holds_bytes(name: str, rows: list[list[str]], position: int) -> bool:
    """Return True if a column of text holds vectors as bytes, in hex or base64."""
    column = pa.chunked_array([[row[position] for row in rows]], pa.string())
    return holds_encoded_vectors(name, column)


def _filled_up(rows: list[list[str]], delimiter: str) -> list[list[str]]:
    """Return the rows with a cell more in the first one, if it is a header that is one cell short.

    R names the rows but not their column; other programs end each row, but not the header, with a
    separator.
    """
    first, body = rows[0], rows[1:]
    if not body or any(len(row) != len(first) + 1 for row in body):
        return rows
    if not any(row[-1].strip() for row in body):
        return [[*first, ""], *body]
    style = number_style(["", *first], body, delimiter)
    if any(style.is_number(cell) for cell in first):
        return rows
    matrix = any(kind != "text" for kind in column_kinds(body, style)[1:])
    return [["", *first], *body] if matrix or (len(first) > 1 and delimiter != " ") else rows


def _sample(text: pa.Buffer) -> str:
    """Return the first lines, as many as fit the sample but at least two."""
    head = text.slice(0, min(text.size, _SAMPLE_BYTES)).to_pybytes()
    if text.size > _SAMPLE_BYTES:
        whole = head.count(b"\n")
        head = b"\n".join(head.split(b"\n", whole)[:-1]) if whole > 1 else _two_lines(text)
    return head.decode("utf-8", "replace")


def _two_lines(text: pa.Buffer) -> bytes:
    """Return the first two lines, if they are long.

    Raises
    ------
    EmbeddingError
        they are longer than any row of numbers that is read
    """
    head = text.slice(0, min(text.size, _LONGEST_LINES)).to_pybytes()
    if head.count(b"\n") < 2 and text.size > _LONGEST_LINES:
        raise EmbeddingError(
            f"line 1 or 2 is longer than {_LONGEST_LINES:,} bytes; expected a row of a table in "
            "each line; write a matrix with numpy.save"
        )
    return b"\n".join(head.split(b"\n", 2)[:2])


def read_rows(
    lines: Iterable[str], delimiter: str, quote: str, strict: bool = False, first_line: int = 1
) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the number of its first line, by Python's slow reader; no blank lines.

    Parameters
    ----------
    lines : with their ends
    quote : the quotation mark that may be around a cell; "" for none
    strict : True to raise EmbeddingError for quotes that are not closed, or are inside a cell
    first_line : number of the first of `lines`
    """
    if quote:
        reader = csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=strict)
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


def _split(head: str, delimiter: str, quote: str) -> list[list[str]]:
    """Return the first rows, split into cells; at least one row."""
    first = islice(read_rows(io.StringIO(head, newline=""), delimiter, quote), _SAMPLE_ROWS)
    rows = [row for _, row in first] or [[""]]
    return rows[: max(2, _SAMPLE_CELLS // len(rows[0]))]


def _score(
    rows: list[list[str]], delimiter: str, text_table: bool, several_columns: bool
) -> tuple[float, float]:
    """Return how well a delimiter explains the rows: by lists, then by numbers in a row.

    Parameters
    ----------
    text_table : True if a table without numbers may be divided by any delimiter, not only by tabs
    several_columns : see sniff; a space then may divide two or three words in each row, or more
        if some are numbers or there are many rows
    """
    width = len(rows[0])
    if width < 2:
        return 0, 0
    body = [row for row in rows[1:] or rows if len(row) == width]
    columns, comma = list(zip(*body, strict=True)), delimiter != ","
    count = sum(count_numbers(cells, comma) for cells in columns)
    numbers = count / len(rows[1:] or rows)  # rows of another length count against the delimiter
    inner = [inner_signs(row, delimiter) for row in body]
    lists = any(
        holds_lists(name, cells, inner, delimiter)
        for name, cells in zip(rows[0], columns, strict=False)
    )
    if delimiter == " " and numbers < max(2, width / 2):  # words ("item 7"), not a matrix
        same = all(len(row) == width for row in rows)
        is_table = width <= 3 or numbers >= 1 or len(rows) >= _MANY_ROWS
        return 0, 1e-9 if several_columns and same and is_table else 0
    if numbers == 0 and (delimiter == "\t" or text_table):
        return lists, 1e-6 * len(body) / len(rows) + (1e-12 if several_columns else 0)
    return lists, numbers
