"""The data of interest: clicks, the titles of the documents, and word vectors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import load
from embeddings.text import split_names
from trainers.data.bags import Bags
from trainers.data.corpus import number_words
from trainers.data.pairs.datasets import read_pairs
from trainers.data.pairs.pairs import Pairs, distinct_titles, role_count
from trainers.data.pairs.side_tables import join
from trainers.data.tokens import Tokens
from trainers.data.words import PLAIN_WORDS, numbered
from trainers.interest.config import InterestConfig
from trainers.interest.synthetic import synthetic_clicks


@dataclass(frozen=True, eq=False)
class Clicks:
    """Clicks of users on documents, and the words of the documents' titles.

    Attributes
    ----------
    pairs : users and documents; a document's label is its title
    titles : the words of each document's title, as numbers of `words`
    words : the words of all titles; those with a given vector come last
    given : float32, shape (g, dim); the vectors of the last g words; None: no vectors were given
    fingerprint : of the file of given vectors; None: there is none
    """

    pairs: Pairs
    titles: Bags
    words: tuple[str, ...]
    given: np.ndarray | None = None
    fingerprint: str | None = None


def read(config: InterestConfig) -> Clicks:
    """Read the files that the settings name, or generate the built-in clicks.

    Raises
    ------
    EmbeddingError
        a file cannot be read or has another form than expected, no document has a title, or no
        word of the titles has a vector in the file of --words
    """
    titles: Sequence[str]
    if config.data is None:
        pairs, titles = synthetic_clicks(seed=config.seed)
    else:
        names, columns = split_names(config.names), split_names(config.columns)
        clicks = read_pairs(config.data, 1, names, columns, config.text_options)
        pairs, titles = with_titles(clicks, config)
    vectors = None if config.words is None else load(config.words)
    return with_words(pairs, titles, vectors, config.tokens)


def with_titles(pairs: Pairs, config: InterestConfig) -> tuple[Pairs, Sequence[str]]:
    """Join the documents' titles to the clicks; documents without clicks come last.

    A document without a title has its key as label.

    Returns
    -------
    The clicks with titles as labels, and the title of each document, "" where it has none.
    """
    if config.titles is None:
        return pairs, pairs.right.labels
    side, notes = join(pairs.right, config.titles, True, config.titles_text_options)
    by_name = [name for name in side.columns if name.lower() == "title"]
    column = config.title or next(iter([*by_name, *side.columns]), None)
    if column is None or column not in side.columns:
        existing = ", ".join(side.columns) or "none but the key"
        raise EmbeddingError(f"{config.titles.name}: no column {column!r}; it has {existing}")
    titles = ["" if title is None else str(title) for title in side.columns[column].to_pylist()]
    if not any(titles[: len(pairs.right)]):
        raise EmbeddingError(
            f"{config.titles.name}: none of the clicked documents has a title here; the keys of "
            f"the clicks are like {side.labels[0]!r}, those of this table like {side.labels[-1]!r}"
        )
    columns = {name: values for name, values in side.columns.items() if name != column}
    columns = {"key": pa.array(side.labels, pa.string()), **columns}
    labels = tuple(distinct_titles(titles, side.labels))
    side = replace(side, labels=labels, columns=columns)
    return pairs.with_notes(*notes, right=side), titles


def with_words(
    pairs: Pairs, titles: Sequence[str], vectors: EmbeddingSet | None, tokens: Tokens = PLAIN_WORDS
) -> Clicks:
    """Number the words of the titles, and look up their given vectors.

    A word matches a label that equals it, or else a label that equals it in lower case.
    """
    texts = [tokens.words(title) for title in titles]
    words = number_words(texts, pairs.name, pairs.source, min_count=1).words
    empty = sum(not text for text in texts)
    if empty:
        documents = role_count(empty, pairs.right.role)
        pairs = pairs.with_notes(f"{documents} without a word in the title: zero vectors")
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
                f"vector in the file of --words, whose labels are like {vectors.labels[0]!r}"
            )
        words, fingerprint = (*absent, *present), vectors.fingerprint
        given = vectors.vectors[[row_of[word] for word in present]]
        pairs = pairs.with_notes(
            f"{len(present):,} of {len(words):,} words of the titles have a vector in --words; "
            "the others start at 0 and are trained"
        )
    items, starts = numbered(texts, words)
    left, right = (role_count(len(side), side.role) for side in (pairs.left, pairs.right))
    pairs = pairs.with_notes(f"{left}, {right}, {len(pairs):,} clicks, {len(words):,} words")
    return Clicks(pairs, Bags.of(items - 1, starts), words, given, fingerprint)
