"""Which pairs are learned, which choose the best epoch, and which are kept for the test."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from trainers.core.rng import numpy_generator

SplitName = Literal["none", "random", "last", "link", "left"]

LEFT_TEST = 0.2
"""Share of the left items whose pairs are the test, where whole items are withheld."""


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of pairs, each in one part: int64, ascending.

    Attributes
    ----------
    train : to learn from
    validation : by which the best epoch is chosen
    test : looked at once, at the end
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split_pairs(
    name: SplitName,
    rows: np.ndarray,
    when: np.ndarray,
    fraction: float,
    seed: int,
    whole: bool = False,
) -> Split:
    """Split pairs.

    Parameters
    ----------
    name : none (no test), random (8:1:1 of each left item), last (the last of each left item is
        the test, the one before the validation), link (one of each left item is the test), left
        (all pairs of a fifth of the left items are the test)
    rows : int64, shape (p, 2), left and right item numbers, each pair once
    when : int64, shape (p,), the pairs' places in the order of time
    fraction : share for validation, where the name does not say it: of the pairs, or of the left
        items if `whole`
    whole : for none and left: validate by all pairs of some left items, of which nothing is learned
    """
    if name == "random":
        chance = numpy_generator(seed, "split").permutation(len(rows))
        return _by_left(rows, chance, _eighth_and_tenths)
    if name == "last":
        return _by_left(rows, when, _last_two)
    test = np.empty(0, dtype=np.int64)
    if name == "link":
        chance = numpy_generator(seed, "split").permutation(len(rows))
        test = _by_left(rows, chance, lambda count: (0, int(count > 1))).test
    if name == "left":
        test = np.flatnonzero(whole_lefts(rows, LEFT_TEST, seed, "split"))
    rest = np.setdiff1d(np.arange(len(rows)), test)
    if whole or name == "left":
        withheld = whole_lefts(rows[rest], fraction, seed, "hold out")
    else:
        withheld = hold_out(rows[rest], fraction, seed)
    return Split(rest[~withheld], rest[withheld], test)


def given_split(part: np.ndarray) -> Split:
    """Return the split that the data have: int8, shape (p,), 0 train, 1 validation, 2 test."""
    return Split(*(np.flatnonzero(part == number) for number in range(3)))


def whole_lefts(rows: np.ndarray, fraction: float, seed: int, purpose: str) -> np.ndarray:
    """Choose left items at random, at least one unless `fraction` is 0 and never all.

    Returns
    -------
    bool, shape (p,), true for all pairs of those chosen
    """
    lefts = np.unique(rows[:, 0])
    count = min(max(round(fraction * len(lefts)), int(fraction > 0)), len(lefts) - 1)
    chosen = numpy_generator(seed, f"{purpose}, left items").permutation(lefts)[:count]
    return np.isin(rows[:, 0], chosen)


def hold_out(rows: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Choose pairs at random; every item keeps at least one that is not chosen.

    Parameters
    ----------
    rows : int64, shape (p, 2), pairs of left and right item numbers, each once
    fraction : share of the pairs to choose, rounded down

    Returns
    -------
    bool, shape (p,), true where a pair is chosen
    """
    left_count, right_count = np.bincount(rows[:, 0]), np.bincount(rows[:, 1])
    wanted = int(fraction * len(rows))
    chosen = np.zeros(len(rows), dtype=bool)
    if wanted == 0:
        return chosen
    for row in numpy_generator(seed, "hold out").permutation(len(rows)):
        left, right = rows[row]
        if left_count[left] > 1 and right_count[right] > 1:
            chosen[row] = True
            left_count[left] -= 1
            right_count[right] -= 1
            wanted -= 1
            if wanted == 0:
                break
    return chosen


def _eighth_and_tenths(count: int) -> tuple[int, int]:
    """Return a tenth of `count` for validation and for the test, each at least 1 if 3 are there.

    As RecBole's ratio split does (recbole/data/dataset/dataset.py, _calcu_split_ids).
    """
    tenth = count // 10
    if tenth == 0:
        return int(count > 2), int(count > 1)
    return tenth, tenth


def _last_two(count: int) -> tuple[int, int]:
    """Return how many are for validation and for the test: the training keeps the first."""
    return int(count > 2), int(count > 1)


def _by_left(rows: np.ndarray, order: np.ndarray, sizes: Callable[[int], tuple[int, int]]) -> Split:
    """Give the last of each left item's pairs, by `order`, to the test, those before to validation.

    sizes : from a left item's number of pairs to those for validation and for the test
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
