"""The model of two towers: each makes a vector of an item; their closeness says who goes with whom.

A tower is a table of vectors, one an item, to which those of the item's features are added: its
categories, the words of its texts. On top there may be a small network.
"""

import math
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from trainers.side_tables import Bags

Similarity = Literal["cosine", "dot"]

INITIAL_DEVIATION = 0.05
"""Of the vectors' components. By cosine only directions count, and Adam's steps have one length
whatever the vector's: short vectors turn quickly. On books, recall@10 after 30 epochs: .46, from
1.0: .24."""

INITIAL_SCALE = 5.0
"""Of cosines: with 5, log-odds are at first between -5 and 5, and the offset."""

_ITEMS_AT_ONCE = 65_536


class Tower(nn.Module):
    """From numbers of items to their vectors.

    Parameters
    ----------
    has_pair : bool, shape (items,); an item without one begins at 0, so that its features decide
    width : length of each vector
    bags : the tokens of the items; None: no features
    ids : whether each item has a vector of its own
    network : whether a layer of `2 * width` units is added on top
    generator : of the CPU, the source of chance
    """

    tokens: torch.Tensor  # (t,)
    offsets: torch.Tensor  # (items + 1,)
    weights: torch.Tensor  # (t,)

    def __init__(
        self,
        has_pair: np.ndarray,
        width: int,
        bags: Bags | None,
        ids: bool,
        network: bool,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.items = len(has_pair)
        self.own = _table(self.items, width, generator) if ids else None
        if self.own is not None:
            self.own.weight.data[~torch.from_numpy(has_pair)] = 0
        self.words = _table(len(bags.vocabulary), width, generator) if bags is not None else None
        if bags is not None:
            self.register_buffer("tokens", torch.from_numpy(bags.tokens), persistent=False)
            self.register_buffer("offsets", torch.from_numpy(bags.offsets), persistent=False)
            self.register_buffer("weights", torch.from_numpy(bags.weights), persistent=False)
        self.layers = None
        if network:
            first, second = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
            for layer in (first, second):
                nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
                nn.init.zeros_(layer.bias)
            self.layers = nn.Sequential(first, nn.ReLU(), second)

    def forward(self, items: torch.Tensor) -> torch.Tensor:
        """Return vectors, float32 of shape (n, width), of items: int64, shape (n,)."""
        parts = []
        if self.own is not None:
            parts.append(self.own(items))  # (n, width)
        if self.words is not None:
            parts.append(self._features(items))  # (n, width)
        vectors = torch.stack(parts).sum(dim=0) if len(parts) > 1 else parts[0]
        return vectors if self.layers is None else vectors + self.layers(vectors)

    def _features(self, items: torch.Tensor) -> torch.Tensor:
        """Return the weighted sums of the items' tokens' vectors: (n, width)."""
        assert self.words is not None
        starts, ends = self.offsets[items], self.offsets[items + 1]  # (n,)
        lengths = ends - starts
        first = lengths.cumsum(0) - lengths  # (n,) where each item's tokens begin below
        place = torch.arange(int(lengths.sum()), device=items.device)  # (t,)
        place += (starts - first).repeat_interleave(lengths)
        return F.embedding_bag(
            self.tokens[place],
            self.words.weight,
            first,
            mode="sum",
            per_sample_weights=self.weights[place],
        )

    def all_vectors(self) -> torch.Tensor:
        """Return the vectors of all items: float32, shape (items, width)."""
        device = next(self.parameters()).device
        blocks = torch.arange(self.items, device=device).split(_ITEMS_AT_ONCE)
        return torch.cat([self(block) for block in blocks])


class TwoTowers(nn.Module):
    """Two towers, and the closeness of left and right items.

    With cosine it is the cosine times a learned scale; with dot, the dot product plus a number for
    each right item, which the file holds as the last of its `dim` dimensions. The binary
    cross-entropy adds a learned offset.

    Parameters
    ----------
    left, right : see Tower; with dot, their width is dim - 1
    """

    def __init__(self, left: Tower, right: Tower, similarity: Similarity) -> None:
        super().__init__()
        self.left, self.right, self.similarity = left, right, similarity
        self.offset = nn.Parameter(torch.tensor(-1.0))
        if similarity == "cosine":
            self.log_scale = nn.Parameter(torch.tensor(math.log(INITIAL_SCALE)))
        else:
            self.right_bias = nn.Embedding(right.items, 1)
            nn.init.zeros_(self.right_bias.weight)

    def rows(self, lefts: torch.Tensor, rights: torch.Tensor) -> torch.Tensor:
        """Return the closeness of each left item to the right item beside it: float32, shape (n,).

        lefts, rights : int64, shape (n,)
        """
        left, right = self._sides(lefts, rights)  # (n, width) each
        return self._closeness((left * right).sum(dim=1), rights)

    def square(self, lefts: torch.Tensor, rights: torch.Tensor) -> torch.Tensor:
        """Return the closeness of every left item to every right item: float32, shape (b, B).

        lefts, rights : int64, shapes (b,) and (B,)
        """
        left, right = self._sides(lefts, rights)  # (b, width), (B, width)
        return self._closeness(left @ right.T, rights)

    def cosines(self, lefts: torch.Tensor, rights: torch.Tensor) -> torch.Tensor:
        """Return what `rows` does before scale and bias: float32, shape (n,)."""
        left, right = self._sides(lefts, rights)
        return (left * right).sum(dim=1)

    def _sides(
        self, lefts: torch.Tensor, rights: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        left, right = self.left(lefts), self.right(rights)
        if self.similarity == "cosine":
            return F.normalize(left, dim=1), F.normalize(right, dim=1)
        return left, right

    def _closeness(self, products: torch.Tensor, rights: torch.Tensor) -> torch.Tensor:
        """Return closeness from products whose last axis is that of `rights`."""
        if self.similarity == "cosine":
            return self.log_scale.exp() * products
        return products + self.right_bias(rights).squeeze(1)

    @torch.no_grad()
    def vectors(self) -> tuple[np.ndarray, np.ndarray]:
        """Return both sides' vectors as the file has them: float32, (lefts, dim), (rights, dim).

        Their cosine, or dot product, ranks as the model does: they have length 1, or a last
        dimension that is 1 on the left and the right item's bias on the right.
        """
        left, right = self.left.all_vectors(), self.right.all_vectors()
        if self.similarity == "cosine":
            left, right = F.normalize(left, dim=1), F.normalize(right, dim=1)
        else:
            left = torch.cat([left, torch.ones_like(left[:, :1])], dim=1)
            right = torch.cat([right, self.right_bias.weight], dim=1)
        return left.cpu().numpy(), right.cpu().numpy()


def _table(count: int, width: int, generator: torch.Generator) -> nn.Embedding:
    table = nn.Embedding(count, width)
    nn.init.normal_(table.weight, std=INITIAL_DEVIATION, generator=generator)
    return table
