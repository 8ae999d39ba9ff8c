"""A corpus: text as numbered words, most frequent first; optionally with phrases.

The text has one sentence per line; tokens.py says what its words are.
"""

import itertools
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.delimited.text_options import DETECTED, TextOptions
from trainers.data.text_source import TextSource
from trainers.data.tokens import SPACED, Tokens

MAX_SENTENCE_WORDS = 10_000
"""Maximum words of a sentence; longer lines are split, as in gensim."""

PHRASE_THRESHOLD = 100.0
"""Minimum score of pairs that are joined, that of word2phrase.c."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """Sentences of numbered words.

    Attributes
    ----------
    name : of the text
    words : the vocabulary, most frequent first, equally frequent ones in order of appearance
    counts : int64, shape (v,), occurrences of each word
    tokens : int32, shape (n,), the words of all sentences, as indices in `words`
    starts : int64, shape (s + 1,); sentence i is tokens[starts[i] : starts[i + 1]]
    source : name and sha256 of the text
    notes : messages for the user about reading the text
    columns : further columns of the words, by name; each of length v
    """

    name: str
    words: tuple[str, ...]
    counts: np.ndarray
    tokens: np.ndarray
    starts: np.ndarray
    source: Mapping[str, str]
    notes: tuple[str, ...] = ()
    columns: Mapping[str, pa.Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def sentences(self) -> int:
        """Number of sentences."""
        return len(self.starts) - 1

    def text(self) -> Iterator[str]:
        """Yield the sentences as lines, without words that are not in the vocabulary."""
        for start, stop in itertools.pairwise(self.starts.tolist()):
            yield " ".join(self.words[token] for token in self.tokens[start:stop])


def take(corpus: Corpus, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the tokens and starts of a subset of the sentences; chosen : bool, shape (s,)."""
    lengths = np.diff(corpus.starts)
    tokens = corpus.tokens[np.repeat(chosen, lengths)]
    return tokens, np.concatenate([[0], np.cumsum(lengths[chosen])])


def read_corpus(
    path: Path,
    min_count: int = 5,
    tokens: Tokens = SPACED,
    phrases: int = 0,
    column: str | None = None,
    options: TextOptions = DETECTED,
) -> Corpus:
    """Read a text: a file, an archive, a folder or a column of a table; see text_source.py.

    Parameters
    ----------
    min_count : minimum count of a word; rarer words are left out
    tokens : how lines are split into words
    phrases : number of passes that join phrases, see join_phrases
    column : of the text, for tables; None: found
    options : how tables of text are written, and the encoding of lines

    Raises
    ------
    EmbeddingError
        no such file, no text, damaged text, or too few frequent words; names the file and line
    """
    text = TextSource(path, column, tokens, options)

    def sentences() -> Iterator[list[str]]:
        for line in text.lines():
            words = tokens.words(line.text)
            for start in range(0, len(words), MAX_SENTENCE_WORDS):
                yield words[start : start + MAX_SENTENCE_WORDS]

    counted = _Counted.of(sentences())
    return counted.corpus(text.name, text.source, min_count, phrases, text.notes, text.advice)


def number_words(
    sentences: Iterable[Sequence[str]],
    name: str,
    source: Mapping[str, str],
    min_count: int = 5,
    phrases: int = 0,
    notes: Sequence[str] = (),
) -> Corpus:
    """Return the corpus of sentences that are split into words; see read_corpus.

    Raises
    ------
    EmbeddingError
        fewer than two words occur `min_count` times
    """
    return _Counted.of(sentences).corpus(name, source, min_count, phrases, notes)


