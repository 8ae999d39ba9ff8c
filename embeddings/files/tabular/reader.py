"""Any table as an Arrow table: Parquet, Arrow, JSON Lines, or text such as CSV, also compressed.

This is the reader of tables that do not hold vectors: pairs, predictors, texts with labels. Text is
read with the same detection of encoding, separator, quotes and header as files of vectors.
"""

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from embeddings.arrow_types import decoded
from embeddings.errors import EmbeddingError
from embeddings.files.delimited.cells import NumberStyle
from embeddings.files.delimited.dialect import Dialect, quote_candidates, read_rows, sniff
from embeddings.files.delimited.reading_summary import record_dialect
from embeddings.files.delimited.table import (
    TableText,
    line_of,
    parse_table,
    plain_numbers,
    without_padding,
)
from embeddings.files.delimited.text_options import DETECTED, TextOptions
from embeddings.files.detect import ARROW, JSON, PARQUET, Format, first_match
from embeddings.files.limits import check_bytes, error_context, limited_reading
from embeddings.files.members import open_single
from embeddings.files.options import Choice, ChoiceName, Note, ReadContext, log_note
from embeddings.files.tabular.separators import read_separated_text
from embeddings.files.tabular.table_draft import is_row_numbers
from embeddings.files.tabular.text_types import infer_type
from embeddings.text import count_noun

