"""The files of entity embeddings: one of each column's levels, and one of all of them together."""

import re
from collections.abc import Mapping
from pathlib import Path
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
    """Return a set for each categorical column; a row is a level, beginning with "(unknown)".

    Parameters
    ----------
    vectors : column -> float32, shape (levels, width)
    columns : further metadata: column -> name -> values, shape (levels,)
    provenance : fields of Provenance; the name and the space get the column's name added
    """
    made = {}
    space = provenance.pop("space", "")
    name = provenance.pop("name")
    for column, levels in coding.levels.items():
        made[column] = EmbeddingSet.of(
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
    return made


def joined(sets: Mapping[str, EmbeddingSet], name: str) -> EmbeddingSet:
    """Put the levels of all columns into one set, shorter vectors padded with zeros at the end."""
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
    """Return what the target is on average for each level, to color the map by; NaN for no rows.

    Of two classes it is the share of the second; of more there is none.

    Parameters
    ----------
    codes : int64, shape (rows, columns)
    target : float64 or objects of text, shape (rows,)

    Returns
    -------
    column -> title -> float64, shape (levels,)
    """
    if len(coding.classes) > 2:
        return {}
    title, values = f"mean {target_name}", target
    if coding.classes:
        title, values = f"share of {coding.classes[1]}", target == coding.classes[1]
    made = {}
    for column, numbers in zip(coding.levels, codes.T, strict=True):
        size = len(coding.levels[column])
        rows = np.bincount(numbers, minlength=size)
        sums = np.bincount(numbers, weights=np.asarray(values, np.float64), minlength=size)
        made[column] = {title: np.where(rows > 0, sums / np.maximum(rows, 1), np.nan)}
    return made


def column_path(out: Path, column: str) -> Path:
    """Return where the levels of one column go: NAME.COLUMN.embedding.parquet beside `out`."""
    name = out.name.removesuffix(".parquet").removesuffix(".embedding")
    return out.with_name(f"{name}.{re.sub(r'[^A-Za-z0-9_-]+', '_', column)}.embedding.parquet")
