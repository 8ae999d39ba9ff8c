"""Reads images to train on: image files in folders, one per class, or arrays of pixels.

- a folder, or a zip or tar of one, with a folder of image files for each class;
- IDX, as MNIST is distributed (images and labels, also compressed), `.npz`, `.npy`, or a CSV whose
  rows are the pixels of an image and its class: see arrays.py;
- a sprite with the table of its images: see sprites.py.

All images of a set have the same size and number of channels.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, ImageOps
from sklearn.datasets import load_digits

from embeddings.errors import EmbeddingError
from embeddings.files.archives import Member
from embeddings.files.delimited.text_options import DETECTED, TextOptions
from embeddings.files.limits import check_bytes, limited_reading
from embeddings.files.members import open_members
from embeddings.text import shorten
from trainers.data.images.arrays import is_idx, read_arrays
from trainers.data.images.numpy_arrays import Arrays
from trainers.data.images.pictures import DEFAULT_SIDE, is_picture, read_pictures
from trainers.data.images.sprites import is_description, read_sprite

MIN_IMAGES = 2
"""Minimum number of images to train on."""

_FEW_BESIDE_IDX = 3  # image files, such as sprites, that do not keep IDX from being read

_EXPECTED = (
    "expected a folder or zip with one folder of images per class, IDX, .npz, .npy, or a CSV of "
    "pixels"
)


@dataclass(frozen=True, eq=False)
class Images:
    """Images of one size and their classes.

    Attributes
    ----------
    name : of the data set
    pixels : uint8, shape (n, channels, height, width); 1 channel is gray, 3 are red, green, blue
    full : the intensity of white, such as 255
    labels : n, a name for each image
    classes : names of the classes; empty if the classes are unknown
    target : int64, shape (n,), index of each image's class in `classes`; 0 without classes
    source : name and sha256 of the files
    notes : messages for the user about reading the files
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
        """Return a subset of the images; rows : int64, shape (m,), or bool, shape (n,)."""
        labels = tuple(np.array(self.labels, dtype=object)[rows])
        return replace(self, pixels=self.pixels[rows], labels=labels, target=self.target[rows])


def digits() -> Images:
    """Return the built-in images: the 1,797 handwritten digits of scikit-learn, 8 x 8 pixels."""
    data = load_digits()
    pixels = data.images.astype(np.uint8)[:, None]
    source = {"name": "sklearn.datasets.load_digits", "sha256": _sha256(pixels.tobytes())}
    return images_of(Arrays(pixels, 16, data.target.astype(str).tolist()), "digits", source)


def read_images(
    path: Path | None,
    size: int | None = None,
    label: str | None = None,
    default_side: int = DEFAULT_SIDE,
    leave_out: bool = False,
    options: TextOptions = DETECTED,
) -> Images:
    """Read images in one of the formats above, detected by content, or return `digits`.

    Parameters
    ----------
    path : what to read; None for the built-in images
    size : side length in pixels to which images are resized, after cropping to a square; default:
        their own size if all have the same and, for image files, its sides are at most
        `default_side`; else `default_side`
    label : column of the class in a CSV: its name, or its number from 1; default: detected
    leave_out : whether to leave out image files that cannot be read
    options : how a CSV is written, as far as it is known

    Raises
    ------
    EmbeddingError
        no such path, fewer than MIN_IMAGES images in it, or a damaged image; names the file, row
        and column
    """
    if path is None:
        return digits()
    if not path.exists():
        raise EmbeddingError(f"{path}: no such file or folder; give images with --data")
    notes: list[str] = []
    with open_members(path, notes.append) as members:
        image_files = [each for each in members if is_picture(each.name)]
        name = path.resolve().name if path.is_dir() else path.name.split(".")[0]
        has_idx = any(is_idx(each.path) for each in members if not is_picture(each.name))
        sprite = None
        if len(image_files) == 1 and not has_idx:
            sprite = read_sprite(image_files[0], _described_by(path, members))
        if sprite is not None:
            arrays, table = sprite
            content = image_files[0].path.read_bytes() + table.path.read_bytes()
            found = images_of(arrays, name, {"name": path.name, "sha256": _sha256(content)}, size)
            used = {image_files[0].name, table.name}
            others = [each.name for each in members if each.name not in used]
        elif image_files and not (has_idx and len(image_files) <= _FEW_BESIDE_IDX):
            if has_idx:
                raise EmbeddingError(
                    f"{name}: IDX and {len(image_files):,} image files; give one of them"
                )
            pictures = read_image_files(image_files, name, size, default_side, leave_out)
            found = _classes_by_folder(pictures)
            others = [each.name for each in members if not is_picture(each.name)]
        else:
            beside = path if path.is_file() else None
            arrays, names, content = read_arrays(members, label, _EXPECTED, beside, options)
            found = images_of(arrays, name, {"name": path.name, "sha256": _sha256(content)}, size)
            others = [each.name for each in members if each.name not in names]
    if len(found) < MIN_IMAGES:
        raise EmbeddingError(
            f"{name}: {len(found)} image; expected at least {MIN_IMAGES}. If it is a sprite of "
            "many images, put the table of these (a .tsv with a row for each) or their vectors "
            "(.npy) beside it"
        )
    if others:
        notes.append(f"{len(others):,} files are ignored, such as {shorten(others[0])}")
    return replace(found, notes=(*notes, *found.notes))


