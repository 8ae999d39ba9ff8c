"""Opening and writing embedding files: one module a format behind load() and save().

The format is sniffed from content, not from the extension alone. A format module has
`matches(head, path)`, `load(path)` and, where it can be written, `save(embedding_set, path)`.
"""

from pathlib import Path

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import npy, parquet

_HEAD_BYTES = 4096

FORMATS = {"embedding parquet": parquet, "numpy .npy": npy}
"""Formats by name, in the order in which they are tried."""

_WRITERS = {".parquet": parquet.save, ".npy": npy.save}


def load(path: str | Path) -> EmbeddingSet:
    """Open an embedding file of any known format.

    Raises
    ------
    EmbeddingError
        the file is absent, empty, damaged, or of no known format; the message names the place
    """
    path = Path(path)
    if not path.is_file():
        raise EmbeddingError(f"{path}: no such file")
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise EmbeddingError(f"{path.name}: the file is empty")
    for module in FORMATS.values():
        if module.matches(head, path):
            return module.load(path)
    raise EmbeddingError(f"{path.name}: not a known format; tried {', '.join(FORMATS)}")


def save(embedding_set: EmbeddingSet, path: str | Path) -> None:
    """Write a set in the format that the name's extension says, atomically."""
    path = Path(path)
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise EmbeddingError(
            f"{path.name}: cannot write {path.suffix or 'a file without extension'}; "
            f"use one of {', '.join(_WRITERS)}"
        )
    writer(embedding_set, path)
