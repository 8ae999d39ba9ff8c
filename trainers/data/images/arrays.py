"""Images as arrays of pixels: IDX, the format of MNIST, `.npz`, `.npy`, and tables of pixels.

The format is detected from the content. All files of a format are combined, including training and
test sets.
"""

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from embeddings.arrow_types import is_number
from embeddings.errors import EmbeddingError
from embeddings.files.archives import Member
from embeddings.files.arrays import npy, npz
from embeddings.files.compression import (
    STREAM_DAMAGE,
    compression_of,
    inner_name,
    open_compressed,
    read_decompressed,
)
from embeddings.files.tabular.reader import place_of, read_table
from embeddings.text import listed

WHITES = (1, 16, 255)
"""Intensities that white can have in integers; 16 is that of scikit-learn's digits."""

LABEL_COLUMNS = ("label", "class", "target", "y")
"""Names of the column of classes, best first."""

_IDX_IMAGES, _IDX_LABELS = b"\0\0\x08\x03", b"\0\0\x08\x01"
_LABELS_OF = (
    ("images-idx3", "labels-idx1"),
    ("images.idx3", "labels.idx1"),
    ("images", "labels"),
    ("x_", "y_"),
    ("X_", "y_"),
    ("x.", "y."),
    ("X.", "y."),
)
"""Parts of the names of files of images, and of the files of their labels."""

_NPY = b"\x93NUMPY"
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


def read_arrays(
    members: Sequence[Member], label: str | None, forms: str, path: Path | None = None
) -> tuple[Arrays, frozenset[str], bytes]:
    """Read files of arrays.

    Parameters
    ----------
    members : files, compressed or not
    label : column of the classes in a table
    forms : what is expected, for the error if no images are found
    path : the file that was given, if it was one; its labels may be beside it

    Returns
    -------
    arrays, names, content : the images, the names of the files that were read, and their bytes

    Raises
    ------
    EmbeddingError
        no images, or files that are damaged or do not fit together
    """
    contents = {each.name: read_decompressed(each.path).to_pybytes() for each in members}
    if any(content.startswith(_IDX_IMAGES) for content in contents.values()):
        if len(members) == 1 and path is not None:
            contents |= _beside(path)
        contents = {name: content for name, content in contents.items()
                    if content.startswith((_IDX_IMAGES, _IDX_LABELS))}  # fmt: skip
        return _read_idx(contents), frozenset(contents), b"".join(contents.values())
    for name, content in contents.items():
        if content[:2] == b"PK" and name.lower().endswith(".npz"):
            return _read_npz(content, name), frozenset({name}), content
    for name, content in contents.items():
        if content.startswith(_NPY):
            return _read_npy(contents, name, path), frozenset(contents), b"".join(contents.values())
    for member in members:
        if inner_name(Path(member.name)).lower().endswith((".csv", ".tsv", ".txt")):
            images = _read_csv(member.path, member.name, label)
            return images, frozenset({member.name}), contents[member.name]
    what = listed((member.name for member in members), limit=3, total=len(members)) or "nothing"
    raise EmbeddingError(f"no images in {what}; {forms}")


def is_idx(path: Path) -> bool:
    """Return True for a file of images in IDX, compressed or not."""
    kind = compression_of(path)
    try:
        with open_compressed(path, kind) if kind else path.open("rb") as file:
            return file.read(len(_IDX_IMAGES)) == _IDX_IMAGES
    except STREAM_DAMAGE:
        return False


def _read_npy(contents: dict[str, bytes], name: str, path: Path | None) -> Arrays:
    """Read an array of images, and its labels from a second array, in the same place or beside it.

    Of two arrays the one with more axes holds the images.
    """
    if len(contents) == 1 and path is not None:
        contents |= _beside(path)
    arrays = {each: _npy(content, each) for each, content in contents.items()
              if content.startswith(_NPY)}  # fmt: skip
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


def _beside(path: Path) -> dict[str, bytes]:
    """Return name and content of the file of labels next to one of images; nothing if absent."""
    for old, new in _LABELS_OF:
        other = path.with_name(path.name.replace(old, new))
        if other != path and other.is_file():
            return {other.name: read_decompressed(other).to_pybytes()}
    return {}


