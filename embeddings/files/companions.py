"""Several files that make up one set: vectors, and what describes their rows.

Which file is which is decided by content, not by order or name.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files import delimited, npy
from embeddings.files.dialogue import Dialogue, Note
from embeddings.files.draft import Draft
from embeddings.files.reading import naming
from embeddings.files.roles import choose_label
from embeddings.files.tables import metadata, table_columns, to_labels

SURE = (4, 0)
"""Rank of a file that holds vectors whatever lies beside it."""


def find_vectors(paths: Sequence[Path], formats: Sequence[ModuleType]) -> int:
    """Return the position of the file that holds the vectors.

    Parameters
    ----------
    formats : the module that reads each file

    Raises
    ------
    EmbeddingError
        none of the files holds vectors, or more than one surely does
    """
    ranks = [_rank(path, module) for path, module in zip(paths, formats, strict=True)]
    names = ", ".join(path.name for path in paths)
    if ranks.count(SURE) > 1:
        raise EmbeddingError(f"{names}: more than one of them holds vectors; open them one by one")
    best = max(ranks)
    if best == (0, 0):
        raise EmbeddingError(f"{names}: none of them holds vectors; add the file that does")
    return ranks.index(best)


def add_columns(
    draft: Draft,
    paths: Sequence[Path],
    formats: Sequence[ModuleType],
    dialogue: Dialogue,
) -> Draft:
    """Return the draft with the columns of its companion files.

    The best label column among them labels the items, unless they have labels of their own; the
    rest is metadata.

    Raises
    ------
    EmbeddingError
        a file has another number of rows, or is of a format that describes no rows
    """
    columns = []
    for path, module in zip(paths, formats, strict=True):
        with naming(path):
            table = _read_columns(path, module, len(draft.vectors), dialogue.note)
        columns += list(zip(table.column_names, table.columns, strict=True))
    added = pa.table([column for _, column in columns], names=[name for name, _ in columns])
    labels = draft.labels
    kept = list(range(len(columns)))
    if labels is None:
        position = choose_label(table_columns(added), kept, dialogue)
        if position is None and len(columns) == 1:
            position = 0
        if position is not None:
            labels = tuple(to_labels(added.column(position)))
            if len(set(labels)) > len(labels) // 2:  # else it is a category as well
                kept.remove(position)
    given = draft.metadata
    joined = pa.table(
        [*given.columns, *(added.column(i) for i in kept)],
        names=[*given.column_names, *(added.column_names[i] for i in kept)],
    )
    extended = metadata(joined, range(joined.num_columns)) if joined.num_columns else given
    return replace(draft, labels=labels, metadata=extended)


def count_rows(path: Path, module: ModuleType, numbers: int) -> int | None:
    """Return how many rows a companion describes, where that divides `numbers`; else None."""
    if module is npy:
        counts = [len(npy.load_column(path))]
    elif module is delimited:
        counts = delimited.row_counts(path)
    else:
        return None
    return next((count for count in counts if count and numbers % count == 0), None)


def _rank(path: Path, module: ModuleType) -> tuple[int, int]:
    if module is delimited:
        with naming(path):
            return delimited.vector_rank(path)
    if module is npy and npy.is_column(path):
        return 0, 0
    return SURE


def _read_columns(path: Path, module: ModuleType, rows: int, note: Note) -> pa.Table:
    if module is delimited:
        return delimited.load_columns(path, rows, note)
    column = npy.load_column(path)
    if len(column) != rows:
        raise EmbeddingError(
            f"{len(column):,} values for {rows:,} vectors; "
            "give exactly one for each vector, in the same order"
        )
    return pa.table({path.stem: column})
