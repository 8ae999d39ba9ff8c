"""Words of plain text, in lower case and without punctuation: "It's well-made!" has two words."""

from collections.abc import Iterable

import numpy as np

from trainers.data.tokens import Tokens

UNKNOWN = 0
"""The number of words that are not in the vocabulary; the numbers of the others start at 1."""

PLAIN_WORDS = Tokens(lowercase=True, punctuation="strip")
"""Words in lower case without punctuation: letters and digits, which may be joined by ' and -."""


def words_of(text: str) -> list[str]:
    """Return the words of a text: letters and digits, which may be joined by ' and -."""
    return PLAIN_WORDS.words(text)


def numbered(
    texts: Iterable[list[str]], vocabulary: Iterable[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Number the words of texts by their position in a vocabulary, from 1; others are UNKNOWN.

    Returns
    -------
    numbers : int64, shape (n,); the words of all texts, one after the other
    starts : int64, shape (texts + 1,); text i is numbers[starts[i] : starts[i + 1]]
    """
    number_of = {word: number for number, word in enumerate(vocabulary, start=UNKNOWN + 1)}
    numbers: list[int] = []
    starts = [0]
    for words in texts:
        numbers.extend(number_of.get(word, UNKNOWN) for word in words)
        starts.append(len(numbers))
    return np.array(numbers, dtype=np.int64), np.array(starts, dtype=np.int64)
