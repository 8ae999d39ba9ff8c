"""Area under the ROC curve of withheld pairs: how often one lies before a pair that is none."""

import numpy as np

from trainers.metrics.ranking import Closeness

_BLOCK_FLOATS = 4_000_000


def mean_auc(
    closeness: Closeness, withheld: np.ndarray, known: np.ndarray, rights: int
) -> float | None:
    """Return the mean, over the left items of withheld pairs, of each one's AUC.

    It is the share of (withheld, other) right items of which the withheld one is nearer, a tie
    being half of one. The others are all right items that the left item has neither in `withheld`
    nor in `known`, never a sample of them.

    Parameters
    ----------
    withheld, known : int64, shapes (h, 2) and (p, 2)
    rights : number of right items

    Returns
    -------
    None where nothing is withheld, or no left item has others
    """
    lefts = np.unique(withheld[:, 0])
    known = known[np.argsort(known[:, 0], kind="stable")]
    withheld = withheld[np.argsort(withheld[:, 0], kind="stable")]
    found: list[float] = []
    block = max(1, _BLOCK_FLOATS // rights)
    for start in range(0, len(lefts), block):
        chosen = lefts[start : start + block]
        for left, near in zip(chosen, closeness(chosen), strict=True):  # (rights,)
            wanted = _of(withheld, left)
            is_other = np.ones(rights, dtype=bool)
            is_other[wanted] = is_other[_of(known, left)] = False
            others = np.sort(near[is_other])
            if len(others):
                below = np.searchsorted(others, near[wanted], side="left")
                not_above = np.searchsorted(others, near[wanted], side="right")
                found.append(float((below + not_above).mean()) / 2 / len(others))
    return float(np.mean(found)) if found else None


def _of(pairs: np.ndarray, left: int) -> np.ndarray:
    """Return the right items of a left item, from pairs in order of left."""
    first, last = np.searchsorted(pairs[:, 0], [left, left + 1])
    return pairs[first:last, 1]
