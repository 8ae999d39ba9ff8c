"""The data of image_text: images with captions, from a folder or zip with a table, or built in.

The table is CSV, TSV or Parquet with a header. It has a column file (or filename, image, path),
with paths relative to the table, and a column caption (or text, description). An image with
several captions has a row for each.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from embeddings.errors import EmbeddingError
from embeddings.files.archives import Member
from embeddings.files.members import open_members
from embeddings.files.tabular.reader import read_table
from embeddings.text import shorten
from trainers.core.rng import numpy_generator
from trainers.data.images.reading import digits, is_picture, read_image_files
from trainers.data.words import words_of

FILE_COLUMNS = ("file", "filename", "file_name", "image", "path")
CAPTION_COLUMNS = ("caption", "text", "description")

_TABLES = (".csv", ".tsv", ".parquet")

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


def read_captioned(path: Path, size: int | None = None) -> Captioned:
    """Read a folder, or a zip or tar of one, with images and one table of captions.

    Parameters
    ----------
    size : side in pixels to which all images are resized; default: see read_images

    Raises
    ------
    EmbeddingError
        no such path, no table or several, a row without a caption, or an image that is missing or
        damaged; names the file and the row
    """
    if not path.exists():
        raise EmbeddingError(f"{path}: no such folder or zip; give images and captions with --data")
    notes: list[str] = []
    name = path.resolve().name if path.is_dir() else path.name.split(".")[0]
    with open_members(path, notes.append) as members:
        tables = [each for each in members if PurePosixPath(each.name).suffix.lower() in _TABLES]
        if len(tables) != 1:
            found = ", ".join(each.name for each in tables[:5]) or "none"
            raise EmbeddingError(
                f"{path}: expected one table with the columns file and caption next to the "
                f"images, such as captions.csv; found {found}"
            )
        files, captions = _read_table(tables[0], notes)
        images = _find_images(files, members, tables[0])
        used = {each.name for each in images}
        others = sum(is_picture(each.name) and each.name not in used for each in members)
        if others:
            notes.append(f"{others:,} images have no caption and are ignored")
        distinct = list({each.name: each for each in images}.values())
        number = {each.name: row for row, each in enumerate(distinct)}
        read = read_image_files(distinct, name, size)
    text = read.source["sha256"] + "\n".join(captions)
    return Captioned(
        name=name,
        pixels=read.pixels,
        full=read.full,
        labels=read.labels,
        image=np.array([number[each.name] for each in images], dtype=np.int64),
        captions=tuple(captions),
        meaning=number_meanings(captions),
        unseen=np.zeros(len(captions), dtype=bool),
        attributes={},
        source={"name": path.name, "sha256": hashlib.sha256(text.encode()).hexdigest()},
        notes=(*notes, *read.notes),
    )


def _read_table(table: Member, notes: list[str]) -> tuple[list[str], list[str]]:
    """Return the columns of files and of captions, whose values all have at least one word."""
    read = read_table(table.path, note=notes.append)
    others = list(read.column_names)
    columns = []
    for names in (FILE_COLUMNS, CAPTION_COLUMNS):
        lowered = {column.lower(): column for column in read.column_names}
        found = next((lowered[name] for name in names if name in lowered), None)
        if found is None:
            raise EmbeddingError(
                f"{table.name}: no column {names[0]}; it has {', '.join(read.column_names)}"
            )
        values = ["" if value is None else str(value) for value in read.column(found).to_pylist()]
        for row, value in enumerate(values, start=1):
            if not words_of(value):
                raise EmbeddingError(
                    f"{table.name}, row {row}, column {found}: {shorten(value)!r} has no word; "
                    "fill it in or remove the row"
                )
        columns.append(values)
        others.remove(found)
    if others:
        notes.append(f"ignored columns: {', '.join(others)}")
    return columns[0], columns[1]


def _find_images(files: Sequence[str], members: Sequence[Member], table: Member) -> list[Member]:
    """Return the image file of each row of the table, whose paths are relative to the table."""
    member_of = {each.name: each for each in members if is_picture(each.name)}
    folder = PurePosixPath(table.name).parent
    images = []
    for row, file in enumerate(files, start=1):
        name = str(folder / file.replace("\\", "/").removeprefix("./"))
        if name not in member_of:
            raise EmbeddingError(
                f"{table.name}, row {row}: {shorten(file)!r} is no image next to the table; "
                "add it or remove the row"
            )
        images.append(member_of[name])
    return images


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
