"""Splits of pairs into training, validation and test."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from trainers.core.rng import numpy_generator

SplitName = Literal["none", "random", "last", "link", "left"]

LEFT_TEST = 0.2
"""Fraction of the left items whose pairs are the test, if whole left items are held out."""


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of pairs, int64, ascending; each pair is in one part.

    Attributes
    ----------
    train : the pairs to train on
    validation : the pairs that choose the best epoch
    test : the pairs to evaluate on, once, at the end
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split_pairs(
    name: SplitName,
    rows: np.ndarray,
    time_rank: np.ndarray,
    fraction: float,
    seed: int,
    whole: bool = False,
    undirected: bool = False,
) -> Split:
    """Split pairs.

    Parameters
    ----------
    name : none (no test), random (8:1:1 of each left item's pairs), last (the last pair of each
        left item is the test, the one before it the validation), link (one pair of each left item
        is the test), left (all pairs of a fifth of the left items are the test)
    rows : int64, shape (p, 2), left and right item numbers, each pair once
    time_rank : int64, shape (p,), positions of the pairs in order of time
    fraction : fraction to validate on, if the name does not determine it: of the pairs, or of the
        left items if `whole`
    seed : of the random choices
    whole : for none and left: validate on all pairs of some left items, and train on none of them
    undirected : whether left and right numbers are those of the same nodes
    """
    if name == "random":
        order = numpy_generator(seed, "split").permutation(len(rows))
        return _by_left(rows, order, _tenths)
    if name == "last":
        return _by_left(rows, time_rank, _last_two)
    test = np.empty(0, dtype=np.int64)
    if name == "link":
        order = numpy_generator(seed, "split").permutation(len(rows))
        test = _by_left(rows, order, lambda count: (0, int(count > 1))).test
    if name == "left":
        test = np.flatnonzero(whole_lefts(rows, LEFT_TEST, seed, "split"))
    rest = np.setdiff1d(np.arange(len(rows)), test)
    if whole or name == "left":
        held_out = whole_lefts(rows[rest], fraction, seed, "hold out")
    else:
        held_out = hold_out(rows[rest], fraction, seed, undirected)
    return Split(rest[~held_out], rest[held_out], test)


def given_split(part: np.ndarray) -> Split:
    """Return the split that came with the data: int8, shape (p,), 0 train, 1 validation, 2 test."""
    return Split(*(np.flatnonzero(part == number) for number in range(3)))


def whole_lefts(rows: np.ndarray, fraction: float, seed: int, purpose: str) -> np.ndarray:
    """Choose left items at random: at least one unless `fraction` is 0, and never all.

    Returns
    -------
    bool, shape (p,), True for all pairs of the chosen items
    """
    lefts = np.unique(rows[:, 0])
    count = min(max(round(fraction * len(lefts)), int(fraction > 0)), len(lefts) - 1)
    chosen = numpy_generator(seed, f"{purpose}, left items").permutation(lefts)[:count]
    return np.isin(rows[:, 0], chosen)


def hold_out(rows: np.ndarray, fraction: float, seed: int, undirected: bool = False) -> np.ndarray:
    """Choose pairs to hold out at random; every item keeps at least one pair to train on.

    Parameters
    ----------
    rows : int64, shape (p, 2), left and right item numbers, each pair once
    fraction : fraction of the pairs to hold out, rounded down; fewer if items are too rare
    seed : of the choice
    undirected : whether left and right numbers are those of the same nodes

    Returns
    -------
    bool, shape (p,), True for the held-out pairs
    """
    left_count, right_count = np.bincount(rows[:, 0]), np.bincount(rows[:, 1])
    if undirected:
        left_count = right_count = np.bincount(rows.ravel())
    remaining = int(fraction * len(rows))
    held_out = np.zeros(len(rows), dtype=bool)
    if remaining == 0:
        return held_out
    for row in numpy_generator(seed, "hold out").permutation(len(rows)):
        left, right = rows[row]
        if left_count[left] > 1 and right_count[right] > 1:
            held_out[row] = True
            left_count[left] -= 1
            right_count[right] -= 1
            remaining -= 1
            if remaining == 0:
                break
    return held_out


def _tenths(count: int) -> tuple[int, int]:
    """Return a tenth of `count` for validation and for the test, each at least 1 of 3 or more.

    RecBole's ratio split does the same (recbole/data/dataset/dataset.py, _calcu_split_ids).
    """
    tenth = count // 10
    if tenth == 0:
        return int(count > 2), int(count > 1)
    return tenth, tenth


def _last_two(count: int) -> tuple[int, int]:
    """Return the sizes of validation and test: one each, but the first pair is for training."""
    return int(count > 2), int(count > 1)


def _by_left(rows: np.ndarray, order: np.ndarray, sizes: Callable[[int], tuple[int, int]]) -> Split:
    """Split each left item's pairs, in some order, into training, validation and test.

    Parameters
    ----------
    rows : int64, shape (p, 2), left and right item numbers
    order : int64, shape (p,), by which a left item's pairs are sorted; the last ones are the test
    sizes : from a left item's number of pairs to the sizes of its validation and its test
    """
    arranged = np.lexsort((order, rows[:, 0]))
    counts = np.bincount(rows[:, 0])
    part = np.zeros(len(rows), dtype=np.int8)
    ends = np.cumsum(counts)
    for count, end in zip(counts, ends, strict=True):
        validation, test = sizes(int(count))
        part[arranged[end - test - validation : end - test]] = 1
        part[arranged[end - test : end]] = 2
    return given_split(part)
