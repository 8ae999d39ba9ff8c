"""python -m embeddings.gallery: list the gallery; make its digits, or the images of its maps.

python -m embeddings.gallery digits
python -m embeddings.gallery maps                           of all items
python -m embeddings.gallery maps cnn.embedding.parquet     of another file: maps/cnn.png
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from typing_extensions import Doc

from embeddings.cli.parse import parse
from embeddings.cli.terminal import USER_ERROR, print_error
from embeddings.errors import EmbeddingError
from embeddings.files.atomic import atomic_path
from embeddings.gallery import ITEMS, item, map_path
from embeddings.settings import POSITIONAL, Metavar, check


@dataclass(frozen=True)
class GalleryArguments:
    """List the gallery, with the command that makes each file; or make files again."""

    # fmt: off

    name: Annotated[Literal["digits", "maps"] | None, POSITIONAL, Doc(
        "What to make again: digits, or maps, the small images of maps")] = None
    files: Annotated[tuple[Path, ...], POSITIONAL, Metavar("[FILE ...]"), Doc(
        "Embedding files to make images of; default: those of the gallery")] = ()
    out: Annotated[Path | None, Doc(
        "File, or for maps folder, to write; default: its place in the gallery")] = None

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
    if arguments.name == "maps":
        _paint(arguments.files, arguments.out or map_path("").parent)
        return
    from embeddings.files import save
    from embeddings.gallery import digits

    path = arguments.out or item(arguments.name).path
    made = digits.make()
    save(made, path)
    print(f"{path}: {len(made):,} x {made.dimensions}")


def _paint(files: Sequence[Path], folder: Path) -> None:
    """Write the images of the maps of files, or of all items."""
    from embeddings.gallery.maps import paint

    for path in files or [each.path for each in ITEMS]:
        target = folder / map_path(path.name.partition(".")[0]).name
        with atomic_path(target) as temporary:
            temporary.write_bytes(paint(path))
        print(f"{target}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.exit(main())
