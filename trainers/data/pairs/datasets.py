"""Reading pairs: books and their links, any table of pairs or triples, or the parts of a split.

A pair says that an item of the left side goes with one of the right: a book and a link on its
page, a user and an item, a module and a name that it uses.
"""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from embeddings.errors import EmbeddingError
from embeddings.files.delimited.text_options import DETECTED, TextOptions
from embeddings.files.detect import JSON
from embeddings.files.limits import limited_reading
from embeddings.files.members import open_single
from embeddings.files.plain_text import read_text
from trainers.data.pairs.books import read_books
from trainers.data.pairs.graphs import RELATION, part_files
from trainers.data.pairs.pair_rows import Row, read_rows
from trainers.data.pairs.pairs import Pairs, number_pairs

WEIGHT, TIME = "weight", "timestamp"
"""Columns of a table of pairs that have a meaning."""

UNREADABLE_TIMES = 0.01
"""Fraction of unreadable times above which they are an error."""

_HEAD_BYTES = 2**16
_OBJECTS = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{")  # how JSON of objects begins


def read_pairs(
    path: Path,
    min_count: int = 1,
    names: Sequence[str] = (),
    columns: Sequence[str] = (),
    options: TextOptions = DETECTED,
) -> Pairs:
    """Read a file of pairs: JSON arrays of books and links, or a table of pairs or triples.

    Parameters
    ----------
    path : text, compressed text, Parquet or Arrow
    min_count : right items that occur fewer times are left out
    names : names of the columns of a table without a header
    columns : the columns of the pair, by name or by number from 1; by default the first two
    options : how text is written, as far as it is known

    Raises
    ------
    EmbeddingError
        no such file, no readable table, a value that is not what its column needs (with line and
        column), or no pairs
    """
    if not path.is_file():
        raise EmbeddingError(f"{path}: no such file; give a file of pairs with --data")
    notes: list[str] = []
    with limited_reading([path]), open_single(path, notes.append) as file:
        content = file.read_bytes()
        source = {"name": path.name, "sha256": hashlib.sha256(content).hexdigest()}
        head = content[:_HEAD_BYTES]
        if JSON.matches(head, file) and not _OBJECTS.match(head):  # else a table
            text = read_text(file, notes.append).to_pybytes().decode()
            return read_books(text, path, min_count, source).with_notes(*notes)
    return read_tables([path], path.stem, source, min_count, names, columns, options)


def read_parts(
    folder: Path,
    min_count: int = 1,
    names: Sequence[str] = (),
    columns: Sequence[str] = (),
    options: TextOptions = DETECTED,
) -> Pairs:
    """Read the tables train, valid and test of a folder; they are the split of the pairs.

    The parameters are those of read_pairs.
    """
    files = part_files(folder)
    digest = hashlib.sha256()
    for path in files:
        with open_single(path, lambda sentence: None) as file:
            digest.update(file.read_bytes())
    source = {"name": folder.name, "sha256": digest.hexdigest()}
    return read_tables(files, folder.name, source, min_count, names, columns, options)


def read_tables(
    paths: Sequence[Path],
    name: str,
    source: Mapping[str, str],
    min_count: int,
    names: Sequence[str] = (),
    columns: Sequence[str] = (),
    options: TextOptions = DETECTED,
) -> Pairs:
    """Read a table of pairs, or several that are the parts of one set.

    The first two columns, or those in `columns`, are the pair, and their names the roles; of three
    columns whose second is called relation, the first two are the left item. A further column
    `weight` (numbers above 0) is the weight of a pair, `timestamp` (numbers or ISO 8601) when it
    occurred; others are not used, and a note says so.
    """
    header, rows, notes = read_rows(paths, names, columns, options)
    triples = len(header) > 2 and header[1] == RELATION
    sides = 3 if triples else 2
    used = {name: header.index(name) for name in (WEIGHT, TIME) if name in header[sides:]}
    keys: list[list[str]] = []
    weights: list[float] = []
    times: list[float] = []
    unreadable: list[Row] = []
    for row in rows:
        for column, value in zip(header[:sides], row.cells[:sides], strict=True):
            if not value.strip():
                raise EmbeddingError(
                    f"{row.place}, column {column}: the value is empty; fill it in or drop the row"
                )
        keys.append([value.strip() for value in row.cells[:sides]])
        if WEIGHT in used:
            weights.append(_weight(row.cells[used[WEIGHT]], row))
        if TIME in used:
            times.append(_seconds(row.cells[used[TIME]]))
            if math.isnan(times[-1]):
                unreadable.append(row)
    unused = [name for name in header[sides:] if name not in used]
    notes += [f"columns not used: {', '.join(unused)}"] if unused else []
    if unreadable:
        notes.append(_check_times(unreadable, used[TIME], len(times)))
        times = [-math.inf if math.isnan(time) else time for time in times]
    pairs = number_pairs(
        [(" ".join(key[:-1]), key[-1]) for key in keys],
        name,
        (" ".join(header[: sides - 1]), header[sides - 1]),
        source,
        min_count=min_count,
        weight=weights if WEIGHT in used else None,
        time=times if TIME in used else None,
        part=[row.part for row in rows] if len(paths) > 1 else None,
        left_columns=_heads_and_relations(header, keys) if triples else None,
        right_columns={header[2]: {key[2]: key[2] for key in keys}} if triples else None,
        notes=tuple(notes),
    )
    return replace(pairs, triples=triples)


def _heads_and_relations(
    header: Sequence[str], keys: Sequence[Sequence[str]]
) -> dict[str, dict[str, str]]:
    """Return the head and the relation of each left item, by its label."""
    return {header[i]: {" ".join(key[:-1]): key[i] for key in keys} for i in (0, 1)}


def _weight(text: str, row: Row) -> float:
    """Return a weight; raise EmbeddingError if it is not a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise EmbeddingError(
            f"{row.place}, column {WEIGHT}: expected a number above 0, got {text!r}"
        )
    return value


def _seconds(text: str) -> float:
    """Return a time in seconds since 1970 if it is a date, a number as it is; NaN for others."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return math.nan
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _check_times(unreadable: Sequence[Row], column: int, count: int) -> str:
    """Return a note about unreadable times; raise EmbeddingError for more than a few.

    Parameters
    ----------
    unreadable : the rows
    column : position of the times
    count : number of all rows
    """
    first = unreadable[0]
    found = (
        f"{len(unreadable):,} of {count:,} times are unreadable, the first in {first.line}: "
        f"{first.cells[column]!r}"
    )
    if len(unreadable) > UNREADABLE_TIMES * count:
        raise EmbeddingError(
            f"{first.path.name}, column {TIME}: {found}; write seconds, or dates such as "
            "2024-05-01T12:00:00"
        )
    return f"{found}; they count as earlier than all others"
