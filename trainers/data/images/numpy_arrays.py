"""Images in arrays of NumPy, `.npz` and `.npy`, and any array of pixels as bytes."""

import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from embeddings.errors import EmbeddingError
from embeddings.files.arrays import npy, npz
from embeddings.text import listed

WHITES = (1, 16, 255)
"""Intensities that white can have in integers; 16 is that of scikit-learn's digits."""

NPY = b"\x93NUMPY"
"""How a .npy file begins."""

_IMAGE_WORDS = frozenset({"x", "image", "images", "data", "pixels"})
_LABEL_WORDS = frozenset({"y", "label", "labels", "target", "targets", "class", "classes"})


_Named = dict[str, tuple[str, np.ndarray]]
"""Name and values of arrays, by the part of the data that they hold: train, test."""


@dataclass(frozen=True, eq=False)
class Arrays:
    """Images, and the names of their classes.

    Attributes
    ----------
    pixels : uint8, shape (n, channels, height, width)
    full : intensity of white
    classes : name of each image's class, n in all; None if unknown
    notes : messages for the user about reading the files
    """

    pixels: np.ndarray
    full: int
    classes: Sequence[str] | None
    notes: tuple[str, ...] = ()


def read_npy(contents: Mapping[str, bytes]) -> Arrays:
    """Read an array of images and, from a second array, their labels.

    Of two arrays the one with more axes holds the images.

    contents : of files, by name; those that are no arrays are ignored
    """
    arrays = {each: _npy(content, each) for each, content in contents.items()
              if content.startswith(NPY)}  # fmt: skip
    name, *others = sorted(arrays, key=lambda each: -arrays[each].ndim)
    pixels, full = as_pixels(arrays[name], name)
    if len(others) > 1:
        raise EmbeddingError(f"{listed(arrays, 5)}: expected an array of images and one of labels")
    if not others:
        return Arrays(pixels, full, None)
    values = class_values(arrays[others[0]])
    if len(values) != len(pixels):
        raise EmbeddingError(f"{name} has {len(pixels):,} images and {others[0]} {len(values):,} "
                             "labels; expected as many of both")  # fmt: skip
    return Arrays(pixels, full, [str(value) for value in values.tolist()])


def _npy(content: bytes, name: str) -> np.ndarray:
    """Return the array of a .npy file."""
    file = io.BytesIO(content)
    try:
        _, dtype = npy.read_header(file, len(content))
    except EmbeddingError as error:
        raise EmbeddingError(f"{name}: {error}") from error
    if dtype.hasobject:
        raise EmbeddingError(f"{name}: it holds Python objects; expected numbers")
    file.seek(0)
    array: np.ndarray = np.load(file, allow_pickle=False)
    return array


def class_values(array: np.ndarray) -> np.ndarray:
    """Return labels as one value per image; of rows with a single one, its place: shape (n,)."""
    if array.ndim == 2 and array.shape[1] > 1 and array.dtype.kind in "uifb":
        is_one = array == 1
        if (is_one.sum(axis=1) == 1).all() and ((array == 0) | is_one).all():
            return is_one.argmax(axis=1)
    return array.reshape(-1)


