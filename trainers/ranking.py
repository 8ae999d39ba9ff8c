"""How well withheld pairs are found again: ranks over all items, never over a sample of them."""

from collections.abc import Callable

import numpy as np

_BLOCK = 512  # pairs ranked at once


def hold_out(rows: np.ndarray, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split pairs into those to train on and those withheld; every item keeps at least one.

    Parameters
    ----------
    rows : int64, shape (p, 2), pairs of left and right item numbers, each once
    fraction : share of the pairs to withhold, rounded down

    Returns
    -------
    trained, withheld : int64, shapes (p - h, 2) and (h, 2), in the order of `rows`
    """
    left_count, right_count = np.bincount(rows[:, 0]), np.bincount(rows[:, 1])
    wanted = int(fraction * len(rows))
    withheld = np.zeros(len(rows), dtype=bool)
    for row in np.random.default_rng(seed).permutation(len(rows)):
        if wanted == 0:
            break
        left, right = rows[row]
        if left_count[left] > 1 and right_count[right] > 1:
            withheld[row] = True
            left_count[left] -= 1
            right_count[right] -= 1
            wanted -= 1
    return rows[~withheld], rows[withheld]


def withheld_ranks(
    closeness: Callable[[np.ndarray], np.ndarray], withheld: np.ndarray, trained: np.ndarray
) -> np.ndarray:
    """Rank the right item of each withheld pair among all right items not trained with its left.

    Parameters
    ----------
    closeness : from left item numbers, shape (b,), to closeness to every right item, larger is
        nearer, shape (b, rights); the result is overwritten
    withheld, trained : int64, shapes (h, 2) and (p, 2)

    Returns
    -------
    int64, shape (h,); 0 is the nearest; ties are ordered by item number
    """
    trained = trained[np.argsort(trained[:, 0], kind="stable")]
    ranks = np.empty(len(withheld), dtype=np.int64)
    for start in range(0, len(withheld), _BLOCK):
        block = withheld[start : start + _BLOCK]
        near = closeness(block[:, 0])  # (b, rights)
        first = np.searchsorted(trained[:, 0], block[:, 0], side="left")
        last = np.searchsorted(trained[:, 0], block[:, 0], side="right")
        for line, right in enumerate(block[:, 1]):
            near[line, trained[first[line] : last[line], 1]] = -np.inf
            own = near[line, right]
            ahead = (near[line] > own).sum() + (near[line, :right] == own).sum()
            ranks[start + line] = ahead
    return ranks


def recall_at(k: int, ranks: np.ndarray) -> float:
    """Return the share of ranks below k: withheld items found among the k nearest."""
    return float((ranks < k).mean())
