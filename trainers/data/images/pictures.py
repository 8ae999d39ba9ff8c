"""Image files as arrays of one size, in any format that Pillow is allowed to read."""

import hashlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from PIL import Image, ImageOps

from embeddings.errors import EmbeddingError
from embeddings.files.archives import Member
from embeddings.files.limits import check_bytes
from embeddings.media import IMAGE_FORMATS, SUFFIXES
from embeddings.text import count_noun, listed

DEFAULT_SIDE = 64
"""Side, in pixels, to which images of different sizes are resized."""

MAX_PIXELS = 50_000_000
"""Maximum number of pixels of an image file; larger ones are rejected."""


class DamagedPicture(EmbeddingError):
    """An image file that cannot be read.

    Parameters
    ----------
    name : of the file
    others : number of further files that are damaged
    """

    def __init__(self, name: str, others: int = 0) -> None:
        more = f" and {count_noun(others, 'other')}" if others else ""
        super().__init__(f"{name}{more}: not a readable image; repair or remove it, or leave such "
                         "files out with --leave-out")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Pictures:
    """The pixels of image files.

    Attributes
    ----------
    pixels : uint8, shape (n, channels, height, width)
    names : n, of the files
    sha256 : of their names and contents
    notes : messages for the user about reading the files
    """

    pixels: np.ndarray
    names: tuple[str, ...]
    sha256: str
    notes: tuple[str, ...]


def is_picture(name: str) -> bool:
    """Return True if a file is an image, by its extension."""
    return SUFFIXES.get(PurePosixPath(name).suffix.lower(), "").startswith("image/")


def read_pictures(
    files: Sequence[Member], size: int | None, default_side: int, leave_out: bool
) -> Pictures:
    """Read image files; for the parameters see reading.read_images.

    Raises
    ------
    EmbeddingError
        a file is damaged, unless such files are left out, or all are; or they have too many pixels
    """
    digest = hashlib.sha256()
    check_bytes(sum(each.path.stat().st_size for each in files), "the images have")
    notes: list[str] = []
    files, headers = _readable(files, leave_out, notes)
    sizes = {own_size for own_size, _ in headers}
    width, height = next(iter(sizes)) if len(sizes) == 1 else (default_side, default_side)
    if size is not None or max(width, height) > default_side or len(sizes) > 1:
        width = height = size or default_side
        notes.append(f"the images are resized to {width} x {height} pixels (--size)")
    channels = 1 if all(is_gray for _, is_gray in headers) else 3
    shape = (len(files), channels, height, width)
    check_bytes(math.prod(shape), f"{len(files):,} images of {width} x {height} have")
    pixels = np.empty(shape, dtype=np.uint8)
    labels: list[str] = []
    damaged: list[str] = []
    for each in files:
        content = each.path.read_bytes()
        try:
            pixels[len(labels)] = open_picture(content, each.name, (channels, height, width))
        except DamagedPicture:
            if not leave_out:
                raise
            damaged.append(each.name)
            continue
        digest.update(each.name.encode() + b"\0" + content)
        labels.append(each.name)
    if damaged:
        notes.append(_left_out(damaged))
    pixels = pixels[: len(labels)]
    return Pictures(pixels, tuple(labels), digest.hexdigest(), tuple(notes))


def _readable(
    files: Sequence[Member], leave_out: bool, notes: list[str]
) -> tuple[list[Member], list[tuple[tuple[int, int], bool]]]:
    """Return the files whose beginnings are those of images, and their headers, see _header.

    Raises
    ------
    EmbeddingError
        a file is damaged, unless such files are left out, or all are
    """
    found, headers, damaged = [], [], []
    for each in files:
        try:
            headers.append(_header(each))
        except DamagedPicture:
            damaged.append(each.name)
        else:
            found.append(each)
    if damaged and (not leave_out or not found):
        raise DamagedPicture(damaged[0], len(damaged) - 1)
    if damaged:
        notes.append(_left_out(damaged))
    return found, headers


def _left_out(names: Sequence[str]) -> str:
    return f"left out {count_noun(len(names), 'image')} that cannot be read: {listed(names, 3)}"


def _header(file: Member) -> tuple[tuple[int, int], bool]:
    """Return the width and height of an image, and whether it is gray."""
    try:
        with Image.open(file.path, formats=IMAGE_FORMATS) as image:
            return image.size, image.mode in ("1", "L", "LA") or image.mode.startswith("I")
    except Exception as error:  # a damaged image can raise any exception
        raise DamagedPicture(file.name) from error


def open_picture(content: bytes, name: str, shape: tuple[int, int, int]) -> np.ndarray:
    """Return the pixels of an image file: uint8, of the given shape.

    The image is cropped around its center to the aspect ratio of the shape, then resized;
    transparent parts become white.

    Parameters
    ----------
    content : of the file
    name : of the file, for errors
    shape : channels, height and width

    Raises
    ------
    DamagedPicture
        the file is damaged
    EmbeddingError
        it has more than MAX_PIXELS pixels
    """
    channels, height, width = shape
    try:
        with Image.open(io.BytesIO(content), formats=IMAGE_FORMATS) as opened:
            too_large = opened.width * opened.height > MAX_PIXELS
            if not too_large:
                image = ImageOps.exif_transpose(opened)
                if image.mode.startswith("I"):  # 16 bits
                    image = Image.fromarray((np.asarray(image) // 257).astype(np.uint8))
                if "A" in image.mode or "transparency" in image.info:
                    white = Image.new("RGBA", image.size, "white")
                    image = Image.alpha_composite(white, image.convert("RGBA"))
                image = image.convert("L" if channels == 1 else "RGB")
                if image.size != (width, height):
                    smaller = image.width >= width and image.height >= height
                    kernel = Image.Resampling.BOX if smaller else Image.Resampling.BICUBIC
                    image = ImageOps.fit(image, (width, height), kernel)
    except Exception as error:  # a damaged image can raise any exception
        raise DamagedPicture(name) from error
    if too_large:
        raise EmbeddingError(f"{name}: more than {MAX_PIXELS:,} pixels; reduce the image")
    array = np.array(image)
    return array[None] if channels == 1 else array.transpose(2, 0, 1)
