"""What a saved run can do once it is loaded, and where its weights are."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from server.runs.contract import BEST_CHECKPOINT, REFIT_STAGE, TRAINING_FOLDER


@dataclass(frozen=True)
class Codec:
    """The encoders and the decoder of a run; None for what the run cannot do.

    Attributes
    ----------
    dim : int
        Length of each vector.
    encode_image : callable
        (content of an image file, its name) -> vector, float32, shape (dim,).
    encode_text : callable
        text -> vector, float32, shape (dim,).
    unknown_words : callable
        text -> those of its words that are not in the vocabulary, which are ignored.
    decode : callable
        vectors, float32, shape (n, dim) -> n images as PNG.
    """

    dim: int
    encode_image: Callable[[bytes, str], np.ndarray] | None = None
    encode_text: Callable[[str], np.ndarray] | None = None
    unknown_words: Callable[[str], list[str]] | None = None
    decode: Callable[[np.ndarray], list[bytes]] | None = None


def weights_folder(path: Path) -> Path:
    """Return the folder with the final weights of a run: that of the refit, if it has finished.

    Parameters
    ----------
    path : Path
        A run of the command line, or the folder of a run of the app.
    """
    folder = path / TRAINING_FOLDER if (path / TRAINING_FOLDER).is_dir() else path
    was_refitted = (folder / REFIT_STAGE / BEST_CHECKPOINT).is_file()
    return folder / REFIT_STAGE if was_refitted else folder
