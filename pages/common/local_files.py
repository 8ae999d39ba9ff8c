"""Files of this machine, opened without upload: those named at the start, and those below a root.

`streamlit run app.py -- FILE [FILE ...] [--root DIR]`. The page opens no other file: a name that
leads out of the root, by `..` or by a link, is refused.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import streamlit as st
from typing_extensions import Doc

from embeddings import EmbeddingError
from embeddings.cli.parse import parse
from embeddings.files import WRITERS
from embeddings.settings import POSITIONAL, Metavar, check
from embeddings.text import shorten

LISTED = 500
"""Files below the root that are offered; any other is found by its name in the address."""

_SHOWN = 120
"""Characters of a wrong name that a message repeats."""

_SUFFIXES = {*WRITERS, ".h5", ".hdf5", ".gz", ".zip"}


@dataclass(frozen=True)
class AppArguments:
    """The arguments of the app's script."""

    # fmt: off

    files: Annotated[tuple[Path, ...], POSITIONAL, Metavar("[FILE ...]"), Doc(
        "Files that make up one set")] = ()
    root: Annotated[Path | None, Metavar("DIR"), Doc(
        "Folder below which the app may open files; default: $EMBEDDING_ROOT")] = None

    # fmt: on
    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class Names:
    """The sets of this machine that may be opened.

    Attributes
    ----------
    listed : names, at most LISTED of those below the root
    found : number of files below the root
    unreadable : number of further files, whose names are not UTF-8 and cannot be opened
    """

    listed: tuple[str, ...] = ()
    found: int = 0
    unreadable: int = 0

    @property
    def note(self) -> str:
        """What is not listed, in words; "" if everything is."""
        notes = []
        if self.found > LISTED:
            notes.append(f"{self.found:,} files below the root; the first {LISTED:,} are listed")
        if self.unreadable:
            notes.append(
                f"{self.unreadable:,} files below the root have names that are not UTF-8; rename "
                "them to open them"
            )
        return ". ".join(notes)


@dataclass(frozen=True)
class Local:
    """What the app may open: files that make up one set, and all files below a root."""

    files: tuple[Path, ...] = ()
    root: Path | None = None

    def paths(self, name: str) -> list[Path]:
        """Return the files of a set by its name: that of the first file, or a path below the root.

        Raises
        ------
        EmbeddingError
            a name that was not given at the start and is not below the root
        """
        if self.files and name == self.files[0].name:
            return list(self.files)
        if self.root is not None:
            try:
                path = (self.root / name).resolve()
                path.exists()  # raises for a name that no file can have: too long, a NUL in it
            except (OSError, ValueError):
                path = self.root
            if path.is_relative_to(self.root) and path != self.root:
                return [path]
        raise EmbeddingError(
            f"{shorten(name, _SHOWN)}: not a file that this server may open; start it with "
            "`-- FILE`, or with `-- --root DIR` for all files below a folder"
        )

    def names(self) -> Names:
        """Return the sets that may be opened."""
        found = [] if self.root is None else _below(self.root)
        readable = sorted(name for name in found if _is_text(name))
        first = [self.files[0].name] if self.files else []
        unreadable = len(found) - len(readable)
        return Names((*first, *readable[:LISTED]), len(readable), unreadable)


@st.cache_resource(show_spinner=False)
def local() -> Local:
    """Return what the app was started with."""
    if Path(sys.argv[0]).name != "app.py":  # not `streamlit run app.py`
        return Local()
    return allowed(sys.argv[1:], os.environ)


def allowed(arguments: Sequence[str], environment: Mapping[str, str]) -> Local:
    """Return what the arguments of the app's script allow it to open.

    Raises
    ------
    EmbeddingError
        wrong arguments, or a file or folder that does not exist
    """
    try:
        given = parse(AppArguments, arguments, "streamlit run app.py --", add_help=False)
    except EmbeddingError as error:
        usage = "streamlit run app.py -- [FILE ...] [--root DIR]"
        raise EmbeddingError(f"{error}; usage: {usage}") from None
    for path in given.files:
        if not _is_text(path.name):
            shown = path.name.encode(errors="surrogateescape").decode(errors="replace")
            raise EmbeddingError(f"{shown}: the name of this file is not UTF-8; rename it")
        if not path.exists():
            raise EmbeddingError(f"{path}: no such file; start the app with one that exists")
    from_environment = environment.get("EMBEDDING_ROOT")
    root = given.root or (Path(from_environment) if from_environment else None)
    if root is not None and not root.is_dir():
        raise EmbeddingError(f"--root {root}: no such folder; start the app with one that exists")
    return Local(tuple(path.absolute() for path in given.files), root and root.resolve())


def _is_text(name: str) -> bool:
    """Return whether a file's name is UTF-8, so that a page can show it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


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
