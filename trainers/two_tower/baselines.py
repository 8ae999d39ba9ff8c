"""What a learned model is measured against: popularity, ItemKNN, SVD of the tf-idf matrix, EASE.

Each takes `known`, a sparse matrix of ones, float32 CSR of shape (lefts, rights), and returns its
closeness of left items to every right item (ranking.Closeness).
"""

from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np
import scipy.linalg
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from trainers.metrics.ranking import Closeness, metrics, withheld_ranks

NEIGHBORS = 100
REGULARIZATION = 300.0

EASE_LIMIT = 8_000
"""EASE inverts a square matrix as large as the smaller side."""

_BLOCK = 512

Measure = Callable[[np.ndarray, np.ndarray], dict[str, float]]
"""From ranks and left items, both int64 of shape (h,), to metrics; see ranking.metrics."""


def compare(
    trained: np.ndarray,
    judged: np.ndarray,
    known: np.ndarray,
    shape: tuple[int, int],
    dim: int,
    others: Mapping[str, Closeness] | None = None,
    measure: Measure = metrics,
) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Return the metrics of every baseline, and notes on those left out.

    Parameters
    ----------
    trained : int64, shape (p, 2), the pairs that a baseline sees
    judged : int64, shape (h, 2), the pairs to find again
    known : int64, shape (q, 2), pairs that are not ranked
    shape : lefts and rights
    dim : components of the SVD
    others : further contenders, which know more than the pairs
    measure : from ranks and left items to metrics
    """
    matrix = pair_matrix(trained, shape)
    contenders: dict[str, Closeness] = {"popularity": popularity(matrix), **(others or {})}
    notes = []
    if not np.isin(judged[:, 0], trained[:, 0]).any():
        notes.append("ItemKNN, SVD and EASE are left out: no left item that is judged has a pair "
                     "that they could learn from")  # fmt: skip
    else:
        contenders |= {"item_knn": item_knn(matrix), "svd": svd(matrix, dim)}
        if min(shape) <= EASE_LIMIT:
            contenders["ease"] = ease(matrix)
        else:
            notes.append(f"EASE is left out: both sides have more than {EASE_LIMIT:,} items")
    found = {}
    for name, closeness in contenders.items():
        ranks = withheld_ranks(closeness, judged, known, shape[1])
        found[name] = measure(ranks, judged[:, 0])
    return found, notes


def table(rows: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return lines of a table: one contender a line, one metric a column."""
    columns = list(next(iter(rows.values())))
    lines = [f"{'':12}" + "".join(f"{column:>11}" for column in columns)]
    for name, values in rows.items():
        lines.append(f"{name:12}" + "".join(f"{values[column]:11.4f}" for column in columns))
    return lines


def pair_matrix(pairs: np.ndarray, shape: tuple[int, int]) -> sparse.csr_matrix:
    """Return ones where a pair is: float32."""
    ones = np.ones(len(pairs), dtype=np.float32)
    return sparse.csr_matrix((ones, (pairs[:, 0], pairs[:, 1])), shape=shape)


def popularity(known: sparse.csr_matrix) -> Closeness:
    """Rank right items by their number of pairs, whatever the left item."""
    counts = np.asarray(known.sum(axis=0)).ravel()
    return lambda lefts: np.tile(counts, (len(lefts), 1))


def item_knn(known: sparse.csr_matrix, neighbors: int = NEIGHBORS) -> Closeness:
    """Have each known right item give its cosine to its nearest right items; add these up."""
    counts = np.asarray(known.sum(axis=0)).ravel()
    unit = (known @ sparse.diags(1 / np.sqrt(np.maximum(counts, 1)))).tocsc().astype(np.float32)
    blocks = []
    for start in range(0, known.shape[1], _BLOCK):
        cosines = (unit[:, start : start + _BLOCK].T @ unit).tocsr()  # (b, rights)
        owner = np.arange(start, start + cosines.shape[0]).repeat(np.diff(cosines.indptr))
        cosines.data[cosines.indices == owner] = 0
        for first, last in pairwise(cosines.indptr):
            if last - first > neighbors:
                own = cosines.data[first:last]
                own[own < np.partition(own, -neighbors)[-neighbors]] = 0
        cosines.eliminate_zeros()
        blocks.append(cosines)
    near = sparse.vstack(blocks).tocsr()  # row i: the neighbors of i
    return lambda lefts: (known[lefts] @ near).toarray()


def svd(known: sparse.csr_matrix, dim: int) -> Closeness:
    """Rebuild the tf-idf matrix from its first `dim` singular vectors."""
    left, right = svd_vectors(known, dim)
    return lambda lefts: left[lefts] @ right.T


def svd_vectors(known: sparse.csr_matrix, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors of both sides whose dot products rebuild the tf-idf matrix: float32.

    Entries are idf = log(lefts / pairs of the right item) + 1; rows have length 1.
    """
    counts = np.asarray(known.sum(axis=0)).ravel()
    weighted = known @ sparse.diags(np.log(known.shape[0] / np.maximum(counts, 1)) + 1)
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    rows = sparse.diags(1 / np.maximum(lengths, 1e-12)) @ weighted
    dim = min(dim, *(side - 1 for side in known.shape))
    u, s, vt = randomized_svd(rows.astype(np.float32), max(dim, 1), random_state=0)
    return (u * s).astype(np.float32), vt.T.astype(np.float32)


def ease(known: sparse.csr_matrix, regularization: float = REGULARIZATION) -> Closeness:
    """Predict each right item from the others by ridge regression without its own weight.

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
