"""CSV, TSV and their like: one row per item, a vector across columns or as a list in one cell.

As a companion of another file, its columns describe the rows of that one: TensorFlow Projector's
metadata.tsv, or a plain list of labels.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from xml.parsers import expat

import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.delimited.cells import NumberStyle
from embeddings.files.delimited.dialect import Dialect, quote_candidates, sniff
from embeddings.files.delimited.reading_summary import record_dialect
from embeddings.files.delimited.table import (
    TableText,
    parse_table,
    plain_numbers,
    without_padding,
)
from embeddings.files.delimited.text_options import DETECTED, TextOptions
from embeddings.files.draft import Draft
from embeddings.files.json import reader as json_reader
from embeddings.files.options import Note, ReadContext, Trial
from embeddings.files.plain_text import contains, is_text
from embeddings.files.tabular.roles import (
    NO_VECTORS,
    Column,
    Likelihood,
    Roles,
    choose_roles,
    columns_likelihood,
)
from embeddings.files.tabular.separators import read_separated_text
from embeddings.files.tabular.table_draft import draft_from_table
from embeddings.files.tabular.text_types import infer_type

_MARKUP = re.compile(rb"\s*<(\?xml|!--|!doctype|(html|head|body|svg|table|feed|rss)[\s>])", re.I)


def matches(head: bytes, path: Path) -> bool:
    """Return True if a file that starts with `head` is text, but neither JSON nor XML."""
    return is_text(head) and not json_reader.matches(head, path) and not _is_xml(head)


def _is_xml(head: bytes) -> bool:
    """Return True for XML or HTML: declared so, or well-formed as a whole; not for <OOV>."""
    if not head.lstrip().startswith(b"<"):
        return False
    if _MARKUP.match(head):
        return True
    parser = expat.ParserCreate()
    try:
        parser.Parse(head, True)
    except expat.ExpatError:
        return False
    return True


def load(path: Path, context: ReadContext) -> Draft:
    """Read vectors, labels and typed metadata from a table of text.

    Raises
    ------
    EmbeddingError
        no vectors, rows of different length, or a component that is not a number
    """
    options = context.text_options
    text, delimiter = read_separated_text(path, options, context.note)
    reading: _Reading | None = None
    errors: list[EmbeddingError] = []
    for quote in quote_candidates(text.content, options):
        dialect = sniff(text.content, path, quote, options, delimiter)
        if not errors and reading is None:  # what is known of it, if no reading succeeds
            record_dialect(dialect, text, context)
        try:
            reading = _read(text, dialect, context)
        except EmbeddingError as error:
            errors.append(error)
        else:
            record_dialect(dialect, text, context)
            if not reading.spans_lines:  # else the quotes may be part of the text
                break
    if reading is None:
        raise errors[0]
    reading.trial.merge_into(context)
    draft = draft_from_table(reading.table, reading.roles, path, context.note)
    return replace(draft, provenance=replace(draft.provenance, dtype="text"))


def vector_likelihood(path: Path, options: TextOptions = DETECTED) -> Likelihood:
    """Return how likely the file holds vectors, from its first rows; see roles.py."""
    text, delimiter = read_separated_text(path, options, lambda _: None)
    best = NO_VECTORS
    for quote in quote_candidates(text.content, options):
        dialect = sniff(text.content, path, quote, options, delimiter)
        rank = columns_likelihood(dialect.columns)
        if not dialect.header and rank[1] == len(dialect.columns):
            rank = (3, rank[1])
        best = max(best, rank)
    return best


def read_columns(
    path: Path, rows: int | None, note: Note, context: ReadContext | None = None
) -> Iterator[tuple[pa.Table, str]]:
    """Yield the table that describes the rows of another file, once for each way to read it.

    Whether there is a header, and whether quotes are syntax, may be open until the number of rows
    is compared with that of the other file.

    Parameters
    ----------
    context : what the user states about the text, where it is the only one of the set; receives how
        it was read

    Yields
    ------
    table, description : typed columns, the most likely reading first; and what to add to "3 rows"
        in a message about it

    Raises
    ------
    EmbeddingError
        rows of different length
    """
    options = DETECTED if context is None else context.text_options
    text, delimiter = read_separated_text(path, options, note, detects=False)
    found, failure = False, None
    for dialect in _dialects(text, path, options, delimiter):
        if context is not None and not found:
            record_dialect(dialect, text, context)
        try:
            table = parse_table(text, dialect)
        except EmbeddingError as error:
            failure = error  # quotes may be part of the labels, or syntax: try the other way
            continue
        found = True
        if context is not None:
            record_dialect(dialect, text, context)
        for sentence in dialect.assumed:
            note(sentence)
        columns = [infer_type(column) for column in without_padding(table.columns, dialect)]
        names = dialect.names[: len(columns)]
        yield pa.table(columns, names=names), " under a header" * dialect.header
    if failure is not None and not found:
        raise failure


def _dialects(
    text: TableText, path: Path, options: TextOptions, delimiter: str | None
) -> Iterator[Dialect]:
    """Yield the ways to read a table of metadata, the most likely one first."""
    for quote in quote_candidates(text.content, options):
        dialect = sniff(text.content, path, quote, options, delimiter)
        yield dialect
        texts = all(column.kind in ("text", "other") for column in dialect.columns)
        is_open = options.header is None and not dialect.short_header
        if dialect.header and texts and is_open:
            names = [f"column_{i + 1}" for i in range(len(dialect.columns))]
            columns = tuple(
                replace(column, name=name)
                for name, column in zip(names, dialect.columns, strict=True)
            )
            yield replace(dialect, header=False, columns=columns, assumed=())


@dataclass(frozen=True, eq=False)
class _Reading:
    """One way to read a file, with what was assumed in `trial`."""

    table: pa.Table
    roles: Roles
    trial: Trial
    spans_lines: bool


def _read(text: TableText, dialect: Dialect, context: ReadContext) -> _Reading:
    """Parse the components as float32; infer the types of all other columns from their text."""
    trial = context.trial()
    for sentence in dialect.assumed:
        trial.note(sentence)
    roles = choose_roles(dialect.columns, trial)
    numbers = roles.vector if dialect.columns[roles.vector[0]].kind == "number" else ()
    table = parse_table(text, dialect, numbers)
    spans_lines = bool(dialect.quote) and any(
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
    columns = [
        column
        if i in (label, vector)
        else _typed(column, dialect.style, dialect.columns[others[i]])
        for i, column in enumerate(table.columns)
    ]
    if label is not None and dialect.columns[others[label]].kind == "number" and not dialect.ours:
        numbered = infer_type(columns[label])
        columns[label] = numbered if pa.types.is_integer(numbered.type) else columns[label]
    names = [dialect.columns[i].name for i in others] + ["vector"] * bool(numbers)
    last = len(others) - 1
    if dialect.padded and columns[last].null_count == len(columns[last]):
        del columns[last], names[last]
        vector -= bool(numbers)
    table = pa.table(columns, names=names)
    return _Reading(table, Roles((vector,), label), trial, spans_lines)


def _typed(column: pa.ChunkedArray, style: NumberStyle, about: Column) -> pa.ChunkedArray:
    """Return a column of text under the narrowest type that fits it."""
    if about.kind == "number" and style != NumberStyle():
        with suppress(pa.ArrowInvalid):  # a column of numbers and something else stays text
            column = plain_numbers(column, style)
    return infer_type(column)
