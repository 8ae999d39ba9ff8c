"""The columns of images in an embedding file: class, split and thumbnail."""

import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from embeddings.media import MEDIA
from trainers.data.images.pictures import is_picture
from trainers.data.images.reading import Images

THUMBNAIL_SIDES = (32, 96)
"""Minimum and maximum side of a thumbnail, in pixels."""


def image_columns(images: Images, held_out: np.ndarray) -> dict[str, Any]:
    """Return the columns class (if known), split (if images were held out) and image.

    held_out : int64, shape (h,), row numbers of the images
    """
    columns: dict[str, Any] = {}
    if images.classes:
        columns["class"] = pa.array([images.classes[number] for number in images.target])
    if len(held_out):
        split = np.full(len(images), "train", dtype=object)
        split[held_out] = "withheld"
        columns["split"] = pa.array(split.tolist())
    columns["image"] = thumbnails(images.pixels, images.full, image_paths(images))
    return columns


def thumbnails(pixels: np.ndarray, full: int, paths: Sequence[str]) -> pa.Array:
    """Return images as a column of PNG thumbnails, of type MEDIA.

    Parameters
    ----------
    pixels, full : see Images
    paths : the path of each image
    """
    cells = [{"bytes": png(image, full), "path": path}
             for image, path in zip(pixels, paths, strict=True)]  # fmt: skip
    return pa.array(cells, MEDIA)


def png(image: np.ndarray, full: int) -> bytes:
    """Return a PNG thumbnail of an image.

    Small images are enlarged by a whole factor, large ones reduced; see THUMBNAIL_SIDES.

    image : uint8, (channels, height, width), intensities from 0 to `full`
    """
    smallest, largest = THUMBNAIL_SIDES
    scaled = np.round(image * (255 / full)).astype(np.uint8)
    thumbnail = Image.fromarray(scaled[0] if len(image) == 1 else scaled.transpose(1, 2, 0))
    factor = math.ceil(smallest / min(thumbnail.size))
    if factor > 1:
        size = (thumbnail.width * factor, thumbnail.height * factor)
        thumbnail = thumbnail.resize(size, Image.Resampling.NEAREST)
    thumbnail.thumbnail((largest, largest))
    buffer = io.BytesIO()
    thumbnail.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def image_paths(images: Images) -> list[str]:
    """Return a path for each image: its file name, or its number, below the name of the set."""
    own = [label if is_picture(label) else f"{row}.png" for row, label in enumerate(images.labels)]
    return [f"{images.name}/{each}" for each in own]
