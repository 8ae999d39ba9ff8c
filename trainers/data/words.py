"""Words of plain text, in lower case and without punctuation: "It's well-made!" has two words."""

import re
from collections.abc import Iterable

import numpy as np

UNKNOWN = 0
"""The number of words that are not in the vocabulary; the numbers of the others start at 1."""

_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)  # as in reviews taken from web pages
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def words_of(text: str) -> list[str]:
    """Return the words of a text: letters and digits, which may be joined by ' and -."""
    return _WORD.findall(_LINE_BREAK.sub(" ", text).lower().replace("’", "'"))


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
