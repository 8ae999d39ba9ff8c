"""The summary of a set, with its statistics and advice, as JSON values."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.analysis.advice import Advice, advice, numbers_in_file
from embeddings.analysis.health import LISTED, Health, examine
from embeddings.analysis.neighborhoods import NeighborHealth, examine_neighbors
from embeddings.arrow_types import decoded
from embeddings.columns import column_kind
from embeddings.embedding_set import EmbeddingSet
from embeddings.files.options import NothingFinite


def summarize(
    embedding_set: EmbeddingSet, left_out: Sequence[int] | np.ndarray = ()
) -> dict[str, Any]:
    """Return what `inspect --json` prints; large sets are sampled, so that it takes seconds.

    Parameters
    ----------
    left_out : row numbers in the file of rows that are not in the set because they are not finite

    Returns
    -------
    dict with the keys
        name, dimensions, metric, dtype (the number type in the file)
        rows : number of rows of the file, including those left out; all row numbers are the file's
        columns : one entry per metadata column, see column_facts
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
    """Return the summary of a file that has no finite row, with the keys that summarize returns."""
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
    """Return name, kind, cardinality and missing (fraction of rows, 0 to 1) of each column."""
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
    """Return the number of distinct values of a column, without missing ones; None if nested."""
    if pa.types.is_nested(column.type):
        return None
    column = decoded(column)
    if pa.types.is_floating(column.type):
        column = column.filter(pc.invert(column.is_null(nan_is_null=True)))
    return len(column.drop_null().unique())  # count_distinct rejects columns of nulls


def missing(column: pa.ChunkedArray) -> float:
    """Return the fraction of rows without a value, 0 to 1; NaN is not a value."""
    if not pa.types.is_floating(column.type):
        return column.null_count / max(1, len(column))
    return float(pc.sum(column.is_null(nan_is_null=True)).as_py() or 0) / max(1, len(column))


def health_facts(
    health: Health,
    neighbors: NeighborHealth | None = None,
    labels: Sequence[str] = (),
    left_out: Sequence[int] | np.ndarray = (),
) -> dict[str, Any]:
    """Return the statistics of a set as JSON values; rows have their numbers in the file.

    The keys are part of the command line's contract and do not change with the classes here.

    Returns
    -------
    dict with the keys
        norms, zero_rows, first_zero_rows, constant_dimensions, whole_dimensions, mean_cosine,
        repeated_labels, empty_labels, common_label, common_label_rows : see health.Health
        non_finite_rows, first_non_finite_rows : number of rows that were left out, and the first of
            their row numbers
        duplicate_rows : rows whose vector an earlier row has
        duplicates : {groups, rows, largest, largest_row, largest_label}, see duplicates.Duplicates
        spectrum : {effective_rank, components_90, largest_dimension, largest_share, rows}, see
            health.Spectrum
        neighbors : {metric, k, rows_asked, hubs, near_duplicates, dot_and_cosine}, see
            neighborhoods.NeighborHealth; None if there are none or they were not examined
    """
    numbers = numbers_in_file(health.rows, left_out)

    def named(name: str, row: int | None) -> dict[str, Any]:
        if row is None:
            return {f"{name}_row": None, f"{name}_label": None}
        label = labels[row] if labels else None
        return {f"{name}_row": int(numbers[row]), f"{name}_label": label}

    facts = {
        field.name: getattr(health, field.name)  # not asdict, which copies every number
        for field in fields(health)
        if field.name not in ("rows", "dimensions", "metric", "dtype", "normalized", "duplicates")
    }
    facts["norms"] = asdict(health.norms)
    facts["first_zero_rows"] = numbers[list(health.first_zero_rows)].tolist()
    facts["spectrum"] = _renamed(asdict(health.spectrum), largest_fraction="largest_share")
    facts["non_finite_rows"] = len(left_out)
    facts["first_non_finite_rows"] = [int(row) for row in left_out[:LISTED]]
    duplicates = health.duplicates
    facts["duplicate_rows"] = duplicates.repeats
    facts["duplicates"] = asdict(duplicates) | named("largest", duplicates.largest_row)
    facts["neighbors"] = None
    if neighbors:
        hubs = _renamed(
            asdict(neighbors.hubs),
            nearest_fraction="nearest_share",
            hub_fraction="hub_share",
            antihub_fraction="unlisted_share",
        )
        hubs |= named("nearest", neighbors.hubs.nearest_row)
        hubs |= named("hub", neighbors.hubs.hub_row)
        near = _renamed(
            asdict(neighbors.near_duplicates), fraction="share", sampled_rows="rows_asked"
        )
        facts["neighbors"] = _renamed(asdict(neighbors), sampled_rows="rows_asked")
        facts["neighbors"] |= {"hubs": hubs, "near_duplicates": near}
    return facts


def _renamed(facts: dict[str, Any], **names: str) -> dict[str, Any]:
    """Return the same values in the same order, with some keys replaced."""
    return {names.get(key, key): value for key, value in facts.items()}
