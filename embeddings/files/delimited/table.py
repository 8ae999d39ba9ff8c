"""CSV, TSV and their like: one row an item, a vector across columns or as a list in one cell.

As a companion of another file, its columns describe the rows of that one: TensorFlow Projector's
metadata.tsv, or a plain list of labels.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import provenance
from embeddings.files.atomic import atomic_path
from embeddings.files.delimited.dialect import Dialect, quotings, read_rows, sniff
from embeddings.files.delimited.parse import parse
from embeddings.files.draft import Draft
from embeddings.files.limits import first_line, shorten
from embeddings.files.options import Note, ReadContext, Trial
from embeddings.files.plain_text import contains, is_text, read_text
from embeddings.files.tabular.roles import (
    NOTHING,
    Column,
    Rank,
    Roles,
    choose_roles,
    columns_likelihood,
)
from embeddings.files.tabular.tables import draft_from_table
from embeddings.files.tabular.text_types import is_list, is_number, typed
from embeddings.files.tabular.writable_columns import as_texts, holds, plain, writable_columns

_HEAD = 2**16
_EXCEL = re.compile(rb"sep=.\r?\n?")
_TAKEN = ("label", "vector")
_COMPONENT = re.compile(r"dim_\d+")  # the names of the vector's columns


def matches(head: bytes, path: Path) -> bool:
    """Say whether the file is text that is neither JSON nor XML."""
    return is_text(head) and head.lstrip()[:1] not in (b"{", b"[", b"<")


def load(path: Path, context: ReadContext) -> Draft:
    """Read vectors, labels and typed metadata from one table of text.

    Raises
    ------
    EmbeddingError
        no vectors in it, rows of different length, or a cell that is no number where one belongs
    """
    text = _read_table(path, context.note)
    reading, errors = None, []
    for quoted in quotings(text):
        try:
            reading = _read(text, path, quoted, context)
        except EmbeddingError as error:
            errors.append(error)
        else:  # a cell of several lines may be two quotes that just happen to stand in the text
            if not reading.spans_lines:
                break
    if reading is None:
        raise errors[0]
    reading.trial.merge_into(context)
    draft = draft_from_table(reading.table, reading.roles, path)
    return replace(draft, provenance=replace(draft.provenance, dtype="text"))


def _read_table(path: Path, note: Note) -> pa.Buffer:
    """Return the text without what stands before the table: Excel's `sep=;`, comments with #.

    A line with # that has as many cells as the first without it is a header, or a row.
    """
    text = read_text(path, note)
    head = text.slice(0, min(text.size, _HEAD)).to_pybytes()
    if head[:4] != b"sep=" and head[:1] != b"#":
        return text
    lines = head.splitlines(keepends=True)
    count = next((i for i, line in enumerate(lines) if not line.startswith(b"#")), len(lines))
    if _EXCEL.fullmatch(lines[0]):
        count = 1
    elif count == len(lines) or _cells(lines[count]) < 2:
        return text
    else:
        count = sum(_cells(line) != _cells(lines[count]) for line in lines[:count])
    if count:
        note(f"left out {count:,} lines before the table: comments, or what Excel is to know")
    return text.slice(sum(map(len, lines[:count])))


def _cells(line: bytes) -> int:
    """Count the cells of a line: a space divides words and numbers only, not names."""
    found = max(line.count(delimiter) for delimiter in (b"\t", b";", b",", b"|"))
    parts = line.decode("utf-8", "replace").split()
    return 1 + found if found else len(parts) if all(map(is_number, parts[1:])) else 1


def vector_likelihood(path: Path) -> Rank:
    """Say how surely the file holds vectors, by its first rows; see roles.py."""
    text = _read_table(path, lambda _: None)
    best = NOTHING
    for quoted in quotings(text):
        dialect = sniff(text, path, quoted)
        rank = columns_likelihood(dialect.columns)
        if not dialect.header and rank[1] == len(dialect.columns):
            rank = (3, rank[1])
        best = max(best, rank)
    return best


def read_columns(path: Path, rows: int | None, note: Note) -> Iterator[tuple[pa.Table, str]]:
    """Yield the table that describes the rows of another file, by each way to read it.

    Whether there is a header, and whether quotes are syntax, the number of rows is to decide.

    Returns
    -------
    tables of typed columns, the likeliest first; and how each was read, to say after "3 rows"

    Raises
    ------
    EmbeddingError
        rows of different length
    """
    text = _read_table(path, note)
    found = False
    for dialect in _readings(text, path):
        try:
            table = _parse(text, dialect)
        except pa.ArrowInvalid as error:
            if dialect.quoted or found:  # quotes may be part of the labels, or syntax
                continue
            raise _locate(text, dialect, Roles((), None), error) from error
        found = True
        columns = [typed(column) for column in table.columns]
        yield pa.table(columns, names=dialect.names), " under a header" * dialect.header


def _readings(text: pa.Buffer, path: Path) -> Iterator[Dialect]:
    """Yield the ways to read a table of metadata, the likeliest first."""
    for quoted in quotings(text):
        dialect = sniff(text, path, quoted)
        yield dialect
        if dialect.header and all(column.kind == "text" for column in dialect.columns):
            names = [f"column_{i + 1}" for i in range(len(dialect.columns))]
            columns = tuple(Column(name, "text") for name in names)
            yield replace(dialect, header=False, columns=columns)


def save(embedding_set: EmbeddingSet, path: Path) -> tuple[str, ...]:
    """Write label, dim_0, dim_1, ... and the metadata under a header; tabs for .tsv, else commas.

    Texts are quoted, so that an empty one is told from a missing one. Returns what was left out:
    columns that are nested, hold NULs, or have our names; and the provenance.

    Raises
    ------
    EmbeddingError
        a label with a NUL character, which no reader expects in text
    """
    row = next((i for i, label in enumerate(embedding_set.labels) if "\0" in label), None)
    if row is not None:
        raise EmbeddingError(f"row {row}: its label holds a NUL character; write .parquet")
    columns = {"label": pa.array(embedding_set.labels, pa.string())}
    columns |= {f"dim_{i}": pa.array(v) for i, v in enumerate(embedding_set.vectors.T.copy())}
    kept, left_out = writable_columns(embedding_set.metadata, _writable, _TAKEN, _is_no_name)
    columns |= kept
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    with atomic_path(path) as temporary:
        pa.csv.write_csv(pa.table(columns), temporary, pa.csv.WriteOptions(delimiter=delimiter))
    return (*left_out, *provenance.lost(embedding_set.provenance))


def _writable(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return a column as it is written, or None where CSV cannot carry it."""
    texts = as_texts(column)
    return None if texts is None or holds(texts, r"\x00") else plain(column)


