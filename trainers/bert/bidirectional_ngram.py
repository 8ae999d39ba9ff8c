"""The baseline of bert: predicts a masked token from counts of its left and right neighbors.

If each token depended only on the previous one, the probability of token w between l and r would be
p(w | l) p(r | w), divided by its sum over all w, by Bayes' rule. Both factors are estimated from
counts, and so is p(w | l, r) if the trigrams (l, ., r) occur. Each estimate is interpolated with
the coarser one after Witten and Bell, "The zero-frequency problem" (1991): counts of a context
that occurs n times with t distinct tokens have the weight n / (n + t).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np
from scipy import sparse

_BLOCK_SIZE = 2_048  # positions, each with a probability for every token


class BidirectionalNGram:
    """N-gram counts of sequences of tokens, with contexts to the left and to the right.

    Parameters
    ----------
    sequences : each int64, shape (t,), including special tokens
    vocabulary : number of tokens
    specials : number of special tokens, which come first and are never predicted
    mask : the token [MASK], an unknown neighbor
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
            for left, token, right in zip(sequence, sequence[1:], sequence[2:], strict=False):
                between[int(left), int(right)][int(token)] += 1
        self.between = between
        pairs = np.concatenate(lefts), np.concatenate(rights)
        ones = np.ones(len(pairs[0]))
        shape = (vocabulary, vocabulary)
        self.after = sparse.coo_matrix((ones, pairs), shape).tocsr()  # [l, w]: w after l
        self.before = self.after.T.tocsr()  # [r, w]: w before r
        counts = np.bincount(pairs[1], minlength=vocabulary) + 1.0
        self.frequency = counts / counts.sum()  # (v,)
        times, kinds = np.asarray(self.after.sum(axis=1)).ravel(), np.diff(self.after.indptr)
        self.weight = np.divide(times, times + kinds, out=np.zeros(vocabulary), where=times > 0)
        self.times = np.maximum(times, 1)

    def probabilities(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return the probability of each token at each position: float64, shape (n, v).

        left, right : int64, shape (n,), the neighbors of the positions
        """
        weight, frequency = self.weight, self.frequency  # (v,)
        from_left = weight[left, None] * self.after[left].toarray() / self.times[left, None]
        from_left += (1 - weight[left, None]) * frequency  # p(w | l), (n, v)
        from_right = weight * self.before[right].toarray() / self.times
        from_right += (1 - weight) * frequency[right, None]  # p(r | w), (n, v)
        from_right[right == self.mask] = 1
        found = from_left * from_right  # (n, v)
        found[:, : self.specials] = 0
        found /= found.sum(axis=1, keepdims=True)
        for row, context in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
            if counts := self.between.get(context):
                kinds = len(counts)
                found[row] *= kinds
                for token, count in counts.items():
                    found[row, token] += count
                found[row] /= kinds + counts.total()
        return found

    def predictions(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return the most probable token at each position: int64, shape (n,)."""
        starts = range(0, max(1, len(left)), _BLOCK_SIZE)
        parts = [(start, start + _BLOCK_SIZE) for start in starts]
        return np.concatenate(
            [
                self.probabilities(left[start:stop], right[start:stop]).argmax(axis=1)
                for start, stop in parts
            ]
        )
