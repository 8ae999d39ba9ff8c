"""Sentences with all their words, for models that read words in context, and their vocabulary.

A sentence is a line of text, its words set apart by blanks. Of a word that has several senses, the
sense of an occurrence may be known: in planted data, where a generator chose it.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path

import numpy as np

from embeddings.errors import EmbeddingError
from embeddings.files.limits import raised_size_limit
from trainers.data.text_lines import text_files, text_lines

UNKNOWN = "<unk>"
"""Stands for every word that is not in a vocabulary; some texts, such as WikiText, hold it too."""

_ENDS = (".", "!", "?", ";")  # words after which a long line is best cut

Sentence = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Sentences:
    """A text as sentences; nothing is left out.

    Attributes
    ----------
    name : what the text is called
    sentences : each the words of a sentence; at least one sentence, none of them empty
    source : name and sha256 of what was read
    senses : (number of sentence, position of word in it), both from 0 -> sense, where it is known
    notes : what a person should know about the reading: lines cut
    """

    name: str
    sentences: tuple[Sentence, ...]
    source: Mapping[str, str]
    senses: Mapping[tuple[int, int], str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.sentences)

    @property
    def words(self) -> int:
        """Number of words of the text."""
        return sum(map(len, self.sentences))


@dataclass(frozen=True)
class Vocabulary:
    """Words with numbers: the special ones first, UNKNOWN among them, then by frequency.

    Attributes
    ----------
    words : no word twice; a word's number is its place
    counts : how often each occurs in the text it was made of
    specials : how many words at the beginning are special
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
        """Return the numbers of words, of other words that of UNKNOWN: int64, shape (n,)."""
        number_of = self.number_of
        unknown = number_of[UNKNOWN]
        return np.array([number_of.get(word, unknown) for word in sentence], dtype=np.int64)


def read_sentences(path: Path, longest: int, lowercase: bool = False) -> Sentences:
    """Read text: a file, compressed or not, or the files of a folder in order of name.

    Parameters
    ----------
    longest : words; a longer line is cut into several sentences, see cut_line
    lowercase : make all words lower-case first

    Raises
    ------
    EmbeddingError
        no such file, no word in it, or damaged text (with file and line)
    """
    digest = hashlib.sha256()
    folder = path if path.is_dir() else path.parent
    sentences: list[Sentence] = []
    notes: list[str] = []
    cut = 0
    with raised_size_limit([path]):
        for file in text_files(path):
            name = file.relative_to(folder).as_posix()
            digest.update(name.encode() + b"\0")
            for raw, line in text_lines(file, name, notes.append):
                digest.update(raw)
                words = tuple((line.lower() if lowercase else line).split())
                parts = cut_line(words, longest)
                sentences.extend(parts)
                cut += len(parts) > 1
    name = path.resolve().name
    if not sentences:
        raise EmbeddingError(f"{name}: there is no word in it; give text by --data")
    if cut:
        notes.append(f"{cut:,} lines of more than {longest} words are cut")
    return Sentences(name, tuple(sentences), {"name": name, "sha256": digest.hexdigest()},
                     notes=tuple(notes))  # fmt: skip


def cut_line(words: Sentence, longest: int) -> list[Sentence]:
    """Cut the words of a line into parts of at most `longest`; of no words, none.

    A part ends with the last of its words that ends a sentence; where there is none, it is full.
    """
    parts = []
    while len(words) > longest:
        ends = [place for place in range(longest) if words[place] in _ENDS]
        end = ends[-1] + 1 if ends else longest
        parts.append(words[:end])
        words = words[end:]
    return [*parts, words] if words else parts


def by_length(
    lengths: np.ndarray, words: int, chance: np.random.Generator | None = None
) -> list[np.ndarray]:
    """Group sentences of like length, about so many words a group; return their numbers, int64.

    Where a group begins is the same whatever `chance` makes of the order of equal lengths.
    """
    ties = np.arange(len(lengths)) if chance is None else chance.permutation(len(lengths))
    order = np.lexsort((ties, lengths))
    group = lengths[order].cumsum() // words
    return np.split(order, np.flatnonzero(np.diff(group)) + 1)


def made_sentences(
    name: str, sentences: Iterable[Sentence], senses: Mapping[tuple[int, int], str]
) -> Sentences:
    """Return sentences that a generator has made, with the hash of their text and senses."""
    sentences = tuple(sentences)
    text = "\n".join(map(" ".join, sentences)) + repr(sorted(senses.items()))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Sentences(name, sentences, {"name": name, "sha256": digest}, senses)


def vocabulary(
    sentences: Iterable[Sentence],
    min_count: int = 2,
    most: int | None = None,
    specials: Sequence[str] = (UNKNOWN,),
) -> Vocabulary:
    """Number the words that occur often enough; ties in order of first appearance.

    Parameters
    ----------
    min_count : words seen fewer times are unknown
    most : at most so many words, the most frequent; None: all
    specials : words that come first whether they occur or not; UNKNOWN is one of them. It counts
        all words that are not in the vocabulary.

    Raises
    ------
    EmbeddingError
        no word is seen `min_count` times
    """
    counted = Counter(chain.from_iterable(sentences))
    of_specials = {word: counted.pop(word, 0) for word in specials}
    kept = [(word, count) for word, count in counted.most_common(most) if count >= min_count]
    if not kept:
        raise EmbeddingError(
            f"none of {len(counted):,} words is seen {min_count} times or more; "
            "give more text, or a smaller --min-count"
        )
    of_specials[UNKNOWN] += counted.total() - sum(count for _, count in kept)
    words, counts = zip(*of_specials.items(), *kept, strict=True)
    return Vocabulary(words, counts, len(of_specials))


def vocabulary_note(vocabulary: Vocabulary) -> str:
    """Say how many words are known, and how much of the text is not."""
    unknown = vocabulary.counts[vocabulary.number_of[UNKNOWN]]
    return (f"vocabulary of {len(vocabulary) - vocabulary.specials:,} words; "
            f"{unknown / sum(vocabulary.counts):.1%} of the text is other words, "
            f"which are one, {UNKNOWN}")  # fmt: skip
