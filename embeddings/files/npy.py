"""numpy's .npy: one matrix, no labels."""

from pathlib import Path

import numpy as np

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files.atomic import atomic_path


def matches(head: bytes, path: Path) -> bool:
    """Say whether a file that starts with `head` is a .npy file."""
    return head[:6] == b"\x93NUMPY"


def load(path: Path) -> EmbeddingSet:
    """Read a matrix of numbers; its rows are labelled by their numbers."""
    try:
        vectors = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise EmbeddingError(
            f"{path.name}: damaged .npy, or one that holds Python objects, which are never "
            f"unpickled ({error}); save a plain matrix with numpy.save"
        ) from error
    return EmbeddingSet.of(vectors, name=path.stem)


def save(embedding_set: EmbeddingSet, path: Path) -> None:
    """Write the vectors alone."""
    with atomic_path(path) as temporary:
        np.save(temporary, embedding_set.vectors)
