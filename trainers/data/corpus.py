"""A corpus: text read into numbered words, most frequent first.

Text has one sentence a line, its words set apart by blanks. Nothing else is done to it: who wants
"The" and "the" to be one word asks for lower case, who wants punctuation apart sets it apart.
"""

import hashlib
import itertools
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.limits import raised_size_limit
from trainers.data.phrases import join_phrases
from trainers.data.text_lines import text_files, text_lines

LONGEST_SENTENCE = 10_000
"""Words; a longer line is cut into sentences of so many, as gensim and word2vec.c do."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """Sentences of numbered words.

    Attributes
    ----------
    name : what the text is called
    words : the vocabulary, most frequent first, ties in order of first appearance
    counts : int64, shape (v,); how often each word occurs in the text
    tokens : int32, shape (n,); the words of all sentences, one after the other
    starts : int64, shape (s + 1,); sentence i is tokens[starts[i] : starts[i + 1]]
    source : name and sha256 of what was read
    notes : what a person should know about the reading: words left out, lines cut
    columns : what else is known of each word, by name; each of shape (v,)
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
        """Yield the sentences, as far as their words are in the vocabulary, each as a line."""
        for start, stop in itertools.pairwise(self.starts.tolist()):
            yield " ".join(self.words[token] for token in self.tokens[start:stop])


def take(corpus: Corpus, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the tokens and starts of some sentences; chosen : bool, shape (s,)."""
    lengths = np.diff(corpus.starts)
    tokens = corpus.tokens[np.repeat(chosen, lengths)]
    return tokens, np.concatenate([[0], np.cumsum(lengths[chosen])])


def read_corpus(
    path: Path, min_count: int = 5, lowercase: bool = False, phrases: int = 0
) -> Corpus:
    """Read text: a file, compressed or not, or the files of a folder in order of name.

    Parameters
    ----------
    min_count : words seen fewer times are left out
    lowercase : make all words lower-case first
    phrases : how often words that go together are joined, see phrases.py

    Raises
    ------
    EmbeddingError
        no such file, no text, damaged text (with file and line), or no word seen often enough
    """
    digest = hashlib.sha256()
    folder = path if path.is_dir() else path.parent
    files = text_files(path)
    notes: list[str] = []

    def sentences() -> Iterator[list[str]]:
        for file in files:
            name = file.relative_to(folder).as_posix()
            digest.update(name.encode() + b"\0")
            for raw, line in text_lines(file, name, notes.append):
                digest.update(raw)
                words = (line.lower() if lowercase else line).split()
                for start in range(0, len(words), LONGEST_SENTENCE):
                    yield words[start : start + LONGEST_SENTENCE]

    with raised_size_limit([path]):
        counted = _Counted.of(sentences())
    name = path.resolve().name
    source = {"name": name, "sha256": digest.hexdigest()}
    return counted.corpus(name, source, min_count, phrases, notes)


def number_words(
    sentences: Iterable[Sequence[str]],
    name: str,
    source: Mapping[str, str],
    min_count: int = 5,
    phrases: int = 0,
    notes: Sequence[str] = (),
) -> Corpus:
    """Number the words of ready sentences; see read_corpus for the parameters.

    Raises
    ------
    EmbeddingError
        fewer than two words are seen `min_count` times
    """
    return _Counted.of(sentences).corpus(name, source, min_count, phrases, notes)


@dataclass(frozen=True, eq=False)
class _Counted:
    """All words that occur, numbered in order of first appearance.

    tokens and starts are as in Corpus.
    """

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
    ) -> Corpus:
        """Join phrases, leave out rare words, renumber by frequency."""
        if len(self.tokens) == 0:
            raise EmbeddingError(f"{name}: there is no word in it; give text by --data")
        words, tokens, starts, notes = self.words, self.tokens, self.starts, list(notes)
        for number in range(1, phrases + 1):
            words, tokens, starts, joined = join_phrases(words, tokens, starts, min_count)
            notes.append(f"pass {number} for phrases: {joined:,} different ones are joined by _")
        counts = np.bincount(tokens, minlength=len(words))
        order = np.argsort(-counts, kind="stable")
        order = order[counts[order] >= min_count]
        if len(order) < 2:
            raise EmbeddingError(
                f"{name}: {len(order)} of {len(words):,} words are seen {min_count} times or more; "
                "give more text, or a smaller --min-count"
            )
        number_of = np.full(len(words), -1, dtype=np.int32)
        number_of[order] = np.arange(len(order), dtype=np.int32)
        tokens = number_of[tokens]
        known = tokens >= 0
        if not known.all():
            notes.append(
                f"{len(words) - len(order):,} of {len(words):,} words are seen fewer than "
                f"{min_count} times and left out: {1 - known.mean():.1%} of the text"
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