def _is_no_name(name: str) -> bool:
    """Say whether a header cannot give a column this name, or would be taken for a row with it."""
    return (
        _COMPONENT.fullmatch(name) is not None
        or name != name.strip()
        or re.search(r"[\r\n\0]", name) is not None
        or is_number(name)
        or is_list(name)
    )


@dataclass(frozen=True, eq=False)
class _Reading:
    """One way to read a file, and what was assumed."""

    table: pa.Table
    roles: Roles
    trial: Trial
    spans_lines: bool


def _read(text: pa.Buffer, path: Path, quoted: bool, context: ReadContext) -> _Reading:
    """Parse components as float32 and everything else as text, which then is typed."""
    dialect = sniff(text, path, quoted)
    trial = context.trial()
    roles = choose_roles(dialect.columns, trial)
    numbers = roles.vector if dialect.columns[roles.vector[0]].kind == "number" else ()
    try:
        table = _parse(text, dialect, numbers)
    except pa.ArrowInvalid as error:
        raise _locate(text, dialect, roles, error) from error
    spans_lines = quoted and any(
        contains(chunk.buffers()[2], b"\n")
        for column in table.columns
        if pa.types.is_string(column.type)
        for chunk in column.chunks
        if len(chunk)
    )
    apart = set(numbers)
    others = [i for i in range(len(dialect.columns)) if i not in apart]
    label = None if roles.label is None else others.index(roles.label)
    vector = len(others) if numbers else others.index(roles.vector[0])
    columns = [c if i in (label, vector) else typed(c) for i, c in enumerate(table.columns)]
    names = [dialect.names[i] for i in others] + ["vector"] * bool(numbers)
    table = pa.table(columns, names=names)
    return _Reading(table, Roles((vector,), label), trial, spans_lines)


def _parse(text: pa.Buffer, dialect: Dialect, numbers: Sequence[int] = ()) -> pa.Table:
    """Parse a text; an empty cell is null, a quoted empty one is not.

    Parameters
    ----------
    numbers : positions of the components, which come as one column of vectors, the last; all
        other columns come as strings

    Raises
    ------
    pyarrow.ArrowInvalid
        rows of different length, or text where a component belongs
    """
    names = [str(i) for i in range(len(dialect.columns))]
    components = [str(i) for i in numbers]
    types = dict.fromkeys(names, pa.string()) | dict.fromkeys(components, pa.float32())
    return parse(
        text,
        names,
        pa.csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char='"' if dialect.quoted else False,
            double_quote=dialect.quoted,
            ignore_empty_lines=len(names) > 1,
        ),
        pa.csv.ConvertOptions(
            column_types=types,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            decimal_point=dialect.decimal,
        ),
        header=dialect.header,
        components=components,
    )


def _locate(text: pa.Buffer, dialect: Dialect, roles: Roles, error: Exception) -> EmbeddingError:
    """Find the first row that cannot be read, and say where it is and what is wrong."""
    columns = dialect.columns
    numbers = [i for i in roles.vector if columns[i].kind == "number"]
    content = text.to_pybytes().decode("utf-8", "replace")
    row = -int(dialect.header)
    for line, cells in read_rows(content, dialect.delimiter, dialect.quoted):
        place = f"line {line} (row {row})"
        if len(cells) != len(columns):
            return EmbeddingError(
                f"{place}: {len(cells)} columns where the first line has {len(columns)}; "
                "all rows must be of one length"
            )
        for i in numbers if row >= 0 else ():
            cell = cells[i] if dialect.decimal == "." else cells[i].replace(",", ".", 1)
            if not is_number(cell):
                what = f"{shorten(cell)!r} is not a number" if cell else "a number is missing"
                return EmbeddingError(f"{place}, column {columns[i].name}: {what}")
        row += 1
    return EmbeddingError(f"not readable as a table ({first_line(error)})")
