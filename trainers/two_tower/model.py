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

from trainers.data.pairs.side_tables import WeightedBags

Similarity = Literal["cosine", "dot"]

INITIAL_DEVIATION = 0.05
"""Of the vectors' components. By cosine only directions count, and Adam's steps have one length
whatever the vector's: short vectors turn quickly. On books, recall@10 after 30 epochs: .46, from
1.0: .24."""

_ITEMS_AT_ONCE = 65_536

_LEAST_SHARE = 1e-6
"""Of the largest variance of right vectors: along axes with less, they count as having that."""


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
    words : the table of the tokens' vectors, where both towers have the same; None: one of its own
    """

    tokens: torch.Tensor  # (t,)
    offsets: torch.Tensor  # (items + 1,)
    weights: torch.Tensor  # (t,)

    def __init__(
        self,
        has_pair: np.ndarray,
        width: int,
        bags: WeightedBags | None,
        ids: bool,
        network: bool,
        generator: torch.Generator,
        words: nn.Embedding | None = None,
    ) -> None:
        super().__init__()
        self.items = len(has_pair)
        self.own = _table(self.items, width, generator) if ids else None
        if self.own is not None:
            self.own.weight.data[~torch.from_numpy(has_pair)] = 0
        self.words = words
        if bags is not None:
            self.words = words or _table(len(bags.vocabulary), width, generator)
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

    With dot it is the dot product plus a number for each right item, which the file holds as the
    last of its `dim` dimensions; with cosine, the cosine times a learned scale.

    Parameters
    ----------
    left, right : see Tower; with dot, their width is dim - 1
    counts : int64, shape (rights,), number of pairs of each right item
    scale : of cosines, at first
    """

    def __init__(
        self,
        left: Tower,
        right: Tower,
        similarity: Similarity,
        counts: np.ndarray,
        scale: float = 5.0,
    ) -> None:
        super().__init__()
        self.left, self.right, self.similarity, self.counts = left, right, similarity, counts
        self.offset = nn.Parameter(torch.tensor(-1.0))  # of the binary cross-entropy
        if similarity == "cosine":
            self.log_scale = nn.Parameter(torch.tensor(math.log(scale)))
        else:
            self.right_bias = nn.Embedding(right.items, 1)
            nn.init.zeros_(self.right_bias.weight)

    def rows(self, left: torch.Tensor, right: torch.Tensor, rights: torch.Tensor) -> torch.Tensor:
        """Return the closeness of each left vector to the right one beside it: float32, (n,).

        left, right : float32, shape (n, width), vectors of the towers
        rights : int64, shape (n,), the right items
        """
        return self._closeness((self._unit(left) * self._unit(right)).sum(dim=1), rights)

    def square(self, left: torch.Tensor, right: torch.Tensor, rights: torch.Tensor) -> torch.Tensor:
        """Return the closeness of every left vector to every right one: float32, shape (b, B).

        left, right : float32, shapes (b, width) and (B, width), vectors of the towers
        rights : int64, shape (B,), the right items
        """
        return self._closeness(self._unit(left) @ self._unit(right).T, rights)

    def products(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """Return what `rows` does before scale and bias: float32, shape (n,)."""
        return (self._unit(left) * self._unit(right)).sum(dim=1)

    def size(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """Return what weight decay pulls on, for each pair of vectors: float32, shape (n,).

        The squared lengths of both; with cosine, what those would be for the scale: 2 * scale.
        """
        if self.similarity == "cosine":
            return 2 * self.log_scale.exp().expand(len(left))
        return left.square().sum(dim=1) + right.square().sum(dim=1)

    def _unit(self, vectors: torch.Tensor) -> torch.Tensor:
        return F.normalize(vectors, dim=1) if self.similarity == "cosine" else vectors

    def _closeness(self, products: torch.Tensor, rights: torch.Tensor) -> torch.Tensor:
        """Return closeness from products whose last axis is that of `rights`."""
        if self.similarity == "cosine":
            return self.log_scale.exp() * products
        return products + self.right_bias(rights).squeeze(1)

    @torch.no_grad()
    def vectors(self) -> tuple[np.ndarray, np.ndarray]:
        """Return both sides' vectors as the file has them: float32, (lefts, dim), (rights, dim).

        Their cosine, or dot product, ranks the right items for a left one as the model does. Left
        vectors have length 1, right ones too with cosine, at most 1 with dot: one length for all
        changes no ranking, nor does another for each left item. With dot the last dimension stands
        for the right item's bias, and the others are those of `as_table_rows`.
        """
        left, right = self.left.all_vectors(), self.right.all_vectors()
        if self.similarity == "cosine":
            return self._unit(left).cpu().numpy(), self._unit(right).cpu().numpy()
        near, far = as_table_rows(left.cpu().numpy(), right.cpu().numpy(), self.counts)
        near = np.hstack([near, np.ones_like(near[:, :1])])
        far = np.hstack([far, self.right_bias.weight.cpu().numpy()])
        near /= np.linalg.norm(near, axis=1, keepdims=True)
        far /= np.linalg.norm(far, axis=1).max()
        return near, far


def as_table_rows(
    left: np.ndarray, right: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors of the same dot products, whose left ones lie to each other as table rows do.

    Dot products L R' stay the same if L is multiplied by a matrix and R by its transposed inverse,
    so that training leaves open how left vectors lie to each other. They are made to lie as their
    rows of the table L R', its columns weighted by count squared: an item of n pairs joins n² pairs
    of left items. The matrix is C^(1/2), of the second moment C = R' W R of the right vectors.

    Parameters
    ----------
    left, right : float32, shapes (n, d) and (m, d)
    counts : int64, shape (m,)
    """
    weight = np.square(counts, dtype=np.float64)
    moment = (right.T * (weight / max(weight.sum(), 1.0))) @ right.astype(np.float64)  # (d, d)
    values, axes = np.linalg.eigh(moment)
    root = np.sqrt(np.maximum(values, _LEAST_SHARE * values.max() + 1e-12))  # (d,)
    return (left @ (axes * root)).astype(np.float32), (right @ (axes / root)).astype(np.float32)


def table_of(vectors: np.ndarray) -> nn.Embedding:
    """Return a table that begins with given vectors, to the scale of INITIAL_DEVIATION."""
    scale = INITIAL_DEVIATION / max(float(vectors.std()), 1e-12)
    return nn.Embedding.from_pretrained(torch.from_numpy(vectors * scale), freeze=False)


def _table(count: int, width: int, generator: torch.Generator) -> nn.Embedding:
    table = nn.Embedding(count, width)
    nn.init.normal_(table.weight, std=INITIAL_DEVIATION, generator=generator)
    return table
