"""The embedding set of pairs: both sides' vectors, each left item's right items, and properties."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from embeddings.embedding_set import EmbeddingSet
from server.runs.contract import KNOWN_COLUMN
from trainers.core import run_info
from trainers.data.pairs.pairs import Pairs

_RESERVED = ("role", "count", KNOWN_COLUMN)


def pair_embeddings(
    pairs: Pairs,
    left: np.ndarray,
    right: np.ndarray,
    settings: Mapping[str, Any],
    metrics: Mapping[str, Any],
    trainer: str = "two_tower",
    checkpoint: str | None = None,
) -> EmbeddingSet:
    """Return one set of the left items followed by the right items; of a graph, of its nodes.

    Its columns are `role`, `count` (the number of an item's pairs), `known` and the columns of both
    sides. A side's column that has one of these names is renamed, such as to `count (given)`.

    Parameters
    ----------
    pairs : the items and their pairs
    left, right : float32, shapes (lefts, dim) and (rights, dim)
    settings : all settings that influence the vectors
    metrics : results of the training
    trainer : its name
    checkpoint : SHA-256 of the run's best.pt, if the run can encode texts
    """
    if pairs.undirected:
        return _node_embeddings(pairs, left, settings, metrics, trainer)
    sides = (pairs.left, pairs.right)
    counts = [np.bincount(pairs.rows[:, i], minlength=len(side)) for i, side in enumerate(sides)]
    columns: dict[str, Any] = {
        "role": pa.array([side.role for side in sides for _ in side.labels], pa.string()),
        "count": pa.array(np.concatenate(counts), pa.int64()),
        KNOWN_COLUMN: _known(pairs, counts[0]),
    }
    for name in dict.fromkeys([*pairs.left.columns, *pairs.right.columns]):
        arrays = [side.columns.get(name, pa.nulls(len(side))) for side in sides]
        columns[f"{name} (given)" if name in _RESERVED else name] = _concatenated(*arrays)
    return EmbeddingSet.of(
        np.concatenate([left, right]),
        [*pairs.left.labels, *pairs.right.labels],
        columns,
        name=pairs.name,
        metric=settings["similarity"],
        normalized=settings["similarity"] == "cosine",
        role=f"{pairs.left.role} and {pairs.right.role}",
        **run_info.fields(trainer, settings, pairs.source, metrics, checkpoint=checkpoint),
    )


def _node_embeddings(
    pairs: Pairs,
    vectors: np.ndarray,
    settings: Mapping[str, Any],
    metrics: Mapping[str, Any],
    trainer: str,
) -> EmbeddingSet:
    """Return the nodes of an undirected graph, by their left vectors: one vector for each.

    The left vectors of nodes are near where the nodes have the same neighbors. The right ones,
    which score a node as the neighbor of another, say the same in another basis.
    """
    counts = np.bincount(pairs.rows[:, 0], minlength=len(pairs.left))
    given = pairs.left.columns.items()
    columns: dict[str, Any] = {
        "role": pa.array([pairs.left.role] * len(pairs.left), pa.string()),
        "count": pa.array(counts, pa.int64()),
        KNOWN_COLUMN: _known(pairs, counts).slice(0, len(pairs.left)),
        **{f"{name} (given)" if name in _RESERVED else name: array for name, array in given},
    }
    return EmbeddingSet.of(
        vectors,
        pairs.left.labels,
        columns,
        name=pairs.name,
        metric="cosine",
        normalized=True,
        role=pairs.left.role,
        **run_info.fields(trainer, settings, pairs.source, metrics),
    )


def _known(pairs: Pairs, counts: np.ndarray) -> pa.Array:
    """Return the labels of each left item's right items, then a null for each right item."""
    labels = pa.array(pairs.right.labels, pa.string()).take(pa.array(pairs.rows[:, 1]))
    offsets = pa.array(np.cumsum([0, *counts]), pa.int32())
    lists = pa.ListArray.from_arrays(offsets, labels)  # the rows are sorted by left item
    return pa.concat_arrays([lists, pa.nulls(len(pairs.right), lists.type)])


def _concatenated(left: pa.Array, right: pa.Array) -> pa.Array:
    """Concatenate the columns of both sides, as text if their types differ."""
    types = [array.type for array in (left, right) if not pa.types.is_null(array.type)]
    common = types[0] if len(set(types)) == 1 else pa.string()
    return pa.concat_arrays([array.cast(common) for array in (left, right)])
