"""JSON Lines, and JSON as one document: an array of objects, an object of arrays, and the like.

The vector is found by its shape: a list of numbers, of the same length in every row.
"""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.draft import Draft
from embeddings.files.json.nested import are_vectors
from embeddings.files.json.rows import (
    FIELD_BYTES,
    Row,
    as_text,
    document_columns,
    document_rows,
    holds_scalars,
    maps_labels_to_vectors,
    read_document,
    read_lines,
    read_rows,
)
from embeddings.files.limits import check_bytes, check_columns, error_context
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
    is_vector_name,
)
from embeddings.files.tabular.table_draft import describe_columns, draft_from_table
from embeddings.files.tabular.text_types import infer_type

_SUFFIXES = (".json", ".jsonl", ".ndjson")
_EXAMINED = 2**16  # bytes that tell JSON from other text
_WORDS = ("true", "false", "null", "NaN", "-Infinity", "Infinity")
_FIRST = 100  # rows that are searched for vectors


def matches(head: bytes, path: Path) -> bool:
    """Return True if a file that starts with `head` is JSON or JSON Lines, as far as that goes.

    A bracket alone does not tell: a list of labels may begin with [PAD], {0} or [1].
    """
    if not is_text(head):
        return False
    utf16 = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = head[:_EXAMINED].decode("utf-16" if utf16 else "utf-8-sig", "ignore").lstrip()
    if text[:1] not in ("{", "["):
        return False
    if path.suffix.lower() in _SUFFIXES:  # if it is damaged, load() says where
        return True
    first, *others = (line for line in text.splitlines() if line.strip())
    if others and others[0].lstrip()[:1] in ("{", "[") and _is_json(first, whole=True):
        return True
    return _is_json(text)


