"""Guessing a hidden token by counts of what stands beside it, to the left and to the right.

Of a text in which each token depends on the one before alone, the chance of token w between l and r
is p(w | l) p(r | w), divided by the sum over all w: exact, by Bayes' rule. Both are counted. Where
(l, w, r) itself has been seen, it counts too. Counts are interpolated with the coarser guess after
Witten and Bell, "The zero-frequency problem" (1991): what has been seen n times with t different
continuations trusts its counts by n / (n + t).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np
from scipy import sparse

_AT_ONCE = 2_048  # places, each with a chance for every token


class BothSides:
    """Counts of sequences of tokens.

    Parameters
    ----------
    sequences : each int64, shape (t,), its special tokens included
    vocabulary : number of different tokens
    specials : tokens below this number are never guessed
    mask : the token that hides another: beside a place, it says nothing
    """

    def __init__(
        self, sequences: Iterable[np.ndarray], vocabulary: int, specials: int, mask: int
    ) -> None:
        self.specials, self.mask = specials, mask
        lefts, rights = [], []
        between: defaultdict[tuple[int, int], Counter[int]] = defaultdict(Counter)
        for sequence in sequences:
            lefts.append(sequence[:-1])
            rights.append(sequence[1:])
            for left, word, right in zip(sequence, sequence[1:], sequence[2:], strict=False):
                between[int(left), int(right)][int(word)] += 1
        self.between = between
        pairs = np.concatenate(lefts), np.concatenate(rights)
        ones = np.ones(len(pairs[0]))
        shape = (vocabulary, vocabulary)
        self.after = sparse.coo_matrix((ones, pairs), shape).tocsr()  # [l, w]: w after l
        self.before = self.after.T.tocsr()  # [r, w]: w before r
        counts = np.bincount(pairs[1], minlength=vocabulary) + 1.0
        self.share = counts / counts.sum()  # (v,)
        times, kinds = np.asarray(self.after.sum(axis=1)).ravel(), np.diff(self.after.indptr)
        self.trust = np.divide(times, times + kinds, out=np.zeros(vocabulary), where=times > 0)
        self.times = np.maximum(times, 1)

    def chances(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return the chance of each token at each place: float64, shape (n, v).

        left, right : int64, shape (n,); the tokens beside the places
        """
        trust, share = self.trust, self.share
        of_left = trust[left, None] * self.after[left].toarray() / self.times[left, None]
        of_left += (1 - trust[left, None]) * share  # p(w | l)
        of_right = trust * self.before[right].toarray() / self.times
        of_right += (1 - trust) * share[right, None]  # p(r | w)
        of_right[right == self.mask] = 1
        chances = of_left * of_right
        chances[:, : self.specials] = 0
        chances /= chances.sum(axis=1, keepdims=True)
        for row, place in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
            if seen := self.between.get(place):
                kinds = len(seen)
                chances[row] *= kinds
                for word, count in seen.items():
                    chances[row, word] += count
                chances[row] /= kinds + seen.total()
        return chances

    def guesses(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return the likeliest token at each place: int64, shape (n,); see chances."""
        parts = range(0, max(1, len(left)), _AT_ONCE)
        return np.concatenate(
            [self.chances(left[i : i + _AT_ONCE], right[i : i + _AT_ONCE]).argmax(axis=1)
             for i in parts]
        )  # fmt: skip
