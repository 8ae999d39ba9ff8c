"""Ranking metrics of held-out pairs, with ranks over all items rather than a sample of them.

Krichene and Rendle, "On sampled metrics for item recommendation" (KDD 2020), explain why sampled
ranks mislead.
"""

from collections.abc import Callable

import numpy as np

from embeddings.blocks import row_blocks

ScoreFunction = Callable[[np.ndarray], np.ndarray]
"""Scores the right items for some left items: int64 item numbers of shape (b,) give float32 scores
of shape (b, rights). A higher score ranks first. The caller may overwrite the result."""

RankingMetrics = Callable[[np.ndarray, np.ndarray], dict[str, float]]
"""From ranks and left items, both int64 of shape (h,), to the metrics: see `metrics`."""


SMALL_TEST = 100
"""Number of test cases below which differences between metrics are mostly chance."""


def small_test_note(count: int, cases: str) -> str:
    """Return a warning if there are too few test cases to tell models apart, else "".

    cases : what they are, in the plural
    """
    if count >= SMALL_TEST:
        return ""
    return f"too few to tell models apart: {count:,} {cases}, expected {SMALL_TEST} or more"


def held_out_ranks(
    score: ScoreFunction, held_out: np.ndarray, known: np.ndarray, rights: int
) -> np.ndarray:
    """Rank the right item of each held-out pair among the right items not known for its left item.

    Parameters
    ----------
    score : scores the right items for some left items
    held_out : int64, shape (h, 2), the pairs to rank
    known : int64, shape (p, 2), pairs left out of the ranking, such as those trained on
    rights : number of right items

    Returns
    -------
    int64, shape (h,); 0 is the first rank; ties are broken by item number
    """
    known = known[np.argsort(known[:, 0], kind="stable")]
    order = np.argsort(held_out[:, 0], kind="stable")
    lefts, starts = np.unique(held_out[order, 0], return_index=True)
    groups = np.split(held_out[order, 1], starts[1:])  # the right items of each left item
    first = np.searchsorted(known[:, 0], lefts, side="left")
    last = np.searchsorted(known[:, 0], lefts, side="right")
    ranks: list[np.ndarray] = []
    for block in row_blocks(len(lefts), rights):
        scores = score(lefts[block])  # (b, rights)
        for number, row in enumerate(scores, start=block.start):
            row[known[first[number] : last[number], 1]] = -np.inf
            ranks.append(_ranks(row, groups[number]))
    result = np.empty(len(held_out), dtype=np.int64)
    result[order] = np.concatenate(ranks) if ranks else []
    return result


def counted(score: ScoreFunction, step: Callable[[int], None]) -> ScoreFunction:
    """Return the same scores; `step` receives the number of left items that are scored."""

    def count_and_score(lefts: np.ndarray) -> np.ndarray:
        step(len(lefts))
        return score(lefts)

    return count_and_score


def _ranks(scores: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Return the ranks of some items: int64, shape (len(items),)."""
    return np.array(
        [
            np.count_nonzero(scores > scores[item])
            + np.count_nonzero(scores[:item] == scores[item])
            for item in items
        ],
        dtype=np.int64,
    )


def filtered_metrics(ranks: np.ndarray, lefts: np.ndarray, k: int = 10) -> dict[str, float]:
    """Return the metrics with each held-out pair as its own query, as for knowledge graphs.

    The other held-out right items of the same left item are correct answers too, so those that
    rank before a pair do not count against it (the "filtered" setting of Bordes et al.,
    "Translating embeddings for modeling multi-relational data", NIPS 2013).

    Parameters
    ----------
    ranks, lefts : see `metrics`
    """
    order = np.lexsort((ranks, lefts))
    _, first = np.unique(lefts[order], return_index=True)
    before = np.arange(len(order)) - np.repeat(first, np.diff([*first, len(order)]))
    filtered = ranks.copy()
    filtered[order] -= before
    return metrics(filtered, np.arange(len(filtered)), k)


def metrics(ranks: np.ndarray, lefts: np.ndarray, k: int = 10) -> dict[str, float]:
    """Return Recall@k, NDCG@k, MRR and Hit@k, averaged over the left items of the held-out pairs.

    Parameters
    ----------
    ranks : int64, shape (h,), from `held_out_ranks`
    lefts : int64, shape (h,), the left items of the held-out pairs

    Notes
    -----
    For a left item with n held-out pairs, recall is the fraction of the n ranked in the first k;
    NDCG is the sum of 1 / log2(rank + 2) over those, divided by its value for the best order; MRR
    is 1 / (rank + 1) of the first; hit is 1 if at least one ranks in the first k.
    """
    _, owner, counts = np.unique(lefts, return_inverse=True, return_counts=True)
    found = ranks < k
    gains = np.where(found, 1 / np.log2(ranks + 2.0), 0)
    ideal = np.cumsum(1 / np.log2(np.arange(k) + 2.0))
    hits = np.bincount(owner, found)
    first = np.full(len(counts), np.iinfo(np.int64).max)
    np.minimum.at(first, owner, ranks)
    return {
        f"recall@{k}": float((hits / counts).mean()),
        f"ndcg@{k}": float((np.bincount(owner, gains) / ideal[np.minimum(counts, k) - 1]).mean()),
        "mrr": float((1 / (first + 1.0)).mean()),
        f"hit@{k}": float((hits > 0).mean()),
    }


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
