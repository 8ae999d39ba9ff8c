"""Draws from a fixed distribution in constant time: the alias method (Walker 1977, Vose 1991).

Each of n slots is as likely as any other. It holds its own number with probability `stay`, and
otherwise the number `alias`: whatever the distribution, two numbers a slot say it exactly.
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
        """Make the table of a distribution; weights : shape (n,), not negative, not all 0."""
        share = np.asarray(weights, dtype=np.float64)
        return cls(*_build(share * (len(share) / share.sum())))

    def draw(self, size: int, generator: np.random.Generator) -> np.ndarray:
        """Draw numbers: int64, shape (size,)."""
        slot = generator.integers(len(self.stay), size=size)
        return np.where(generator.random(size, np.float32) < self.stay[slot], slot,
                        self.alias[slot])  # fmt: skip

    def probabilities(self) -> np.ndarray:
        """Return the probability of each number: float64, shape (n,)."""
        stay = self.stay.astype(np.float64)
        return (stay + np.bincount(self.alias, weights=1 - stay, minlength=len(stay))) / len(stay)


@njit(cache=True)
def _build(share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fill each slot with less than its share by what another has above it.

    share : float64, shape (n,), with mean 1; it is used up
    """
    count = len(share)
    stay = np.ones(count, dtype=np.float32)
    alias = np.arange(count).astype(np.int32)
    poor, rich = np.empty(count, dtype=np.int32), np.empty(count, dtype=np.int32)
    poors = riches = 0
    for i in range(count):
        if share[i] < 1:
            poor[poors] = i
            poors += 1
        else:
            rich[riches] = i
            riches += 1
    while poors and riches:
        poors -= 1
        i, j = poor[poors], rich[riches - 1]
        stay[i] = share[i]
        alias[i] = j
        share[j] -= 1 - share[i]
        if share[j] < 1:
            riches -= 1
            poor[poors] = j
            poors += 1
    return stay, alias
