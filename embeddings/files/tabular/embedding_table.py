"""The embedding file's table, as Parquet and Arrow carry it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from embeddings.embedding_set import EmbeddingSet
from embeddings.files import provenance
from embeddings.files.draft import Draft
from embeddings.files.hugging_face import features as hf_features
from embeddings.files.options import Note, ReadContext
from embeddings.files.tabular.normalize_types import simplified
from embeddings.files.tabular.roles import SURE, Rank, choose_roles, columns_likelihood
from embeddings.files.tabular.tables import (
    draft_from_table,
    is_number,
    is_row_numbers,
    metadata,
    table_columns,
)
from embeddings.files.tabular.writable_columns import writable_columns

METADATA_KEY = b"embedding"
"""Key of the schema's metadata under which the provenance lies, as JSON."""

_OURS = ("label", "vector")


def from_table(table: pa.Table, path: Path, context: ReadContext) -> Draft:
    """Return what a table of any origin holds.

    Raises
    ------
    EmbeddingError
        no vectors, vectors of different length, or a provenance that cannot be read
    """
    header = (table.schema.metadata or {}).get(METADATA_KEY)
    found = provenance.from_json(header) if header else None
    table, classes = hf_features.decode(table, context.note)
    table = table.replace_schema_metadata(None)
    if header is None:
        table = simplified(table)
    columns = [
        replace(column, kind="other") if column.name in classes else column  # no label of an item
        for column in table_columns(table)
    ]
    roles = choose_roles(columns, context)
    return replace(draft_from_table(table, roles, path, found), typed=header is not None)


def table_rank(schema: pa.Schema, read: Callable[[], pa.Table]) -> Rank:
    """Say how surely a table holds vectors; see roles.py.

    Its types tell it, unless it has texts or nested columns, which may hold lists of numbers.

    Parameters
    ----------
    read : returns the table, where a look into it is needed
    """
    rank = columns_likelihood(table_columns(schema.empty_table()))
    if rank == SURE or all(is_number(kind) for kind in schema.types):
        return rank
    return columns_likelihood(table_columns(describing(read(), lambda _: None)))


def describing(table: pa.Table, note: Note) -> pa.Table:
    """Return all columns as they describe the rows of another file, without pandas' row numbers."""
    table, _ = hf_features.decode(table, note)
    table = simplified(table.replace_schema_metadata(None))
    columns = zip(table.column_names, table.columns, strict=True)
    kept = [i for i, (name, column) in enumerate(columns) if not is_row_numbers(name, column)]
    return metadata(table, kept)


def to_table(embedding_set: EmbeddingSet) -> tuple[pa.Table, tuple[str, ...]]:
    """Return a set as the table of an embedding file, and the columns whose names are taken."""
    flat = pa.array(embedding_set.vectors.reshape(-1))
    vector = pa.FixedSizeListArray.from_arrays(flat, embedding_set.dimensions)
    rest, lost = writable_columns(embedding_set.metadata, _whole, _OURS)
    table = pa.table(
        [pa.array(embedding_set.labels, pa.string()), vector, *rest.values()],
        names=[*_OURS, *rest],
        metadata={METADATA_KEY: provenance.to_json(embedding_set.provenance)},
    )
    return table, tuple(lost)


def _whole(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column  # any type has a place
