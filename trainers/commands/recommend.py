"""Top right items for a left item, from the file of two_tower alone; for a text, with its run.

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
from embeddings.metrics import exact_values, row_norms
from server.runs.checkpoints import CHECKPOINT, WEIGHTS, sha256_of
from trainers.commands.recommend_config import RecommendConfig
from trainers.core.progress import say
from trainers.core.settings import run_of
from trainers.two_tower.output import KNOWN


@dataclass(frozen=True, eq=False)
class Recommended:
    """The nearest right items of a left item.

    Attributes
    ----------
    rows : int64, shape (k,), rows of the set, nearest first
    similarities : float32, shape (k,), by the set's metric
    """

    rows: np.ndarray
    similarities: np.ndarray


def run(config: RecommendConfig) -> str:
    """Return what the command prints."""
    embedding_set = load(config.file)
    if config.text is not None:
        found = near_text(
            embedding_set, config.text, config.run_dir or run_of(config.file), config.k
        )
    else:
        found = recommend(embedding_set, left_row(embedding_set, config.label or ""), config.k)
    listed = [
        {"row": int(row), "label": embedding_set.labels[row], "similarity": round(float(value), 6)}
        for row, value in zip(found.rows, found.similarities, strict=True)
    ]
    if config.json:
        return json.dumps(listed, ensure_ascii=False)
    return "\n".join(f"{item['similarity']:9.4f}  {item['label']}" for item in listed)


def recommend(embedding_set: EmbeddingSet, row: int, k: int = 10) -> Recommended:
    """Rank the right items by closeness to the left item of a row, those known left out.

    Ties are in order of row. Fewer than k are returned where there are fewer.

    Raises
    ------
    EmbeddingError
        the set is not one of two_tower, or the row is not a left item
    """
    known = _known(embedding_set)
    own = known[row]
    if own is None:
        raise EmbeddingError(f"row {row} is not a left item: it has no list of known right items")
    candidates = [
        other
        for other, (label, paired) in enumerate(zip(embedding_set.labels, known, strict=True))
        if paired is None and label not in own
    ]
    return _nearest(embedding_set, embedding_set.vectors[row], candidates, k)


def near_text(embedding_set: EmbeddingSet, text: str, run: Path, k: int = 10) -> Recommended:
    """Rank the right items by closeness to a text, whose vector a run makes; say what it left out.

    Raises
    ------
    EmbeddingError
        the set is not one of two_tower, or the run is not the one that made it, or has no words
    """
    from trainers.core import saved_run

    candidates = [row for row, paired in enumerate(_known(embedding_set)) if paired is None]
    coder = saved_run.load(run)
    checkpoint = saved_run.weights_folder(run) / WEIGHTS
    its = sha256_of(checkpoint) if checkpoint.is_file() else None
    if coder.encode_text is None or its != embedding_set.provenance.config.get(CHECKPOINT):
        raise EmbeddingError(f"{run}: not the run that made the file; give it by --run-dir")
    found = _nearest(embedding_set, coder.encode_text(text), candidates, k)
    if coder.unknown_words is not None and (unknown := coder.unknown_words(text)):
        say(f"without what was never learned: {', '.join(unknown)}")
    return found


def _nearest(
    embedding_set: EmbeddingSet, vector: np.ndarray, candidates: Sequence[int], k: int
) -> Recommended:
    """Rank some rows by closeness to a vector: float32, shape (dim,)."""
    rows = np.array(candidates, dtype=np.int64)
    vectors, metric = embedding_set.vectors[rows], embedding_set.provenance.metric
    norm = row_norms(vector[None])[0]
    values = exact_values(metric, vector, norm, vectors, row_norms(vectors))
    order = np.argsort(-values, kind="stable")[:k]
    return Recommended(rows[order], values[order])


def left_row(embedding_set: EmbeddingSet, label: str) -> int:
    """Return the row of a left item.

    Raises
    ------
    EmbeddingError
        the set is not one of two_tower, or no left item has that label, or several have
    """
    known = _known(embedding_set)
    rows = [row for row, own in enumerate(embedding_set.labels) if own == label]
    left = [row for row in rows if known[row] is not None]
    if len(left) == 1:
        return left[0]
    if left:
        raise EmbeddingError(f"{label!r} is the label of rows {', '.join(map(str, left))}")
    roles = embedding_set.metadata.column("role").to_pylist()
    wanted = next((role for role, own in zip(roles, known, strict=True) if own is not None), "left")
    if rows:
        raise EmbeddingError(f"{label!r} is a {roles[rows[0]]}; give a {wanted}")
    some = _some([own for own, paired in zip(embedding_set.labels, known, strict=True)
                  if paired is not None])  # fmt: skip
    raise EmbeddingError(f"no {wanted} is called {label!r}; there are {some}")


def _known(embedding_set: EmbeddingSet) -> list[list[str] | None]:
    """Return each row's known right items, None for a right item."""
    columns = embedding_set.metadata.column_names
    if KNOWN not in columns or "role" not in columns:
        raise EmbeddingError(
            f"the file has no columns `role` and `{KNOWN}`; give one that two_tower made"
        )
    return embedding_set.metadata.column(KNOWN).to_pylist()


def _some(labels: Sequence[str], shown: int = 5) -> str:
    rest = len(labels) - shown
    return ", ".join(labels[:shown]) + (f" and {rest:,} more" if rest > 0 else "")
