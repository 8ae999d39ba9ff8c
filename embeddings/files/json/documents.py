"""JSON Lines, and JSON as one document: an array of objects, an object of arrays, and their like.

The vector is found by shape: a list of numbers, of the same length in every row.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import provenance
from embeddings.files.atomic import atomic_path
from embeddings.files.draft import Draft
from embeddings.files.json.nested import are_vectors
from embeddings.files.json.rows import (
    CELL,
    Row,
    are_labelled,
    as_text,
    document_columns,
    document_rows,
    is_plain,
    read_document,
    read_lines,
    read_rows,
)
from embeddings.files.limits import check_bytes
from embeddings.files.options import Note, ReadContext
from embeddings.files.plain_text import is_text, read_text
from embeddings.files.tabular.roles import (
    LABEL_NAMES,
    NO_VECTORS,
    Column,
    Kind,
    Likelihood,
    choose_roles,
    columns_likelihood,
)
from embeddings.files.tabular.table_draft import describe_columns, draft_from_table
from embeddings.files.tabular.text_types import infer_type
from embeddings.files.tabular.writable_columns import writable_columns

_OURS = ("label", "vector")
_BLANK = b" \t\r\n\xef\xbb\xbf"  # and the byte order mark
_FIRST = 100  # rows that tell whether there are vectors


def matches(head: bytes, path: Path) -> bool:
    """Say whether the file is text that begins like a JSON object or array."""
    start = head[:4].replace(b"\0", b"") if head.startswith((b"\xff\xfe", b"\xfe\xff")) else head
    return is_text(head) and start.lstrip(_BLANK + b"\xff\xfe")[:1] in (b"{", b"[")


def load(path: Path, context: ReadContext) -> Draft:
    """Read vectors, labels and typed metadata; nested objects are flattened one level.

    Raises
    ------
    EmbeddingError
        no JSON, or one that is nested too deeply; no vectors in it, or vectors that are missing
        or of different length
    """
    fields = _fields(read_rows(read_text(path, context.note), context.note))
    shaped = {name for name, values in fields.items() if are_vectors(values)}
    table = _table(fields, shaped)
    roles = choose_roles(_described(table, shaped), context)
    for i, name in enumerate(fields):
        if name in shaped:
            column = _vectors(fields[name]) if i in roles.vector else _column(fields[name])
            table = table.set_column(i, name, column)
        elif i != roles.label and i not in roles.vector:
            table = table.set_column(i, name, _typed(table.column(i)))
    return draft_from_table(table, roles, path)


def vector_likelihood(path: Path) -> Likelihood:
    """Say how surely the file holds vectors, by its first rows; see roles.py."""
    text = read_text(path, lambda _: None)
    document = read_document(text)
    if document is None:
        rows = list(islice(read_lines(text), _FIRST))
    elif isinstance(document, list) and is_plain(document):
        return NO_VECTORS
    elif isinstance(document, dict) and are_labelled(document):
        lists = document.values()
        fractions = all(type(item) is float for each in lists for item in each)
        return (3, 0) if fractions else (1, len(document))  # or columns of numbers
    else:
        rows = document_rows(document, lambda _: None)[:_FIRST]
    fields = _fields(rows)
    shaped = {name for name, values in fields.items() if are_vectors(values)}
    return columns_likelihood(_described(_table(fields, shaped), shaped))


def read_columns(path: Path, rows: int | None, note: Note) -> Iterator[tuple[pa.Table, str]]:
    """Yield the table that describes the rows of another file.

    Parameters
    ----------
    rows : how many there should be, where that is known

    Raises
    ------
    EmbeddingError
        no JSON, or one without rows
    """
    text = read_text(path, note)
    document = read_document(text)
    if document is None:
        fields = _fields(list(read_lines(text)))
    else:
        named = document_columns(document, rows, note)
        fields = _fields(document_rows(document, note)) if named is None else named
    columns = {name or path.stem: _typed(_column(values)) for name, values in fields.items()}
    yield pa.table(columns), ""


def _fields(rows: list[Row]) -> dict[str, list[Any]]:
    """Return the values of each field, None where a row lacks it; the rows are emptied."""
    if not rows:
        raise EmbeddingError("no rows; expected at least one")
    names = list(dict.fromkeys(name for row in rows for name in row))
    check_bytes(CELL * len(rows) * len(names), "its table of rows and fields takes at least")
    return {name: [row.pop(name, None) for row in rows] for name in names}


def _table(fields: dict[str, list[Any]], shaped: set[str]) -> pa.Table:
    """Return the fields as columns; those in `shaped`, of vectors, are to be filled in."""
    return pa.table(
        {
            name: pa.nulls(len(values)) if name in shaped else _column(values)
            for name, values in fields.items()
        }
    )


def _described(table: pa.Table, shaped: set[str]) -> list[Column]:
    """Return what the columns hold; beside vectors, lists of any other length are metadata.

    A text that is the same in each row, such as "object": "embedding", is no label.
    """
    columns = describe_columns(table)
    if not shaped:
        return columns
    described = []
    for i, (found, field) in enumerate(zip(columns, table.schema, strict=True)):
        kind: Kind = "other" if pa.types.is_list(field.type) else found.kind
        if kind == "text" and found.name.lower() not in LABEL_NAMES and table.num_rows > 1:
            kind = "other" if len(table.column(i).unique()) == 1 else kind
        described.append(Column(found.name, "list" if found.name in shaped else kind))
    return described


def save(embedding_set: EmbeddingSet, path: Path) -> tuple[str, ...]:
    """Write one object a row, with label, vector and the metadata, atomically.

    For .json they are the items of one array. Dates are written as ISO 8601. Returns what was
    left out: columns that JSON has no values for, or of names that are taken; and the provenance.
    """
    columns, left_out = writable_columns(embedding_set.metadata, _plain, _OURS)
    array = path.suffix.lower() == ".json"
    first, between, last = ("[\n", ",\n", "\n]\n") if array else ("", "\n", "\n")
    with atomic_path(path) as temporary, temporary.open("w", encoding="ascii") as file:
        file.write(first)
        for i, label in enumerate(embedding_set.labels):
            row = {"label": label, "vector": embedding_set.vectors[i].tolist()}
            row |= {name: values[i] for name, values in columns.items()}
            file.write((between if i else "") + json.dumps(row))
        file.write(last)
    return (*left_out, *provenance.lost(embedding_set.provenance))


def _plain(column: pa.ChunkedArray) -> list[Any] | None:
    """Return a column as values of JSON, or None if it has others."""
    kind = column.type.value_type if pa.types.is_list(column.type) else column.type
    if pa.types.is_nested(kind):
        return None
    values = column.to_pylist()
    values = [v.isoformat() if isinstance(v, date | datetime) else v for v in values]
    try:
        json.dumps(values, allow_nan=False)
    except (TypeError, ValueError):
        return None
    return values


def _vectors(values: list[Any]) -> pa.Array:
    """Return lists of numbers of the same length as vectors of float32."""
    matrix = np.empty((len(values), len(values[0])), dtype=np.float32)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes inf, which is refused
        for row, value in enumerate(values):
            try:
                matrix[row] = value
            except OverflowError as error:
                raise EmbeddingError(f"row {row}: a number too large for a vector") from error
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.reshape(-1)), matrix.shape[1])


def _column(values: list[Any]) -> pa.Array:
    """Return one field of all rows under a type that fits all; else as text."""
    if all(value is None for value in values):
        return pa.nulls(len(values), pa.string())
    try:
        return pa.array(values)
    except (pa.ArrowException, TypeError, OverflowError):
        values = [v.tolist() if isinstance(v, np.ndarray) else v for v in values]
        return pa.array([v if isinstance(v, str | type(None)) else as_text(v) for v in values])


def _typed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give texts the type of dates or categories; what is quoted is no number."""
    if not pa.types.is_string(column.type):
        return column
    found = infer_type(column)
    kind = found.type
    return found if pa.types.is_temporal(kind) or pa.types.is_dictionary(kind) else column
