"""The draft of an embedding set from a table: vectors, labels, and all other columns as metadata.

Every reader of a tabular format uses it: Parquet, Arrow, CSV, JSON, data sets.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from embeddings.arrow_types import decoded, is_binary, is_number, is_text, value_type
from embeddings.embedding_set import empty_metadata
from embeddings.errors import EmbeddingError
from embeddings.files import header
from embeddings.files.draft import Draft
from embeddings.files.limits import check_bytes, check_rows
from embeddings.files.options import Note
from embeddings.files.sizes.decoded_size import text_bytes
from embeddings.files.tabular.roles import Column, Kind, Roles, is_vector_name
from embeddings.files.tabular.text_types import holds_list, is_missing, may_hold_list
from embeddings.files.tabular.vector_bytes import holds_encoded_vectors, holds_vector_bytes
from embeddings.files.tabular.vectors import holds_vectors, read_vectors, stack_columns

_ROW_NUMBERS = re.compile(r"|Unnamed: 0|__index_level_0__")  # names that pandas gives to its index
_SAMPLE = 100  # rows that are searched for a text


def draft_from_table(
    table: pa.Table,
    roles: Roles,
    path: Path,
    note: Note,
    found: Mapping[str, Any] | None = None,
) -> Draft:
    """Return the vectors and labels of a table by their roles, and all other columns as metadata.

    A label that was guessed and whose values repeat is a category as well, and stays in the
    metadata; so is a column `label` of numbers that repeat, such as classes.

    Parameters
    ----------
    path : the file, for the name of the set
    note : receives as what bytes were read
    found : the provenance that the file contains

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
        vectors = read_vectors(table, roles.vector[0], note)
    left_out, names = set(roles.vector), table.column_names
    labels = None
    if roles.label is not None:
        labels = to_labels(table.column(roles.label))
        column = table.field(roles.label)
        is_label = column.name.lower() == "label" and not is_number(column.type)
        if is_label or len(set(labels)) > len(labels) // 2:
            left_out.add(roles.label)
    rest = [
        i
        for i in range(table.num_columns)
        if i not in left_out and not is_row_numbers(names[i], table.column(i))
    ]
    about = header.described(path, _dtype_name(kind), found)
    return Draft.of(vectors, labels, with_unique_names(table, rest), **about)


def _dtype_name(kind: pa.DataType) -> str:
    """Return NumPy's name for the numbers of a column, or "text"."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if holds_vectors(kind):
        kind = kind.value_type
    return str(np.dtype(kind.to_pandas_dtype())) if is_number(kind) else "text"


def with_unique_names(table: pa.Table, positions: Sequence[int]) -> pa.Table:
    """Return some columns of a table under names that are not empty and do not repeat."""
    if not positions:
        return empty_metadata(table.num_rows)
    given = table.column_names
    names: Counter[str] = Counter()
    unique = []
    for i in positions:
        first = name = given[i] or f"column_{i + 1}"
        while name in names:
            names[first] += 1
            name = f"{first}_{names[first]}"
        names[name] = 1
        unique.append(name)
    return pa.table([table.column(i) for i in positions], names=unique)


def to_labels(column: pa.ChunkedArray) -> list[str]:
    """Return a column as labels; a missing one is empty.

    Raises
    ------
    EmbeddingError
        as strings, they exceed the size limit
    """
    check_rows(len(column))
    if is_text(value_type(column.type)):
        check_bytes(text_bytes(column), "its labels take")
    column = decoded(column)
    if is_text(column.type):
        return column.fill_null("").to_pylist()
    return ["" if value is None else str(value) for value in column.to_pylist()]


def are_row_numbers(labels: Sequence[str]) -> bool:
    """Return True for the row numbers, by which items without labels are called."""
    return all(label == str(row) for row, label in enumerate(labels))


def is_row_numbers(name: str, column: pa.ChunkedArray) -> bool:
    """Return True for a column of row numbers that pandas, or R, wrote beside the data."""
    if not _ROW_NUMBERS.fullmatch(name) or not pa.types.is_integer(column.type):
        return False
    first = int(name == "" and len(column) > 0 and column[0].as_py() == 1)  # R counts from 1
    numbers = np.arange(first, first + len(column))
    return bool((column.to_numpy() == numbers).all())  # a missing one is NaN


def describe_columns(table: pa.Table) -> list[Column]:
    """Return the name of each column, and what it holds.

    A column of bytes may hold vectors; where its name does not say so, only if nothing else does.
    """
    names, columns = table.column_names, table.columns
    found = [Column(n, _kind(n, column)) for n, column in zip(names, columns, strict=True)]
    kinds = [column.kind for column in found]
    if "list" in kinds or kinds.count("number") > 1:
        return found
    return [
        Column(each.name, "list") if is_binary(column.type) and holds_vector_bytes(column) else each
        for each, column in zip(found, columns, strict=True)
    ]


def _kind(name: str, column: pa.ChunkedArray) -> Kind:
    kind = column.type
    if holds_vectors(kind):
        return "list"
    if is_number(kind):
        return "number"
    if is_binary(kind):
        return "list" if is_vector_name(name) and holds_vector_bytes(column) else "other"
    if not is_text(value_type(kind)):
        return "other"
    if pa.types.is_dictionary(kind):
        return "text"
    texts = (value.as_py() for value in column.slice(0, _SAMPLE) if value.is_valid)
    first = next((text for text in texts if not is_missing(text)), "")
    if may_hold_list(first) and holds_list(first):
        return "list"
    return "list" if holds_encoded_vectors(name, column) else "text"
