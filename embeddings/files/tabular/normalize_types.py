"""Columns of rare types, as other tools write them, become plain types.

Decimals of databases, text that Spark writes as bytes, views of lists, lists within a list of one,
records that hold all columns, or the numbers of a vector, and Spark's own type of vectors.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.arrow_types import is_list, is_number, replace_columns
from embeddings.errors import EmbeddingError
from embeddings.files.limits import check_bytes
from embeddings.files.tabular.roles import is_vector_name
from embeddings.files.tabular.vectors import holds_vectors
from embeddings.media import media_type

_FIRST = 100
_DIGITS = "0123456789"
_SPARK_VECTOR = {"type", "size", "indices", "values"}  # the fields of its VectorUDT


def normalize_types(table: pa.Table) -> pa.Table:
    """Return a table whose columns have plain types, as far as nothing is lost.

    Raises
    ------
    EmbeddingError
        views of lists that would take more memory than the limit as lists
    """
    has_lists = any(holds_vectors(field.type) for field in table.schema)
    fields = zip(table.schema, table.columns, strict=True)
    table = replace_columns(table, [_record_vector(*each, has_lists) for each in fields])
    structs = [field for field in table.schema if pa.types.is_struct(field.type)]
    vectors = any(holds_vectors(field.type) or is_number(field.type) for field in table.schema)
    if structs and not vectors:  # all columns are within records
        table = table.flatten()
    return replace_columns(table, list(map(_plain, table.columns)))


def _record_vector(field: pa.Field, column: pa.ChunkedArray, has_others: bool) -> pa.ChunkedArray:
    """Return records that are vectors as lists; other columns unchanged.

    A record is a vector if it is Spark's VectorUDT, or if all its fields are numbers and are
    numbered (f0, f1, ...) and no other column holds vectors, or its name is one for vectors.

    Parameters
    ----------
    has_others : whether another column holds lists of numbers
    """
    if not pa.types.is_struct(field.type):
        return column
    names = [each.name for each in field.type]
    if set(names) == _SPARK_VECTOR:
        return _spark_vectors(column, field.name)
    if len(names) < 2 or not all(is_number(each.type) for each in field.type):
        return column
    start, first = names[0].rstrip(_DIGITS), _first_number(names[0])
    numbered = all(name == f"{start}{first + i}" for i, name in enumerate(names))
    if not is_vector_name(field.name) and (has_others or not numbered):
        return column
    check_bytes(4 * len(names) * len(column), f"the vectors of column {field.name} take")
    matrix = np.full((len(column), len(names)), np.nan, np.float32)
    parts = [pa.chunked_array([chunk.field(i) for chunk in column.chunks], each.type)
             for i, each in enumerate(field.type)]  # fmt: skip
    with np.errstate(over="ignore", invalid="ignore"):
        for i, part in enumerate(parts):
            matrix[:, i] = part.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy()
    return _as_lists(matrix, column.is_valid().to_numpy())


def _first_number(name: str) -> int:
    digits = name[len(name.rstrip(_DIGITS)) :]
    return int(digits) if 0 < len(digits) < 10 else 0


def _spark_vectors(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Return Spark's vectors as lists: dense ones have type 1, sparse ones type 0.

    Raises
    ------
    EmbeddingError
        a vector that contradicts itself, or vectors that exceed the limit with their zeros
    """
    cells = (cell.as_py() for cell in column)
    first = next((cell for cell in cells if cell is not None), None)
    if first is None:
        return column
    length = len(first["values"] or ()) if first["type"] == 1 else first["size"] or 0
    check_bytes(4 * length * len(column), f"the vectors of column {name} take")
    matrix = np.zeros((len(column), length), np.float32)
    present = np.zeros(len(column), bool)
    for row, cell in enumerate(column):
        value = cell.as_py()
        if value is None:
            continue
        numbers, places = value["values"] or [], value["indices"] or []
        if value["type"] == 1:
            places = range(len(numbers))
        is_whole = value["type"] == 0 or len(numbers) == length
        size = length if value["type"] == 1 else value["size"]
        inside = all(place is not None and 0 <= place < length for place in places)
        if not is_whole or size != length or len(places) != len(numbers) or not inside:
            raise EmbeddingError(
                f"row {row}, column {name}: a vector of Spark that is not of {length} numbers, as "
                "the first one is"
            )
        with np.errstate(over="ignore"):
            matrix[row, list(places)] = numbers
        present[row] = True
    return _as_lists(matrix, present)


def _as_lists(matrix: np.ndarray, present: np.ndarray) -> pa.ChunkedArray:
    """Return a matrix as a column of lists, null where a row is not present."""
    flat = pa.array(matrix.reshape(-1))
    mask = None if present.all() else pa.array(~present)
    lists = pa.FixedSizeListArray.from_arrays(flat, matrix.shape[1], mask=mask)
    return pa.chunked_array([lists])


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
