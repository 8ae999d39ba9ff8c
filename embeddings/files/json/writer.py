"""Writing an embedding set as JSON Lines, or as a JSON array."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from embeddings.embedding_set import EmbeddingSet
from embeddings.files import header
from embeddings.files.atomic import atomic_path
from embeddings.files.tabular.writable_columns import writable_columns

_OURS = ("label", "vector")


def save(embedding_set: EmbeddingSet, path: Path) -> tuple[str, ...]:
    """Write one object per row with label, vector and metadata, atomically.

    In .json they are the items of an array. Dates are written as ISO 8601.

    Returns
    -------
    what was left out: columns that JSON has no values for or whose names are reserved, and the
    provenance
    """
    columns, left_out = writable_columns(embedding_set.metadata, _json_values, _OURS)
    array = path.suffix.lower() == ".json"
    first, between, last = ("[\n", ",\n", "\n]\n") if array else ("", "\n", "\n")
    with atomic_path(path) as temporary, temporary.open("w", encoding="ascii") as file:
        file.write(first)
        for i, label in enumerate(embedding_set.labels):
            row = {"label": label, "vector": embedding_set.vectors[i].tolist()}
            row |= {name: values[i] for name, values in columns.items()}
            file.write((between if i else "") + json.dumps(row))
        file.write(last)
    return (*left_out, *header.lost(embedding_set.provenance))


def _json_values(column: pa.ChunkedArray) -> list[Any] | None:
    """Return a column as values of JSON; None if JSON has no such values."""
    kind = column.type.value_type if pa.types.is_list(column.type) else column.type
    if pa.types.is_nested(kind):
        return None
    values = column.to_pylist()
    values = [v.isoformat() if isinstance(v, date | datetime) else v for v in values]
    try:
        json.dumps(values, allow_nan=False)
    except (TypeError, ValueError):
        return None
    return values