MISSING_MARKS = ("", "?", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")
"""Cells of text that stand for a missing value."""

_HEAD_BYTES = 2**16
_FIRST_BYTES, _FIRST_ROWS = 2**16, 200  # read to decide whether a header of words is data


def read_table(
    path: Path,
    columns: Sequence[str] = (),
    options: TextOptions = DETECTED,
    *,
    as_text: bool = False,
    note: Note = log_note,
    choices: dict[ChoiceName, Choice] | None = None,
) -> pa.Table:
    """Read a table with typed columns, or all cells as text.

    Parameters
    ----------
    path : a file, compressed or not, or an archive with one file in it
    columns : names of all columns, for text without a header
    options : how text is written, as far as it is known. Parquet, Arrow and JSON have names
    as_text : True for strings exactly as they are written, "" where a cell is empty. Otherwise
        spaces around cells are ignored, MISSING_MARKS are null, and a column whose cells all are
        numbers, booleans or dates has that type
    note : receives what was assumed or left out, one sentence per call
    choices : receives how text was read, by name of the option; nothing for other formats

    Raises
    ------
    EmbeddingError
        no such file, no readable table, rows of different length, a name that repeats, or another
        number of names than columns; its `choices` are how text was read
    """
    if not path.is_file():
        raise EmbeddingError(f"{path}: no such file; give a table")
    with limited_reading([path]), open_single(path, note) as file, error_context(path):
        check_bytes(file.stat().st_size, "the file has")
        file_format = _typed_format(file)
        if file_format is None:
            context = ReadContext(note, choices={} if choices is None else choices)
            try:
                return _read_text(file, columns, options, as_text, context)
            except EmbeddingError as error:
                error.choices = tuple(context.choices.values())
                raise
        if columns:
            raise EmbeddingError("names of columns are for text without a header; leave them out")
        table: pa.Table
        if file_format == JSON:
            table = JSON.module.read_table(file, note)
        else:
            table = file_format.module.read_table(file)
        return _cells_as_text(table) if as_text else table


def has_types(path: Path) -> bool:
    """Return True if a table is Parquet, Arrow or JSON, whose columns have names and types."""
    with open_single(path, _ignore) as file:
        return _typed_format(file) is not None


def has_row_names(path: Path, options: TextOptions = DETECTED) -> bool:
    """Return True if the first column of a text is names of rows, which its header has no name for.

    R's write.table writes such tables.

    Raises
    ------
    EmbeddingError
        as read_table does
    """
    with limited_reading([path]), open_single(path, _ignore) as file, error_context(path):
        if _typed_format(file) is not None:
            return False
        dialect = _sniffed(file, options, _ignore)[1]
    return dialect.short_header and not dialect.padded


def place_of(path: Path, row: int, options: TextOptions = DETECTED) -> str:
    """Return where a row of a table is in its file, for messages: "line 3", or "row 2" from 1.

    Parameters
    ----------
    row : number of the row in what read_table returns for the same arguments, from 0
    """
    with limited_reading([path]), open_single(path, _ignore) as file:
        if _typed_format(file) is not None:
            return f"row {row + 1}"
        text, dialect = _detect(file, (), options, ReadContext(_ignore))
        return f"line {line_of(text, dialect, row)}"


def _ignore(sentence: str) -> None:
    """Receive a note that was given before."""


def _typed_format(file: Path) -> Format | None:
    """Return the format of a file whose columns have types; None for text."""
    with file.open("rb") as opened:
        return first_match(opened.read(_HEAD_BYTES), file, (PARQUET, ARROW, JSON))


def _read_text(
    file: Path,
    columns: Sequence[str],
    options: TextOptions,
    as_text: bool,
    context: ReadContext,
) -> pa.Table:
    """Read delimited text; see read_table."""
    text, dialect = _detect(file, columns, options, context)
    record_dialect(dialect, text, context)
    table = parse_table(text, dialect)
    _check_last_quote(table, text, dialect)
    columns = without_padding(table.columns, dialect)
    if as_text:
        cells = [column.fill_null("") for column in columns]
    else:
        described = zip(columns, dialect.columns, strict=False)
        cells = [
            infer_type(_tidied(column, dialect.style if each.kind == "number" else NumberStyle()))
            for column, each in described
        ]
    found = pa.table(cells, names=dialect.names[: len(cells)])
    if dialect.header and not as_text and is_row_numbers(dialect.names[0], found.column(0)):
        context.note("left out the first column: row numbers")
        found = found.remove_column(0)
    return found


def _sniffed(file: Path, options: TextOptions, note: Note) -> tuple[TableText, Dialect]:
    """Return the text of a table and its dialect, with the first row as a header if it may be."""
    text, separator = read_separated_text(file, options, note)
    quote = quote_candidates(text.content, options)[0]
    return text, sniff(text.content, file, quote, options, separator, several_columns=True)


def _detect(
    file: Path, columns: Sequence[str], options: TextOptions, context: ReadContext
) -> tuple[TableText, Dialect]:
    """Return the text of a table and its dialect, under the names that are given."""
    text, dialect = _sniffed(file, options, context.note)
    record_dialect(dialect, text, context)  # what is known of it if an error follows
    if columns:
        if len(columns) != len(dialect.columns):
            found = count_noun(len(dialect.columns), "column")
            raise EmbeddingError(f"{count_noun(len(columns), 'name')} for {found}; name all")
        named = zip(columns, dialect.columns, strict=True)
        return text, replace(
            dialect,
            header=options.header == "yes",
            columns=tuple(replace(c, name=name) for name, c in named),
        )
    is_open = options.header is None and dialect.header
    recurring = _recurring_name(text, dialect) if is_open else ""
    if recurring:
        context.note(
            f"no header: {recurring!r} occurs again in its column, so the first line is data"
        )
        numbered = enumerate(dialect.columns, 1)
        renamed = tuple(replace(c, name=f"column_{i}") for i, c in numbered)
        return text, replace(dialect, header=False, columns=renamed)
    for sentence in dialect.assumed:
        context.note(sentence)
    repeated = next((name for name, n in Counter(dialect.names).items() if n > 1), None)
    if repeated is not None:
        raise EmbeddingError(
            f"two columns are called {repeated!r}; rename one, or name all columns if the first "
            "line is data"
        )
    return text, dialect


def _recurring_name(text: TableText, dialect: Dialect) -> str:
    """Return a cell of the first row that occurs again in its column, if all cells are words."""
    if any(column.kind != "text" for column in dialect.columns):
        return ""
    head = text.content.slice(0, min(text.content.size, _FIRST_BYTES)).to_pybytes()
    lines = io.StringIO(head.decode("utf-8", "replace"), newline="")
    rows = read_rows(lines, dialect.delimiter, dialect.quote)
    first, *body = (row for _, row in islice(rows, _FIRST_ROWS))
    for i, name in enumerate(first):
        if name.strip() and any(len(row) > i and row[i] == name for row in body):
            return name
    return ""


def _check_last_quote(table: pa.Table, text: TableText, dialect: Dialect) -> None:
    """Raise EmbeddingError, naming the line, where the quotes of the last cell are not closed.

    Such a cell holds all lines from there to the end of the file.
    """
    last = table.columns[-1][-1].as_py() if dialect.quote and table.num_rows else None
    if last is not None and "\n" in last:
        for _ in text.rows(dialect, strict=True):
            pass


def _tidied(column: pa.ChunkedArray, style: NumberStyle) -> pa.ChunkedArray:
    """Strip the spaces around cells; MISSING_MARKS become null, numbers as Python writes them."""
    column = pc.utf8_trim_whitespace(column)
    marks = pa.array(MISSING_MARKS)
    column = pc.if_else(pc.is_in(column, value_set=marks), pa.scalar(None, pa.string()), column)
    try:
        return plain_numbers(column, style)
    except pa.ArrowInvalid:  # a column of numbers and something else stays text
        return column


def _cells_as_text(table: pa.Table) -> pa.Table:
    """Return all cells as text, "" where one is missing."""
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        try:
            columns.append(decoded(column).cast(pa.string()).fill_null(""))
        except pa.ArrowException as error:
            raise EmbeddingError(
                f"column {name} holds values of type {column.type}; expected text or numbers"
            ) from error
    return pa.table(columns, names=table.column_names)
