"""Words of plain text, in lower case, without punctuation: "It's well-made!" is it's, well-made."""

import re
from collections.abc import Iterable

import numpy as np

UNKNOWN = 0
"""The number of every word that is not in a vocabulary; the others count from 1."""

_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)  # as in reviews taken from web pages
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def words_of(text: str) -> list[str]:
    """Return the words of a text: letters and digits, joined within by ' and -."""
    return _WORD.findall(_LINE_BREAK.sub(" ", text).lower().replace("’", "'"))


def numbered(
    texts: Iterable[list[str]], vocabulary: Iterable[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Number the words of texts by their place in a vocabulary, from 1; all others are UNKNOWN.

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
