"""Writing an embedding set as CSV or TSV."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from embeddings.arrow_types import decoded
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import header
from embeddings.files.atomic import atomic_path
from embeddings.files.delimited.formulas import harmless, harmless_column
from embeddings.files.tabular.text_types import holds_list, holds_number
from embeddings.files.tabular.writable_columns import any_match, as_text, writable_columns

_TAKEN = ("label", "vector")
_COMPONENT = re.compile(r"dim_\d+")  # the names of the vector's columns


def save(embedding_set: EmbeddingSet, path: Path) -> tuple[str, ...]:
    """Write label, dim_0, dim_1, ... and the metadata under a header; tabs for .tsv, else commas.

    Texts are quoted, so that an empty one differs from a missing one. In .csv, which spreadsheets
    open, an apostrophe is put before texts that they would run as formulas. Returns what was left
    out: columns that are nested, hold NULs, or have our names; and the provenance.

    Raises
    ------
    EmbeddingError
        a label with a NUL character, which no reader expects in text
    """
    row = next((i for i, label in enumerate(embedding_set.labels) if "\0" in label), None)
    if row is not None:
        raise EmbeddingError(f"row {row}: its label holds a NUL character; write .parquet")
    columns = {"label": pa.array(embedding_set.labels, pa.string())}
    columns |= {f"dim_{i}": pa.array(v) for i, v in enumerate(embedding_set.vectors.T.copy())}
    kept, left_out = writable_columns(embedding_set.metadata, _writable, _TAKEN, _is_no_name)
    columns |= kept
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    table = pa.table(columns)
    if delimiter == ",":
        names = [harmless(name) for name in table.column_names]
        table = pa.Table.from_arrays(list(map(harmless_column, table.columns)), names)
    with atomic_path(path) as temporary:
        pa.csv.write_csv(table, temporary, pa.csv.WriteOptions(delimiter=delimiter))
    return (*left_out, *header.lost(embedding_set.provenance))


def _writable(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return a column as it is written, or None where CSV cannot carry it."""
    texts = as_text(column)
    return None if texts is None or any_match(texts, r"\x00") else decoded(column)


def _is_no_name(name: str) -> bool:
    """Return True if a header cannot hold the name, or would be read as a row because of it."""
    return (
        _COMPONENT.fullmatch(name) is not None
        or name != name.strip()
        or re.search(r"[\r\n\0]", name) is not None
        or holds_number(name)
        or holds_list(name)
    )
