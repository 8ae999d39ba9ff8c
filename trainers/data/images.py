"""Images to learn from: pictures in folders, one folder a class, or arrays of pixels in a file.

- a folder, or a zip or tar of it, in which each class has a folder of pictures;
- IDX, as MNIST comes (images and labels, also compressed), `.npz`, or a CSV whose rows are the
  pixels of an image and its class: see image_arrays.py.

Images of a set all have one size and one number of channels.
"""

import hashlib
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa
from PIL import Image, ImageOps
from sklearn.datasets import load_digits

from embeddings.errors import EmbeddingError
from embeddings.files.archives import Member
from embeddings.files.limits import check_bytes
from embeddings.files.members import open_members
from embeddings.media import IMAGE_FORMATS, MEDIA, SUFFIXES
from embeddings.text import shorten
from trainers.data.image_arrays import Arrays, read_arrays

USUAL_SIDE = 64
"""Side, in pixels, to which pictures of different sizes are brought."""

THUMBNAIL = (32, 96)
"""Smaller pictures are enlarged to the first side, in pixels, larger ones made as small as the
second, in the embedding file."""

LARGEST = 50_000_000
"""Pixels of a picture that is opened."""

_FORMS = (
    "expected a folder or zip with one folder of pictures a class, IDX, .npz, or a CSV of pixels"
)


@dataclass(frozen=True, eq=False)
class Images:
    """Images of one size, and what they show.

    Attributes
    ----------
    name : what the data is called
    pixels : uint8, shape (n, channels, height, width); 1 channel is grey, 3 are red, green, blue
    full : the intensity of white, such as 255
    labels : a name for each
    classes : names of the classes; none where it is not known what the images show
    target : int64, shape (n,), the class of each, numbered as in `classes`; 0 without classes
    source : name and sha256 of what was read
    notes : what a person should know about the reading
    """

    name: str
    pixels: np.ndarray
    full: int
    labels: tuple[str, ...]
    classes: tuple[str, ...]
    target: np.ndarray
    source: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        channels, height, width = self.pixels.shape[1:]
        return channels, height, width

    def take(self, rows: np.ndarray) -> "Images":
        """Return some of the images; rows: int64 or bool, shape (m,)."""
        labels = tuple(np.array(self.labels, dtype=object)[rows])
        return replace(self, pixels=self.pixels[rows], labels=labels, target=self.target[rows])


def digits() -> Images:
    """Return the built-in images: scikit-learn's 1,797 handwritten digits of 8 x 8 pixels."""
    data = load_digits()
    pixels = data.images.astype(np.uint8)[:, None]
    source = {"name": "sklearn.datasets.load_digits", "sha256": _sha256(pixels.tobytes())}
    return of_arrays(Arrays(pixels, 16, data.target.astype(str).tolist()), "digits", source)


def read_images(
    path: Path, size: int | None = None, label: str | None = None, usual: int = USUAL_SIDE
) -> Images:
    """Read images of one of the forms above, told apart by content.

    Parameters
    ----------
    size : side in pixels to which all are brought, the larger side cut; default: their own where
        all have one and, of pictures, at most `usual`, else `usual`
    label : column of the class in a CSV: its name, or its number from 1; default: found

    Raises
    ------
    EmbeddingError
        nothing there, nothing readable, or a damaged picture; with file, row and column
    """
    if not path.exists():
        raise EmbeddingError(f"{path}: no such file or folder; give images by --data")
    notes: list[str] = []
    with open_members(path, notes.append) as members:
        pictures = [each for each in members if is_picture(each.name)]
        name = path.resolve().name if path.is_dir() else path.name.split(".")[0]
        if pictures:
            found = _by_folder(read_pictures(pictures, name, size, usual))
            others = [each.name for each in members if not is_picture(each.name)]
        else:
            arrays, used, content = read_arrays(members, label, _FORMS)
            found = of_arrays(arrays, name, {"name": path.name, "sha256": _sha256(content)}, size)
            others = [each.name for each in members if each.name not in used]
    if others:
        notes.append(f"{len(others):,} files are not read, such as {shorten(others[0])}")
    return replace(found, notes=(*notes, *found.notes))


def is_picture(name: str) -> bool:
    """Say whether a file is a picture, by the end of its name."""
    return SUFFIXES.get(PurePosixPath(name).suffix.lower(), "").startswith("image/")


def read_pictures(
    pictures: Sequence[Member], name: str, size: int | None, usual: int = USUAL_SIDE
) -> Images:
    """Read files of pictures, without classes; size, usual: as read_images takes them."""
    digest = hashlib.sha256()
    check_bytes(sum(each.path.stat().st_size for each in pictures), "the pictures have")
    headers = [_header(each) for each in pictures]  # size and whether it is grey
    sizes = {shape for shape, _ in headers}
    notes: list[str] = []
    width, height = next(iter(sizes)) if len(sizes) == 1 else (usual, usual)
    if size is not None or max(width, height) > usual or len(sizes) > 1:
        width = height = size or usual
        notes.append(f"the pictures are brought to {width} x {height} pixels (--size)")
    channels = 1 if all(is_grey for _, is_grey in headers) else 3
    shape = (len(pictures), channels, height, width)
    check_bytes(math.prod(shape), f"{len(pictures):,} pictures of {width} x {height} have")
    pixels = np.empty(shape, dtype=np.uint8)
    for row, each in enumerate(pictures):
        content = each.path.read_bytes()
        digest.update(each.name.encode() + b"\0" + content)
        pixels[row] = open_picture(content, each.name, (channels, height, width))
    labels = tuple(each.name for each in pictures)
    source = {"name": name, "sha256": digest.hexdigest()}
    classes, target = number_classes(None, len(pictures))
    return Images(name, pixels, 255, labels, classes, target, source, tuple(notes))


