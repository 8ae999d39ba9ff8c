"""Graphs: tables of edges or triples without a header, and folders with the parts of a split.

An edge list has two columns; triples have a head, a relation and a tail, and the tail is predicted
from head and relation. Both often have no header; triples often come in files train, valid and
test.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from embeddings.errors import EmbeddingError

RELATION = "relation"
"""Name of the second of three columns that marks a table of triples."""

PARTS = (("train",), ("valid", "validation", "dev"), ("test",))
"""Names of the files of training, validation and test, without extension."""

_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?")
_COMMENT = re.compile(r"(?:(?:#[ \t]|%).*\n|#\n)+")  # as in files of SNAP and KONECT


def split_comment(text: str) -> tuple[str, str]:
    """Return the comment lines before a table, and the rest."""
    found = _COMMENT.match(text)
    return (found[0], text[found.end() :]) if found else ("", text)


def delimiter(text: str) -> str:
    """Return what separates the columns: a comma, a tab, or a space as in some edge lists."""
    first = text.partition("\n")[0]
    if "\t" not in first and "," not in first and len(first.split()) in (2, 3):
        width = len(first.split())
        if all(len(line.split(" ")) == width for line in text.splitlines() if line.strip()):
            return " "
    return "\t" if first.count("\t") > first.count(",") else ","


def names_if_no_header(rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], str]:
    """Return names for the columns of a graph without a header, and a note that says why.

    There is no header if one of the first two values of the first line is a number, or occurs again
    further down in its column. A third column of numbers is a weight; any other makes triples.

    Returns
    -------
    The names and the note; both are empty if there seems to be a header.
    """
    if len(rows) < 2 or len(rows[0]) not in (2, 3) or not all(rows[0]):
        return (), ""
    first = [value.strip() for value in rows[0]]
    number = next((value for value in first[:2] if _NUMBER.fullmatch(value)), None)
    again = next((value for column, value in enumerate(first[:2])
                  if any(len(row) > column and row[column].strip() == value for row in rows[1:])),
                 None)  # fmt: skip
    if number is None and again is None:
        return (), ""
    why = f"{number} is a number" if number is not None else f"{again!r} occurs again below"
    names: tuple[str, ...] = ("source", "target")
    if len(first) == 3:
        weights = all(len(row) > 2 and _NUMBER.fullmatch(row[2].strip()) for row in rows)
        names = (*names, "weight") if weights else ("head", RELATION, "tail")
    columns = ", ".join(names)
    return names, f"no header, since {why}: the columns are {columns}; rename them with --names"


def part_files(folder: Path) -> tuple[Path, ...]:
    """Return the files of training, validation and test of a folder.

    Raises
    ------
    EmbeddingError
        a file is missing, or there are several for one part
    """
    found = []
    for stems in PARTS:
        files = sorted(path for path in folder.iterdir() if path.is_file() and path.stem in stems)
        if len(files) != 1:
            existing = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
            raise EmbeddingError(
                f"{folder}: expected one file named {stems[0]}.tsv, .csv or .txt, or a collection "
                f"in the Cranfield format (cran.all.1400, cran.qry, qrels); it has {existing}"
            )
        found.append(files[0])
    return tuple(found)
