"""Samples from a fixed distribution in constant time: the alias method (Walker 1977, Vose 1991).

A slot is drawn uniformly; the result is the number of the slot with probability `stay`, else its
`alias`. Any distribution over n numbers can be represented exactly by n slots.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit


@dataclass(frozen=True, eq=False)
class AliasTable:
    """A distribution over the numbers 0 to n - 1.

    Attributes
    ----------
    stay : float32, shape (n,), from 0 to 1
    alias : int32, shape (n,)
    """

    stay: np.ndarray
    alias: np.ndarray

    @classmethod
    def of(cls, weights: np.ndarray) -> "AliasTable":
        """Return the table of a distribution; weights : shape (n,), not negative, not all 0."""
        mass = np.asarray(weights, dtype=np.float64)
        return cls(*_build(mass * (len(mass) / mass.sum())))

    def draw(self, size: int, generator: np.random.Generator) -> np.ndarray:
        """Draw numbers: int64, shape (size,)."""
        slot = generator.integers(len(self.stay), size=size)
        return np.where(generator.random(size, np.float32) < self.stay[slot], slot,
                        self.alias[slot])  # fmt: skip


@njit(cache=True)
def _build(mass: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fill each slot of mass below 1 with mass from a slot above 1.

    mass : float64, shape (n,), with mean 1; modified
    """
    count = len(mass)
    stay = np.ones(count, dtype=np.float32)
    alias = np.arange(count).astype(np.int32)
    small, large = np.empty(count, dtype=np.int32), np.empty(count, dtype=np.int32)
    small_count = large_count = 0
    for i in range(count):
        if mass[i] < 1:
            small[small_count] = i
            small_count += 1
        else:
            large[large_count] = i
            large_count += 1
    while small_count and large_count:
        small_count -= 1
        i, j = small[small_count], large[large_count - 1]
        stay[i] = mass[i]
        alias[i] = j
        mass[j] -= 1 - mass[i]
        if mass[j] < 1:
            large_count -= 1
            small[small_count] = j
            small_count += 1
    return stay, alias
