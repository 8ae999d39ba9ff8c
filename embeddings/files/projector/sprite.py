"""Sprites: one image made of cells, a small image for each row; cut into a column, and back."""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from PIL import Image

from embeddings.errors import EmbeddingError
from embeddings.files.damage import damaged
from embeddings.files.limits import check_bytes
from embeddings.media import IMAGE_FORMATS, MEDIA
from embeddings.text import count_noun

_MAX_SIDE = 8192  # pixels that a side of a sprite may have in the Projector
_MAX_CELL = 64  # pixels of a side, for cells that hold images of different sizes


def cut_sprite(path: Path, width: int, height: int, count: int) -> pa.Array:
    """Return the first `count` cells of an image, row by row, each as PNG: an `image` column.

    Parameters
    ----------
    width, height : of a cell, in pixels, above 0
    count : number of rows

    Raises
    ------
    EmbeddingError
        not an image, one that exceeds the size limit, or one of fewer than `count` cells
    """
    with _opened(path) as image:
        across, down = image.width // width, image.height // height
        if across * down < count:
            raise EmbeddingError(
                f"an image of {image.width} x {image.height}, which is {across * down:,} cells "
                f"of {width} x {height}, for {count_noun(count, 'vector')}; correct singleImageDim"
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
    """Return width and height of a sprite's cells, in pixels, if no config states them.

    Cells are assumed to be square, and as large as possible for at least `count` of them. They
    must fill the image, except for the end of the last row; or form TensorFlow's square of
    ceil(sqrt(count)) cells a row, whose last rows may be empty.

    Raises
    ------
    EmbeddingError
        not an image, or one that is not such a grid
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
        f"an image of {width} x {height}, which is not a sprite of square cells for "
        f"{count_noun(count, 'vector')}, {per_row:,} a row; "
        "add a config, whose singleImageDim is [width, height] of a cell"
    )


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open an image; what goes wrong in opening and decoding it is an EmbeddingError."""
    # a damaged image makes Pillow raise nearly anything
    with damaged("image", Exception), Image.open(path, formats=IMAGE_FORMATS) as image:
        yield image


def join_sprite(column: pa.ChunkedArray, path: Path) -> tuple[tuple[int, int], int]:
    """Write the images of a column as one PNG, row by row, in cells of one size.

    The cells have the size of the images, if all have the same and the sprite fits the Projector;
    else images are scaled down in proportion. A row without a readable image has an empty cell.

    Parameters
    ----------
    column : images, of type MEDIA

    Returns
    -------
    width and height of a cell, in pixels; and how many images could not be read
    """
    contents = [None if cell is None else cell["bytes"] for cell in column.to_pylist()]
    across = math.ceil(math.sqrt(len(contents)))
    down = math.ceil(len(contents) / across)
    found = (_size(content) for content in contents if content is not None)
    sizes = {size for size in found if size is not None}
    width, height = sizes.pop() if len(sizes) == 1 else (_MAX_CELL, _MAX_CELL)
    shrink = min(1, _MAX_SIDE / (across * max(width, height)))
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
    except Exception:  # a damaged image makes Pillow raise nearly anything
        return None


def _open(content: bytes) -> Image.Image | None:
    """Return an image with its transparency; None if it cannot be read."""
    try:
        with Image.open(io.BytesIO(content), formats=IMAGE_FORMATS) as image:
            return image.convert("RGBA")
    except Exception:  # a damaged image makes Pillow raise nearly anything
        return None
