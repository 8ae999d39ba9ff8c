"""The table of an embedding file, as Parquet and Arrow hold it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from embeddings.arrow_types import is_list, is_number
from embeddings.embedding_set import EmbeddingSet, Provenance
from embeddings.errors import EmbeddingError
from embeddings.files import header as provenance
from embeddings.files.draft import Draft
from embeddings.files.hugging_face import schema as hf_features
from embeddings.files.options import Note, ReadContext
from embeddings.files.tabular.normalize_types import normalize_types
from embeddings.files.tabular.roles import CERTAIN, Likelihood, choose_roles, columns_likelihood
from embeddings.files.tabular.table_draft import (
    describe_columns,
    draft_from_table,
    is_row_numbers,
    with_unique_names,
)
from embeddings.files.tabular.writable_columns import writable_columns

METADATA_KEY = b"embedding"
"""Key of the schema's metadata whose value is the provenance, as JSON."""

_OURS = ("label", "vector")


def from_table(table: pa.Table, path: Path, context: ReadContext) -> Draft:
    """Return the draft of a table, which may be an embedding file's or any other.

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
        table = normalize_types(table)
    columns = [
        replace(column, kind="other") if column.name in classes else column  # not labels
        for column in describe_columns(table)
    ]
    try:
        roles = choose_roles(columns, context)
    except EmbeddingError:
        _check_no_multivectors(table)
        raise
    draft = draft_from_table(table, roles, path, context.note, found)
    return replace(draft, typed=header is not None)


def _check_no_multivectors(table: pa.Table) -> None:
    """Raise EmbeddingError for a column with several vectors in a row, as ColBERT makes them."""
    for field in table.schema:
        if is_list(field.type) and is_list(field.type.value_type):
            raise EmbeddingError(
                f"column {field.name} holds several vectors in each row, as of the tokens of a "
                "text (ColBERT); write their mean, or a row for each"
            )


def table_likelihood(schema: pa.Schema, read: Callable[[], pa.Table]) -> Likelihood:
    """Return how likely a table holds vectors; see roles.py.

    Its types are enough, unless it has texts or nested columns, which may hold lists of numbers.

    Parameters
    ----------
    read : returns the table, if its types are not enough
    """
    likelihood = columns_likelihood(describe_columns(schema.empty_table()))
    if likelihood == CERTAIN or all(is_number(kind) for kind in schema.types):
        return likelihood
    return columns_likelihood(describe_columns(companion_columns(read(), lambda _: None)))


def companion_columns(table: pa.Table, note: Note) -> pa.Table:
    """Return the columns of a table that describes another file's rows, without row numbers."""
    table, _ = hf_features.decode(table, note)
    table = normalize_types(table.replace_schema_metadata(None))
    columns = zip(table.column_names, table.columns, strict=True)
    rest = [i for i, (name, column) in enumerate(columns) if not is_row_numbers(name, column)]
    return with_unique_names(table, rest)


def to_table(embedding_set: EmbeddingSet) -> tuple[pa.Table, tuple[str, ...]]:
    """Return a set as the table of an embedding file, and the columns that it cannot hold.

    These are the columns whose names are reserved, empty or repeated.
    """
    rest, lost = held_columns(embedding_set.metadata)
    table = item_table(embedding_set.labels, embedding_set.vectors, rest, embedding_set.provenance)
    return table, lost


def held_columns(metadata: pa.Table) -> tuple[dict[str, pa.ChunkedArray], tuple[str, ...]]:
    """Return the columns that an embedding file holds, by name, and those that it cannot."""
    rest, lost = writable_columns(metadata, lambda column: column, _OURS)
    return rest, tuple(lost)


def item_table(
    labels: Sequence[str],
    vectors: np.ndarray,
    columns: Mapping[str, pa.ChunkedArray],
    described: Provenance,
) -> pa.Table:
    """Return items as rows of an embedding file.

    Parameters
    ----------
    vectors : float32, shape (n, d), C-contiguous; they are not copied
    columns : further columns of n values
    described : the provenance of the set that the items are of
    """
    flat = pa.array(vectors.reshape(-1))
    vector = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    return pa.table(
        [pa.array(labels, pa.string()), vector, *columns.values()],
        names=[*_OURS, *columns],
        metadata={METADATA_KEY: provenance.to_json(described)},
    )
