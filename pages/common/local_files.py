"""Files of this machine, opened without upload: those named at the start, and those below a root.

`streamlit run app.py -- FILE [FILE ...] [--root DIR]`. Whoever opens the page can reach nothing
else: a name that leads out of the root, by `..` or by a link, is refused.
"""

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import streamlit as st

from embeddings import EmbeddingError
from embeddings.files import WRITERS

LISTED = 500
"""Files below the root that are offered; any other is found by its name in the address."""

_SUFFIXES = {*WRITERS, ".h5", ".hdf5", ".gz", ".zip"}


@dataclass(frozen=True)
class Local:
    """What whoever started the app allows it to open: files that make up one set, and a root."""

    files: tuple[Path, ...] = ()
    root: Path | None = None

    def paths(self, name: str) -> list[Path]:
        """Return the files of a set by its name: that of the first file, or a path below the root.

        Raises
        ------
        EmbeddingError
            a name that was not given at the start and does not lie below the root
        """
        if self.files and name == self.files[0].name:
            return list(self.files)
        if self.root is not None:
            path = (self.root / name).resolve()
            if path.is_relative_to(self.root) and path != self.root:
                return [path]
        raise EmbeddingError(
            f"{name}: not a file that this server may open; start it with `-- FILE`, or with "
            "`-- --root DIR` for all files below a folder"
        )

    def names(self) -> tuple[list[str], int]:
        """Return the sets that may be opened, at most LISTED, and how many files were found."""
        found = [] if self.root is None else sorted(_below(self.root))
        first = [self.files[0].name] if self.files else []
        return [*first, *found[:LISTED]], len(found)


@st.cache_resource(show_spinner=False)
def local() -> Local:
    """Return what the app was started with."""
    if Path(sys.argv[0]).name != "app.py":  # not `streamlit run app.py`
        return Local()
    parser = _Parser(prog="streamlit run app.py --", add_help=False, allow_abbrev=False)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--root", type=Path, default=os.environ.get("EMBEDDING_ROOT") or None)
    options = parser.parse_args(sys.argv[1:])
    root = None if options.root is None else Path(options.root).resolve()
    for path in options.files:
        if not path.exists():
            raise EmbeddingError(f"{path}: no such file; start the app with one that is there")
    if root is not None and not root.is_dir():
        raise EmbeddingError(f"--root {root}: no such folder; start the app with one that is there")
    return Local(tuple(path.absolute() for path in options.files), root)


class _Parser(argparse.ArgumentParser):
    """Wrong arguments are the user's errors like any other."""

    def error(self, message: str) -> NoReturn:
        raise EmbeddingError(f"{message}; usage: {self.prog} [FILE ...] [--root DIR]")


def _below(root: Path) -> list[str]:
    """Return the files below a folder whose names look like embeddings; hidden ones are not."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        here = Path(folder)
        found += [
            str((here / name).relative_to(root))
            for name in names
            if not name.startswith(".") and Path(name).suffix.lower() in _SUFFIXES
        ]
    return found