def _described_by(path: Path, members: Sequence[Member]) -> list[Member]:
    """Return the files that may describe a sprite: of its folder, if it is given as a file."""
    if not path.is_file() or len(members) > 1:
        return list(members)
    return [Member(each.name, each) for each in path.parent.iterdir()
            if each.is_file() and is_description(each.name)]  # fmt: skip


def read_image_files(
    files: Sequence[Member],
    name: str,
    size: int | None,
    default_side: int = DEFAULT_SIDE,
    leave_out: bool = False,
) -> Images:
    """Read image files, without classes; for the other parameters see read_images."""
    with limited_reading([each.path for each in files], name):
        found = read_pictures(files, size, default_side, leave_out)
    classes, target = number_classes(None, len(found.names))
    source = {"name": name, "sha256": found.sha256}
    return Images(name, found.pixels, 255, found.names, classes, target, source, found.notes)


def _classes_by_folder(images: Images) -> Images:
    """Return the images with classes: the name of the folder of each."""
    folders = [PurePosixPath(label).parent.name for label in images.labels]
    if any(folders) and not all(folders):
        stray = images.labels[folders.index("")]
        raise EmbeddingError(
            f"{images.name}: {stray} is in no class folder, unlike the others; move it"
        )
    classes, target = number_classes(folders if any(folders) else None, len(images))
    return replace(images, classes=classes, target=target)


def images_of(
    arrays: Arrays, name: str, source: Mapping[str, str], size: int | None = None
) -> Images:
    """Return arrays of pixels as images; the label of the 18th is "3 #17" if it is of class 3."""
    pixels, notes = arrays.pixels, arrays.notes
    _, channels, *sides = pixels.shape
    if size is not None and sides != [size, size]:
        check_bytes(len(pixels) * channels * size**2, f"{len(pixels):,} images have")
        pixels = np.stack([resized(image, size) for image in pixels])
        notes = (*notes, f"the images are resized to {size} x {size} pixels (--size)")
    classes, target = number_classes(arrays.classes, len(pixels))
    prefixes = [f"{classes[number]} " for number in target] if classes else [""] * len(pixels)
    labels = tuple(f"{prefix}#{row}" for row, prefix in enumerate(prefixes))
    return Images(name, pixels, arrays.full, labels, classes, target, source, notes)


def resized(image: np.ndarray, size: int) -> np.ndarray:
    """Crop an image to its central square and resize it: uint8, (channels, size, size)."""
    return np.stack([np.asarray(ImageOps.fit(Image.fromarray(channel), (size, size)))
                     for channel in image])  # fmt: skip


def number_classes(names: Sequence[str] | None, count: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the distinct class names, numeric ones in numeric order, and each image's class.

    Parameters
    ----------
    names : the class of each image; None if unknown
    count : number of images

    Returns
    -------
    classes : the distinct names; empty if unknown
    target : int64, shape (count,), index of each image's class; 0 if unknown
    """
    if names is None:
        return (), np.zeros(count, dtype=np.int64)
    found = sorted(
        set(names), key=lambda name: (0, int(name), "") if name.isdecimal() else (1, 0, name)
    )
    number = {name: index for index, name in enumerate(found)}
    return tuple(found), np.array([number[name] for name in names], dtype=np.int64)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
