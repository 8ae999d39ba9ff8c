"""Images as arrays of pixels: IDX, the format of MNIST, `.npz`, `.npy`, and tables of pixels.

The format is detected from the content. All files of a format are combined, including training and
test sets.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from embeddings.arrow_types import is_number
from embeddings.errors import EmbeddingError
from embeddings.files.archives import Member
from embeddings.files.compression import (
    STREAM_DAMAGE,
    compression_of,
    inner_name,
    open_compressed,
    read_decompressed,
)
from embeddings.files.delimited.text_options import DETECTED, TextOptions
from embeddings.files.tabular.reader import place_of, read_table
from embeddings.text import listed
from trainers.data.images.numpy_arrays import NPY, Arrays, as_pixels, read_npy, read_npz

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


def read_arrays(
    members: Sequence[Member],
    label: str | None,
    forms: str,
    path: Path | None = None,
    options: TextOptions = DETECTED,
) -> tuple[Arrays, frozenset[str], bytes]:
    """Read files of arrays.

    Parameters
    ----------
    members : files, compressed or not
    label : column of the classes in a table
    forms : what is expected, for the error if no images are found
    path : the file that was given, if it was one; its labels may be beside it
    options : how a table is written, as far as it is known

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
            return read_npz(content, name), frozenset({name}), content
    for content in contents.values():
        if content.startswith(NPY):
            if len(members) == 1 and path is not None:
                contents |= _beside(path)
            return read_npy(contents), frozenset(contents), b"".join(contents.values())
    for member in members:
        if inner_name(Path(member.name)).lower().endswith((".csv", ".tsv", ".txt")):
            images = _read_csv(member.path, member.name, label, options)
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


def _read_csv(path: Path, name: str, label: str | None, options: TextOptions) -> Arrays:
    """Read rows of pixels, with a column of classes or without: the one named so, or `label`.

    Without a header it is the first or the last, whichever has fewer different values, at least
    two.
    """
    notes: list[str] = []
    table = read_table(path, options=options, note=notes.append)
    position = _label_column(table, name, label)
    pixel_columns = [number for number in range(table.num_columns) if number != position]
    for number in pixel_columns:
        _check_numbers(table, number, path, name, options)
    array = np.column_stack([table.column(number).to_numpy() for number in pixel_columns])
    pixels, full = as_pixels(array, name)
    if position is None:
        return Arrays(pixels, full, None, (*notes, "no column of classes"))
    classes = table.column(position).to_pylist()
    if None in classes:
        place = place_of(path, classes.index(None), options)
        raise EmbeddingError(
            f"{name}, {place}, column {position + 1}: the class is missing; fill it in or drop the "
            "row"
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


def _check_numbers(
    table: pa.Table, number: int, path: Path, name: str, options: TextOptions
) -> None:
    """Raise EmbeddingError, naming the line, where a column of pixels holds no number."""
    column = table.column(number)
    if column.null_count == 0 and is_number(column.type):
        return
    for row, value in enumerate(column.to_pylist()):
        if value is None or not _is_number(str(value)):
            what = "the value is missing" if value is None else f"{value!r} is not a number"
            raise EmbeddingError(
                f"{name}, {place_of(path, row, options)}, column {number + 1}: {what}"
            )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
