"""python -m embeddings.gallery: list the gallery; with `digits`, make that file again."""

import argparse
import sys

from embeddings.errors import EmbeddingError
from embeddings.files import save
from embeddings.gallery import ITEMS, digits, item


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m embeddings.gallery", description=__doc__)
    parser.add_argument("name", nargs="?", choices=["digits"], help="the item to make again")
    parser.add_argument("--out", help="where to write it; default: its place in the gallery")
    given = parser.parse_args(arguments)
    if given.name is None:
        for entry in ITEMS:
            print(f"{entry.name}: {entry.description}\n    {entry.command}")
        return 0
    path = given.out or item(given.name).path
    try:
        made = digits.make()
        save(made, path)
    except EmbeddingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{path}: {len(made):,} x {made.dimensions}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
