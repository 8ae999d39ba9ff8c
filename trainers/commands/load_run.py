"""Loads a saved run, so that it can encode texts and images or decode vectors."""

import importlib
from pathlib import Path

from embeddings.errors import EmbeddingError
from trainers.catalog import LOADERS
from trainers.core import checkpoints
from trainers.core.codec import Codec, weights_folder


def load(path: Path) -> Codec:
    """Return the encoders and the decoder of the run in a folder, with its best weights.

    Raises
    ------
    EmbeddingError
        there is no run, it is not finished or cannot be read, or its trainer is not in LOADERS
    """
    about, weights = checkpoints.read_weights(weights_folder(path))
    trainer = about.get("trainer")
    if trainer not in LOADERS:
        found, expected = trainer or "an unknown trainer", ", ".join(LOADERS)
        raise EmbeddingError(f"{path}: a run of {found}; expected one of {expected}")
    return importlib.import_module(LOADERS[trainer]).load(about, weights)
