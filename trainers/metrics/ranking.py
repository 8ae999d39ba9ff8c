"""How well withheld pairs are found again: ranks over all items, never over a sample of them.

(Krichene and Rendle, "On sampled metrics for item recommendation", KDD 2020, say why.)
"""

from collections.abc import Callable

import numpy as np

Closeness = Callable[[np.ndarray], np.ndarray]
"""From left item numbers, shape (b,), to closeness to every right item, larger is nearer: float32,
shape (b, rights). The result is overwritten."""

_BLOCK_FLOATS = 4_000_000


def withheld_ranks(
    closeness: Closeness, withheld: np.ndarray, known: np.ndarray, rights: int
) -> np.ndarray:
    """Rank the right item of each withheld pair among all right items not known with its left.

    Parameters
    ----------
    withheld, known : int64, shapes (h, 2) and (p, 2)
    rights : number of right items

    Returns
    -------
    int64, shape (h,); 0 is the nearest; ties are ordered by item number
    """
    known = known[np.argsort(known[:, 0], kind="stable")]
    order = np.argsort(withheld[:, 0], kind="stable")
    lefts, starts = np.unique(withheld[order, 0], return_index=True)
    groups = np.split(withheld[order, 1], starts[1:])  # per left item its right items
    first = np.searchsorted(known[:, 0], lefts, side="left")
    last = np.searchsorted(known[:, 0], lefts, side="right")
    ranks: list[np.ndarray] = []
    block = max(1, _BLOCK_FLOATS // rights)
    for start in range(0, len(lefts), block):
        near = closeness(lefts[start : start + block])  # (b, rights)
        for line, row in enumerate(near, start=start):
            row[known[first[line] : last[line], 1]] = -np.inf
            ranks.append(_ranks(row, groups[line]))
    result = np.empty(len(withheld), dtype=np.int64)
    result[order] = np.concatenate(ranks) if ranks else []
    return result


def _ranks(row: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Return the ranks of some items by closeness: int64, shape (len(items),)."""
    return np.array(
        [(row > row[item]).sum() + (row[:item] == row[item]).sum() for item in items],
        dtype=np.int64,
    )


def filtered_metrics(ranks: np.ndarray, lefts: np.ndarray, k: int = 10) -> dict[str, float]:
    """Return the metrics with each withheld pair a question of its own, as for knowledge graphs.

    Other right items withheld with the same left item, which are true as well, are taken out of a
    pair's way: its rank is lowered by those that come before it. (The "filtered" ranks of Bordes et
    al., "Translating embeddings for modeling multi-relational data", NIPS 2013.)

    Parameters
    ----------
    ranks, lefts : as of metrics
    """
    order = np.lexsort((ranks, lefts))
    _, first = np.unique(lefts[order], return_index=True)
    before = np.arange(len(order)) - np.repeat(first, np.diff([*first, len(order)]))
    alone = ranks.copy()
    alone[order] -= before
    return metrics(alone, np.arange(len(alone)), k)


def metrics(ranks: np.ndarray, lefts: np.ndarray, k: int = 10) -> dict[str, float]:
    """Return Recall@k, NDCG@k, MRR and Hit@k: means over the left items of the withheld pairs.

    Parameters
    ----------
    ranks : int64, shape (h,), as of withheld_ranks
    lefts : int64, shape (h,), the withheld pairs' left items

    Notes
    -----
    Of a left item with n withheld pairs: recall is the share of the n among the k nearest; NDCG is
    sum 1 / log2(rank + 2) over those, divided by what the best order would give; MRR is
    1 / (rank + 1) of the first; hit is 1 if any is among the k nearest.
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
