"""Graphs: tables of edges or triples without a header, and folders whose files are a split.

An edge list has two columns. Triples have a head, a relation and a tail; the tail is predicted from
head and relation. Both usually have no header, and triples often come in files train, valid, test.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from embeddings.errors import EmbeddingError

RELATION = "relation"
"""Name of the second of three columns that makes a table one of triples."""

PARTS = (("train",), ("valid", "validation", "dev"), ("test",))
"""Names of the files of a folder, without extensions: training, validation and test."""

_EARLIEST_TIME = 1e8
"""Numbers from here on, in a column without a name, are seconds since 1970: from March 1973."""

_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?")


def is_comment(row: Sequence[str]) -> bool:
    """Return True if the first row of a table is a comment, as SNAP (#) and KONECT (%) have them.

    Such a line is read as a row if it has as many columns: "# FromNodeId<TAB>ToNodeId". A name may
    begin with either character, as "%C3%81" of a URL does; a comment has a space after it.
    """
    return row[0] in ("#", "%") or row[0].startswith(("# ", "#\t", "% ", "%\t", "%%"))


def names_if_no_header(
    rows: Sequence[Sequence[str]], stated: bool = False
) -> tuple[tuple[str, ...], str]:
    """Return names for the columns of a graph without a header, and a note about the reason.

    There is no header if one of the first two values of the first row is a number, or occurs again
    in its column. Further columns of numbers are a weight, if all are above 0, and a time, if they
    are seconds since 1970; three columns of which the third holds no numbers are triples.

    Parameters
    ----------
    stated : True if the user states that there is no header

    Returns
    -------
    names, note : both empty if the first row is a header
    """
    if not stated and (len(rows) < 2 or len(rows[0]) < 2 or not all(rows[0])):
        return (), ""
    if not rows or len(rows[0]) < 2:
        return (), ""
    first = [value.strip() for value in rows[0]]
    number = next((value for value in first[:2] if _NUMBER.fullmatch(value)), None)
    repeated = next(
        (
            value
            for column, value in enumerate(first[:2])
            if any(len(row) > column and row[column].strip() == value for row in rows[1:])
        ),
        None,
    )
    if number is None and repeated is None and not stated:
        return (), ""
    why = f"{number} is a number" if number is not None else f"{repeated!r} occurs again below"
    why = "--no-header is given" if stated else why
    columns = [[row[i].strip() for row in rows if len(row) > i] for i in range(2, len(first))]
    kinds = [_kind(column) for column in columns]
    names = ["source", "target"]
    if kinds == [""]:
        names = ["head", RELATION, "tail"]
    else:
        for position, kind in enumerate(kinds, start=3):
            names.append(
                kind
                if kind in ("weight", "timestamp") and kind not in names
                else f"column_{position}"
            )
    note = f"no header, since {why}: the columns are {', '.join(names)}; rename them with --names"
    return tuple(names), note


def _kind(cells: Sequence[str]) -> str:
    """Return what a column without a name holds: "weight", "timestamp", "other", or "" for text."""
    if not all(map(_NUMBER.fullmatch, cells)):
        return ""
    least = min(map(float, cells))
    if least >= _EARLIEST_TIME:
        return "timestamp"
    return "weight" if least > 0 else "other"


def part_files(folder: Path) -> tuple[Path, ...]:
    """Return the files of training, validation and test of a folder.

    Raises
    ------
    EmbeddingError
        a part is missing, or has several files
    """
    found = []
    for stems in PARTS:
        files = sorted(
            path
            for path in folder.iterdir()
            if path.is_file() and path.name.partition(".")[0] in stems
        )
        if len(files) != 1:
            present = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
            raise EmbeddingError(
                f"{folder}: expected one file named {stems[0]}.tsv, .csv or .txt, or a collection "
                f"in Cranfield's format (cran.all.1400, cran.qry, qrels); it has {present}"
            )
        found.append(files[0])
    return tuple(found)
