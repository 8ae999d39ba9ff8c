"""What a saved run can do once it is loaded, and where its weights are."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainers.core import checkpoints

_TRAINING = "training"  # the trainer's folder within that of a run of the app
_REFIT = "refit"  # the folder of the last stage, which trains on all data (two_tower)


@dataclass(frozen=True)
class Coder:
    """The encoders and the decoder of a run; None for what the run cannot do.

    Attributes
    ----------
    dim : length of each vector
    encode_image : (content of an image file, its name) -> vector, float32, shape (dim,)
    encode_text : text -> vector, float32, shape (dim,)
    unknown_words : text -> those of its words that are not in the vocabulary, which are ignored
    decode : vectors, float32, shape (n, dim) -> n images as PNG
    """

    dim: int
    encode_image: Callable[[bytes, str], np.ndarray] | None = None
    encode_text: Callable[[str], np.ndarray] | None = None
    unknown_words: Callable[[str], list[str]] | None = None
    decode: Callable[[np.ndarray], list[bytes]] | None = None


def weights_folder(path: Path) -> Path:
    """Return the folder with the weights of a run: that of its last stage that is finished."""
    folder = path / _TRAINING if (path / _TRAINING).is_dir() else path
    is_finished = (folder / _REFIT / checkpoints.BEST).is_file()
    return folder / _REFIT if is_finished else folder
