"""Recommend right items for a left item, from a file of two_tower; for a text, also from its run.

python -m trainers recommend visits.embedding.parquet ann -k 5
python -m trainers recommend help.embedding.parquet --text "may i bring my dog"
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import load
from embeddings.metrics import compare, row_norms
from embeddings.text import decimals_to_distinguish, listed
from server.runs.contract import (
    BEST_CHECKPOINT,
    CHECKPOINT_SETTING,
    KNOWN_COLUMN,
    read_checkpoint_hash,
    sha256_of,
)
from trainers.commands.config import RecommendConfig
from trainers.core.console import print_progress
from trainers.core.loop_config import run_of


@dataclass(frozen=True, eq=False)
class Recommendations:
    """The nearest right items of a left item or a text.

    Attributes
    ----------
    rows : int64, shape (k,), rows of the set, nearest first
    similarities : float64, shape (k,), by the set's metric
    """

    rows: np.ndarray
    similarities: np.ndarray


def run(config: RecommendConfig) -> list[str]:
    """Return the lines to print."""
    embedding_set = load(config.file)
    if config.text is not None:
        run_dir = config.run_dir or run_of(config.file)
        nearest = recommend_for_text(embedding_set, config.text, run_dir, config.k)
    else:
        row = left_row(embedding_set, config.label or "", config.label_column)
        nearest = recommend(embedding_set, row, config.k)
    names = names_of(embedding_set, config.label_column)
    items = [
        {"row": int(row), "label": names[row], "similarity": float(value)}
        for row, value in zip(nearest.rows, nearest.similarities, strict=True)
    ]
    if config.json:
        return [json.dumps(items, ensure_ascii=False)]
    decimals = decimals_to_distinguish(nearest.similarities, least=4)
    return [f"{item['similarity']:{decimals + 5}.{decimals}f}  {item['label']}" for item in items]


def recommend(embedding_set: EmbeddingSet, row: int, k: int = 10) -> Recommendations:
    """Return the right items most similar to a left item, except those that it is paired with.

    For an undirected graph, they are the most similar nodes that are not its neighbors. Ties are in
    order of row; there may be fewer than k.

    Parameters
    ----------
    embedding_set : a set of two_tower
    row : of the left item
    k : number of items

    Raises
    ------
    EmbeddingError
        the set is not one of two_tower, or the row is not a left item
    """
    known = _known(embedding_set)
    paired = known[row]
    if paired is None:
        raise EmbeddingError(f"row {row} is not a left item: it has no list of known right items")
    has_right = any(rights is None for rights in known)  # not so for the nodes of a graph
    candidates = [
        other
        for other, (label, rights) in enumerate(zip(embedding_set.labels, known, strict=True))
        if (rights is None if has_right else other != row) and label not in paired
    ]
    return _nearest(embedding_set, embedding_set.vectors[row], candidates, k)


def recommend_for_text(
    embedding_set: EmbeddingSet, text: str, run: Path, k: int = 10
) -> Recommendations:
    """Return the right items most similar to a text, encoded by a run; log words it ignored.

    Parameters
    ----------
    embedding_set : a set of two_tower
    text : the query
    run : folder of the run that made the set
    k : number of items

    Raises
    ------
    EmbeddingError
        the set is not one of two_tower, the run did not make it, or knows no word of the text
    """
    from trainers.commands import load_run  # imports torch, which labels do not need
    from trainers.core.codec import weights_folder

    candidates = [row for row, rights in enumerate(_known(embedding_set)) if rights is None]
    coder = load_run.load(run)
    folder = weights_folder(run)
    checkpoint = folder / BEST_CHECKPOINT
    sha256 = read_checkpoint_hash(folder)
    if sha256 is None and checkpoint.is_file():  # of a release that did not record it
        sha256 = sha256_of(checkpoint)
    expected = embedding_set.provenance.config.get(CHECKPOINT_SETTING)
    if coder.encode_text is None or sha256 != expected:
        raise EmbeddingError(f"{run}: not the run that made the file; give it with --run-dir")
    nearest = _nearest(embedding_set, coder.encode_text(text), candidates, k)
    if coder.unknown_words is not None and (unknown := coder.unknown_words(text)):
        print_progress(f"ignored, not in the vocabulary: {', '.join(unknown)}")
    return nearest


def _nearest(
    embedding_set: EmbeddingSet, vector: np.ndarray, candidates: Sequence[int], k: int
) -> Recommendations:
    """Return the candidates most similar to a vector: float32, shape (dim,)."""
    rows = np.array(candidates, dtype=np.int64)
    vectors, metric = embedding_set.vectors[rows], embedding_set.provenance.metric
    norm = row_norms(vector[None])[0]
    found = compare(metric, vector, norm, vectors, row_norms(vectors))
    order = found.nearest_first(k)
    return Recommendations(rows[order], found.values[order])


def names_of(embedding_set: EmbeddingSet, column: str | None = None) -> Sequence[str]:
    """Return the names of all items: their labels, or the texts of a column where it has one.

    Raises
    ------
    EmbeddingError
        there is no such column
    """
    if column is None:
        return embedding_set.labels
    columns = embedding_set.metadata.column_names
    if column not in columns:
        raise EmbeddingError(f"no column {column!r}; it has {listed(columns, 20)}")
    cells = embedding_set.metadata.column(column).to_pylist()
    return [label if cell is None else str(cell)
            for cell, label in zip(cells, embedding_set.labels, strict=True)]  # fmt: skip


def left_row(embedding_set: EmbeddingSet, label: str, column: str | None = None) -> int:
    """Return the row of a left item, given its label or else its name in a column.

    Raises
    ------
    EmbeddingError
        the set is not one of two_tower, or not exactly one left item has that label
    """
    known = _known(embedding_set)
    rows = [row for row, other in enumerate(embedding_set.labels) if other == label]
    if not rows and column is not None:
        names = names_of(embedding_set, column)
        rows = [row for row, other in enumerate(names) if other == label]
    lefts = [row for row in rows if known[row] is not None]
    if len(lefts) == 1:
        return lefts[0]
    if lefts:
        raise EmbeddingError(f"{label!r} is the label of rows {', '.join(map(str, lefts))}")
    roles = embedding_set.metadata.column("role").to_pylist()
    role = next((role for role, own in zip(roles, known, strict=True) if own is not None), "left")
    if rows:
        raise EmbeddingError(f"{label!r} is a {roles[rows[0]]}; give a {role}")
    left_labels = [other for other, rights in zip(embedding_set.labels, known, strict=True)
                   if rights is not None]  # fmt: skip
    raise EmbeddingError(f"no {role} is called {label!r}; there are {listed(left_labels, 5)}")


def _known(embedding_set: EmbeddingSet) -> list[list[str] | None]:
    """Return the known right items of each left item, and None for each right item."""
    columns = embedding_set.metadata.column_names
    if KNOWN_COLUMN not in columns or "role" not in columns:
        raise EmbeddingError(
            f"the file has no columns `role` and `{KNOWN_COLUMN}`; give one made by two_tower"
        )
    return embedding_set.metadata.column(KNOWN_COLUMN).to_pylist()