def _read_idx(contents: dict[str, bytes]) -> Arrays:
    """Read IDX files: files of images and files of labels, paired in order of their names.

    The format: magic, then the sizes, big-endian uint32, then bytes (yann.lecun.com/exdb/mnist).
    """
    kinds = (_IDX_IMAGES, _IDX_LABELS)
    images, labels = ([each for each in sorted(contents.items()) if each[1].startswith(kind)]
                      for kind in kinds)  # fmt: skip
    if labels and len(labels) != len(images):
        raise EmbeddingError(f"IDX: {len(images)} files of images and {len(labels)} of labels; "
                             "expected as many of both")  # fmt: skip
    pixels = [_idx(content, name) for name, content in images]
    if len({array.shape[1:] for array in pixels}) > 1:
        raise EmbeddingError("IDX: files of images of different sizes; give files of one size")
    numbers = [_idx(content, name) for name, content in labels]
    for (name, _), array, (other, _), classes in zip(images, pixels, labels, numbers, strict=False):
        if len(array) != len(classes):
            raise EmbeddingError(f"{name} has {len(array):,} images and {other} {len(classes):,} "
                                 "labels; expected as many of both")  # fmt: skip
    named = np.concatenate(numbers).astype(str).tolist() if numbers else None
    names = ", ".join(name for name, _ in images)
    notes = (f"combined: {names}",) if len(images) > 1 else ()
    return Arrays(np.concatenate(pixels)[:, None], 255, named, notes)


def _idx(content: bytes, name: str) -> np.ndarray:
    """Return the array of an IDX file: uint8, shape (n, height, width) or (n,)."""
    dimensions = content[3]
    shape = np.frombuffer(content[4 : 4 + 4 * dimensions], ">u4").tolist()
    size = math.prod(shape)
    if len(content) != 4 + 4 * dimensions + size:
        raise EmbeddingError(
            f"{name}: expected {' x '.join(map(str, shape))} bytes, found "
            f"{len(content) - 4 - 4 * dimensions:,}; copy it again"
        )
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def _read_npz(content: bytes, name: str) -> Arrays:
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


def _read_csv(path: Path, name: str, label: str | None) -> Arrays:
    """Read rows of pixels, with a column of classes or without: the one named so, or `label`.

    Without a header it is the first or the last, whichever has fewer different values, at least
    two.
    """
    notes: list[str] = []
    table = read_table(path, note=notes.append)
    position = _label_column(table, name, label)
    pixel_columns = [number for number in range(table.num_columns) if number != position]
    for number in pixel_columns:
        _check_numbers(table, number, path, name)
    array = np.column_stack([table.column(number).to_numpy() for number in pixel_columns])
    pixels, full = as_pixels(array, name)
    if position is None:
        return Arrays(pixels, full, None, (*notes, "no column of classes"))
    classes = table.column(position).to_pylist()
    if None in classes:
        raise EmbeddingError(
            f"{name}, {place_of(path, classes.index(None))}, column {position + 1}: the class is "
            "missing; fill it in or drop the row"
        )
    notes.append(f"the class is column {position + 1}")
    return Arrays(pixels, full, list(map(str, classes)), tuple(notes))


def _label_column(table: pa.Table, name: str, label: str | None) -> int | None:
    """Return the position of the column of classes, from 0; None if there is none."""
    names = [each.lower() for each in table.column_names]
    if label is not None:
        if label.isdecimal() and 1 <= int(label) <= table.num_columns:
            return int(label) - 1
        if label.strip().lower() not in names:
            raise EmbeddingError(
                f"{name}: --label {label}: no such column; give its name in the header, or its "
                f"number, 1 to {table.num_columns}"
            )
        return names.index(label.strip().lower())
    known = [each for each in LABEL_COLUMNS if each in names]
    if known:
        return names.index(known[0])
    if any(c * math.isqrt(table.num_columns // c) ** 2 == table.num_columns for c in (1, 3)):
        return None
    last = table.num_columns - 1
    values = {place: len(table.column(place).unique()) for place in (0, last)}
    possible = [place for place in values if 2 <= values[place] <= max(2, table.num_rows / 2)]
    return min(possible, key=values.__getitem__, default=last)


def _check_numbers(table: pa.Table, number: int, path: Path, name: str) -> None:
    """Raise EmbeddingError, naming the line, where a column of pixels holds no number."""
    column = table.column(number)
    if column.null_count == 0 and is_number(column.type):
        return
    for row, value in enumerate(column.to_pylist()):
        if value is None or not _is_number(str(value)):
            what = "the value is missing" if value is None else f"{value!r} is not a number"
            raise EmbeddingError(f"{name}, {place_of(path, row)}, column {number + 1}: {what}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
