"""Exact duplicates among the rows of a set, found by hashes instead of comparing every pair."""

from dataclasses import dataclass

import numpy as np

from embeddings.blocks import row_blocks

_BLOCK_NUMBERS = 1_000_000


@dataclass(frozen=True)
class Duplicates:
    """Counts of the rows whose vector another row has, bit for bit (0 and -0 are equal).

    Attributes
    ----------
    groups : distinct vectors that occur more than once
    rows : rows that have one of these vectors
    largest : rows of the largest group, 0 if there is none
    largest_row : its first row, None if there is none
    """

    groups: int = 0
    rows: int = 0
    largest: int = 0
    largest_row: int | None = None

    @property
    def repeats(self) -> int:
        """Rows whose vector an earlier row has."""
        return self.rows - self.groups


def find_duplicates(vectors: np.ndarray) -> Duplicates:
    """Find the groups of equal rows; rows with the same 64-bit hash are compared in full.

    Parameters
    ----------
    vectors : float32, shape (n, d); row i is item i
    """
    hashes = _hashes(vectors)
    order = np.argsort(hashes)
    same = hashes[order[1:]] == hashes[order[:-1]]
    if not same.any():
        return Duplicates()
    alike = np.zeros(len(vectors), dtype=bool)
    alike[order[1:][same]] = True
    alike[order[:-1][same]] = True
    rows = np.flatnonzero(alike)
    _, lowest, group = np.unique(hashes[rows], return_index=True, return_inverse=True)
    first = rows[lowest][group]
    if not equal_rows(vectors, rows, first).all():
        first = _first_equal(vectors, rows)
    numbers, sizes = np.unique(first, return_counts=True)
    numbers, sizes = numbers[sizes > 1], sizes[sizes > 1]
    if not len(sizes):
        return Duplicates()
    largest = int(sizes.argmax())
    return Duplicates(len(sizes), int(sizes.sum()), int(sizes[largest]), int(numbers[largest]))


def equal_rows(vectors: np.ndarray, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Compare the vectors of m `rows` with those of m `others`, pair by pair: bool, shape (m,)."""
    equal = np.empty(len(rows), dtype=bool)
    for block in row_blocks(len(rows), vectors.shape[1], _BLOCK_NUMBERS):
        equal[block] = (vectors[rows[block]] == vectors[others[block]]).all(axis=1)
    return equal


def _hashes(vectors: np.ndarray) -> np.ndarray:
    """Return a hash of the content of each row: uint64, shape (n,)."""
    factors = np.random.default_rng(0).integers(1, 2**63, vectors.shape[1], dtype=np.uint64) | 1
    hashes = np.empty(len(vectors), dtype=np.uint64)
    for block in row_blocks(len(vectors), vectors.shape[1], _BLOCK_NUMBERS):
        bits = (vectors[block] + np.float32(0)).view(np.uint32).astype(np.uint64)  # -0 becomes 0
        bits *= factors
        hashes[block] = bits.sum(axis=1, dtype=np.uint64)
    return hashes


def _first_equal(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the first of m ascending `rows` that equals each of them: int64, shape (m,)."""
    seen: dict[bytes, int] = {}
    first = np.empty(len(rows), dtype=np.int64)
    for i, row in enumerate(rows.tolist()):
        first[i] = seen.setdefault((vectors[row] + np.float32(0)).tobytes(), row)
    return first
