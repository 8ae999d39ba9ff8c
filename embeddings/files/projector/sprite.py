"""Sprites: one image that holds a small one for each row, cut into the column `image`."""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from PIL import Image

from embeddings.errors import EmbeddingError
from embeddings.files.limits import check_bytes, first_line
from embeddings.media import IMAGE_FORMATS, MEDIA

_SIDE = 8192  # pixels that a side of a sprite may have in the Projector
_LARGEST_CELL = 64  # pixels a side, of cells for images of different sizes


def cut_sprite(path: Path, width: int, height: int, count: int) -> pa.Array:
    """Return the first `count` cells of an image, row by row, each as PNG: an `image` column.

    Parameters
    ----------
    width, height : of a cell, in pixels, above 0
    count : number of rows

    Raises
    ------
    EmbeddingError
        no image, one too large, or fewer cells than `count`
    """
    with _opened(path) as image:
        across, down = image.width // width, image.height // height
        if across * down < count:
            raise EmbeddingError(
                f"an image of {image.width} x {image.height}, which is {across * down:,} cells "
                f"of {width} x {height}, for {count:,} vectors; correct singleImageDim"
            )
        check_bytes(4 * image.width * image.height, "its pixels need")
        whole = image.convert("RGBA" if image.has_transparency_data else "RGB")
    cells = []
    for i in range(count):
        left, top = i % across * width, i // across * height
        content = io.BytesIO()
        whole.crop((left, top, left + width, top + height)).save(content, "PNG", compress_level=1)
        cells.append({"bytes": content.getvalue(), "path": None})
    return pa.array(cells, MEDIA)


def guess_cell(path: Path, count: int) -> tuple[int, int]:
    """Return width and height of a sprite's cells, in pixels, where no config gives them.

    Cells are taken as square, and as large as possible while there are at least `count`. They
    must fill the image, with room left in the last row only; or lie in TensorFlow's square of
    ceil(sqrt(count)) cells a row, whose last rows may be empty.

    Raises
    ------
    EmbeddingError
        no image, or one that is no such grid
    """
    with _opened(path) as image:
        width, height = image.size
    per_row = math.isqrt(count - 1) + 1
    common = math.gcd(width, height)
    for columns in range(1, common + 1):
        if common % columns:
            continue
        side = common // columns
        across, down = width // side, height // side
        if across * down >= count:
            if -(-count // across) == down or across == down == per_row:
                return side, side
            break
    raise EmbeddingError(
        f"an image of {width} x {height}, which is no sprite of square cells for {count:,} "
        f"vectors, {per_row:,} a row; add a config, whose singleImageDim is [width, height] of a "
        "cell"
    )


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open an image; whatever goes wrong with it, in here or while it is used, is our error."""
    try:
        with Image.open(path, formats=IMAGE_FORMATS) as image:
            yield image
    except EmbeddingError:
        raise
    except Exception as error:  # a damaged image makes its reader raise anything
        raise EmbeddingError(f"not readable as an image ({first_line(error)})") from error


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
