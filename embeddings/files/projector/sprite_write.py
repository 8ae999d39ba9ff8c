"""Making a sprite of a column of images: one PNG that holds a small one for each row."""

import io
import math
from pathlib import Path

import pyarrow as pa
from PIL import Image

from embeddings.media import IMAGE_FORMATS

_SIDE = 8192  # pixels that a side of a sprite may have in the Projector
_LARGEST_CELL = 64  # pixels a side, of cells for images of different sizes


def join_sprite(column: pa.ChunkedArray, path: Path) -> tuple[tuple[int, int], int]:
    """Write the images of a column as one PNG, row by row, in cells of one size.

    The cells have the size that all images have, if that fits; else images are made smaller and
    keep their proportions. A row without an image that can be read has an empty cell.

    Returns
    -------
    width and height of a cell, in pixels; and how many images could not be read
    """
    contents = [None if cell is None else cell["bytes"] for cell in column.to_pylist()]
    across = math.ceil(math.sqrt(len(contents)))
    down = math.ceil(len(contents) / across)
    found = (_size(content) for content in contents if content is not None)
    sizes = {size for size in found if size is not None}
    width, height = sizes.pop() if len(sizes) == 1 else (_LARGEST_CELL, _LARGEST_CELL)
    shrink = min(1, _SIDE / (across * max(width, height)))
    width, height = max(1, int(width * shrink)), max(1, int(height * shrink))
    sprite = Image.new("RGBA", (across * width, down * height))
    unread = 0
    for i, content in enumerate(contents):
        image = None if content is None else _open(content)
        if image is None:
            unread += content is not None
            continue
        if image.size != (width, height):
            image.thumbnail((width, height))
        left = i % across * width + (width - image.width) // 2
        top = i // across * height + (height - image.height) // 2
        sprite.paste(image, (left, top))
    sprite.save(path, "PNG", compress_level=6)
    return (width, height), unread


def _size(content: bytes) -> tuple[int, int] | None:
    try:
        with Image.open(io.BytesIO(content), formats=IMAGE_FORMATS) as image:
            return image.size
    except Exception:  # a damaged image makes its reader raise anything
        return None


def _open(content: bytes) -> Image.Image | None:
    """Return an image with its transparency, or None where it cannot be read."""
    try:
        with Image.open(io.BytesIO(content), formats=IMAGE_FORMATS) as image:
            return image.convert("RGBA")
    except Exception:  # a damaged image makes its reader raise anything
        return None
