"""The text of a table as an Arrow table; errors name line, row and column.

number_parser.py parses the cells; what they mean is up to the caller.
"""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from embeddings.errors import EmbeddingError
from embeddings.files.delimited.cells import UNITS, NumberStyle
from embeddings.files.delimited.dialect import Dialect, read_rows
from embeddings.files.delimited.number_parser import parse
from embeddings.files.limits import first_line
from embeddings.files.options import Note
from embeddings.files.plain_text import check_line_lengths, read_encoded_text
from embeddings.files.tabular.text_types import MISSING, holds_number, is_missing
from embeddings.text import count_noun, shorten

_HEAD_BYTES = 2**16
_FIRST_LINE_BYTES = 2**22
_COMMENTS = (b"#", b"%")
_EXCEL = re.compile(rb"sep=.\r?\n?")


@dataclass(frozen=True, eq=False)
class TableText:
    """The text of a table.

    Attributes
    ----------
    content : UTF-8, without the lines before the table
    skipped : number of lines before the table in the file
    encoding : Python's name of the encoding of the file
    separator : what separates the columns in the file, where `content` has another character in
        its place; "" for nothing of that kind
    """

    content: pa.Buffer
    skipped: int = 0
    encoding: str = "utf-8"
    separator: str = ""

    def rows(self, dialect: Dialect, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
        """Yield each row, the header too, with the number of its first line in the file.

        Parameters
        ----------
        strict : True to raise EmbeddingError for quotes that are not closed, or are inside a cell
        """
        lines = io.TextIOWrapper(
            pa.BufferReader(self.content), encoding="utf-8", errors="replace", newline=""
        )
        return read_rows(lines, dialect.delimiter, dialect.quote, strict, 1 + self.skipped)


def read_table_text(path: Path, note: Note, encoding: str | None = None) -> TableText:
    """Read a text without the lines before its table: comments (#, %), or Excel's `sep=;`.

    A comment that has as many cells as the first line after the comments is a header, or a row.

    Parameters
    ----------
    encoding : Python's name of the encoding; None to detect it

    Raises
    ------
    EmbeddingError
        as read_encoded_text does
    """
    text, encoding = read_encoded_text(path, note, encoding)
    check_line_lengths(text)
    head = text.slice(0, min(text.size, _HEAD_BYTES)).to_pybytes()
    if not head.startswith((b"sep=", *_COMMENTS)):
        return TableText(text, encoding=encoding)
    lines = head.splitlines(keepends=True)
    first = (i for i, line in enumerate(lines) if line.strip() and not line.startswith(_COMMENTS))
    count = next(first, len(lines))
    if _EXCEL.fullmatch(lines[0]):
        count = 1
    elif count == len(lines) or _count_cells(lines[count]) < 2:
        return TableText(text, encoding=encoding)
    else:
        count = sum(_count_cells(line) != _count_cells(lines[count]) for line in lines[:count])
    if count:
        found = count_noun(count, "line")
        note(f"skipped {found} before the table: comments, or the separator for Excel")
    return TableText(text.slice(sum(map(len, lines[:count]))), count, encoding)


def _count_cells(line: bytes) -> int:
    """Count the cells of a line: a space separates words and numbers only, not names."""
    found = max(line.count(separator) for separator in (b"\t", b";", b",", b"|", b"::"))
    parts = line.decode("utf-8", "replace").split()
    return 1 + found if found else len(parts) if all(map(holds_number, parts[1:])) else 1


def parse_table(text: TableText, dialect: Dialect, numbers: Sequence[int] = ()) -> pa.Table:
    """Parse a text; an empty cell is null, a quoted empty one is not.

    Parameters
    ----------
    numbers : positions of the columns that are the components of a vector

    Returns
    -------
    table of strings, its columns named "0", "1", ... by their positions; those in `numbers` are
    one column `vector` at the end, of fixed-size lists of float32, NaN where a number is missing

    Raises
    ------
    EmbeddingError
        rows of different length, or text where a component belongs
    """
    try:
        if not dialect.style.thousands:
            try:
                return _parse(text, dialect, numbers)
            except pa.ArrowInvalid:
                if not numbers:
                    raise
        return _as_components(_parse(text, dialect), numbers, dialect.style)
    except pa.ArrowInvalid as error:
        raise _located(text, dialect, numbers, error) from error


def _parse(text: TableText, dialect: Dialect, numbers: Sequence[int] = ()) -> pa.Table:
    """Parse a text; components are numbers as pyarrow reads them, "" for a missing one."""
    names = [str(i) for i in range(len(dialect.columns))]
    components = [str(i) for i in numbers]
    types = dict.fromkeys(names, pa.string()) | dict.fromkeys(components, pa.float32())
    content, header = text.content, dialect.header
    if dialect.short_header or dialect.first_row > 1:
        # pyarrow refuses a row of another length even where it skips it
        for _ in range(dialect.first_row):
            content, header = _without_first_line(content), False
    return parse(
        content,
        names,
        pa.csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char=dialect.quote or False,
            double_quote=bool(dialect.quote),
            ignore_empty_lines=len(names) > 1,
        ),
        pa.csv.ConvertOptions(
            column_types=types,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            decimal_point=dialect.style.decimal,
        ),
        header=header,
        components=components,
    )


