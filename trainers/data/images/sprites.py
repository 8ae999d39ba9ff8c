"""Sprites, as TensorBoard's projector has them: one image whose cells are the images of a set.

How many there are is in a file beside the sprite: a table of metadata with a row for each, or the
array of their vectors. Cells are square, row by row, as in embeddings/files/projector/sprite.py.
"""

import io
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np
from PIL import Image

from embeddings.errors import EmbeddingError
from embeddings.files.archives import Member
from embeddings.files.arrays.npy import read_header
from embeddings.files.plain_text import lines, read_text
from embeddings.files.projector.sprite import cut_sprite, guess_cell
from trainers.data.images.arrays import LABEL_COLUMNS
from trainers.data.images.numpy_arrays import Arrays

_TABLE, _ARRAY = ".tsv", ".npy"


def is_description(name: str) -> bool:
    """Return True for the name of a file that may tell how many images a sprite has."""
    return PurePosixPath(name).suffix.lower() in (_TABLE, _ARRAY)


def read_sprite(sprite: Member, others: Sequence[Member]) -> tuple[Arrays, Member] | None:
    """Return the images of a sprite, and the file that tells how many they are; None if none does.

    Parameters
    ----------
    sprite : an image
    others : files beside it
    """
    for member in sorted(others, key=lambda each: each.name):
        if not is_description(member.name):
            continue
        count, classes = _described(member)
        try:
            width, height = guess_cell(sprite.path, count) if count > 1 else (0, 0)
        except EmbeddingError:
            continue
        if width:
            cells = cut_sprite(sprite.path, width, height, count).to_pylist()
            pixels = np.stack([_pixels(cell["bytes"]) for cell in cells])
            if (pixels == pixels[:, :1]).all():
                pixels = pixels[:, :1]
            note = (
                f"{sprite.name} is a sprite of {count:,} images of {width} x {height}, which are "
                f"as many as {member.name} has"
            )
            return Arrays(pixels, 255, classes, (note,)), member
    return None


def _pixels(content: bytes) -> np.ndarray:
    """Return an image as uint8, (3, height, width); what is transparent is white."""
    with Image.open(io.BytesIO(content)) as opened:
        image = opened.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return np.asarray(Image.alpha_composite(white, image).convert("RGB")).transpose(2, 0, 1)


def _described(member: Member) -> tuple[int, list[str] | None]:
    """Return the number of rows of a table or array, and the class of each if it has them.

    As TensorBoard has it, a table of one column has no header, and one of several columns has one.
    """
    if member.name.lower().endswith(_ARRAY):
        with member.path.open("rb") as file:
            shape, _ = read_header(file, member.path.stat().st_size)
        return (shape[0] if shape else 0), None
    rows = [line.decode("utf-8", "replace") for line in lines(read_text(member.path, _ignore))]
    rows = [row for row in rows if row.strip()]
    if "\t" not in rows[0]:
        return len(rows), _if_classes(rows)
    names = [name.strip().lower() for name in rows[0].split("\t")]
    known = [names.index(name) for name in LABEL_COLUMNS if name in names]
    cells = [row.split("\t") for row in rows[1:]]
    if not known or any(len(row) <= known[0] for row in cells):
        return len(cells), None
    return len(cells), _if_classes([row[known[0]] for row in cells])


def _if_classes(values: list[str]) -> list[str] | None:
    """Return the values if they are classes: two or more, and of two images or more on average."""
    values = [value.strip() for value in values]
    return values if 2 <= len(set(values)) <= len(values) / 2 else None


def _ignore(sentence: str) -> None:
    """Receive a note on the encoding, which matters not for counting."""
