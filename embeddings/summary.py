"""What a set is and what may be wrong with it, as plain values ready for JSON."""

from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.columns import kind
from embeddings.embedding_set import EmbeddingSet

ColumnKind = Literal[
    "category", "text", "number", "date", "boolean", "list", "image", "other", "empty"
]

_BLOCK_FLOATS = 4_000_000


def summarize(embedding_set: EmbeddingSet) -> dict[str, Any]:
    """Return the facts that `inspect --json` prints; a few passes over the vectors.

    Returns
    -------
    dict with the keys
        name, rows, dimensions, metric
        columns : a list of {name, kind, cardinality}, one for each metadata column
        health : norms {min, mean, max}, zero_rows, duplicate_rows (rows whose vector an earlier
            row has, to the last bit), repeated_labels (rows whose label an earlier row has)
    """
    norms = embedding_set.norms
    return {
        "name": embedding_set.provenance.name,
        "rows": len(embedding_set),
        "dimensions": embedding_set.dimensions,
        "metric": embedding_set.provenance.metric,
        "columns": [
            {"name": name, "kind": column_kind(column), "cardinality": cardinality(column)}
            for name, column in zip(
                embedding_set.metadata.column_names, embedding_set.metadata.columns, strict=True
            )
        ],
        "health": {
            "norms": {
                "min": float(norms.min()),
                "mean": float(norms.mean()),
                "max": float(norms.max()),
            },
            "zero_rows": int((norms == 0).sum()),
            "duplicate_rows": duplicate_rows(embedding_set.vectors),
            "repeated_labels": len(embedding_set) - len(set(embedding_set.labels)),
        },
    }


def column_kind(column: pa.ChunkedArray) -> ColumnKind:
    """Say what a metadata column holds: finer than columns.kind, which says how to color by it."""
    type_ = column.type
    if column.null_count == len(column):
        return "empty"
    if pa.types.is_boolean(type_):
        return "boolean"
    if pa.types.is_temporal(type_):
        return "date"
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return "list"
    return "list" if pa.types.is_fixed_size_list(type_) else kind(column)


def cardinality(column: pa.ChunkedArray) -> int | None:
    """Return how many different values a column has, missing ones apart; None for nested types."""
    if pa.types.is_nested(column.type):
        return None
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return int(pc.count_distinct(column, mode="only_valid").as_py())


def duplicate_rows(vectors: np.ndarray) -> int:
    """Count the rows that are equal to an earlier row; 0 and -0 are equal.

    Rows are ordered by a 64-bit hash, and neighbors in that order compared in full.

    Parameters
    ----------
    vectors : float32, shape (n, d), a row per item
    """
    factors = np.random.default_rng(0).integers(1, 2**63, vectors.shape[1], dtype=np.uint64) | 1
    hashes = np.empty(len(vectors), dtype=np.uint64)
    step = max(1, _BLOCK_FLOATS // vectors.shape[1])
    for start in range(0, len(vectors), step):
        block = vectors[start : start + step] + np.float32(0)  # turns -0 into 0
        bits = block.view(np.uint32).astype(np.uint64)
        hashes[start : start + step] = (bits * factors).sum(axis=1, dtype=np.uint64)
    order = np.argsort(hashes, kind="stable")
    alike = np.flatnonzero(hashes[order[1:]] == hashes[order[:-1]])
    count = 0
    for start in range(0, len(alike), step):
        pairs = alike[start : start + step]
        equal = vectors[order[pairs]] == vectors[order[pairs + 1]]
        count += int(equal.all(axis=1).sum())
    return count
