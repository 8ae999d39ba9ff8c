"""What a set is and what may be wrong with it, as plain values ready for JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.analysis.advice import Advice, advice, numbers_in_file
from embeddings.analysis.health import LISTED, Health, examine
from embeddings.analysis.neighborhoods import NeighborHealth, examine_neighbors
from embeddings.columns import column_kind
from embeddings.embedding_set import EmbeddingSet
from embeddings.files.options import NothingFinite


def summarize(
    embedding_set: EmbeddingSet, left_out: Sequence[int] | np.ndarray = ()
) -> dict[str, Any]:
    """Return the facts that `inspect --json` prints; seconds at most, large sets being sampled.

    Parameters
    ----------
    left_out : rows of the file that hold NaN or inf and are not in the set

    Returns
    -------
    dict with the keys
        name, dimensions, metric, dtype (type of number in the file)
        rows : rows of the file, those left out among them; all row numbers are the file's
        columns : one for each metadata column, see column_facts
        advice : a list of {severity, text}, warnings first; see advice.py
        health : see health_facts
    """
    health = examine(embedding_set)
    neighbors = examine_neighbors(embedding_set)
    sentences = advice(health, neighbors, embedding_set.labels, left_out)
    return {
        "name": embedding_set.provenance.name,
        "rows": len(embedding_set) + len(left_out),
        "dimensions": embedding_set.dimensions,
        "metric": embedding_set.provenance.metric,
        "dtype": health.dtype,
        "columns": column_facts(embedding_set.metadata),
        "advice": [asdict(sentence) for sentence in sentences],
        "health": health_facts(health, neighbors, embedding_set.labels, left_out),
    }


def summarize_nothing(found: NothingFinite) -> dict[str, Any]:
    """Return what can be said of a file without a single finite row, as summarize does."""
    return {
        "name": found.provenance.name,
        "rows": found.rows,
        "dimensions": found.dimensions,
        "metric": found.provenance.metric,
        "dtype": found.provenance.dtype,
        "columns": column_facts(found.metadata),
        "advice": [asdict(Advice("warning", str(found)))],
        "health": {
            "non_finite_rows": found.rows,
            "first_non_finite_rows": list(range(min(found.rows, LISTED))),
        },
    }


def column_facts(metadata: pa.Table) -> list[dict[str, Any]]:
    """Return name, kind, cardinality and missing (share of rows, 0 to 1) of each column."""
    return [
        {
            "name": name,
            "kind": column_kind(column),
            "cardinality": cardinality(column),
            "missing": missing(column),
        }
        for name, column in zip(metadata.column_names, metadata.columns, strict=True)
    ]


def cardinality(column: pa.ChunkedArray) -> int | None:
    """Return how many different values a column has, missing ones apart; None for nested types."""
    if pa.types.is_nested(column.type):
        return None
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_floating(column.type):
        column = column.filter(pc.invert(column.is_null(nan_is_null=True)))
    return len(column.drop_null().unique())  # count_distinct knows no columns of nothing


def missing(column: pa.ChunkedArray) -> float:
    """Return the share of rows without a value, 0 to 1; NaN is none."""
    if not pa.types.is_floating(column.type):
        return column.null_count / max(1, len(column))
    return float(pc.sum(column.is_null(nan_is_null=True)).as_py() or 0) / max(1, len(column))


def health_facts(
    health: Health,
    neighbors: NeighborHealth | None = None,
    labels: Sequence[str] = (),
    left_out: Sequence[int] | np.ndarray = (),
) -> dict[str, Any]:
    """Return a set's health ready for JSON, rows named by number in the file and by label.

    Returns
    -------
    dict with the keys
        norms, zero_rows, first_zero_rows, constant_dimensions, whole_dimensions, mean_cosine,
        repeated_labels, empty_labels, common_label, common_label_rows : see health.Health
        non_finite_rows, first_non_finite_rows : how many were left out; the first row numbers
        duplicate_rows : rows whose vector an earlier row has, to the last bit
        duplicates : {groups, rows, largest, largest_row, largest_label}, see duplicates.Copies
        spectrum : see health.Spectrum
        neighbors : see neighbor_health.NeighborHealth, whose rows also have their labels; None
            where they were not examined, or there are none
    """
    numbers = numbers_in_file(health.rows, left_out)

    def named(name: str, row: int | None) -> dict[str, Any]:
        if row is None:
            return {f"{name}_row": None, f"{name}_label": None}
        label = labels[row] if labels else None
        return {f"{name}_row": int(numbers[row]), f"{name}_label": label}

    facts = asdict(health)
    for shown_above in ("rows", "dimensions", "metric", "dtype", "normalized", "copies"):
        del facts[shown_above]
    facts["first_zero_rows"] = numbers[list(health.first_zero_rows)].tolist()
    facts["non_finite_rows"] = len(left_out)
    facts["first_non_finite_rows"] = [int(row) for row in left_out[:LISTED]]
    facts["duplicate_rows"] = health.copies.repeats
    facts["duplicates"] = asdict(health.copies) | named("largest", health.copies.largest_row)
    facts["neighbors"] = None
    if neighbors:
        facts["neighbors"] = asdict(neighbors)
        facts["neighbors"]["hubs"] |= named("nearest", neighbors.hubs.nearest_row)
        facts["neighbors"]["hubs"] |= named("hub", neighbors.hubs.hub_row)
    return facts
