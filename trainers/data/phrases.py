"""Phrases: words that occur together far more often than apart become one, "new york" new_york.

The score of Mikolov et al., "Distributed representations of words and phrases and their
compositionality" (2013), section 4, times the length of the text, as in their word2phrase.c:

    score(a, b) = (count(a b) - discount) / (count(a) * count(b)) * n

A pass joins pairs; another pass over its result joins pairs of what the first has joined.
"""

import numpy as np

THRESHOLD = 100.0
"""Pairs with a higher score are joined; word2phrase.c's."""


def join_phrases(
    words: list[str], tokens: np.ndarray, starts: np.ndarray, discount: int
) -> tuple[list[str], np.ndarray, np.ndarray, int]:
    """Join the pairs of neighboring words whose score is above THRESHOLD, from left to right.

    Parameters
    ----------
    words, tokens, starts : a corpus, see corpus.Corpus; in any order of words
    discount : rarer words and pairs than this make no phrase; --min-count

    Returns
    -------
    The three anew, and the number of different phrases. "a b" becomes the word a_b.
    """
    counts = np.bincount(tokens, minlength=len(words))
    if len(tokens) < 2:
        return words, tokens, starts, 0
    pair = tokens[:-1].astype(np.int64) * len(words) + tokens[1:]  # of tokens i and i + 1
    within = np.ones(len(pair), dtype=bool)
    ends = starts[1:-1]
    within[ends[(ends > 0) & (ends < len(tokens))] - 1] = False  # not over the end of a sentence
    kinds, kind_of = np.unique(pair, return_inverse=True)
    pair_counts = np.bincount(kind_of, weights=within, minlength=len(kinds))
    first, second = kinds // len(words), kinds % len(words)
    score = (pair_counts - discount) / (counts[first].astype(float) * counts[second]) * len(tokens)
    frequent = np.minimum(counts[first], counts[second]) >= discount
    is_phrase = (score > THRESHOLD) & frequent

    joins = _alternating(is_phrase[kind_of] & within)  # token i takes in token i + 1
    kept, number = np.unique(kind_of[joins], return_inverse=True)
    joined = tokens.copy()
    joined[:-1][joins] = len(words) + number
    stays = np.ones(len(tokens), dtype=bool)
    stays[1:][joins] = False
    phrases = [f"{words[a]}_{words[b]}" for a, b in zip(first[kept], second[kept], strict=True)]
    before = np.concatenate([[0], np.cumsum(stays)])
    return [*words, *phrases], joined[stays], before[starts], len(phrases)


def _alternating(wanted: np.ndarray) -> np.ndarray:
    """Return the first, third, fifth ... of each run of True: the second is taken by the first.

    wanted : bool, shape (n,)
    """
    places = np.arange(len(wanted))
    run_start = np.maximum.accumulate(np.where(wanted, -1, places)) + 1
    return wanted & ((places - run_start) % 2 == 0)
