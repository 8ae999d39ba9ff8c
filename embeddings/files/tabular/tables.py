"""A table with vectors in it becomes a draft: vectors as a matrix, labels as text, the rest.

Every tabular format uses it: Parquet and CSV now, and whatever reads into a pyarrow Table.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.embedding_set import empty_metadata
from embeddings.errors import EmbeddingError
from embeddings.files import provenance
from embeddings.files.draft import Draft
from embeddings.files.limits import as_float32
from embeddings.files.tabular.roles import Column, Kind, Roles
from embeddings.files.tabular.text_types import begins_list, is_list, parse_lists

_ROW_NUMBERS = re.compile(r"|Unnamed: 0|__index_level_0__")  # how pandas calls its index


def draft_from_table(
    table: pa.Table, roles: Roles, path: Path, found: Mapping[str, Any] | None = None
) -> Draft:
    """Return a table's vectors and labels by `roles`, and all other columns as metadata.

    A label that was guessed and that repeats is a category as well, and stays in the metadata.

    Parameters
    ----------
    found : the provenance that the file holds

    Raises
    ------
    EmbeddingError
        no rows, or vectors of different length
    """
    if table.num_rows == 0:
        raise EmbeddingError("no rows; expected at least one")
    kind = table.field(roles.vector[0]).type
    if is_number(kind):
        vectors = stack_columns(table, roles.vector)
    else:
        vectors = read_vectors(table, roles.vector[0])
    left_out = set(roles.vector)
    labels = None
    if roles.label is not None:
        labels = to_labels(table.column(roles.label))
        name = table.column_names[roles.label]
        if name.lower() == "label" or len(set(labels)) > len(labels) // 2:
            left_out.add(roles.label)
    kept = [
        i
        for i in range(table.num_columns)
        if i not in left_out and not is_row_numbers(table.column_names[i], table.column(i))
    ]
    about = provenance.described(path, _dtype_name(kind), found)
    return Draft.of(vectors, labels, metadata(table, kept), **about)


def _dtype_name(kind: pa.DataType) -> str:
    """Return the numbers of a column of numbers, lists or texts as numpy calls them."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if holds_vectors(kind):
        kind = kind.value_type
    return str(np.dtype(kind.to_pandas_dtype())) if is_number(kind) else "text"


def metadata(table: pa.Table, kept: Sequence[int]) -> pa.Table:
    """Return the columns at `kept` under names that are present and unique."""
    if not kept:
        return empty_metadata(table.num_rows)
    names: Counter[str] = Counter()
    unique = []
    for i in kept:
        first = name = table.column_names[i] or f"column_{i + 1}"
        while name in names:
            names[first] += 1
            name = f"{first}_{names[first]}"
        names[name] = 1
        unique.append(name)
    return pa.table([table.column(i) for i in kept], names=unique)


def to_labels(column: pa.ChunkedArray) -> list[str]:
    """Return a column as labels; a missing one is empty."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column.fill_null("").to_pylist()
    return ["" if value is None else str(value) for value in column.to_pylist()]


def are_row_numbers(labels: Sequence[str]) -> bool:
    """Say whether labels are the row numbers, as given to items that have no label."""
    return all(label == str(row) for row, label in enumerate(labels))


def table_columns(table: pa.Table) -> list[Column]:
    """Return what the columns of a typed table hold."""
    return [Column(field.name, _kind(table.column(i))) for i, field in enumerate(table.schema)]


def _kind(column: pa.ChunkedArray) -> Kind:
    kind = column.type
    if holds_vectors(kind):
        return "list"
    if is_number(kind):
        return "number"
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        return "text" if pa.types.is_string(kind) or pa.types.is_large_string(kind) else "other"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        first = next((v.as_py() for v in column.slice(0, 100) if v.is_valid), "")
        return "list" if begins_list(first) and is_list(first) else "text"
    return "other"


def holds_vectors(kind: pa.DataType) -> bool:
    """Say whether a type is a list of numbers, or an extension stored as one."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return is_number(kind.value_type)
    return False


def is_number(kind: pa.DataType) -> bool:
    """Say whether a type is of whole numbers or of floats."""
    return pa.types.is_floating(kind) or pa.types.is_integer(kind)


def is_row_numbers(name: str, column: pa.ChunkedArray) -> bool:
    """Say whether a column is the row numbers that pandas wrote beside the data."""
    if not _ROW_NUMBERS.fullmatch(name) or not pa.types.is_integer(column.type):
        return False
    return column.null_count == 0 and bool((column.to_numpy() == np.arange(len(column))).all())


def read_vectors(table: pa.Table, position: int | str) -> np.ndarray:
    """Return a column of lists as float32, shape (rows, d), read-only; what is missing is NaN.

    Raises
    ------
    EmbeddingError
        vectors of different length
    """
    column, name = table.column(position), table.field(position).name
    if column.null_count == len(column):
        raise EmbeddingError(f"column {name}: all its vectors are missing")
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        if column.null_count:
            first = parse_lists(column.drop_null().slice(0, 1), name)
            column = pc.fill_null(column, str([np.nan] * first.shape[1]))
        return as_float32(parse_lists(column, name))
    length = next(len(cell.as_py()) for cell in column if cell.is_valid)
    parts: list[np.ndarray] = []
    for chunk in column.chunks:
        if len(chunk):
            parts.append(_list_matrix(chunk, name, sum(map(len, parts)), length))
    return as_float32(parts[0] if len(parts) == 1 else np.concatenate(parts, dtype=np.float32))


def _list_matrix(array: pa.Array, name: str, start: int, length: int) -> np.ndarray:
    """Return one chunk of a list column as a matrix; what is missing is NaN.

    Parameters
    ----------
    start : row of the first list, for errors
    length : numbers that each list must have
    """
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    present = array.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_fixed_size_list(array.type):
        lengths = np.full(len(array), array.type.list_size)
    else:
        lengths = np.diff(array.offsets.to_numpy())
    wrong = (lengths != length) & present
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise EmbeddingError(
            f"row {start + row}, column {name}: {lengths[row]} numbers where the first row has "
            f"{length}; all vectors must be of one length"
        )
    matrix = array.flatten().to_numpy(zero_copy_only=False)
    matrix = matrix.reshape(int(present.sum()), length)
    if array.null_count == 0:
        return matrix
    filled = np.full((len(array), length), np.nan, np.float32)
    with np.errstate(over="ignore"):
        filled[present] = matrix
    return filled


def stack_columns(table: pa.Table, positions: Sequence[int]) -> np.ndarray:
    """Return columns of numbers side by side, shape (rows, columns): float32, read-only.

    A cell that is empty is NaN.
    """
    vectors = np.empty((table.num_rows, len(positions)), dtype=np.float32)
    start = 0
    for batch in table.to_batches():
        rows = slice(start, start + len(batch))
        for j, position in enumerate(positions):
            with np.errstate(over="ignore"):
                vectors[rows, j] = batch.column(position).to_numpy(zero_copy_only=False)
        start += len(batch)
    return as_float32(vectors)
