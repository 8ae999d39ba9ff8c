"""The arguments of the commands that are not trainers: columns, recommend, encode and decode."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge
from typing_extensions import Doc

from embeddings.errors import EmbeddingError
from embeddings.files.delimited.text_options import TextOptions
from embeddings.settings import POSITIONAL, Alias, Metavar, check


@dataclass(frozen=True, kw_only=True)
class ColumnsConfig(TextOptions):
    """Describe the columns of a table, and how evaluate would use them."""

    # fmt: off

    data: Annotated[Path | None, Doc(
        "Table: CSV, TSV or Parquet; default: flights from New York in 2013")] = None
    names: Annotated[str | None, Doc(
        "Names of all columns, separated by commas, for a file without a header")] = None
    json: Annotated[bool, Doc("Print only JSON")] = False

    # fmt: on


@dataclass(frozen=True)
class RecommendConfig:
    """Print the right items most similar to a left item, except those that it is paired with.

    With --text, print those most similar to a text, encoded by the run that made the file.
    """

    # fmt: off

    file: Annotated[Path, POSITIONAL, Metavar("FILE"), Doc("Embedding file of two_tower")]
    label: Annotated[str | None, POSITIONAL, Metavar("[LABEL]"), Doc(
        "Left item: a user, a book, a query")] = None
    text: Annotated[str | None, Doc(
        "Text instead of a left item, if the file was made with --words lsa")] = None
    run_dir: Annotated[Path | None, Doc(
        "For --text, folder of the run that made the file; default: NAME.run next to it")] = None
    label_column: Annotated[str | None, Metavar("NAME"), Doc(
        "Column of names to print for the items; a left item may also be given by it")] = None
    k: Annotated[int, Alias("-k"), Ge(1), Doc("Number of items")] = 10
    json: Annotated[bool, Doc("Print a list of {row, label, similarity}")] = False

    # fmt: on
    def __post_init__(self) -> None:
        check(self)
        if (self.label is None) == (self.text is None):
            raise EmbeddingError("recommend: expected either a label or --text TEXT")


@dataclass(frozen=True)
class EncodeConfig:
    """Print the vector of a text or of an image, encoded by a saved run."""

    # fmt: off

    run: Annotated[Path, POSITIONAL, Metavar("RUN"), Doc("Folder of a run: NAME.run")]
    text: Annotated[str | None, Doc("Text to encode")] = None
    image: Annotated[Path | None, Doc("Image file to encode")] = None
    json: Annotated[bool, Doc("Print {vector}")] = False
    serve: Annotated[bool, Doc(
        "Answer each line of standard input, {text} or {image} as JSON, with a line of JSON"
        )] = False

    # fmt: on
    def __post_init__(self) -> None:
        check(self)
        if sum([self.text is not None, self.image is not None, self.serve]) != 1:
            raise EmbeddingError("encode: expected one of --text TEXT, --image FILE, --serve")


@dataclass(frozen=True)
class DecodeConfig:
    """Write the image of a vector, decoded by a saved run of autoencoder."""

    # fmt: off

    run: Annotated[Path, POSITIONAL, Metavar("RUN"), Doc("Folder of a run: NAME.run")]
    vector: Annotated[tuple[float, ...], Doc("Its numbers, separated by spaces")] = ()
    out: Annotated[Path | None, Doc("Image to write: PNG")] = None
    json: Annotated[bool, Doc("Print {vector, png}, the image in base64")] = False
    serve: Annotated[bool, Doc(
        "Answer each line of standard input, {vector} as JSON, with a line of JSON")] = False

    # fmt: on
    def __post_init__(self) -> None:
        check(self)
        if self.serve == bool(self.vector):
            raise EmbeddingError("decode: expected either --vector NUMBER ... or --serve")
        if self.vector and self.out is None and not self.json:
            raise EmbeddingError("decode: give --out FILE.png, or --json")
