"""Bags of numbered items, of any size, and the sum or mean of their vectors.

A bag is the words of a text, or the documents that a user has read. Bags are concatenated in one
tensor, without padding. The vector of an empty bag is 0.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F


@dataclass(frozen=True, eq=False)
class Bags:
    """Bags of numbered items.

    Attributes
    ----------
    items : int64, shape (n,); the items of all bags, bag after bag
    starts : int64, shape (b + 1,); bag i is items[starts[i] : starts[i + 1]]
    """

    items: torch.Tensor
    starts: torch.Tensor

    @classmethod
    def of(cls, items: np.ndarray, starts: np.ndarray) -> "Bags":
        """Return bags made from arrays: see the attributes."""
        return cls(torch.from_numpy(items), torch.from_numpy(starts))

    @classmethod
    def grouped(cls, pairs: np.ndarray, count: int) -> "Bags":
        """Return `count` bags made from pairs (bag, item): int64, shape (n, 2)."""
        pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
        starts = np.searchsorted(pairs[:, 0], np.arange(count + 1))
        return cls.of(pairs[:, 1].copy(), starts.astype(np.int64))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> torch.Tensor:
        """Number of items in each bag: int64, shape (b,)."""
        return self.starts.diff()

    def to(self, device: torch.device) -> "Bags":
        """Return the bags on a device."""
        return Bags(self.items.to(device), self.starts.to(device))

    def take(self, rows: torch.Tensor) -> "Bags":
        """Return the bags with some numbers: int64, shape (r,)."""
        sizes = self.sizes[rows]  # (r,)
        starts = F.pad(sizes.cumsum(0), (1, 0))  # (r + 1,)
        shift = (self.starts[rows] - starts[:-1]).repeat_interleave(sizes)  # (n,)
        return Bags(self.items[torch.arange(len(shift), device=shift.device) + shift], starts)

    def part(self, rows: slice) -> "Bags":
        """Return the bags of a slice, which has no step."""
        starts = self.starts[rows.start : rows.stop + 1]
        return Bags(self.items[starts[0] : starts[-1]], starts - starts[0])


def sums(table: torch.Tensor, bags: Bags) -> torch.Tensor:
    """Return the sum of each bag's vectors, (b, dim), from a table (items, dim)."""
    return F.embedding_bag(bags.items, table, bags.starts, mode="sum", include_last_offset=True)


def means(table: torch.Tensor, bags: Bags) -> torch.Tensor:
    """Return the mean of each bag's vectors, (b, dim), from a table (items, dim)."""
    return F.embedding_bag(bags.items, table, bags.starts, mode="mean", include_last_offset=True)
