"""Exact copies among the rows of a set: counted without comparing every pair."""

from dataclasses import dataclass

import numpy as np

_BLOCK_FLOATS = 1_000_000


@dataclass(frozen=True)
class Copies:
    """How many rows hold the same vector as another row, to the last bit (0 and -0 are equal).

    Attributes
    ----------
    groups : vectors that occur more than once
    rows : rows that hold one of them
    largest : rows of the largest group, 0 where there is none
    largest_row : its first row, None where there is none
    """

    groups: int = 0
    rows: int = 0
    largest: int = 0
    largest_row: int | None = None

    @property
    def repeats(self) -> int:
        """Rows whose vector an earlier row has."""
        return self.rows - self.groups


def find_copies(vectors: np.ndarray) -> Copies:
    """Find the groups of equal rows: rows of one 64-bit hash are compared in full.

    Parameters
    ----------
    vectors : float32, shape (n, d), a row per item
    """
    hashes = _hashes(vectors)
    order = np.argsort(hashes)
    same = hashes[order[1:]] == hashes[order[:-1]]
    if not same.any():
        return Copies()
    alike = np.zeros(len(vectors), dtype=bool)
    alike[order[1:][same]] = True
    alike[order[:-1][same]] = True
    rows = np.flatnonzero(alike)
    _, lowest, group = np.unique(hashes[rows], return_index=True, return_inverse=True)
    first = rows[lowest][group]
    if not _equal(vectors, rows, first):
        first = _compared(vectors, rows)
    numbers, sizes = np.unique(first, return_counts=True)
    numbers, sizes = numbers[sizes > 1], sizes[sizes > 1]
    if not len(sizes):
        return Copies()
    largest = int(sizes.argmax())
    return Copies(len(sizes), int(sizes.sum()), int(sizes[largest]), int(numbers[largest]))


def _hashes(vectors: np.ndarray) -> np.ndarray:
    """Return a hash of the content of each row: uint64, shape (n,)."""
    factors = np.random.default_rng(0).integers(1, 2**63, vectors.shape[1], dtype=np.uint64) | 1
    hashes = np.empty(len(vectors), dtype=np.uint64)
    step = max(1, _BLOCK_FLOATS // vectors.shape[1])
    for start in range(0, len(vectors), step):
        block = vectors[start : start + step] + np.float32(0)  # turns -0 into 0
        bits = block.view(np.uint32).astype(np.uint64)
        bits *= factors
        hashes[start : start + step] = bits.sum(axis=1, dtype=np.uint64)
    return hashes


def _equal(vectors: np.ndarray, rows: np.ndarray, others: np.ndarray) -> bool:
    """Say whether each of `rows` holds the same vector as its one of `others`."""
    step = max(1, _BLOCK_FLOATS // vectors.shape[1])
    return all(
        np.array_equal(vectors[rows[start : start + step]], vectors[others[start : start + step]])
        for start in range(0, len(rows), step)
    )


def _compared(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the first of `rows`, which ascend, that holds the same vector as each of them."""
    seen: dict[bytes, int] = {}
    first = np.empty(len(rows), dtype=np.int64)
    for place, row in enumerate(rows.tolist()):
        first[place] = seen.setdefault((vectors[row] + np.float32(0)).tobytes(), row)
    return first