@dataclass(frozen=True, eq=False)
class _Counted:
    """All words, numbered in order of appearance; tokens and starts are those of Corpus."""

    words: list[str]
    tokens: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, sentences: Iterable[Sequence[str]]) -> "_Counted":
        numbers: defaultdict[str, int] = defaultdict(itertools.count().__next__)
        tokens, lengths = array("i"), array("q", [0])
        for sentence in sentences:
            tokens.extend(map(numbers.__getitem__, sentence))
            lengths.append(len(sentence))
        starts = np.cumsum(np.frombuffer(lengths, dtype=np.int64))
        return cls(list(numbers), np.frombuffer(tokens, dtype=np.int32), starts)

    def corpus(
        self,
        name: str,
        source: Mapping[str, str],
        min_count: int,
        phrases: int,
        notes: Sequence[str] = (),
        advice: Sequence[str] = (),
    ) -> Corpus:
        """Join phrases, leave out rare words, and number the others by frequency.

        advice : options that would help if there are too few frequent words
        """
        if len(self.tokens) == 0:
            raise EmbeddingError(f"{name}: no words in it; give text with --data")
        words, tokens, starts, notes = self.words, self.tokens, self.starts, list(notes)
        for number in range(1, phrases + 1):
            words, tokens, starts, joined = join_phrases(words, tokens, starts, min_count)
            notes.append(f"phrases, pass {number}: {joined:,} distinct phrases are joined by _")
        counts = np.bincount(tokens, minlength=len(words))
        order = np.argsort(-counts, kind="stable")
        order = order[counts[order] >= min_count]
        if len(order) < 2:
            expected = "; ".join(advice) or "give more text, or a smaller --min-count"
            raise EmbeddingError(
                f"{name}: {len(order)} of {len(words):,} words occur at least {min_count} times; "
                f"{expected}"
            )
        number_of = np.full(len(words), -1, dtype=np.int32)
        number_of[order] = np.arange(len(order), dtype=np.int32)
        tokens = number_of[tokens]
        known = tokens >= 0
        if not known.all():
            notes.append(
                f"{len(words) - len(order):,} of {len(words):,} words occur fewer than "
                f"{min_count} times and are left out: {1 - known.mean():.1%} of the text"
            )
        return Corpus(
            name=name,
            words=tuple(words[number] for number in order.tolist()),
            counts=counts[order],
            tokens=tokens[known],
            starts=np.concatenate([[0], np.cumsum(known)])[starts],
            source=source,
            notes=tuple(notes),
        )


def join_phrases(
    words: list[str], tokens: np.ndarray, starts: np.ndarray, discount: int
) -> tuple[list[str], np.ndarray, np.ndarray, int]:
    """Join adjacent words that occur together far more often than apart, such as new_york.

    Pairs whose score is above PHRASE_THRESHOLD are joined, from left to right. The score is that of
    Mikolov et al. (2013), section 4, times the length n of the text, as in their word2phrase.c:

        score(a, b) = (count(a b) - discount) / (count(a) * count(b)) * n

    Another pass over the result joins pairs of phrases.

    Parameters
    ----------
    words, tokens, starts : see Corpus; the words in any order
    discount : minimum count of the words of a phrase, and the discount of the score

    Returns
    -------
    The new words, tokens and starts, and the number of distinct phrases.
    """
    counts = np.bincount(tokens, minlength=len(words))
    if len(tokens) < 2:
        return words, tokens, starts, 0
    pair = tokens[:-1].astype(np.int64) * len(words) + tokens[1:]  # of tokens i and i + 1
    within = np.ones(len(pair), dtype=bool)
    ends = starts[1:-1]
    within[ends[(ends > 0) & (ends < len(tokens))] - 1] = False  # not across sentences
    kinds, kind_of = np.unique(pair, return_inverse=True)
    pair_counts = np.bincount(kind_of, weights=within, minlength=len(kinds))
    first, second = kinds // len(words), kinds % len(words)
    score = (pair_counts - discount) / (counts[first].astype(float) * counts[second]) * len(tokens)
    frequent = np.minimum(counts[first], counts[second]) >= discount
    is_phrase = (score > PHRASE_THRESHOLD) & frequent

    joins = _alternating(is_phrase[kind_of] & within)  # whether token i is joined with token i + 1
    joined_kinds, number = np.unique(kind_of[joins], return_inverse=True)
    joined = tokens.copy()
    joined[:-1][joins] = len(words) + number
    stays = np.ones(len(tokens), dtype=bool)
    stays[1:][joins] = False
    phrases = [
        f"{words[a]}_{words[b]}"
        for a, b in zip(first[joined_kinds], second[joined_kinds], strict=True)
    ]
    before = np.concatenate([[0], np.cumsum(stays)])
    return [*words, *phrases], joined[stays], before[starts], len(phrases)


def _alternating(wanted: np.ndarray) -> np.ndarray:
    """Return every other True of each run, from its first: bool, shape (n,).

    wanted : bool, shape (n,)
    """
    places = np.arange(len(wanted))
    run_start = np.maximum.accumulate(np.where(wanted, -1, places)) + 1
    return wanted & ((places - run_start) % 2 == 0)
