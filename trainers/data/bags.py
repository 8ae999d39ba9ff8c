"""Bags of numbered items, of any size, perhaps with weights; the sum or mean of their vectors.

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
    weights : float32, shape (n,), of the items; None if each has the weight 1
    """

    items: torch.Tensor
    starts: torch.Tensor
    weights: torch.Tensor | None = None

    @classmethod
    def of(cls, items: np.ndarray, starts: np.ndarray, weights: np.ndarray | None = None) -> "Bags":
        """Return bags made from arrays: see the attributes."""
        given = None if weights is None else torch.from_numpy(weights)
        return cls(torch.from_numpy(items), torch.from_numpy(starts), given)

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

    @property
    def owners(self) -> torch.Tensor:
        """The bag of each item: int64, shape (n,)."""
        numbers = torch.arange(len(self), device=self.starts.device)
        return numbers.repeat_interleave(self.sizes)

    @property
    def weights_or_ones(self) -> torch.Tensor:
        """The weights of the items, 1 where none are given: float32, shape (n,)."""
        if self.weights is None:
            return torch.ones_like(self.items, dtype=torch.float32)
        return self.weights

    def to(self, device: torch.device) -> "Bags":
        """Return the bags on a device."""
        weights = None if self.weights is None else self.weights.to(device)
        return Bags(self.items.to(device), self.starts.to(device), weights)

    def take(self, rows: torch.Tensor) -> "Bags":
        """Return the bags with some numbers: int64, shape (r,)."""
        sizes = self.sizes[rows]  # (r,)
        starts = F.pad(sizes.cumsum(0), (1, 0))  # (r + 1,)
        shift = (self.starts[rows] - starts[:-1]).repeat_interleave(sizes)  # (n,)
        chosen = torch.arange(len(shift), device=shift.device) + shift  # (n,)
        return self._items(chosen, starts)

    def part(self, rows: slice) -> "Bags":
        """Return the bags of a slice, which has no step."""
        starts = self.starts[rows.start : rows.stop + 1]
        return self._items(slice(starts[0], starts[-1]), starts - starts[0])

    def without(self, left_out: torch.Tensor) -> "Bags":
        """Return the bags without some of their items: bool, shape (n,)."""
        starts = F.pad((~left_out).cumsum(0), (1, 0))[self.starts]  # (b + 1,)
        return self._items(~left_out, starts)

    def _items(self, chosen: torch.Tensor | slice, starts: torch.Tensor) -> "Bags":
        weights = None if self.weights is None else self.weights[chosen]
        return Bags(self.items[chosen], starts, weights)


def sums(table: torch.Tensor, bags: Bags) -> torch.Tensor:
    """Return the weighted sum of each bag's vectors, (b, dim), from a table (items, dim)."""
    return F.embedding_bag(
        bags.items,
        table,
        bags.starts,
        mode="sum",
        include_last_offset=True,
        per_sample_weights=bags.weights,
    )


def means(table: torch.Tensor, bags: Bags) -> torch.Tensor:
    """Return the mean of each bag's vectors, (b, dim), from a table (items, dim), unweighted."""
    return F.embedding_bag(bags.items, table, bags.starts, mode="mean", include_last_offset=True)
