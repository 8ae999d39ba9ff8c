"""What interest learns from: clicks, the titles of the documents, and word vectors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import load
from trainers.data.bags import Bags
from trainers.data.corpus import number_words
from trainers.data.pairs.datasets import read_pairs
from trainers.data.pairs.pairs import Pairs, distinct_titles, role_count
from trainers.data.pairs.side_tables import join
from trainers.data.planted_clicks import planted_clicks
from trainers.data.words import numbered, words_of
from trainers.interest.config import InterestConfig


@dataclass(frozen=True, eq=False)
class Clicks:
    """Who has read what, and the words of its title.

    Attributes
    ----------
    pairs : users and documents; a document's label is its title
    titles : each document's words, as numbers of `words`
    words : those of all titles; those that have a given vector come last
    given : float32, shape (g, dim); the vectors of the last g words; None: no file of vectors
    fingerprint : of that file; None: no file
    """

    pairs: Pairs
    titles: Bags
    words: tuple[str, ...]
    given: np.ndarray | None = None
    fingerprint: str | None = None


def read(config: InterestConfig) -> Clicks:
    """Read what the settings name, or make the built-in clicks.

    Raises
    ------
    EmbeddingError
        a file is not what it should be, no document has a title, or no word of them has a vector
    """
    pairs, titles = (
        planted_clicks(seed=config.seed)
        if config.data is None
        else with_titles(read_pairs(config.data), config)
    )
    return with_words(pairs, titles, None if config.words is None else load(config.words))


def with_titles(pairs: Pairs, config: InterestConfig) -> tuple[Pairs, Sequence[str]]:
    """Join the documents' titles to the clicks; documents that nobody has clicked come last.

    A document without a title is called by its key.
    """
    if config.titles is None:
        return pairs, pairs.right.labels
    side, notes = join(pairs.right, config.titles, add_new=True)
    named = [name for name in side.columns if name.lower() == "title"]
    column = config.title or next(iter([*named, *side.columns]), None)
    if column is None or column not in side.columns:
        have = ", ".join(side.columns) or "none beside the key"
        raise EmbeddingError(f"{config.titles.name}: no column {column!r}; it has {have}")
    titles = ["" if title is None else str(title) for title in side.columns[column].to_pylist()]
    if not any(titles[: len(pairs.right)]):
        raise EmbeddingError(
            f"{config.titles.name}: none of the documents of the clicks has a title in it; their "
            f"keys are such as {side.labels[0]!r}, its own are such as {side.labels[-1]!r}"
        )
    columns = {name: values for name, values in side.columns.items() if name != column}
    columns = {"key": pa.array(side.labels, pa.string()), **columns}
    labels = tuple(distinct_titles(titles, side.labels))
    side = replace(side, labels=labels, columns=columns)
    return pairs.with_notes(*notes, right=side), titles


def with_words(pairs: Pairs, titles: Sequence[str], vectors: EmbeddingSet | None) -> Clicks:
    """Number the words of the titles, and find their given vectors.

    A word is sought in lower case, then as the file has it in any other.
    """
    texts = [words_of(title) for title in titles]
    words = number_words(texts, pairs.name, pairs.source, min_count=1).words
    empty = sum(not text for text in texts)
    if empty:
        documents = role_count(empty, pairs.right.role)
        pairs = pairs.with_notes(f"{documents} have no word as title: their vectors are 0")
    given, fingerprint = None, None
    if vectors is not None:
        row_of: dict[str, int] = {}
        for row, label in enumerate(vectors.labels):
            row_of.setdefault(label, row)
        for row, label in enumerate(vectors.labels):
            row_of.setdefault(label.lower(), row)
        present = tuple(word for word in words if word in row_of)
        absent = tuple(word for word in words if word not in row_of)
        if not present:
            raise EmbeddingError(
                f"none of the {len(words):,} words of the titles, such as {words[0]!r}, has a "
                f"vector in --words, whose labels are such as {vectors.labels[0]!r}"
            )
        words, fingerprint = (*absent, *present), vectors.fingerprint
        given = vectors.vectors[[row_of[word] for word in present]]
        pairs = pairs.with_notes(
            f"{len(present):,} of {len(words):,} words of the titles have a vector in --words; "
            "the others begin at 0 and are learned"
        )
    items, starts = numbered(texts, words)
    left, right = (role_count(len(side), side.role) for side in (pairs.left, pairs.right))
    pairs = pairs.with_notes(f"{left}, {right}, {len(pairs):,} clicks, {len(words):,} words")
    return Clicks(pairs, Bags.of(items - 1, starts), words, given, fingerprint)
