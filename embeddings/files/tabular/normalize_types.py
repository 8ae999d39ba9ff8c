"""Columns of rare types, as other tools write them, become plain types.

Decimals of databases, text that Spark writes as bytes, views of lists, lists within a list of one,
and records that hold all columns.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.arrow_types import is_list, is_number, replace_columns
from embeddings.files.limits import check_bytes
from embeddings.files.tabular.vectors import holds_vectors
from embeddings.media import media_type

_FIRST = 100


def normalize_types(table: pa.Table) -> pa.Table:
    """Return a table whose columns have plain types, as far as nothing is lost.

    Raises
    ------
    EmbeddingError
        views of lists that would take more memory than the limit as lists
    """
    structs = [field for field in table.schema if pa.types.is_struct(field.type)]
    vectors = any(holds_vectors(field.type) or is_number(field.type) for field in table.schema)
    if structs and not vectors:  # all columns are within records
        table = table.flatten()
    return replace_columns(table, list(map(_plain, table.columns)))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    if pa.types.is_string_view(kind):
        return column.cast(pa.large_string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return _text(column)
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        return _lists(column)
    if not is_list(kind):
        return column
    if pa.types.is_decimal(kind.value_type):
        return column.cast(pa.large_list(pa.float64()))
    if is_list(kind.value_type) and is_number(kind.value_type.value_type):
        return _inner(column)
    return column


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return bytes as text if all are UTF-8 without NUL, and no images; otherwise unchanged."""
    for value in column.slice(0, _FIRST):
        content = value.as_py()
        if content and (b"\0" in content or media_type(content[:64])):
            return column
    try:
        text = column.cast(pa.large_string())
    except pa.ArrowInvalid:
        return column
    return column if pc.any(pc.match_substring(text, "\0")).as_py() else text


def _lists(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return views of lists as lists, after a check of their size: views may share their numbers.

    (The cast of pyarrow 25 gives the last list a wrong end.)
    """
    width = column.type.value_type.bit_width if is_number(column.type.value_type) else 64
    numbers = pc.sum(pc.list_value_length(column)).as_py() or 0
    check_bytes(numbers * width // 8, "its lists take")
    chunks = []
    for chunk in column.chunks:
        lengths = pc.list_value_length(chunk).fill_null(0).to_numpy(zero_copy_only=False)
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]))
        missing = chunk.is_null() if chunk.null_count else None
        chunks.append(pa.LargeListArray.from_arrays(offsets, chunk.flatten(), mask=missing))
    return pa.chunked_array(chunks, pa.large_list(column.type.value_type))


def _inner(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the inner lists of lists of one; the column unchanged if another list is longer."""
    if column.null_count:
        return column
    lengths = pc.min_max(pc.list_value_length(column)).as_py()
    if lengths != {"min": 1, "max": 1}:
        return column
    inner = [chunk.flatten() for chunk in column.chunks if len(chunk)]
    return pa.chunked_array(inner, inner[0].type)
