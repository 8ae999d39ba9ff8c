"""The embedding file: Parquet with one row per item (docs/format.md is its contract).

Any other Parquet file can be read too, if it has a column of lists of numbers, or several columns
of numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from embeddings.arrow_types import is_text, replace_columns, value_type
from embeddings.embedding_set import EmbeddingSet
from embeddings.files.atomic import atomic_path
from embeddings.files.compression import read_content
from embeddings.files.damage import damaged
from embeddings.files.draft import Draft
from embeddings.files.limits import check_bytes, check_columns, max_bytes
from embeddings.files.options import Note, ReadContext
from embeddings.files.sizes.decoded_size import expanded_bytes, text_bytes
from embeddings.files.sizes.parquet_footer import ColumnChunk, read_footer
from embeddings.files.tabular.embedding_table import (
    companion_columns,
    from_table,
    table_likelihood,
    to_table,
)
from embeddings.files.tabular.roles import Likelihood

_DAMAGE = (pa.ArrowException, OSError, UnicodeError)  # what pyarrow raises
GROUP_ROWS = 50_000
"""Rows of a row group: 400,000 x 50 in one group took a third more CPU time to read."""

_PART_ROWS = 65_536
_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4, "BYTE_ARRAY": 4}  # bytes; 8 for all others
_LARGEST_STRINGS = 2**31 - 1  # bytes that an array of strings can hold


def load(path: Path, context: ReadContext) -> Draft:
    """Read an embedding file, or any Parquet file with vectors.

    Raises
    ------
    EmbeddingError
        the file is damaged, too large when decoded, or holds no vectors, or vectors of different
        length
    """
    return from_table(read_table(path), path, context)


def vector_likelihood(path: Path) -> Likelihood:
    """Return how likely the file holds vectors; see roles.py."""
    return table_likelihood(read_schema(path), lambda: read_table(path))


def read_columns(path: Path, rows: int | None, note: Note) -> Iterator[tuple[pa.Table, str]]:
    """Yield the table, whose columns describe the rows of another file."""
    yield companion_columns(read_table(path), note), ""


def read_schema(path: Path) -> pa.Schema:
    """Return names and types of the columns, without reading the columns.

    Raises
    ------
    EmbeddingError
        the file is damaged
    """
    with damaged("Parquet", *_DAMAGE):
        return pq.read_schema(path)


def read_table(path: Path) -> pa.Table:
    """Read all columns, after a check of how large they will be in memory.

    Raises
    ------
    EmbeddingError
        the file is damaged, or too large when decoded
    """
    with damaged("Parquet", *_DAMAGE):
        schema, table = _read(path)
        columns = [
            _expanded(column, field)
            if pa.types.is_dictionary(column.type) and column.type != field.type
            else column
            for column, field in zip(table.columns, schema, strict=True)
        ]
    return replace_columns(table, columns)


def save(embedding_set: EmbeddingSet, path: Path) -> tuple[str, ...]:
    """Write an embedding file, atomically; return the columns whose names are reserved."""
    table, taken = to_table(embedding_set)
    with atomic_path(path) as temporary:
        options = writer_options(table.schema)
        pq.write_table(table, temporary, row_group_size=GROUP_ROWS, **options)
    return taken


def writer_options(schema: pa.Schema) -> dict[str, Any]:
    """Return how the columns of a table are compressed and encoded, as arguments of pyarrow."""
    texts = [field.name for field in schema if is_text(value_type(field.type))]
    encoding = {"vector.list.element": "BYTE_STREAM_SPLIT"} if "vector" in schema.names else None
    return {"compression": "zstd", "use_dictionary": texts, "column_encoding": encoding}


def _read(path: Path) -> tuple[pa.Schema, pa.Table]:
    """Return the schema of a file, and its columns, in which texts are dictionaries.

    A few bytes on disk may stand for texts of any size in memory, see decoded_size.py. Binary
    columns, whose dictionaries would hold every image, are read in parts that are counted.
    """
    schema = pq.read_schema(path)
    check_columns(len(schema))
    with pq.ParquetFile(path) as file, damaged("Parquet", ValueError):
        leaves, groups = _leaves(file), read_footer(path)
        _check_size(file, leaves, groups)
    content = read_content(path)  # reading the parts of the file one by one takes longer
    _check_lists(content, leaves)
    texts = [leaf.path for leaf in leaves if leaf.is_text]
    with pq.ParquetFile(pa.BufferReader(content), read_dictionary=texts) as file:
        table = _read_columns(file, leaves, groups)
    table.validate(full=True)
    return schema, table


@dataclass(frozen=True)
class _Leaf:
    """A column as Parquet stores it: one of numbers or bytes, which may be within lists or records.

    Attributes
    ----------
    top : position of the column of the table that it is part of
    path : its name, and those that it is within
    width : bytes of a number; of bytes of any length, those of a reference to them
    binary : True for bytes of any length
    is_text : True for a column of texts, each distinct one of which is to be held once
    repeated : True for what is within lists
    """

    top: int
    path: str
    width: int
    binary: bool
    is_text: bool
    repeated: bool


def _leaves(file: pq.ParquetFile) -> list[_Leaf]:
    """Return the leaves of all columns, in their order in the file."""
    found: list[_Leaf] = []
    for top, field in enumerate(file.schema_arrow):
        for kind, nested in _leaf_types(field.type):
            leaf = file.schema.column(len(found))
            binary = leaf.physical_type == "BYTE_ARRAY"
            width = leaf.length or _WIDTHS.get(leaf.physical_type, 8)
            repeated = leaf.max_repetition_level > 0
            text = binary and is_text(kind) and not nested
            found.append(_Leaf(top, leaf.path, width, binary, text, repeated))
    return found


def _leaf_types(kind: pa.DataType, nested: bool = False) -> Iterator[tuple[pa.DataType, bool]]:
    """Yield the types of the leaves of a type, and whether they are within another one."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if pa.types.is_dictionary(kind):
        yield value_type(kind), True  # which stays a dictionary
    elif kind.num_fields:
        for i in range(kind.num_fields):
            yield from _leaf_types(kind.field(i).type, True)
    else:
        yield kind, nested


