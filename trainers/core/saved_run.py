"""A run that was saved, to be used: texts and pictures become vectors, vectors become pictures."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embeddings.errors import EmbeddingError
from trainers.core import checkpoints

CODERS = ("autoencoder", "cnn", "image_text", "two_tower")
"""Trainers whose runs can be used: trainers/NAME.py has load(about, weights) -> Coder."""

_TRAINING = "training"  # the trainer's folder within that of a run of the app
_REFIT = "refit"  # the last stage's, where all that is given was learned at the end (two_tower)


@dataclass(frozen=True)
class Coder:
    """What a run can do; None for what it cannot.

    Attributes
    ----------
    dim : length of each vector
    encode_image : (content of a picture's file, its name) -> vector, float32, shape (dim,)
    encode_text : text -> vector, float32, shape (dim,)
    unknown_words : text -> its words that were never learned, and are left out
    decode : vectors, float32, shape (n, dim) -> n pictures as PNG
    """

    dim: int
    encode_image: Callable[[bytes, str], np.ndarray] | None = None
    encode_text: Callable[[str], np.ndarray] | None = None
    unknown_words: Callable[[str], list[str]] | None = None
    decode: Callable[[np.ndarray], list[bytes]] | None = None


def weights_folder(path: Path) -> Path:
    """Return the folder with the weights of the run in a folder; a stage counts once it is done."""
    folder = path / _TRAINING if (path / _TRAINING).is_dir() else path
    is_done = (folder / _REFIT / checkpoints.BEST).is_file()
    return folder / _REFIT if is_done else folder


def load(path: Path) -> Coder:
    """Return what the run in a folder can do, with its best weights.

    Raises
    ------
    EmbeddingError
        no run there, one that was not finished or cannot be read, or of a trainer not in CODERS
    """
    about, weights = checkpoints.read_weights(weights_folder(path))
    trainer = about.get("trainer")
    if trainer not in CODERS:
        raise EmbeddingError(
            f"{path}: a run of {trainer or 'another trainer'}; expected one of {', '.join(CODERS)}"
        )
    return importlib.import_module(f"trainers.{trainer}.train").load(about, weights)
