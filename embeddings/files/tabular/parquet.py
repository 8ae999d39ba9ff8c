"""The embedding file: Parquet, one row an item (docs/format.md is its contract).

Any other Parquet file opens too, if it has a column of lists of numbers, or several of numbers.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from embeddings.embedding_set import EmbeddingSet
from embeddings.files.atomic import atomic_path
from embeddings.files.draft import Draft
from embeddings.files.errors import damaged
from embeddings.files.limits import check_bytes
from embeddings.files.options import Note, ReadContext
from embeddings.files.tabular.embedding_table import describing, from_table, table_rank, to_table
from embeddings.files.tabular.roles import Rank
from embeddings.files.tabular.tables import holds_vectors

_DAMAGE = (pa.ArrowException, OSError, UnicodeError)  # what pyarrow raises
_ROWS = 50_000  # of a group: 400,000 x 50 in one took a third more processor time to read


def load(path: Path, context: ReadContext) -> Draft:
    """Read an embedding file, or any Parquet with vectors in it.

    Raises
    ------
    EmbeddingError
        a file that is damaged, too large when decoded, or holds no vectors, or vectors of
        different length
    """
    return from_table(read_table(path), path, context)


def vector_likelihood(path: Path) -> Rank:
    """Say how surely the file holds vectors; see roles.py."""
    return table_rank(read_schema(path), lambda: read_table(path))


def read_columns(path: Path, rows: int | None, note: Note) -> Iterator[tuple[pa.Table, str]]:
    """Yield the table, whose columns describe the rows of another file."""
    yield describing(read_table(path), note), ""


def read_schema(path: Path) -> pa.Schema:
    """Return names and types of the columns, from the file's header or footer.

    Raises
    ------
    EmbeddingError
        a file that is damaged
    """
    with damaged("Parquet", *_DAMAGE):
        return pq.read_schema(path)


def read_table(path: Path) -> pa.Table:
    """Read all columns, after looking at how large they will be in memory.

    Raises
    ------
    EmbeddingError
        a file that is damaged or too large when decoded
    """
    with damaged("Parquet", *_DAMAGE):
        return _read(path)


def save(embedding_set: EmbeddingSet, path: Path) -> tuple[str, ...]:
    """Write the embedding file, atomically; return the columns whose names are taken."""
    table, taken = to_table(embedding_set)
    with atomic_path(path) as temporary:
        pq.write_table(
            table,
            temporary,
            compression="zstd",
            row_group_size=_ROWS,
            use_dictionary=[field.name for field in table.schema if _holds_strings(field.type)],
            column_encoding={"vector.list.element": "BYTE_STREAM_SPLIT"},
        )
    return taken


def _read(path: Path) -> pa.Table:
    """Read all columns, after looking at how large they will be in memory.

    Strings come as dictionaries first: few bytes on disk may stand for any number in memory.
    """
    schema = pq.read_schema(path)
    texts = [
        field.name
        for field in schema
        if _holds_strings(field.type) and not pa.types.is_dictionary(field.type)
    ]
    with pq.ParquetFile(path, read_dictionary=texts, memory_map=True) as file:
        _check_size(file)
        table = file.read()
    for position, field in enumerate(schema):
        column = table.column(position)
        if pa.types.is_dictionary(column.type) and column.type != field.type:
            check_bytes(_text_bytes(column), f"column {field.name} decodes to")
            table = table.set_column(position, field.name, column.cast(field.type))
    table.validate(full=True)
    return table


def _check_size(file: pq.ParquetFile) -> None:
    """Raise EmbeddingError where the columns will be larger in memory than the limit.

    Vectors that are alike take next to nothing on disk, so their size is that of the first row
    times the number of rows. (The index of each column tells it too, but pyarrow ends the whole
    process where that is damaged.)
    """
    metadata, schema = file.metadata, file.schema_arrow
    groups = [metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups)]
    check_bytes(sum(groups), "its columns decode to")
    lists = [field.name for field in schema if holds_vectors(field.type)]
    first = next(file.iter_batches(batch_size=1, columns=lists), None) if lists else None
    if first is not None:
        check_bytes(first.nbytes * metadata.num_rows, "its columns decode to")


def _text_bytes(column: pa.ChunkedArray) -> int:
    """Return how many bytes a dictionary column takes when each value is written out."""
    total = 0
    for chunk in column.chunks:
        lengths = pc.binary_length(chunk.dictionary).fill_null(0).to_numpy()
        used = np.bincount(chunk.indices.drop_null().to_numpy(), minlength=len(lengths))
        total += int((lengths * used.astype(np.int64)).sum())
    return total


def _holds_strings(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)
