"""Weights of pairs: counts such as plays, which often have a heavy tail, brought into a range.

Used as they are, a few counts in the hundred thousands decide what is learned, and the neighbors of
a popular item are items that one left item has often. On last.fm's plays, the NDCG@10 of two_tower
was .155 with raw weights, .208 without and .212 with their logarithm.
"""

from typing import Literal

import numpy as np

from trainers.data.pairs.pairs import Pairs

Weighting = Literal["auto", "none", "raw", "log", "bm25"]

HEAVY = 10.0
"""A tail is heavy if the 99th percentile of the weights is more than this many times the median."""

_SATURATION = 100.0  # BM25's k1 and b, as in the library `implicit`
_LENGTH = 0.8


def with_weights(pairs: Pairs, weighting: Weighting) -> Pairs:
    """Return the pairs with their weights transformed, and a note that says how.

    The mean of the transformed weights is 1, as that of pairs without weights.

    Parameters
    ----------
    weighting : none, all pairs are alike; raw, as in the file; log, log(1 + weight); bm25, the
        saturated weight w (k + 1) / (w + k length), times the inverse document frequency of the
        right item, where length compares the left item's sum of weights with the mean; auto, log if
        the tail is heavy, else raw
    """
    weight = pairs.weight
    if weight is None:
        return pairs
    chosen, reason = weighting, ""
    if weighting == "auto":
        chosen = "log" if is_heavy(weight) else "raw"
        reason = f"; {_tail(weight)}; change it with --weight"
    if chosen == "none":
        return pairs.with_notes("weights: not used", weight=None)
    if chosen == "raw":
        return pairs.with_notes(f"weights: as they are{reason}")
    if chosen == "log":
        made, how = np.log1p(weight.astype(np.float64)), "log(1 + weight)"
    else:
        made, how = _bm25(pairs, weight.astype(np.float64)), "BM25"
    made = (made / made.mean()).astype(np.float32)
    return pairs.with_notes(f"weights: {how}{reason}", weight=made)


def is_heavy(weight: np.ndarray) -> bool:
    """Return True if 1 in 100 weights, float32 (p,), is more than 10 times the median."""
    median, high = np.quantile(weight, (0.5, 0.99))
    return bool(high > HEAVY * median)


def _tail(weight: np.ndarray) -> str:
    """Describe the tail of the weights in words."""
    median, high = np.quantile(weight, (0.5, 0.99))
    tail = "a heavy tail" if is_heavy(weight) else "no heavy tail"
    return f"they have {tail}: the median is {median:g}, the 99th percentile {high:g}"


def _bm25(pairs: Pairs, weight: np.ndarray) -> np.ndarray:
    """Return BM25's weights (Robertson and Zaragoza, Probabilistic relevance framework, 2009)."""
    lefts, rights = pairs.rows.T
    lengths = np.bincount(lefts, weight, minlength=pairs.shape[0])
    used = lengths > 0
    relative = 1 - _LENGTH + _LENGTH * lengths / lengths[used].mean()
    counts = np.bincount(rights, minlength=pairs.shape[1])
    frequency = np.log1p((used.sum() - counts + 0.5) / (counts + 0.5))
    saturated = weight * (_SATURATION + 1) / (weight + _SATURATION * relative[lefts])
    return saturated * frequency[rights]
