"""The file of two towers: both sides' vectors, who an item is paired with, and their properties."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from embeddings.embedding_set import EmbeddingSet
from trainers.core import provenance
from trainers.data.pairs.pairs import Pairs

KNOWN = "known"
"""Column of a left item's right items, as lists of labels; null on the right."""

_OWN = ("role", "count", KNOWN)


def both_sides(
    pairs: Pairs,
    left: np.ndarray,
    right: np.ndarray,
    settings: Mapping[str, Any],
    metrics: Mapping[str, Any],
    trainer: str = "two_tower",
    checkpoint: str | None = None,
) -> EmbeddingSet:
    """Put the left items and then the right ones into one set, with what is known of them.

    Columns are `role`, `count` (pairs that an item is in), `known` and those of the sides.

    Parameters
    ----------
    left, right : float32, shapes (lefts, dim) and (rights, dim)
    settings : all that bear on the vectors
    checkpoint : sha256 of the weights, where they make vectors of texts
    """
    sides = (pairs.left, pairs.right)
    counts = [np.bincount(pairs.rows[:, i], minlength=len(side)) for i, side in enumerate(sides)]
    columns: dict[str, Any] = {
        "role": pa.array([side.role for side in sides for _ in side.labels], pa.string()),
        "count": pa.array(np.concatenate(counts), pa.int64()),
        KNOWN: _known(pairs, counts[0]),
    }
    for name in dict.fromkeys([*pairs.left.columns, *pairs.right.columns]):
        arrays = [side.columns.get(name, pa.nulls(len(side))) for side in sides]
        columns[f"{name} (given)" if name in _OWN else name] = _joined(*arrays)
    return EmbeddingSet.of(
        np.concatenate([left, right]),
        [*pairs.left.labels, *pairs.right.labels],
        columns,
        name=pairs.name,
        metric=settings["similarity"],
        normalized=settings["similarity"] == "cosine",
        role=f"{pairs.left.role} and {pairs.right.role}",
        **provenance.made(trainer, settings, pairs.source, metrics, checkpoint=checkpoint),
    )


def _known(pairs: Pairs, counts: np.ndarray) -> pa.Array:
    """Return each left item's right items, and null for each right item: list<string>."""
    labels = pa.array(pairs.right.labels, pa.string()).take(pa.array(pairs.rows[:, 1]))
    offsets = pa.array(np.cumsum([0, *counts]), pa.int32())
    of_left = pa.ListArray.from_arrays(offsets, labels)  # rows are in order of left
    return pa.concat_arrays([of_left, pa.nulls(len(pairs.right), of_left.type)])


def _joined(left: pa.Array, right: pa.Array) -> pa.Array:
    """Put two columns of one name below each other: as text, if their types differ."""
    types = [array.type for array in (left, right) if not pa.types.is_null(array.type)]
    common = types[0] if len(set(types)) == 1 else pa.string()
    return pa.concat_arrays([array.cast(common) for array in (left, right)])
