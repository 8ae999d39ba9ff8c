"""Pairs to learn from: reads books and their links, or any CSV of pairs, into numbered pairs.

A pair says that an item of the left side goes with one of the right: a book and a link on its
page, a user and an item, a module and a name that it uses.
"""

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.errors import EmbeddingError

BOOK_COLUMNS = ("genre", "author", "country", "language", "publisher")
"""Infobox entries that become metadata of a book."""

NOT_LINKS = frozenset(
    {
        "hardcover",
        "paperback",
        "hardback",
        "e-book",
        "wikipedia:wikiproject books",
        "wikipedia:wikiproject novels",
    }
)
"""Links that say nothing about a book: the format of print and Wikipedia's own pages."""

BOOKS_MIN_COUNT = 4


@dataclass(frozen=True, eq=False)
class Side:
    """The items of one side of the pairs.

    Attributes
    ----------
    role : what an item is: book, link, user, ...
    labels : its items' names, each once
    columns : further properties, one value (or None) per item
    """

    role: str
    labels: tuple[str, ...]
    columns: Mapping[str, Sequence[str | None]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Which left items go with which right items.

    Attributes
    ----------
    name : what the data is called
    left, right : the items of each side, in order of their first appearance
    rows : int64, shape (p, 2); the left and the right item's number of each pair, each pair once,
        in order of left, then right
    source : name and sha256 of what was read
    notes : what a person should know about the reading: items left out, files not understood
    """

    name: str
    left: Side
    right: Side
    rows: np.ndarray
    source: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)


def read_pairs(path: Path, min_count: int | None = None) -> Pairs:
    """Read a file of pairs: JSON arrays of books and links, or a CSV / TSV with a header.

    Parameters
    ----------
    min_count : right items seen fewer times are left out; default: 4 for links, 1 otherwise

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
        return read_books(text, path, BOOKS_MIN_COUNT if min_count is None else min_count, source)
    return read_table(text, path, 1 if min_count is None else min_count, source)


def read_books(text: str, path: Path, min_count: int, source: Mapping[str, str]) -> Pairs:
    """Read Koehrsen's found_books_filtered.ndjson: books and the wikilinks on their pages.

    Each line is a JSON array [title, infobox, links, external links, last edit, characters].
    Links are lower-cased and counted as often as they occur; titles with "Wikipedia:" are dropped,
    as are the links that say nothing (NOT_LINKS).
    (https://github.com/WillKoehrsen/wikipedia-data-science)
    """
    pairs: list[tuple[str, str]] = []
    infoboxes: dict[str, Mapping[str, Any]] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        title, infobox, links = _book(line, f"{path.name}, line {number}")
        if "Wikipedia:" in title:
            continue
        infoboxes[title] = infobox
        lowered = (link.lower() for link in links)
        pairs.extend((title, link) for link in lowered if link not in NOT_LINKS)
    columns = {
        name: {title: tidy(infobox.get(name), name) for title, infobox in infoboxes.items()}
        for name in BOOK_COLUMNS
    }
    return number_pairs(
        pairs,
        path.stem,
        ("book", "link"),
        source,
        min_count=min_count,
        left_items=infoboxes,
        left_columns=columns,
    )


def _book(line: str, place: str) -> tuple[str, Mapping[str, Any], list[str]]:
    """Return title, infobox and links of one line; raise EmbeddingError naming its place."""
    try:
        record = json.loads(line)
    except ValueError as error:
        raise EmbeddingError(f"{place}: not JSON ({error}); write one array a line") from error
    if not isinstance(record, list) or len(record) < 3:
        raise EmbeddingError(
            f"{place}: expected an array [title, infobox, [links], ...], got {line[:60]!r}"
        )
    title, infobox, links = record[:3]
    if not isinstance(title, str):
        raise EmbeddingError(f"{place}, item 1: expected the title as text, got {title!r}")
    if not isinstance(infobox, dict):
        raise EmbeddingError(f"{place}, item 2: expected the infobox as an object")
    if not isinstance(links, list) or not all(isinstance(link, str) for link in links):
        raise EmbeddingError(f"{place}, item 3: expected the links as an array of texts")
    return title, infobox, links


def tidy(value: object, column: str) -> str | None:
    """Return an infobox entry as a category: no markup, single spaces, genres in lower case."""
    text = re.sub(r"<\s*!--.*?--\s*>", " ", str(value or ""), flags=re.DOTALL)
    text = re.sub(r"<\s*br\s*/?\s*>", ", ", text, flags=re.IGNORECASE)
    text = re.sub(r"\s+", " ", text).replace(" ,", ",").strip(" ,")
    return (text.lower() if column == "genre" else text) or None


def read_table(text: str, path: Path, min_count: int, source: Mapping[str, str]) -> Pairs:
    """Read a CSV or TSV whose header's first two columns name the two roles; the rest is unused."""
    lines = _csv_rows(text, path)
    _, header = next(lines, (0, []))
    header = [name.strip() for name in header]
    if len(header) < 2 or not all(header[:2]) or header[0] == header[1]:
        raise EmbeddingError(
            f"{path.name}, line 1: expected a header whose first two columns name the two sides "
            f"differently, such as `user,item`; got {','.join(header)[:60]!r}"
        )
    pairs: list[tuple[str, str]] = []
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
    unused = header[2:]
    notes = (f"columns not used: {', '.join(unused)}",) if unused else ()
    return number_pairs(
        pairs, path.stem, (header[0], header[1]), source, min_count=min_count, notes=notes
    )


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


def number_pairs(
    pairs: Sequence[tuple[str, str]],
    name: str,
    roles: tuple[str, str],
    source: Mapping[str, str],
    *,
    min_count: int,
    left_items: Iterable[str] | None = None,
    left_columns: Mapping[str, Mapping[str, str | None]] | None = None,
    right_columns: Mapping[str, Mapping[str, str | None]] | None = None,
    notes: tuple[str, ...] = (),
) -> Pairs:
    """Drop the rare right items, number the rest in order of appearance, keep each pair once.

    Parameters
    ----------
    pairs : left and right label of each occurrence; repeats count for `min_count`
    left_items : all left items, to say how many are left out; default: those in `pairs`
    left_columns, right_columns : per column the value of each label

    Raises
    ------
    EmbeddingError
        no pair is left
    """
    if not pairs:
        raise EmbeddingError(f"{source['name']}: no pairs; give at least two")
    seen = Counter(right for _, right in pairs)
    kept = [pair for pair in pairs if seen[pair[1]] >= min_count]
    if not kept:
        raise EmbeddingError(
            f"{source['name']}: of {role_count(len(seen), roles[1])} none is seen {min_count} "
            "times or more, so no pair is left; give more pairs or lower --min-count"
        )
    sides = []
    for side, columns in enumerate((left_columns or {}, right_columns or {})):
        labels = tuple(dict.fromkeys(pair[side] for pair in kept))
        values = {name: [of.get(label) for label in labels] for name, of in columns.items()}
        sides.append(Side(roles[side], labels, values))
    left, right = sides
    all_left = len(set(left_items)) if left_items is not None else len({pair[0] for pair in pairs})
    said = list(notes)
    if len(right) < len(seen):
        said.append(
            f"{role_count(len(right), roles[1])} seen {min_count} times or more are kept, "
            f"of {len(seen):,}"
        )
    if len(left) < all_left:
        said.append(
            f"{role_count(all_left - len(left), roles[0])} of {all_left:,} have none of "
            "those and are left out"
        )
    left_number = {label: number for number, label in enumerate(left.labels)}
    right_number = {label: number for number, label in enumerate(right.labels)}
    numbered = np.array([(left_number[a], right_number[b]) for a, b in kept], dtype=np.int64)
    return Pairs(name, left, right, np.unique(numbered, axis=0), dict(source), tuple(said))


def role_count(count: int, role: str) -> str:
    """Say how many: "1,399 books", "1 book", "20 queries"."""
    if count == 1 or role.endswith("s"):
        plural = role
    elif role.endswith("y") and role[-2:-1] not in ("a", "e", "o", "u"):
        plural = role[:-1] + "ies"
    else:
        plural = role + "s"
    return f"{count:,} {plural}"
