"""The arguments of `python -m trainers encode` and `decode`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from typing_extensions import Doc

from embeddings.errors import EmbeddingError


@dataclass(frozen=True)
class EncodeConfig:
    """Print the vector of a text or of a picture, as a run that was saved makes it."""

    # fmt: off

    run: Annotated[tyro.conf.Positional[Path], Doc("Folder of a run: NAME.run")]
    text: Annotated[str | None, Doc("A text")] = None
    image: Annotated[Path | None, Doc("A file with a picture")] = None
    json: Annotated[bool, Doc("Print {vector}")] = False
    serve: Annotated[bool, Doc("Answer lines of JSON, {text} or {image}, from standard input by "
                               "lines of JSON")] = False

    # fmt: on
    def __post_init__(self) -> None:
        if sum([self.text is not None, self.image is not None, self.serve]) != 1:
            raise EmbeddingError("encode: expected one of --text TEXT, --image FILE, --serve")


@dataclass(frozen=True)
class DecodeConfig:
    """Draw the picture of a vector, as a run of autoencoder that was saved does."""

    # fmt: off

    run: Annotated[tyro.conf.Positional[Path], Doc("Folder of a run: NAME.run")]
    vector: Annotated[tuple[float, ...], Doc("Its numbers, with blanks between them")] = ()
    out: Annotated[Path | None, Doc("The picture to write, PNG")] = None
    json: Annotated[bool, Doc("Print {vector, png}, the picture in base64")] = False
    serve: Annotated[bool, Doc("Answer lines of JSON, {vector}, from standard input by lines of "
                               "JSON")] = False

    # fmt: on
    def __post_init__(self) -> None:
        if self.serve == bool(self.vector):
            raise EmbeddingError("decode: expected either --vector NUMBER ... or --serve")
        if self.vector and self.out is None and not self.json:
            raise EmbeddingError("decode: give --out FILE.png, or --json")
