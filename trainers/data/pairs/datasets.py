"""Reads pairs from files: books and their links, a CSV or TSV of pairs, or a graph.

A pair joins an item of the left side with one of the right side: a book and a link on its page, a
user and an item, a module and a name that it uses.
"""

import csv
import hashlib
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from embeddings.errors import EmbeddingError
from embeddings.text import count_noun
from trainers.data.pairs.books import read_books
from trainers.data.pairs.graphs import (
    RELATION,
    delimiter,
    names_if_no_header,
    part_files,
    split_comment,
)
from trainers.data.pairs.pairs import Pairs, number_pairs

WEIGHT, TIME = "weight", "timestamp"
"""Optional columns of a table of pairs."""

UNREADABLE_TIMES = 0.01
"""Maximum fraction of unreadable times; more are an error."""


def read_pairs(path: Path, min_count: int = 1, names: Sequence[str] = ()) -> Pairs:
    """Read a file of pairs: JSON arrays of books and links, or a table of pairs or triples.

    Parameters
    ----------
    path : the file
    min_count : right items that occur fewer times are left out
    names : names of the columns, for a table without a header

    Raises
    ------
    EmbeddingError
        there is no such file, it is not UTF-8, a line is malformed, or there are no pairs; the
        message names the line and the column
    """
    if not path.is_file():
        raise EmbeddingError(f"{path}: no such file; give a file of pairs with --data")
    content = path.read_bytes()
    source = {"name": path.name, "sha256": hashlib.sha256(content).hexdigest()}
    text = decoded(content, path)
    if text.lstrip()[:1] in ("[", "{"):
        return read_books(text, path, min_count, source)
    return read_tables([(path, text)], path.stem, source, min_count, names)


def read_parts(folder: Path, min_count: int = 1, names: Sequence[str] = ()) -> Pairs:
    """Read the tables train, valid and test of a folder, which are the parts of a split."""
    files = part_files(folder)
    contents = [path.read_bytes() for path in files]
    source = {"name": folder.name, "sha256": hashlib.sha256(b"".join(contents)).hexdigest()}
    texts = [decoded(content, path) for content, path in zip(contents, files, strict=True)]
    tables = list(zip(files, texts, strict=True))
    return read_tables(tables, folder.name, source, min_count, names)


def read_tables(
    tables: Sequence[tuple[Path, str]],
    name: str,
    source: Mapping[str, str],
    min_count: int,
    names: Sequence[str] = (),
) -> Pairs:
    """Read a CSV or TSV, or several that are the parts of a split.

    The first two columns are the pair, and their names are the roles. If the second of three
    columns is named relation, the first two are the left item. A further column `weight` (numbers
    above 0) holds the weight of each pair, `timestamp` (numbers or ISO 8601) its time; a note lists
    the columns that are not used.

    Parameters
    ----------
    tables : path and text of each table
    name : of the data set
    source : name and SHA-256 of what was read
    min_count : right items that occur fewer times are left out
    names : names of the columns, for tables without a header
    """
    header, rows, notes = _header_and_rows(tables, names)
    triples = len(header) > 2 and header[1] == RELATION
    sides = 3 if triples else 2
    used = {name: header.index(name) for name in (WEIGHT, TIME) if name in header[sides:]}
    keys: list[list[str]] = []
    weights: list[float] = []
    times: list[float] = []
    parts: list[int] = []
    unreadable: list[str] = []
    for part, place, fields in rows:
        if len(fields) != len(header):
            raise EmbeddingError(
                f"{place}: {len(fields)} columns where the header has {len(header)}; quote values "
                "that hold the separator"
            )
        for column, value in zip(header[:sides], fields[:sides], strict=True):
            if not value.strip():
                raise EmbeddingError(
                    f"{place}, column {column}: the value is empty; fill it or remove the line"
                )
        keys.append([value.strip() for value in fields[:sides]])
        parts.append(part)
        if WEIGHT in used:
            weights.append(_weight(fields[used[WEIGHT]], place))
        if TIME in used:
            times.append(_time(fields[used[TIME]]))
            if math.isnan(times[-1]):
                unreadable.append(f"{place.partition(', ')[2]}: {fields[used[TIME]]!r}")
    unused = [name for name in header[sides:] if name not in used]
    notes += [f"columns not used: {', '.join(unused)}"] if unused else []
    if unreadable:
        notes.append(_unreadable_note(unreadable, len(times), tables[0][0]))
        times = [-math.inf if math.isnan(time) else time for time in times]
    pairs = number_pairs(
        [(" ".join(key[:-1]), key[-1]) for key in keys],
        name,
        (" ".join(header[: sides - 1]), header[sides - 1]),
        source,
        min_count=min_count,
        weight=weights if WEIGHT in used else None,
        time=times if TIME in used else None,
        part=parts if len(tables) > 1 else None,
        left_columns=_of_heads(header, keys) if triples else None,
        right_columns={header[2]: {key[2]: key[2] for key in keys}} if triples else None,
        notes=tuple(notes),
    )
    return replace(pairs, triples=triples)


