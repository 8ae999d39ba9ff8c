"""Books and the links on their pages, in the format of Koehrsen's found_books_filtered.ndjson.

Each line is a JSON array [title, infobox, links, external links, last edit, characters].
(https://github.com/WillKoehrsen/wikipedia-data-science)
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from embeddings.errors import EmbeddingError
from trainers.data.pairs.pairs import Pairs, number_pairs

BOOK_COLUMNS = ("genre", "author", "country", "language", "publisher")
"""Infobox entries that become metadata of a book."""

_COMMENT_BEGIN, _COMMENT_END = re.compile(r"<\s*!--"), re.compile(r"--\s*>")

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
"""Links that carry no information on a book: print formats, and Wikipedia's own pages."""


def read_books(text: str, path: Path, min_count: int, source: Mapping[str, str]) -> Pairs:
    """Read books and the wikilinks on their pages.

    As in Koehrsen's work, links are lower-cased and counted as often as they occur; titles with
    "Wikipedia:" and the links in NOT_LINKS are dropped.

    Parameters
    ----------
    text : content of the file
    path : of the file, for messages
    min_count : links that occur fewer times are left out
    source : name and SHA-256 of what was read
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
        name: {title: normalized(infobox.get(name), name) for title, infobox in infoboxes.items()}
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


def _book(line: str, location: str) -> tuple[str, Mapping[str, Any], list[str]]:
    """Return title, infobox and links of one line; raise EmbeddingError naming its location."""
    try:
        record = json.loads(line)
    except ValueError as error:
        raise EmbeddingError(f"{location}: not JSON ({error}); write one array per line") from error
    if not isinstance(record, list) or len(record) < 3:
        raise EmbeddingError(
            f"{location}: expected an array [title, infobox, [links], ...], got {line[:60]!r}"
        )
    title, infobox, links = record[:3]
    if not isinstance(title, str):
        raise EmbeddingError(f"{location}, item 1: expected the title as text, got {title!r}")
    if not isinstance(infobox, dict):
        raise EmbeddingError(f"{location}, item 2: expected the infobox as an object")
    if not isinstance(links, list) or not all(isinstance(link, str) for link in links):
        raise EmbeddingError(f"{location}, item 3: expected the links as an array of texts")
    return title, infobox, links


def normalized(value: object, column: str) -> str | None:
    """Return an infobox entry as a category: no markup, single spaces, genres in lower case."""
    text = _without_comments(str(value or ""))
    text = re.sub(r"<\s*br\s*(?:/\s*)?>", ", ", text, flags=re.IGNORECASE)
    text = re.sub(r"\s+", " ", text).replace(" ,", ",").strip(" ,")
    return (text.lower() if column == "genre" else text) or None


def _without_comments(text: str) -> str:
    """Return a text with a space for each comment, <!-- ... -->; one that never ends stays."""
    parts, place = [], 0
    while begin := _COMMENT_BEGIN.search(text, place):
        end = _COMMENT_END.search(text, begin.end())
        if end is None:
            break
        parts.append(text[place : begin.start()])
        place = end.end()
    return " ".join([*parts, text[place:]])