def _without_first_line(content: pa.Buffer) -> pa.Buffer:
    """Return a text from its second line on that is not blank."""
    head = content.slice(0, min(content.size, _FIRST_LINE_BYTES)).to_pybytes()
    first = re.match(rb"\s*[^\r\n]*\r?\n?", head)
    return content.slice(first.end() if first else 0)


def _as_components(table: pa.Table, numbers: Sequence[int], style: NumberStyle) -> pa.Table:
    """Return a table of strings with some of its columns as one column `vector` of components.

    Unlike pyarrow, this reads separated thousands, and NULL, NA and the like as missing numbers.

    Raises
    ------
    pyarrow.ArrowInvalid
        a cell that is neither a number nor missing
    """
    if not numbers:
        return table
    vectors = np.empty((table.num_rows, len(numbers)), dtype=np.float32)
    for j, i in enumerate(numbers):
        cells = pc.utf8_trim_whitespace(table.column(i))
        missing = pc.match_substring_regex(cells, MISSING)
        cells = pc.if_else(missing.fill_null(True), pa.scalar(None, cells.type), cells)
        cells = plain_numbers(cells, style)
        vectors[:, j] = cells.cast(pa.float64()).cast(pa.float32(), safe=False).to_numpy()
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), len(numbers))
    kept = [i for i in range(table.num_columns) if i not in set(numbers)]
    rest = table.select(kept)
    return pa.table([*rest.columns, column], names=[*rest.column_names, "vector"])


def plain_numbers(cells: pa.ChunkedArray, style: NumberStyle) -> pa.ChunkedArray:
    """Return numbers of a style, without spaces around them, as Python writes them.

    Raises
    ------
    pyarrow.ArrowInvalid
        a cell that is no number of that style
    """
    cells = _without_units(cells)
    if style.thousands:
        marked = cells.filter(pc.match_substring(cells, style.thousands).fill_null(False))
        if not pc.all(pc.match_substring_regex(marked, style.grouped), min_count=0).as_py():
            raise pa.ArrowInvalid("a cell with a separator of thousands in another place")
        cells = pc.replace_substring(cells, style.thousands, "")
    if style.decimal == ",":
        if pc.any(pc.match_substring(cells, "."), min_count=0).as_py():
            raise pa.ArrowInvalid("a cell with a decimal point among decimal commas")
        cells = pc.replace_substring(cells, ",", ".", max_replacements=1)
    return cells


def _without_units(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return numbers without the signs of currencies or percent."""
    start, end = UNITS
    if not pc.any(pc.match_substring_regex(cells, f"{start}|{end}"), min_count=0).as_py():
        return cells
    cells = pc.replace_substring_regex(cells, start, r"\1")
    return pc.replace_substring_regex(cells, end, "")


def without_padding(columns: list[pa.ChunkedArray], dialect: Dialect) -> list[pa.ChunkedArray]:
    """Return the columns without the last one if each row ends in a separator."""
    empty = dialect.padded and columns[-1].null_count == len(columns[-1])
    return columns[:-1] if empty else columns


def line_of(text: TableText, dialect: Dialect, row: int) -> int:
    """Return the number of the line of the file on which a row begins; rows count from 0."""
    lines = (line for line, _ in text.rows(dialect))
    return next(line for i, line in enumerate(lines) if i == row + dialect.first_row)


def _located(
    text: TableText, dialect: Dialect, numbers: Sequence[int], error: Exception
) -> EmbeddingError:
    """Find the first row that cannot be parsed, and describe where it is and what is wrong."""
    columns = dialect.columns
    row = -dialect.first_row
    for line, cells in text.rows(dialect):
        place = f"line {line} (row {row})"
        short = dialect.short_header and row < 0
        if len(cells) != len(columns) - short:
            return EmbeddingError(
                f"{place}: {count_noun(len(cells), 'column')} where the first line has "
                f"{len(columns)}; quote the cells that hold the separator"
            )
        for i in numbers if row >= 0 else ():
            cell = cells[i]
            if not is_missing(cell) and not dialect.style.is_number(cell):
                what = f"{shorten(cell, 40)!r} is not a number"
                return EmbeddingError(f"{place}, column {columns[i].name}: {what}")
        row += 1
    return EmbeddingError(f"not readable as a table ({first_line(error)})")