def _is_json(text: str, whole: bool = False) -> bool:
    """Return True for a JSON document or, if not `whole`, for the beginning of one."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        rest = text[error.pos :].rstrip()
        cut = error.msg.startswith("Unterminated string") or any(
            word.startswith(rest) for word in _WORDS
        )
        return cut and not whole
    except (ValueError, RecursionError):  # numbers of thousands of digits, nested too deeply
        return True
    return True


def load(path: Path, context: ReadContext) -> Draft:
    """Read vectors, labels and typed metadata; nested objects are flattened one level.

    Raises
    ------
    EmbeddingError
        not JSON, JSON that is nested too deeply, no vectors, or vectors that are missing or of
        different length
    """
    fields = _fields(read_rows(read_text(path, context.note), context.note))
    vector_names = {name for name, values in fields.items() if are_vectors(values)}
    table = _table(fields, vector_names)
    try:
        roles = choose_roles(_describe(table, vector_names), context)
    except EmbeddingError:
        _check_not_null(fields)
        raise
    apart, columns = set(roles.vector), []
    for i, name in enumerate(fields):
        column = table.column(i)
        if name in vector_names:
            column = _vectors(fields[name]) if i in apart else _column(fields[name])
        elif i != roles.label and i not in apart:
            column = _infer_type(column)
        columns.append(column)
    return draft_from_table(pa.table(columns, names=list(fields)), roles, path, context.note)


def _check_not_null(fields: dict[str, list[Any]]) -> None:
    """Raise EmbeddingError for vectors that a database left out; no field is a vector."""
    for name, values in fields.items():
        if is_vector_name(name) and all(value is None for value in values):
            raise EmbeddingError(
                f"`{name}` is null; request the vectors as well, such as by "
                "include=['embeddings'] in Chroma, with_vectors=True in Qdrant"
            )


def vector_likelihood(path: Path) -> Likelihood:
    """Return how likely the file holds vectors, from its first rows; see roles.py."""
    text = read_text(path, lambda _: None)
    document = read_document(text)
    if document is None:
        rows = list(islice(read_lines(text, lambda _: None), _FIRST))
    elif isinstance(document, list) and holds_scalars(document):
        return NO_VECTORS
    elif isinstance(document, dict) and maps_labels_to_vectors(document):
        lists = document.values()
        fractions = all(type(item) is float for each in lists for item in each)
        return (3, 0) if fractions else (1, len(document))  # or columns of numbers
    else:
        rows = document_rows(document, lambda _: None)[:_FIRST]
    fields = _fields(rows)
    vector_names = {name for name, values in fields.items() if are_vectors(values)}
    return columns_likelihood(_describe(_table(fields, vector_names), vector_names))


def is_settings(path: Path) -> bool:
    """Return True for one object of values of its own, without a list or an object for each row."""
    with error_context(path):
        document = read_document(read_text(path, lambda _: None))
    if not isinstance(document, dict) or document_columns(document, None, lambda _: None):
        return False
    values = document.values()
    lists = any(isinstance(each, list) and len(each) > 1 for each in values)
    rows = len(document) > 1 and all(isinstance(each, dict) for each in values)
    return not lists and not rows and vector_likelihood(path) == NO_VECTORS


def read_table(path: Path, note: Note) -> pa.Table:
    """Return the rows of JSON Lines, or of a document, as a table; nested objects are flattened.

    Raises
    ------
    EmbeddingError
        not JSON, or JSON without rows
    """
    return next(read_columns(path, None, note))[0]


def read_columns(path: Path, rows: int | None, note: Note) -> Iterator[tuple[pa.Table, str]]:
    """Yield the table that describes the rows of another file.

    Parameters
    ----------
    rows : how many rows it should have; None if that is not known

    Raises
    ------
    EmbeddingError
        not JSON, or JSON without rows
    """
    text = read_text(path, note)
    document = read_document(text)
    if document is None:
        fields = _fields(list(read_lines(text, note)))
    else:
        named = document_columns(document, rows, note)
        fields = _fields(document_rows(document, note)) if named is None else named
    columns = {
        name or path.stem: _infer_type(pa.chunked_array([_column(values)]))
        for name, values in fields.items()
    }
    yield pa.table(columns), ""


def _fields(rows: list[Row]) -> dict[str, list[Any]]:
    """Return the values of each field, None if a row lacks it; this empties the rows."""
    if not rows:
        raise EmbeddingError("no rows; expected at least one")
    names = list(dict.fromkeys(name for row in rows for name in row))
    check_columns(len(names))
    check_bytes(
        FIELD_BYTES * len(rows) * len(names), "as a table of rows and fields it takes at least"
    )
    return {name: [row.pop(name, None) for row in rows] for name in names}


def _table(fields: dict[str, list[Any]], vector_names: set[str]) -> pa.Table:
    """Return the fields as columns; those of vectors are null, and filled in later."""
    return pa.table(
        {
            name: pa.nulls(len(values)) if name in vector_names else _column(values)
            for name, values in fields.items()
        }
    )


def _describe(table: pa.Table, vector_names: set[str]) -> list[Column]:
    """Return what the columns hold; lists that are not vectors are metadata.

    A text that is the same in each row, such as "object": "embedding", is not a label.
    """
    columns = describe_columns(table)
    texts = (pa.types.is_string(field.type) for field in table.schema)
    encoded = any(c.kind == "list" and text for c, text in zip(columns, texts, strict=True))
    if not vector_names and not encoded:
        return columns
    described = []
    for i, (found, field) in enumerate(zip(columns, table.schema, strict=True)):
        kind: Kind = "other" if pa.types.is_list(field.type) else found.kind
        if kind == "text" and found.name.lower() not in LABEL_NAMES and table.num_rows > 1:
            kind = "other" if len(table.column(i).unique()) == 1 else kind
        described.append(Column(found.name, "list" if found.name in vector_names else kind))
    return described


def _vectors(values: list[Any]) -> pa.Array:
    """Return lists of numbers, all of one length, as fixed-size lists of float32."""
    matrix = np.empty((len(values), len(values[0])), dtype=np.float32)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes inf, which is refused
        for row, value in enumerate(values):
            try:
                matrix[row] = value
            except OverflowError as error:
                raise EmbeddingError(
                    f"row {row}: a number is too large for a vector; expected at most 3.4e38"
                ) from error
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.reshape(-1)), matrix.shape[1])


def _column(values: list[Any]) -> pa.Array:
    """Return the values of a field under a type that fits all of them, or else as text."""
    if all(value is None for value in values):
        return pa.nulls(len(values), pa.string())
    try:
        return pa.array(values)
    except (pa.ArrowException, TypeError, OverflowError):
        values = [v.tolist() if isinstance(v, np.ndarray) else v for v in values]
        return pa.array([v if isinstance(v, str | type(None)) else as_text(v) for v in values])


def _infer_type(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return texts as dates or categories if they are; numbers in quotes stay text."""
    if not pa.types.is_string(column.type):
        return column
    found = infer_type(column)
    kind = found.type
    return found if pa.types.is_temporal(kind) or pa.types.is_dictionary(kind) else column