def _by_folder(images: Images) -> Images:
    """Return pictures with classes: the class of each is the folder that it lies in."""
    folders = [PurePosixPath(label).parent.name for label in images.labels]
    if any(folders) and not all(folders):
        stray = images.labels[folders.index("")]
        raise EmbeddingError(
            f"{images.name}: {stray} lies in no class's folder, as others do; move it"
        )
    classes, target = number_classes(folders if any(folders) else None, len(images))
    return replace(images, classes=classes, target=target)


def _header(picture: Member) -> tuple[tuple[int, int], bool]:
    """Return width and height, and whether it is grey."""
    try:
        with Image.open(picture.path, formats=IMAGE_FORMATS) as image:
            return image.size, image.mode in ("1", "L", "LA") or image.mode.startswith("I")
    except Exception as error:  # a damaged picture makes its reader raise anything
        raise _damaged(picture.name) from error


def open_picture(content: bytes, name: str, shape: tuple[int, int, int]) -> np.ndarray:
    """Return the pixels of a picture brought to a shape: uint8, (channels, height, width).

    The middle is kept where the sides are in another ratio; transparent parts are white.

    Raises
    ------
    EmbeddingError
        it is damaged, or of more than LARGEST pixels
    """
    channels, height, width = shape
    try:
        with Image.open(io.BytesIO(content), formats=IMAGE_FORMATS) as opened:
            too_large = opened.width * opened.height > LARGEST
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
    except Exception as error:  # a damaged picture makes its reader raise anything
        raise _damaged(name) from error
    if too_large:
        raise EmbeddingError(f"{name}: of more than {LARGEST:,} pixels; make it smaller")
    array = np.array(image)
    return array[None] if channels == 1 else array.transpose(2, 0, 1)


def _damaged(name: str) -> EmbeddingError:
    return EmbeddingError(f"{name}: no readable picture; mend or remove it")


def of_arrays(
    arrays: Arrays, name: str, source: Mapping[str, str], size: int | None = None
) -> Images:
    """Return arrays of pixels as images, called "3 #17" where the 18th of all shows a 3."""
    pixels, notes = arrays.pixels, arrays.notes
    _, channels, *sides = pixels.shape
    if size is not None and sides != [size, size]:
        check_bytes(len(pixels) * channels * size**2, f"{len(pixels):,} images have")
        pixels = np.stack([resized(image, size) for image in pixels])
        notes = (*notes, f"the images are brought to {size} x {size} pixels (--size)")
    classes, target = number_classes(arrays.classes, len(pixels))
    shown = [f"{classes[one]} " for one in target] if classes else [""] * len(pixels)
    labels = tuple(f"{what}#{row}" for row, what in enumerate(shown))
    return Images(name, pixels, arrays.full, labels, classes, target, source, notes)


def resized(image: np.ndarray, size: int) -> np.ndarray:
    """Return the middle of an image at another size: uint8, (channels, size, size)."""
    return np.stack([np.asarray(ImageOps.fit(Image.fromarray(channel), (size, size)))
                     for channel in image])  # fmt: skip


def number_classes(names: Sequence[str] | None, count: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the names of the classes, numbers in order of size, and the number of each image's.

    names : of each image's class; None: not known
    """
    if names is None:
        return (), np.zeros(count, dtype=np.int64)
    found = sorted(
        set(names), key=lambda one: (0, int(one), "") if one.isdecimal() else (1, 0, one)
    )
    number = {one: place for place, one in enumerate(found)}
    return tuple(found), np.array([number[one] for one in names], dtype=np.int64)


def thumbnails(pixels: np.ndarray, full: int, paths: Sequence[str]) -> pa.Array:
    """Return images as a column of PNG pictures, MEDIA; pixels and full as Images has them."""
    cells = [{"bytes": png(image, full), "path": path}
             for image, path in zip(pixels, paths, strict=True)]  # fmt: skip
    return pa.array(cells, MEDIA)


def png(image: np.ndarray, full: int) -> bytes:
    """Return a PNG of an image, of a size to be looked at.

    image : uint8, (channels, height, width), intensities from 0 to `full`
    """
    least, most = THUMBNAIL
    scaled = np.round(image * (255 / full)).astype(np.uint8)
    picture = Image.fromarray(scaled[0] if len(image) == 1 else scaled.transpose(1, 2, 0))
    factor = math.ceil(least / min(picture.size))
    if factor > 1:
        size = (picture.width * factor, picture.height * factor)
        picture = picture.resize(size, Image.Resampling.NEAREST)
    picture.thumbnail((most, most))
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def picture_paths(images: Images) -> list[str]:
    """Return a path for each image, as the column of pictures has it: its name, or a number."""
    own = [label if is_picture(label) else f"{row}.png" for row, label in enumerate(images.labels)]
    return [f"{images.name}/{each}" for each in own]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
