"""The embedding file: Parquet with one row per item (docs/format.md is its contract).

Any other Parquet file can be read too, if it has a column of lists of numbers, or several columns
of numbers.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from embeddings.arrow_types import is_text, value_type
from embeddings.embedding_set import EmbeddingSet
from embeddings.files.atomic import atomic_path
from embeddings.files.damage import damaged
from embeddings.files.draft import Draft
from embeddings.files.limits import check_bytes
from embeddings.files.options import Note, ReadContext
from embeddings.files.tabular.decoded_size import text_bytes
from embeddings.files.tabular.embedding_table import (
    companion_columns,
    from_table,
    table_likelihood,
    to_table,
)
from embeddings.files.tabular.roles import Likelihood
from embeddings.files.tabular.table_draft import holds_vectors

_DAMAGE = (pa.ArrowException, OSError, UnicodeError)  # what pyarrow raises
_ROWS = 50_000  # per row group: 400,000 x 50 in one group took a third more CPU time to read

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
    for position, field in enumerate(schema):
        column = table.column(position)
        if pa.types.is_dictionary(column.type) and column.type != field.type:
            table = table.set_column(position, field.name, _expanded(column, field))
    return table


def save(embedding_set: EmbeddingSet, path: Path) -> tuple[str, ...]:
    """Write an embedding file, atomically; return the columns whose names are reserved."""
    table, taken = to_table(embedding_set)
    with atomic_path(path) as temporary:
        pq.write_table(
            table,
            temporary,
            compression="zstd",
            row_group_size=_ROWS,
            use_dictionary=[
                field.name for field in table.schema if is_text(value_type(field.type))
            ],
            column_encoding={"vector.list.element": "BYTE_STREAM_SPLIT"},
        )
    return taken


def _read(path: Path) -> tuple[pa.Schema, pa.Table]:
    """Return the schema of a file, and its columns, in which texts are dictionaries.

    A few bytes on disk may stand for texts of any size in memory, see decoded_size.py.
    """
    schema = pq.read_schema(path)
    texts = [
        field.name
        for field in schema
        if is_text(value_type(field.type)) and not pa.types.is_dictionary(field.type)
    ]
    with pq.ParquetFile(path, read_dictionary=texts, memory_map=True) as file:
        _check_size(file)
        table = file.read()
    table.validate(full=True)
    return schema, table


def _expanded(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    """Return a dictionary of texts with each text written out, after a check of its size."""
    size = text_bytes(column)
    check_bytes(size, f"column {field.name} decodes to")
    large = size > _LARGEST_STRINGS or field.type == pa.string_view()
    return column.cast(pa.large_string() if large else field.type)


def _check_size(file: pq.ParquetFile) -> None:
    """Raise EmbeddingError if the columns will be larger in memory than the limit.

    Equal vectors take next to nothing on disk, so their size is computed as that of the first row
    times the number of rows. (The index of each column has it too, but pyarrow aborts the whole
    process if that is damaged.)
    """
    metadata, schema = file.metadata, file.schema_arrow
    groups = [metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups)]
    check_bytes(sum(groups), "its columns decode to")
    lists = [field.name for field in schema if holds_vectors(field.type)]
    first = next(file.iter_batches(batch_size=1, columns=lists), None) if lists else None
    if first is not None:
        check_bytes(first.nbytes * metadata.num_rows, "its columns decode to")
