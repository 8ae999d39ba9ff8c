"""The files of entity embeddings: one for the levels of each column, and one for all of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from embeddings.embedding_set import EmbeddingSet
from trainers.entity.data import Coding


def level_sets(
    coding: Coding,
    vectors: Mapping[str, np.ndarray],
    columns: Mapping[str, Mapping[str, np.ndarray]] | None = None,
    **provenance: Any,
) -> dict[str, EmbeddingSet]:
    """Return a set for each categorical column, with a row per level; the first is "(unknown)".

    Parameters
    ----------
    coding : the levels of each column
    vectors : column -> float32, shape (levels, width)
    columns : further metadata: column -> name -> values, shape (levels,)
    provenance : fields of Provenance; the column's name is appended to the name and the space
    """
    sets = {}
    space = provenance.pop("space", "")
    name = provenance.pop("name")
    for column, levels in coding.levels.items():
        sets[column] = EmbeddingSet.of(
            vectors[column],
            levels,
            {
                "role": pa.array([column] * len(levels), pa.string()),
                "count": pa.array(coding.counts[column], pa.int64()),
                **{title: pa.array(values, from_pandas=True)
                   for title, values in (columns or {}).get(column, {}).items()},
            },
            name=f"{name}: {column}",
            metric="euclidean",
            space=f"{space}-{column}" if space else "",
            role=column,
            **provenance,
        )  # fmt: skip
    return sets


def concatenated(sets: Mapping[str, EmbeddingSet], name: str) -> EmbeddingSet:
    """Return one set of the levels of all columns; shorter vectors are padded with zeros."""
    longest = max(each.dimensions for each in sets.values())
    vectors = [np.pad(each.vectors, ((0, 0), (0, longest - each.dimensions)))
               for each in sets.values()]  # fmt: skip
    first = next(iter(sets.values()))
    return EmbeddingSet.of(
        np.concatenate(vectors),
        [label for each in sets.values() for label in each.labels],
        pa.concat_tables([each.metadata for each in sets.values()]),
    ).with_provenance(
        **{field: getattr(first.provenance, field)
           for field in ("metric", "trainer", "config", "metrics", "seed", "created", "source",
                         "libraries")},
        name=name,
        role="level",
        space=first.provenance.space.removesuffix(f"-{first.provenance.role}"),
    )  # fmt: skip


def target_columns(
    coding: Coding, codes: np.ndarray, target: np.ndarray, target_name: str
) -> dict[str, dict[str, np.ndarray]]:
    """Return the mean of the target for each level, to color the map by; NaN for no rows.

    Of two classes, it is the fraction of the second; with more classes there is no such column.

    Parameters
    ----------
    coding : the levels of each column, and the classes
    codes : int64, shape (rows, columns), numbers of the levels
    target : float64 or text objects, shape (rows,)
    target_name : name of the target, for the title

    Returns
    -------
    column -> title -> float64, shape (levels,)
    """
    if len(coding.classes) > 2:
        return {}
    title, values = f"mean {target_name}", target
    if coding.classes:
        title, values = f"share of {coding.classes[1]}", target == coding.classes[1]
    columns = {}
    for column, numbers in zip(coding.levels, codes.T, strict=True):
        size = len(coding.levels[column])
        rows = np.bincount(numbers, minlength=size)  # (levels,)
        sums = np.bincount(numbers, weights=np.asarray(values, np.float64), minlength=size)
        columns[column] = {title: np.where(rows > 0, sums / np.maximum(rows, 1), np.nan)}
    return columns
