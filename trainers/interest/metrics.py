"""AUC of held-out pairs: how often a held-out item scores above an item that is not paired."""

import numpy as np

from embeddings.blocks import row_blocks
from trainers.metrics.ranking import ScoreFunction


def mean_auc(
    score: ScoreFunction, held_out: np.ndarray, known: np.ndarray, rights: int
) -> float | None:
    """Return the area under the ROC curve, averaged over the left items of the held-out pairs.

    The AUC of a left item is the fraction of (held-out, other) pairs of right items in which the
    held-out item scores higher; a tie counts as one half. The others are all right items that the
    left item has neither in `held_out` nor in `known`, not a sample of them.

    Parameters
    ----------
    score : scores the right items for some left items
    held_out, known : int64, shapes (h, 2) and (p, 2)
    rights : number of right items

    Returns
    -------
    The mean; None if there is no held-out pair, or no left item with others.
    """
    lefts = np.unique(held_out[:, 0])
    known = known[np.argsort(known[:, 0], kind="stable")]
    held_out = held_out[np.argsort(held_out[:, 0], kind="stable")]
    aucs: list[float] = []
    for block in row_blocks(len(lefts), rights):
        chosen = lefts[block]
        for left, scores in zip(chosen, score(chosen), strict=True):  # scores: (rights,)
            positives = _rights_of(held_out, left)
            is_other = np.ones(rights, dtype=bool)
            is_other[positives] = is_other[_rights_of(known, left)] = False
            others = np.sort(scores[is_other])
            if len(others):
                below = np.searchsorted(others, scores[positives], side="left")
                not_above = np.searchsorted(others, scores[positives], side="right")
                aucs.append(float((below + not_above).mean()) / 2 / len(others))
    return float(np.mean(aucs)) if aucs else None


def _rights_of(pairs: np.ndarray, left: int) -> np.ndarray:
    """Return the right items of a left item, from pairs sorted by left item."""
    first, last = np.searchsorted(pairs[:, 0], [left, left + 1])
    return pairs[first:last, 1]
