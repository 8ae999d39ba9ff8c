"""Images with captions: from a folder or zip with a table of file and caption, or built in.

The table is CSV, TSV or Parquet with a header; its columns are called file (or filename, image,
path) and caption (or text, description). A file may have several rows, one a caption. Files are
given relative to the table.
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
from trainers.data import images
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
    name : what the data is called
    pixels : uint8, shape (n, channels, height, width); 1 channel is grey, 3 are red, green, blue
    full : the intensity of white, such as 255
    labels : a name for each image; those of files are their paths
    image : int64, shape (p,); the image of each pair
    captions : p texts
    meaning : int64, shape (p,); captions of one number say the same, whatever their words
    unseen : bool, shape (p,); pairs that are never learned from, nor used to choose the best epoch
    attributes : by name a value for each pair: what the captions are made of, where it is known
    source : name and sha256 of what was read
    notes : what a person should know about the reading
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
        """A path for each image, as the column of pictures has it."""
        return [f"{self.name}/{label if images.is_picture(label) else f'{row}.png'}"
                for row, label in enumerate(self.labels)]  # fmt: skip


def captioned_digits(seed: int = 0) -> Captioned:
    """Return scikit-learn's handwritten digits, each with a caption of one of several wordings."""
    found = images.digits()
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
    """Number captions; those of the same words in the same order share one: int64, shape (p,)."""
    numbers: dict[tuple[str, ...], int] = {}
    return np.array([numbers.setdefault(tuple(words_of(text)), len(numbers)) for text in captions],
                    dtype=np.int64)  # fmt: skip


def read_captioned(path: Path, size: int | None = None) -> Captioned:
    """Read a folder, or a zip or tar of it, of pictures and one table of captions.

    Parameters
    ----------
    size : side in pixels to which all pictures are brought; default: see images.py

    Raises
    ------
    EmbeddingError
        nothing there, no table or several, a row without caption, a picture that is missing or
        damaged; with file and row
    """
    if not path.exists():
        raise EmbeddingError(f"{path}: no such folder or zip; give pictures and captions by --data")
    notes: list[str] = []
    name = path.resolve().name if path.is_dir() else path.name.split(".")[0]
    with open_members(path, notes.append) as members:
        tables = [each for each in members if PurePosixPath(each.name).suffix.lower() in _TABLES]
        if len(tables) != 1:
            found = ", ".join(each.name for each in tables[:5]) or "none"
            raise EmbeddingError(
                f"{path}: expected one table with the columns file and caption beside the "
                f"pictures, such as captions.csv; found {found}"
            )
        files, captions = _read_table(tables[0], notes)
        pictures = _find_pictures(files, members, tables[0])
        used = {each.name for each in pictures}
        others = sum(images.is_picture(each.name) and each.name not in used for each in members)
        if others:
            notes.append(f"{others:,} pictures have no caption and are not used")
        ordered = list({each.name: each for each in pictures}.values())
        number = {each.name: row for row, each in enumerate(ordered)}
        read = images.read_pictures(ordered, name, size)
    text = read.source["sha256"] + "\n".join(captions)
    return Captioned(
        name=name,
        pixels=read.pixels,
        full=read.full,
        labels=read.labels,
        image=np.array([number[each.name] for each in pictures], dtype=np.int64),
        captions=tuple(captions),
        meaning=number_meanings(captions),
        unseen=np.zeros(len(captions), dtype=bool),
        attributes={},
        source={"name": path.name, "sha256": hashlib.sha256(text.encode()).hexdigest()},
        notes=(*notes, *read.notes),
    )


def _read_table(table: Member, notes: list[str]) -> tuple[list[str], list[str]]:
    """Return the columns of files and of captions; each caption has a word."""
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
                    "fill it or remove the row"
                )
        columns.append(values)
        others.remove(found)
    if others:
        notes.append(f"columns not used: {', '.join(others)}")
    return columns[0], columns[1]


def _find_pictures(files: Sequence[str], members: Sequence[Member], table: Member) -> list[Member]:
    """Return the picture of each row of the table, named relative to it."""
    at = {each.name: each for each in members if images.is_picture(each.name)}
    folder = PurePosixPath(table.name).parent
    pictures = []
    for row, file in enumerate(files, start=1):
        name = str(folder / file.replace("\\", "/").removeprefix("./"))
        if name not in at:
            raise EmbeddingError(
                f"{table.name}, row {row}: {shorten(file)!r} is no picture beside the table; "
                "add it or remove the row"
            )
        pictures.append(at[name])
    return pictures
