"""Makes the gallery's digits: pixel intensities as vectors, with an image of each row."""

import io

import numpy as np
import PIL.Image
import pyarrow as pa
import sklearn
from sklearn.datasets import load_digits

from embeddings.embedding_set import EmbeddingSet

_SIDE = 8  # pixels
_SCALE = 4  # each pixel becomes a square of 4 x 4
_INK = 16  # the darkest intensity


def make() -> EmbeddingSet:
    """Return scikit-learn's 1,797 digits: label "3 #17", columns `digit` and `image`."""
    data = load_digits()
    digits = [str(digit) for digit in data.target]
    images = [
        {"bytes": png(row.reshape(_SIDE, _SIDE)), "path": f"digits/{number}.png"}
        for number, row in enumerate(data.data)
    ]
    return EmbeddingSet.of(
        data.data,
        [f"{digit} #{number}" for number, digit in enumerate(digits)],
        {
            "digit": pa.array(digits, pa.string()),
            "image": pa.array(images, pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        },
        name="digits",
        metric="euclidean",
        normalized=False,
        space="scikit-learn digits pixels",
        role="digit",
        source={"name": "sklearn.datasets.load_digits"},
        libraries={"scikit-learn": sklearn.__version__},
    )


def png(intensities: np.ndarray) -> bytes:
    """Draw dark ink on white paper.

    Parameters
    ----------
    intensities : shape (8, 8), from 0 (paper) to 16 (ink)

    Returns
    -------
    A greyscale PNG of 32 x 32 pixels, each intensity a square of 4 x 4.
    """
    grey = (255 - intensities * (255 / _INK)).round().astype(np.uint8)
    enlarged = np.kron(grey, np.ones((_SCALE, _SCALE), dtype=np.uint8))
    buffer = io.BytesIO()
    PIL.Image.fromarray(enlarged).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
