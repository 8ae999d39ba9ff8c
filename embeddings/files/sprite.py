"""Sprites: one image that holds a small one for each row, cut into the column `image`."""

import io
from pathlib import Path

import pyarrow as pa
from PIL import Image

from embeddings.errors import EmbeddingError
from embeddings.files.reading import check_bytes, first_line

IMAGE_TYPE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
"""Type of a column of images, as the embedding file has it."""

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")


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
    try:
        with Image.open(path, formats=_FORMATS) as image:
            across, down = image.width // width, image.height // height
            if across * down < count:
                raise EmbeddingError(
                    f"an image of {image.width} x {image.height}, which is {across * down:,} cells "
                    f"of {width} x {height}, for {count:,} vectors; correct singleImageDim"
                )
            check_bytes(4 * image.width * image.height, "its pixels need")
            whole = image.convert("RGBA" if image.has_transparency_data else "RGB")
    except EmbeddingError:
        raise
    except Exception as error:  # a damaged image makes its reader raise anything
        raise EmbeddingError(f"not readable as an image ({first_line(error)})") from error
    cells = []
    for i in range(count):
        left, top = i % across * width, i // across * height
        content = io.BytesIO()
        whole.crop((left, top, left + width, top + height)).save(content, "PNG", compress_level=1)
        cells.append({"bytes": content.getvalue(), "path": None})
    return pa.array(cells, IMAGE_TYPE)
