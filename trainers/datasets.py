"""Pairs to learn from: reads books and their links, or any CSV of pairs, into numbered pairs.

A pair says that an item of the left side goes with one of the right: a book and a link on its
page, a user and an item, a module and a name that it uses.
"""

import csv
import hashlib
import io
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from embeddings.errors import EmbeddingError
from trainers.books import read_books
from trainers.pairs import Pairs, number_pairs

WEIGHT, TIME = "weight", "timestamp"
"""Columns of a table of pairs that have a meaning."""

UNREADABLE_TIMES = 0.01
"""So large a share of times may be unreadable before it is an error."""


def read_pairs(path: Path, min_count: int = 1) -> Pairs:
    """Read a file of pairs: JSON arrays of books and links, or a CSV / TSV with a header.

    Parameters
    ----------
    min_count : right items seen fewer times are left out

    Raises
    ------
    EmbeddingError
        no such file, not UTF-8, a line that is not of the form (with line and column), or no pairs
    """
    if not path.is_file():
        raise EmbeddingError(f"{path}: no such file; give a file of pairs by --data")
    content = path.read_bytes()
    source = {"name": path.name, "sha256": hashlib.sha256(content).hexdigest()}
    text = _decoded(content, path)
    if text.lstrip()[:1] in ("[", "{"):
        return read_books(text, path, min_count, source)
    return read_table(text, path, min_count, source)


def read_table(text: str, path: Path, min_count: int, source: Mapping[str, str]) -> Pairs:
    """Read a CSV or TSV whose header's first two columns name the two roles.

    A column `weight` (numbers above 0) says how much a pair counts, a column `timestamp` (numbers
    or ISO 8601) when it came about; further ones are not used, which a note says.
    """
    lines = _csv_rows(text, path)
    _, header = next(lines, (0, []))
    header = [name.strip() for name in header]
    if len(header) < 2 or not all(header[:2]) or header[0] == header[1]:
        raise EmbeddingError(
            f"{path.name}, line 1: expected a header whose first two columns name the two sides "
            f"differently, such as `user,item`; got {','.join(header)[:60]!r}"
        )
    used = {name: header.index(name) for name in (WEIGHT, TIME) if name in header[2:]}
    pairs: list[tuple[str, str]] = []
    weights: list[float] = []
    times: list[float] = []
    unreadable: list[str] = []
    for number, fields in lines:
        if len(fields) != len(header):
            raise EmbeddingError(
                f"{path.name}, line {number}: {len(fields)} columns where the header has "
                f"{len(header)}; quote values that hold the separator"
            )
        for column, value in zip(header[:2], fields[:2], strict=True):
            if not value.strip():
                raise EmbeddingError(
                    f"{path.name}, line {number}, column {column}: the value is empty; "
                    "fill it or remove the line"
                )
        pairs.append((fields[0].strip(), fields[1].strip()))
        if WEIGHT in used:
            weights.append(_weight(fields[used[WEIGHT]], f"{path.name}, line {number}"))
        if TIME in used:
            times.append(_moment(fields[used[TIME]]))
            if math.isnan(times[-1]):
                unreadable.append(f"line {number}: {fields[used[TIME]]!r}")
    unused = [name for name in header[2:] if name not in used]
    notes = [f"columns not used: {', '.join(unused)}"] if unused else []
    if unreadable:
        notes.append(_about_times(unreadable, len(times), path))
        times = [-math.inf if math.isnan(time) else time for time in times]
    return number_pairs(
        pairs,
        path.stem,
        (header[0], header[1]),
        source,
        min_count=min_count,
        weight=weights if WEIGHT in used else None,
        time=times if TIME in used else None,
        notes=tuple(notes),
    )


def _weight(text: str, place: str) -> float:
    """Return a weight; raise EmbeddingError if it is no number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise EmbeddingError(f"{place}, column {WEIGHT}: expected a number above 0, got {text!r}")
    return value


def _moment(text: str) -> float:
    """Return a time as a number: seconds since 1970 if it is a date; NaN if it is unreadable."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return math.nan
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _about_times(unreadable: list[str], count: int, path: Path) -> str:
    """Say how many times are unreadable; raise EmbeddingError if they are more than a few."""
    told = f"{len(unreadable):,} of {count:,} times are unreadable, the first in {unreadable[0]}"
    if len(unreadable) > UNREADABLE_TIMES * count:
        raise EmbeddingError(
            f"{path.name}, column {TIME}: {told}; write seconds, or dates such as "
            "2024-05-01T12:00:00"
        )
    return f"{told}; they count as before all others"


def _csv_rows(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the fields of each record that is not blank."""
    first = text.partition("\n")[0]
    delimiter = "\t" if first.count("\t") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
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


def _decoded(content: bytes, path: Path) -> str:
    """Decode UTF-8, with or without a byte order mark; name the line that is not."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise EmbeddingError(
            f"{path.name}, line {line}: not UTF-8 text (byte {content[error.start]:#04x}); "
            "save the file as UTF-8"
        ) from error