def read_npz(content: bytes, name: str) -> Arrays:
    """Read arrays named x or images and y or labels, or x_train and y_train and so on."""
    notes: list[str] = []
    try:
        found = npz.read_arrays(io.BytesIO(content), notes.append)
    except EmbeddingError as error:
        raise EmbeddingError(f"{name}: {error}") from error
    images, labels = ({_part(key): (key, array) for key, array in found.items()
                       if set(re.split(r"[_\W]+", key.lower())) & words}
                      for words in (_IMAGE_WORDS, _LABEL_WORDS))  # fmt: skip
    if not images:  # by shape, if only one array fits
        images, labels = _by_shape(found)
    listed = ", ".join(f"{key} {array.shape}" for key, array in found.items())
    if not images or (labels and images.keys() != labels.keys()):
        raise EmbeddingError(f"{name}: it has {listed}; expected arrays named x or images, and y "
                             "or labels (or x_train, y_train and so on)")  # fmt: skip
    parts = []
    for part, (key, array) in images.items():
        pixels, full = as_pixels(array, f"{name}, {key}")
        values = class_values(labels[part][1]) if labels else np.empty(0)
        if labels and len(values) != len(pixels):
            raise EmbeddingError(f"{name}: {key} has {len(pixels):,} images and {labels[part][0]} "
                                 f"{len(values):,} labels; expected as many of both")  # fmt: skip
        parts.append((pixels, full, values))
    if len({pixels.shape[1:] for pixels, _, _ in parts}) > 1:
        raise EmbeddingError(f"{name}: images of different sizes: {listed}")
    classes = [str(one) for _, _, values in parts for one in values.tolist()] if labels else None
    if len(parts) > 1:
        notes.append(f"combined: {', '.join(key for key, _ in images.values())}")
    full = max(full for _, full, _ in parts)
    pixels = np.concatenate([pixels for pixels, _, _ in parts])
    return Arrays(pixels, full, classes, tuple(notes))


def _by_shape(found: dict[str, np.ndarray]) -> tuple[_Named, _Named]:
    """Return the only array with the shape of images, and the only one with that of labels."""
    images = [(key, array) for key, array in found.items() if array.ndim >= 3]
    if len(images) != 1:
        return {}, {}
    shape = images[0][1].shape[:1]
    labels = [(key, array) for key, array in found.items() if array.shape == shape]
    return {"": images[0]}, {"": labels[0]} if len(labels) == 1 else {}


def _part(key: str) -> str:
    """Return an array's name without the words for images and labels."""
    words = re.split(r"[_\W]+", key.lower())
    return "_".join(word for word in words if word not in _IMAGE_WORDS | _LABEL_WORDS)


def as_pixels(array: np.ndarray, name: str) -> tuple[np.ndarray, int]:
    """Return images as uint8, and the intensity of white.

    Parameters
    ----------
    array : shape (n, height, width), (n, height, width, channels), (n, channels, height, width), or
        (n, pixels) of squares, one channel after the other. Integers from 0 to 1, 16 or 255, the
        smallest that fits, or other numbers from 0 to 1, which are rounded to 255ths
    name : of the array, for errors

    Returns
    -------
    pixels, full : uint8, shape (n, channels, height, width); and the intensity of white

    Raises
    ------
    EmbeddingError
        an array of another shape or type, or values out of range
    """
    if array.ndim == 2:
        sides = [(c, math.isqrt(array.shape[1] // c)) for c in (1, 3)]
        fit = [(c, side) for c, side in sides if c * side**2 == array.shape[1] and side]
        if not fit:
            raise EmbeddingError(
                f"{name}: {array.shape[1]} pixels per image; expected a square of 1 or 3 channels"
            )
        array = array.reshape(len(array), fit[0][0], fit[0][1], fit[0][1])
    elif array.ndim == 3:
        array = array[:, None]
    elif array.ndim == 4 and array.shape[1] not in (1, 3) and array.shape[3] in (1, 3):
        array = array.transpose(0, 3, 1, 2)
    if array.ndim != 4 or array.shape[1] not in (1, 3) or not array.size:
        raise EmbeddingError(f"{name}: shape {array.shape}; expected images, height, width and "
                             "perhaps 1 or 3 channels")  # fmt: skip
    if array.dtype.kind not in "uifb":
        raise EmbeddingError(f"{name}: {array.dtype}; expected numbers")
    low, high = array.min(), array.max()
    if not (low >= 0 and high <= 255):  # nor NaN
        raise EmbeddingError(f"{name}: values from {low} to {high}; expected 0 to 255, or 0 to 1")
    if array.dtype.kind == "f" and (array != np.round(array)).any():
        if high > 1:
            raise EmbeddingError(f"{name}: fractions up to {high:g}; expected integers from 0 to "
                                 "255, or numbers from 0 to 1")  # fmt: skip
        array, high = np.round(array * 255), 255
    return np.ascontiguousarray(array, dtype=np.uint8), min(w for w in WHITES if w >= high)
