"""Baselines that two_tower is compared with: popularity, ItemKNN, SVD and EASE.

They take `known`, a sparse matrix of ones (float32, CSR, shape (lefts, rights)), and
return the scores of the right items for some left items (`ranking.ScoreFunction`).
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import scipy.linalg
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from trainers.core.console import ProgressBar
from trainers.metrics.ranking import RankingMetrics, ScoreFunction, counted, held_out_ranks, metrics

NEIGHBORS = 100
REGULARIZATION = 300.0

EASE_LIMIT = 8_000
"""EASE inverts a square matrix whose size is that of the smaller side."""

_BLOCK = 512


def compare(
    train: np.ndarray,
    held_out: np.ndarray,
    known: np.ndarray,
    shape: tuple[int, int],
    dim: int,
    others: Mapping[str, ScoreFunction] | None = None,
    metrics_of: RankingMetrics = metrics,
    quiet: bool = True,
) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Return the metrics of every baseline, and notes on the baselines left out.

    Parameters
    ----------
    train : int64, shape (p, 2), the pairs that the baselines learn from
    held_out : int64, shape (h, 2), the pairs to rank
    known : int64, shape (q, 2), pairs left out of the ranking
    shape : number of left and of right items
    dim : components of the SVD
    others : further baselines, which use more than the pairs
    metrics_of : from ranks and left items to metrics
    quiet : whether progress is not shown
    """
    matrix = pair_matrix(train, shape)
    baselines: dict[str, ScoreFunction] = {"popularity": popularity(matrix), **(others or {})}
    notes = []
    if not np.isin(held_out[:, 0], train[:, 0]).any():
        notes.append("ItemKNN, SVD and EASE are left out: no left item of a held-out pair has a "
                     "pair to learn from")  # fmt: skip
    else:
        baselines |= {"item_knn": item_knn(matrix), "svd": svd(matrix, dim)}
        if min(shape) <= EASE_LIMIT:
            baselines["ease"] = ease(matrix)
        else:
            notes.append(f"EASE is left out: both sides have more than {EASE_LIMIT:,} items")
    results = {}
    lefts = len(np.unique(held_out[:, 0]))
    for name, score in baselines.items():
        with ProgressBar(lefts, quiet=quiet, counted=f"rankings by {name}") as progress:
            ranks = held_out_ranks(counted(score, progress.step), held_out, known, shape[1])
        results[name] = metrics_of(ranks, held_out[:, 0])
    return results, notes


def metrics_table(rows: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return the lines of a table with a model per line and a metric per column."""
    columns = list(next(iter(rows.values())))
    lines = [f"{'':12}" + "".join(f"{column:>11}" for column in columns)]
    for name, values in rows.items():
        lines.append(f"{name:12}" + "".join(f"{values[column]:11.4f}" for column in columns))
    return lines


def pair_matrix(pairs: np.ndarray, shape: tuple[int, int]) -> sparse.csr_matrix:
    """Return a float32 matrix with a one for each pair."""
    ones = np.ones(len(pairs), dtype=np.float32)
    return sparse.csr_matrix((ones, (pairs[:, 0], pairs[:, 1])), shape=shape)


def popularity(known: sparse.csr_matrix) -> ScoreFunction:
    """Score a right item by its number of pairs, the same for every left item."""
    counts = np.asarray(known.sum(axis=0)).ravel()  # (rights,)
    return lambda lefts: np.tile(counts, (len(lefts), 1))


def item_knn(known: sparse.csr_matrix, neighbors: int = NEIGHBORS) -> ScoreFunction:
    """Score by the sum, over a left item's known right items, of cosines to their neighbors."""
    counts = np.asarray(known.sum(axis=0)).ravel()  # (rights,)
    unit = (known @ sparse.diags(1 / np.sqrt(np.maximum(counts, 1)))).tocsc().astype(np.float32)
    blocks = []
    for start in range(0, known.shape[1], _BLOCK):
        cosines = (unit[:, start : start + _BLOCK].T @ unit).tocsr()  # (b, rights)
        owner = np.arange(start, start + cosines.shape[0]).repeat(np.diff(cosines.indptr))
        cosines.data[cosines.indices == owner] = 0
        for first, last in pairwise(cosines.indptr):
            if last - first > neighbors:
                row = cosines.data[first:last]
                row[row < np.partition(row, -neighbors)[-neighbors]] = 0
        cosines.eliminate_zeros()
        blocks.append(cosines)
    similarity = sparse.vstack(blocks).tocsr()  # (rights, rights); row i: the neighbors of item i
    return lambda lefts: (known[lefts] @ similarity).toarray()


def svd(known: sparse.csr_matrix, dim: int) -> ScoreFunction:
    """Score by the tf-idf matrix as reconstructed from its first `dim` singular vectors."""
    left, right = svd_vectors(known, dim)
    return lambda lefts: left[lefts] @ right.T


def svd_vectors(known: sparse.csr_matrix, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Return float32 vectors of both sides whose dot products reconstruct the tf-idf matrix.

    Entries are idf = log(lefts / pairs of the right item) + 1, and rows have length 1.
    """
    counts = np.asarray(known.sum(axis=0)).ravel()  # (rights,)
    weighted = known @ sparse.diags(np.log(known.shape[0] / np.maximum(counts, 1)) + 1)
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())  # (lefts,)
    rows = sparse.diags(1 / np.maximum(lengths, 1e-12)) @ weighted
    dim = min(dim, *(side - 1 for side in known.shape))
    u, s, vt = randomized_svd(rows.astype(np.float32), max(dim, 1), random_state=0)
    return (u * s).astype(np.float32), vt.T.astype(np.float32)


def ease(known: sparse.csr_matrix, regularization: float = REGULARIZATION) -> ScoreFunction:
    """Predict each right item from the others by ridge regression without a weight on itself.

    (Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019.) With the ridge inverse
    P of X'X + rI, the weights are B = I - P / diag(P). The smaller of X'X and XX' is inverted:
    X P = (XX' + rI)^-1 X, and diag(P)_j = (1 - x_j' (XX' + rI)^-1 x_j) / r.
    """
    lefts, rights = known.shape
    if rights <= lefts:
        gram = (known.T @ known).toarray().astype(np.float64)
        gram[np.diag_indices(rights)] += regularization
        inverse = scipy.linalg.inv(gram, overwrite_a=True)
        weights = (-inverse / np.diag(inverse)).astype(np.float32)
        weights[np.diag_indices(rights)] = 0
        return lambda rows: np.asarray(known[rows] @ weights)
    gram = (known @ known.T).toarray().astype(np.float64)
    gram[np.diag_indices(lefts)] += regularization
    smoothed = (scipy.linalg.inv(gram, overwrite_a=True) @ known).astype(np.float32)  # X P
    hat = np.asarray(known.multiply(smoothed).sum(axis=0)).ravel()  # x_j' (XX' + rI)^-1 x_j
    diagonal = (1 - hat) / regularization
    return lambda rows: known[rows].toarray() - smoothed[rows] / diagonal