def _of_heads(header: Sequence[str], keys: Sequence[Sequence[str]]) -> dict[str, dict[str, str]]:
    """Return the head and the relation of each left item: column -> label -> value."""
    return {header[i]: {" ".join(key[:-1]): key[i] for key in keys} for i in (0, 1)}


def _header_and_rows(
    tables: Sequence[tuple[Path, str]], names: Sequence[str]
) -> tuple[list[str], list[tuple[int, str, list[str]]], list[str]]:
    """Return the header, each row with its table's number and its location, and notes."""
    notes: list[str] = []
    rows: list[tuple[int, str, list[str]]] = []
    first: list[tuple[str, list[str]]] = []
    for number, (path, text) in enumerate(tables):
        comment, text = split_comment(text)
        above = comment.count("\n")
        if above:
            notes.append(f"{path.name}: skipped {count_noun(above, 'comment line')}")
        found = [(number, f"{path.name}, line {above + line}", fields)
                 for line, fields in _csv_rows(text, path)]  # fmt: skip
        first += [(place, fields) for _, place, fields in found[:1]]
        rows += found
    header = list(names)
    if not header:
        guessed, reason = names_if_no_header([fields for _, _, fields in rows])
        alike = len(tables) > 1 and all(fields == first[0][1] for _, fields in first)
        if guessed and not alike:
            return list(guessed), rows, [*notes, reason]
        header = [name.strip() for name in (first[0][1] if first else [])]
        tops = {place for place, _ in first}
        rows = [row for row in rows if row[1] not in tops]
    if len(header) < 2 or not all(header[:2]) or header[0] == header[1]:
        raise EmbeddingError(
            f"{tables[0][0].name}, line 1: expected a header whose first two columns have "
            f"different names, such as `user,item`; got {','.join(header)[:60]!r}; for a table "
            "without a header give --names user,item"
        )
    return header, rows, notes


def _weight(text: str, place: str) -> float:
    """Return a weight; raise EmbeddingError unless it is a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise EmbeddingError(f"{place}, column {WEIGHT}: expected a number above 0, got {text!r}")
    return value


def _time(text: str) -> float:
    """Return a time as a number: seconds since 1970 for a date, NaN if it is unreadable."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return math.nan
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _unreadable_note(unreadable: list[str], count: int, path: Path) -> str:
    """Return a note on unreadable times; raise EmbeddingError if they are more than a few."""
    found = f"{len(unreadable):,} of {count:,} times are unreadable, the first in {unreadable[0]}"
    if len(unreadable) > UNREADABLE_TIMES * count:
        raise EmbeddingError(
            f"{path.name}, column {TIME}: {found}; write seconds, or dates such as "
            "2024-05-01T12:00:00"
        )
    return f"{found}; they count as earlier than all others"


def _csv_rows(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the fields of each record, except blank ones."""
    source = io.StringIO(text, newline="")
    reader = csv.reader(source, delimiter=delimiter(text), strict=True)
    start = 1
    try:
        for fields in reader:
            if fields:
                yield start, fields
            start = reader.line_num + 1
    except csv.Error as error:
        raise EmbeddingError(
            f"{path.name}, line {start}: {error}; check the quotes of that line"
        ) from error


def decoded(content: bytes, path: Path) -> str:
    """Decode UTF-8, with or without a byte order mark; name the line that is not."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise EmbeddingError(
            f"{path.name}, line {line}: not UTF-8 text (byte {content[error.start]:#04x}); "
            "save the file as UTF-8"
        ) from error
