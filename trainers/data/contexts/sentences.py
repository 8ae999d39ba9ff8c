"""Sentences with all their words, for models of words in context, and their vocabulary.

A sentence is a line of text; tokens.py says what its words are. For words with several senses, the
sense of each occurrence is known in generated text.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from embeddings.errors import EmbeddingError
from embeddings.files.delimited.text_options import DETECTED, TextOptions
from trainers.data.text_source import TextSource
from trainers.data.tokens import SPACED, Tokens

UNKNOWN = "<unk>"
"""Replaces words that are not in a vocabulary; some texts, such as WikiText, contain it."""

OWN_COLUMNS = ("row", "label", "vector", "words")
"""Columns of a file of sentences that a column of the user's table does not replace."""

_ENDS = (".", "!", "?", ";")  # words after which long lines are preferably split

Sentence = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Sentences:
    """A text as sentences with all their words.

    Attributes
    ----------
    name : of the text
    sentences : at least one, each with at least one word
    source : name and sha256 of the text
    senses : (number of the sentence, position of the word), both from 0 -> sense, if known
    notes : messages for the user about reading the text
    columns : properties of the sentences, by name; each of their number
    """

    name: str
    sentences: tuple[Sentence, ...]
    source: Mapping[str, str]
    senses: Mapping[tuple[int, int], str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    columns: Mapping[str, pa.ChunkedArray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.sentences)

    @property
    def words(self) -> int:
        """Number of words in the text."""
        return sum(map(len, self.sentences))


@dataclass(frozen=True)
class Vocabulary:
    """Numbered words: first the special ones, including UNKNOWN, then the others by frequency.

    Attributes
    ----------
    words : distinct; the number of a word is its index
    counts : of each word in the text
    specials : number of special words
    """

    words: tuple[str, ...]
    counts: tuple[int, ...]
    specials: int

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def number_of(self) -> Mapping[str, int]:
        """The number of each word."""
        return {word: number for number, word in enumerate(self.words)}

    def numbers(self, sentence: Iterable[str]) -> np.ndarray:
        """Return the numbers of words, or that of UNKNOWN for other words: int64, shape (n,)."""
        number_of = self.number_of
        unknown = number_of[UNKNOWN]
        return np.array([number_of.get(word, unknown) for word in sentence], dtype=np.int64)


def read_sentences(
    path: Path,
    longest: int,
    tokens: Tokens = SPACED,
    column: str | None = None,
    options: TextOptions = DETECTED,
) -> Sentences:
    """Read a text: a file, an archive, a folder or a column of a table; see text_source.py.

    The sentences of a table have its other columns, and `row`, the number of the row from 0.

    Parameters
    ----------
    longest : maximum words of a sentence; longer lines are split, see split_line
    tokens : how lines are split into words
    column : of the text, for tables; None: found
    options : how tables of text are written, and the encoding of lines

    Raises
    ------
    EmbeddingError
        no such file, no words in it, or damaged text; names the file and line
    """
    text = TextSource(path, column, tokens, options)
    sentences: list[Sentence] = []
    rows: list[int | None] = []
    split = 0
    for line in text.lines():
        parts = split_line(tuple(tokens.words(line.text)), longest)
        sentences.extend(parts)
        rows.extend([line.row] * len(parts))
        split += len(parts) > 1
    if not sentences:
        raise EmbeddingError(f"{text.name}: no words in it; give text with --data")
    if split:
        text.notes.append(f"{split:,} lines of more than {longest} words are split")
    columns = {} if text.columns is None else _columns(text.columns, rows)
    return Sentences(text.name, tuple(sentences), text.source, notes=tuple(text.notes),
                     columns=columns)  # fmt: skip


def _columns(table: pa.Table, rows: Sequence[int | None]) -> dict[str, pa.ChunkedArray]:
    """Return the rows of a table that sentences come from, as columns, and their numbers."""
    chosen = pa.array(rows, pa.int64())
    taken = table.take(chosen)
    names = [f"{name} (given)" if name in OWN_COLUMNS else name for name in table.column_names]
    return {"row": pa.chunked_array([chosen]), **dict(zip(names, taken.columns, strict=True))}


def split_line(words: Sentence, longest: int) -> list[Sentence]:
    """Split the words of a line into parts of at most `longest` words; an empty line has no part.

    A part ends at the last punctuation mark that ends a sentence, or after `longest` words if there
    is none.
    """
    parts = []
    while len(words) > longest:
        ends = [index for index in range(longest) if words[index] in _ENDS]
        end = ends[-1] + 1 if ends else longest
        parts.append(words[:end])
        words = words[end:]
    return [*parts, words] if words else parts


def by_length(
    lengths: np.ndarray, words: int, generator: np.random.Generator | None = None
) -> list[np.ndarray]:
    """Group sentences of similar length.

    Parameters
    ----------
    lengths : int64, shape (n,), words of each sentence
    words : approximate number of words per group
    generator : shuffles sentences of equal length; the sizes of the groups do not depend on it

    Returns
    -------
    The row numbers of each group, int64.
    """
    ties = np.arange(len(lengths)) if generator is None else generator.permutation(len(lengths))
    order = np.lexsort((ties, lengths))
    group = lengths[order].cumsum() // words
    return np.split(order, np.flatnonzero(np.diff(group)) + 1)


def generated_sentences(
    name: str, sentences: Iterable[Sentence], senses: Mapping[tuple[int, int], str]
) -> Sentences:
    """Return generated sentences, with the hash of their text and senses."""
    sentences = tuple(sentences)
    text = "\n".join(map(" ".join, sentences)) + repr(sorted(senses.items()))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Sentences(name, sentences, {"name": name, "sha256": digest}, senses)


def vocabulary(
    sentences: Iterable[Sentence],
    min_count: int = 2,
    limit: int | None = None,
    specials: Sequence[str] = (UNKNOWN,),
) -> Vocabulary:
    """Number the words that occur often enough; equally frequent ones in order of appearance.

    Parameters
    ----------
    min_count : minimum count of a word; rarer words are unknown
    limit : maximum number of words, the most frequent; None: no limit
    specials : the first words, including UNKNOWN, whether they occur or not. The count of UNKNOWN
        includes all words that are not in the vocabulary.

    Raises
    ------
    EmbeddingError
        no word occurs `min_count` times
    """
    counter = Counter(chain.from_iterable(sentences))
    special_counts = {word: counter.pop(word, 0) for word in specials}
    known = [(word, count) for word, count in counter.most_common(limit) if count >= min_count]
    if not known:
        raise EmbeddingError(
            f"none of {len(counter):,} words occurs at least {min_count} times; "
            "give more text, or a smaller --min-count"
        )
    special_counts[UNKNOWN] += counter.total() - sum(count for _, count in known)
    words, counts = zip(*special_counts.items(), *known, strict=True)
    return Vocabulary(words, counts, len(special_counts))


def vocabulary_note(vocabulary: Vocabulary) -> str:
    """Describe the size of the vocabulary and the fraction of the text that is unknown."""
    unknown = vocabulary.counts[vocabulary.number_of[UNKNOWN]]
    return (f"vocabulary of {len(vocabulary) - vocabulary.specials:,} words; "
            f"{unknown / sum(vocabulary.counts):.1%} of the text are other words, replaced by "
            f"{UNKNOWN}")  # fmt: skip


def content_words(sentences: Iterable[Sentence], limit: int) -> list[str]:
    """Return the most frequent words of at least three letters that are not English stop words."""
    counts = Counter(chain.from_iterable(sentences))
    return [
        word
        for word, _ in counts.most_common()
        if len(word) >= 3 and word.isalpha() and word.lower() not in ENGLISH_STOP_WORDS
    ][:limit]
