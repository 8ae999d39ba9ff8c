"""The embedding file: Parquet, one row an item (docs/format.md is its contract)."""

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from embeddings.embedding_set import EmbeddingSet, Provenance
from embeddings.errors import EmbeddingError
from embeddings.files.atomic import atomic_path

FORMAT, VERSION = "embedding", 1
METADATA_KEY = b"embedding"
_OURS = ("vector", "label")


def matches(head: bytes, path: Path) -> bool:
    """Say whether a file that starts with `head` is Parquet."""
    return head[:4] == b"PAR1"


def load(path: Path) -> EmbeddingSet:
    """Read an embedding file, or any Parquet with one list column of numbers.

    Raises
    ------
    EmbeddingError
        a file that is damaged, holds no or several vector columns, or rows of different length
    """
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise EmbeddingError(
            f"{path.name}: damaged or incomplete Parquet ({_first_line(error)}); "
            "write or copy the file again"
        ) from error
    header = _header(table.schema, path)
    column = _vector_column(table.schema, path)
    vectors = _vectors(table.column(column), path, column)
    table = table.drop_columns([column]).replace_schema_metadata(None)
    labels = None
    if "label" in table.column_names:
        labels = ["" if v is None else str(v) for v in table.column("label").to_pylist()]
        table = table.drop_columns(["label"])
    known = {f.name for f in fields(Provenance)}
    provenance = {key: value for key, value in header.items() if key in known}
    provenance.setdefault("name", path.name.removesuffix(".parquet").removesuffix(".embedding"))
    return EmbeddingSet.of(vectors, labels, table, **provenance)


def save(embedding_set: EmbeddingSet, path: Path) -> None:
    """Write the embedding file, atomically."""
    dimensions = embedding_set.dimensions
    flat = pa.array(embedding_set.vectors.reshape(-1))
    vector = pa.FixedSizeListArray.from_arrays(flat, dimensions)
    table = embedding_set.metadata.drop_columns(
        [name for name in _OURS if name in embedding_set.metadata.column_names]
    )
    table = pa.table(
        [pa.array(embedding_set.labels, pa.string()), vector, *table.columns],
        names=["label", "vector", *table.column_names],
    )
    header = {"format": FORMAT, "version": VERSION, **asdict(embedding_set.provenance)}
    table = table.replace_schema_metadata({METADATA_KEY: json.dumps(header)})
    strings = [f.name for f in table.schema if pa.types.is_string(f.type)]
    with atomic_path(path) as temporary:
        pq.write_table(
            table,
            temporary,
            compression="zstd",
            use_dictionary=strings,
            column_encoding={"vector.list.element": "BYTE_STREAM_SPLIT"},
        )


def _header(schema: pa.Schema, path: Path) -> dict[str, Any]:
    """Return the JSON under the schema's `embedding` key, or {} for a foreign Parquet file."""
    text = (schema.metadata or {}).get(METADATA_KEY)
    if text is None:
        return {}
    try:
        header = json.loads(text)
    except ValueError as error:
        raise EmbeddingError(
            f"{path.name}: schema metadata `embedding` is not JSON: {error}"
        ) from error
    if not isinstance(header, dict) or header.get("version", VERSION) != VERSION:
        raise EmbeddingError(
            f"{path.name}: schema metadata `embedding` is not of version {VERSION}; "
            "open it with the release that wrote it"
        )
    return header


def _is_vector(kind: pa.DataType) -> bool:
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    is_list = is_list or pa.types.is_fixed_size_list(kind)
    return is_list and (
        pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)
    )


def _vector_column(schema: pa.Schema, path: Path) -> str:
    """Return `vector`, or else the only list column of numbers."""
    candidates = [f.name for f in schema if _is_vector(f.type)]
    if "vector" in candidates:
        return "vector"
    if len(candidates) == 1:
        return candidates[0]
    found = (
        f"several list columns of numbers ({', '.join(candidates)})"
        if candidates
        else (f"no list column of numbers among its columns ({', '.join(schema.names)})")
    )
    raise EmbeddingError(f"{path.name}: {found}; name the column of vectors `vector`")


def _vectors(column: pa.ChunkedArray, path: Path, name: str) -> np.ndarray:
    """Return the list column as a matrix; rows must be present and of one length."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if array.null_count:
        row = int(np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))[0])
        raise EmbeddingError(f"{path.name}: row {row}, column {name}: the vector is missing")
    if len(array) == 0:
        raise EmbeddingError(f"{path.name}: no rows; expected at least one")
    if pa.types.is_fixed_size_list(array.type):
        length = array.type.list_size
    else:
        lengths = np.diff(array.offsets.to_numpy())
        length = int(lengths[0])
        if (lengths != length).any():
            row = int(np.flatnonzero(lengths != length)[0])
            raise EmbeddingError(
                f"{path.name}: row {row}, column {name}: {lengths[row]} numbers where row 0 has "
                f"{length}; all vectors must be of one length"
            )
    flat = array.flatten()
    if flat.null_count:
        place = int(np.flatnonzero(flat.is_null().to_numpy(zero_copy_only=False))[0])
        raise EmbeddingError(
            f"{path.name}: row {place // length}, column {name}[{place % length}]: "
            "a number is missing"
        )
    return flat.to_numpy(zero_copy_only=False).reshape(-1, length)


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0][:200]
