"""The data of image_text: images with captions, from files (see captions.py) or built in."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from embeddings.errors import EmbeddingError
from embeddings.files.delimited.text_options import DETECTED, TextOptions
from embeddings.files.members import open_members
from trainers.core.rng import numpy_generator
from trainers.data.images.pictures import is_picture
from trainers.data.images.reading import MIN_IMAGES, digits, read_image_files
from trainers.data.words import words_of
from trainers.image_text.captions import find_captions, is_caption_table

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

DIGIT_CAPTIONS = (
    "a handwritten {name}",
    "the digit {name}",
    "the number {number}",
    "{name}, written by hand",
    "a scanned {number}",
)


@dataclass(frozen=True, eq=False)
class Captioned:
    """Pairs of an image and a caption.

    Attributes
    ----------
    name : of the data set
    pixels : uint8, shape (n, channels, height, width); 1 channel is gray, 3 are red, green, blue
    full : the intensity of white, such as 255
    labels : n, a name for each image: the path of its file, if it has one
    image : int64, shape (p,), the image of each pair
    captions : p, the text of each pair
    meaning : int64, shape (p,); captions with the same number have the same meaning
    unseen : bool, shape (p,); the test pairs, neither trained on nor used to choose the best epoch
    attributes : name -> p, the values that the captions were generated from, if known
    source : name and sha256 of the files
    notes : messages for the user about reading the files
    """

    name: str
    pixels: np.ndarray
    full: int
    labels: tuple[str, ...]
    image: np.ndarray
    captions: tuple[str, ...]
    meaning: np.ndarray
    unseen: np.ndarray
    attributes: Mapping[str, Sequence[str]]
    source: Mapping[str, str]
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.captions)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        channels, height, width = self.pixels.shape[1:]
        return channels, height, width

    @property
    def paths(self) -> list[str]:
        """The path of each image in the column of thumbnails."""
        return [f"{self.name}/{label if is_picture(label) else f'{row}.png'}"
                for row, label in enumerate(self.labels)]  # fmt: skip


def captioned_digits(seed: int = 0) -> Captioned:
    """Return scikit-learn's handwritten digits, each with a random one of several captions."""
    found = digits()
    chosen = numpy_generator(seed, "captions of digits").integers(
        len(DIGIT_CAPTIONS), size=len(found)
    )
    captions = tuple(
        DIGIT_CAPTIONS[wording].format(name=NAMES[digit], number=digit)
        for wording, digit in zip(chosen, found.target, strict=True)
    )
    return Captioned(
        name="digits",
        pixels=found.pixels,
        full=found.full,
        labels=found.labels,
        image=np.arange(len(found)),
        captions=captions,
        meaning=found.target,
        unseen=np.zeros(len(found), dtype=bool),
        attributes={"digit": [found.classes[digit] for digit in found.target]},
        source=found.source,
    )


def number_meanings(captions: Sequence[str]) -> np.ndarray:
    """Number captions; those with the same words in the same order are equal: int64, shape (p,)."""
    numbers: dict[tuple[str, ...], int] = {}
    return np.array([numbers.setdefault(tuple(words_of(text)), len(numbers)) for text in captions],
                    dtype=np.int64)  # fmt: skip


def read_captioned(
    path: Path,
    size: int | None = None,
    leave_out: bool = False,
    options: TextOptions = DETECTED,
) -> Captioned:
    """Read images with captions: a folder, a zip or tar of one, or the table within a folder.

    Parameters
    ----------
    size : side in pixels to which all images are resized; default: see read_images
    leave_out : whether to leave out image files that cannot be read
    options : how a table of text is written, as far as it is known

    Raises
    ------
    EmbeddingError
        no such path, no captions, a row without a caption, or an image that is missing or damaged;
        names the file and the row
    """
    if not path.exists():
        raise EmbeddingError(f"{path}: no such folder or zip; give images and captions with --data")
    notes: list[str] = []
    is_table = path.is_file() and is_caption_table(path.name)
    root = path.parent if is_table else path
    name = root.resolve().name if root.is_dir() else path.name.split(".")[0]
    with open_members(root, notes.append) as members:
        table = path.name if is_table else None
        found = find_captions(members, table, str(path), notes, options)
        others = sum(is_picture(each.name) for each in members) - len(
            {each.name for each, _ in found}
        )
        if others:
            notes.append(f"{others:,} images have no caption and are ignored")
        distinct = list({each.name: each for each, _ in found}.values())
        read = read_image_files(distinct, name, size, leave_out=leave_out)
    number = {label: row for row, label in enumerate(read.labels)}
    found = [pair for pair in found if pair[0].name in number]  # the others are damaged
    if len(number) < MIN_IMAGES:
        raise EmbeddingError(
            f"{name}: {len(number)} image with a caption; expected at least {MIN_IMAGES}"
        )
    captions = [caption for _, caption in found]
    text = read.source["sha256"] + "\n".join(captions)
    return Captioned(
        name=name,
        pixels=read.pixels,
        full=read.full,
        labels=read.labels,
        image=np.array([number[image.name] for image, _ in found], dtype=np.int64),
        captions=tuple(captions),
        meaning=number_meanings(captions),
        unseen=np.zeros(len(captions), dtype=bool),
        attributes={},
        source={"name": path.name, "sha256": hashlib.sha256(text.encode()).hexdigest()},
        notes=(*notes, *read.notes),
    )


def hold_out(pairs: Captioned, fraction: float, seed: int) -> np.ndarray:
    """Choose the held-out pairs, those of random images: int64, shape (h,), ascending row numbers.

    If several images share a meaning, at least one of its pairs stays in training.
    """
    images = np.unique(pairs.image[~pairs.unseen])
    order = numpy_generator(seed, "hold out").permutation(images)
    chosen = np.zeros(len(pairs.pixels), dtype=bool)
    chosen[order[: round(fraction * len(images))]] = True
    meanings, first, count = np.unique(pairs.meaning, return_index=True, return_counts=True)
    trained = pairs.meaning[~chosen[pairs.image] & ~pairs.unseen]
    lost = ~np.isin(meanings, trained) & (count > 1) & ~pairs.unseen[first]
    chosen[pairs.image[first[lost]]] = False
    return np.flatnonzero(chosen[pairs.image] & ~pairs.unseen)