def _check_lists(content: pa.Buffer, leaves: Sequence[_Leaf]) -> None:
    """Raise EmbeddingError if texts or bytes within lists exceed the limit, each written out.

    A row may hold any number of them, so that reading row by row does not help. Where a part of
    them is not in a dictionary, pyarrow cannot return the others as one, and they are not counted.
    """
    indices = [i for i, leaf in enumerate(leaves) if leaf.binary and leaf.repeated]
    if not indices:
        return
    paths = [leaves[i].path for i in indices]
    size = 0
    with pq.ParquetFile(pa.BufferReader(content), read_dictionary=paths) as file:
        for group in range(file.metadata.num_row_groups):
            for i in indices:
                try:
                    found = file.reader.read_row_group(group, column_indices=[i])
                except pa.ArrowNotImplementedError:
                    continue
                chunks = [chunk for column in found.columns for chunk in column.chunks]
                size += sum(map(expanded_bytes, chunks))
                check_bytes(size, "its lists decode to")


def _read_columns(
    file: pq.ParquetFile, leaves: Sequence[_Leaf], groups: Sequence[Sequence[ColumnChunk]]
) -> pa.Table:
    """Read all columns; those of bytes that are no texts in parts, each of which is counted.

    The bytes of a part cannot exceed an eighth of the limit, unless a single row does.
    """
    apart = {leaf.top for leaf in leaves if leaf.binary and not leaf.is_text}
    schema = file.schema_arrow
    apart -= {top for top in apart if pa.types.is_dictionary(schema.field(top).type)}
    if not apart:
        return file.read()
    whole = file.reader.read_all(
        column_indices=[i for i, leaf in enumerate(leaves) if leaf.top not in apart]
    )
    indices = [i for i, leaf in enumerate(leaves) if leaf.top in apart]
    longest = sum(max((chunks[i].size for chunks in groups), default=0) for i in indices)
    rows = min(max(1, max_bytes() // 8 // max(1, longest)), _PART_ROWS)
    size, parts = whole.nbytes, []
    for part in file.reader.iter_batches(
        rows, row_groups=list(range(len(groups))), column_indices=indices
    ):
        size += part.nbytes
        check_bytes(size, "its columns decode to")
        parts.append(part)
    fields = [field for top, field in enumerate(schema) if top in apart]
    counted = iter(pa.Table.from_batches(parts, pa.schema(fields)).columns)
    others = iter(whole.columns)
    columns = [next(counted if top in apart else others) for top in range(len(schema))]
    return pa.Table.from_arrays(columns, schema=schema)


def _expanded(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    """Return a dictionary of texts with each text written out, after a check of its size."""
    size = text_bytes(column)
    check_bytes(size, f"column {field.name} decodes to")
    large = size > _LARGEST_STRINGS or field.type == pa.string_view()
    return column.cast(pa.large_string() if large else field.type)


def _check_size(
    file: pq.ParquetFile, leaves: Sequence[_Leaf], groups: Sequence[Sequence[ColumnChunk]]
) -> None:
    """Raise EmbeddingError if the columns will be larger in memory than the limit.

    Equal numbers take next to nothing on disk, so their size is computed from how many there are.
    """
    size = 0
    for i, chunks in enumerate(groups):
        numbers = sum(
            chunk.values * leaf.width + chunk.size * leaf.binary
            for chunk, leaf in zip(chunks, leaves, strict=True)
        )
        size += max(numbers, file.metadata.row_group(i).total_byte_size)
    check_bytes(size, "its columns decode to")
    check_bytes(4 * file.metadata.num_rows, "its rows take at least")
