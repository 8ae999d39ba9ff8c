"""python -m embeddings.gallery: list the gallery; with `digits`, make that file again."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from typing_extensions import Doc

from embeddings.cli.parse import parse
from embeddings.cli.terminal import USER_ERROR, print_error
from embeddings.errors import EmbeddingError
from embeddings.gallery import ITEMS, item
from embeddings.settings import POSITIONAL, check


@dataclass(frozen=True)
class GalleryArguments:
    """List the gallery, with the command that makes each file; or make a file again."""

    # fmt: off

    name: Annotated[Literal["digits"] | None, POSITIONAL, Doc("Item to make again")] = None
    out: Annotated[Path | None, Doc("File to write; default: its place in the gallery")] = None

    # fmt: on
    def __post_init__(self) -> None:
        check(self)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status, 2 for a user's mistake."""
    try:
        given = sys.argv[1:] if arguments is None else arguments
        _run(parse(GalleryArguments, given, "python -m embeddings.gallery"))
    except (EmbeddingError, OSError) as error:
        print_error(error)
        return USER_ERROR
    return 0


def _run(arguments: GalleryArguments) -> None:
    if arguments.name is None:
        for entry in ITEMS:
            print(f"{entry.name}: {entry.description}\n    {entry.command}")
        return
    from embeddings.files import save
    from embeddings.gallery import digits

    path = arguments.out or item(arguments.name).path
    made = digits.make()
    save(made, path)
    print(f"{path}: {len(made):,} x {made.dimensions}")


if __name__ == "__main__":
    sys.exit(main())
