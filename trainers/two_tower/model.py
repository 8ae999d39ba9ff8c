"""The model of two_tower: two towers that turn items into vectors, and scores of pairs of vectors.

A tower is a table with one vector per item, plus the vectors of the item's features: its
categories, the words of its texts. A small network on top is optional.
"""

import math
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from trainers.core.rng import torch_generator
from trainers.data.pairs.pairs import Pairs
from trainers.data.pairs.side_tables import WeightedBags
from trainers.two_tower.config import TwoTowerConfig
from trainers.two_tower.data import Features
from trainers.two_tower.text_encoder import Vocabulary
from trainers.two_tower.texts import idf, word_vectors

Similarity = Literal["cosine", "dot"]

INITIAL_STD = 0.05
"""Standard deviation of the initial components. For cosine only the direction of a vector counts,
and Adam's steps have the same length for vectors of any length: short vectors turn quickly. On
books, recall@10 after 30 epochs was .46; with 1.0 it was .24."""

_BLOCK_ITEMS = 65_536

_MIN_VARIANCE = 1e-6
"""Lower bound on the variance of right vectors along an axis, relative to the largest one."""


class Tower(nn.Module):
    """Maps item numbers to vectors.

    Parameters
    ----------
    has_pair : bool, shape (items,); the own vector of an item without a pair starts at 0, so that
        its features determine where it is
    width : length of each vector
    bags : the tokens of the items' features; None: no features
    ids : whether each item has a vector of its own
    network : whether to add a network with one hidden layer of `2 * width` units
    generator : source of the initial weights, on the CPU
    words : the table of token vectors, if both towers share it; None: the tower has its own
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
        """Return the vectors, float32 of shape (n, width), of items: int64, shape (n,)."""
        parts = []
        if self.own is not None:
            parts.append(self.own(items))  # (n, width)
        if self.words is not None:
            parts.append(self._feature_vectors(items))  # (n, width)
        vectors = torch.stack(parts).sum(dim=0) if len(parts) > 1 else parts[0]
        return vectors if self.layers is None else vectors + self.layers(vectors)

    def _feature_vectors(self, items: torch.Tensor) -> torch.Tensor:
        """Return the weighted sum of each item's token vectors: (n, width)."""
        assert self.words is not None
        starts, ends = self.offsets[items], self.offsets[items + 1]  # (n,)
        lengths = ends - starts  # (n,)
        first = lengths.cumsum(0) - lengths  # (n,) where each item's tokens start in `position`
        position = torch.arange(int(lengths.sum()), device=items.device)  # (t,)
        position += (starts - first).repeat_interleave(lengths)
        return F.embedding_bag(
            self.tokens[position],
            self.words.weight,
            first,
            mode="sum",
            per_sample_weights=self.weights[position],
        )

    def all_vectors(self) -> torch.Tensor:
        """Return the vectors of all items: float32, shape (items, width)."""
        device = next(self.parameters()).device
        blocks = torch.arange(self.items, device=device).split(_BLOCK_ITEMS)
        return torch.cat([self(block) for block in blocks])


class TwoTowers(nn.Module):
    """Two towers, and the scores of pairs of their vectors.

    With dot, a score is the dot product plus a bias of the right item, which the file stores as the
    last of its `dim` dimensions; with cosine, it is the cosine times a learned scale.

    Parameters
    ----------
    left, right : the towers; with dot, their width is dim - 1
    similarity : cosine or dot
    counts : int64, shape (rights,), number of pairs of each right item
    scale : initial scale of cosines
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

    def paired_scores(
        self, left: torch.Tensor, right: torch.Tensor, rights: torch.Tensor
    ) -> torch.Tensor:
        """Return the score of each left vector with the right vector of the same row.

        Parameters
        ----------
        left, right : float32, shape (n, width), vectors from the towers
        rights : int64, shape (n,), the right items

        Returns
        -------
        float32, shape (n,)
        """
        return self._scores(self.paired_products(left, right), rights)

    def all_scores(
        self, left: torch.Tensor, right: torch.Tensor, rights: torch.Tensor
    ) -> torch.Tensor:
        """Return the score of every left vector with every right vector.

        Parameters
        ----------
        left, right : float32, shapes (b, width) and (B, width), vectors from the towers
        rights : int64, shape (B,), the right items

        Returns
        -------
        float32, shape (b, B)
        """
        return self._scores(self._unit(left) @ self._unit(right).T, rights)

    def paired_products(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """Return the cosine or dot product of each row, without scale and bias: (n,)."""
        return (self._unit(left) * self._unit(right)).sum(dim=1)

    def squared_lengths(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """Return what weight decay penalizes for each pair of vectors: float32, shape (n,).

        With dot, the squared lengths of both. With cosine, what these would be for vectors whose
        dot product is the scaled cosine: 2 * scale.
        """
        if self.similarity == "cosine":
            return 2 * self.log_scale.exp().expand(len(left))
        return left.square().sum(dim=1) + right.square().sum(dim=1)

    def _unit(self, vectors: torch.Tensor) -> torch.Tensor:
        return F.normalize(vectors, dim=1) if self.similarity == "cosine" else vectors

    def _scores(self, products: torch.Tensor, rights: torch.Tensor) -> torch.Tensor:
        """Return scores from products, whose last axis is that of `rights`."""
        if self.similarity == "cosine":
            return self.log_scale.exp() * products
        return products + self.right_bias(rights).squeeze(1)

    @torch.no_grad()
    def vectors(self) -> tuple[np.ndarray, np.ndarray]:
        """Return both sides' vectors as the file stores them: float32, (lefts, dim), (rights, dim).

        Their cosine, or dot product, ranks the right items for a left item as the model does.
        Rescaling all vectors of a side, or a single left vector, changes no ranking: left vectors
        have length 1, and so do right vectors with cosine; with dot, the longest right vector has
        length 1. With dot, the last dimension holds the right item's bias, and the others are
        those of `as_table_rows`.
        """
        left, right = self.left.all_vectors(), self.right.all_vectors()
        if self.similarity == "cosine":
            return self._unit(left).cpu().numpy(), self._unit(right).cpu().numpy()
        left_rows, right_rows = as_table_rows(left.cpu().numpy(), right.cpu().numpy(), self.counts)
        left_rows = np.hstack([left_rows, np.ones_like(left_rows[:, :1])])
        right_rows = np.hstack([right_rows, self.right_bias.weight.cpu().numpy()])
        left_rows /= np.linalg.norm(left_rows, axis=1, keepdims=True)
        right_rows /= np.linalg.norm(right_rows, axis=1).max()
        return left_rows, right_rows


def initial_model(pairs: Pairs, features: Features, config: TwoTowerConfig) -> TwoTowers:
    """Return the model with its initial weights."""
    generator = torch_generator(config.seed, "first weights")
    width = config.dim - (config.similarity == "dot")
    counts = [np.bincount(pairs.rows[:, side], minlength=pairs.shape[side]) for side in (0, 1)]
    words = None
    documents = features[1] if config.words == "lsa" else None
    if documents is not None:
        words = _table_from(word_vectors(documents, width))
    towers = [
        Tower(
            has_pair=counts[side] > 0,
            width=width,
            bags=features[side],
            ids=ids,
            network=config.tower == "network",
            generator=generator,
            words=words,
        )
        for side, ids in enumerate((config.left_ids, config.right_ids))
    ]
    model = TwoTowers(towers[0], towers[1], config.similarity, counts[1], config.scale)
    if documents is not None:
        model.vocabulary = Vocabulary(documents.vocabulary, idf(documents))
    return model


def as_table_rows(
    left: np.ndarray, right: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors with the same dot products, whose left vectors compare like rows of a table.

    The dot products L R' do not change when L is multiplied by a matrix and R by its transposed
    inverse, so training does not determine how left vectors compare with each other. Here their
    inner products become those of the rows of the table L R' with its columns weighted by count: an
    item with n pairs joins n² pairs of left items. The matrix is C^(1/2), where C = R' W R is the
    weighted second moment of the right vectors.

    Parameters
    ----------
    left, right : float32, shapes (n, d) and (m, d)
    counts : int64, shape (m,), number of pairs of each right item

    Returns
    -------
    float32, shapes (n, d) and (m, d)
    """
    weight = np.square(counts, dtype=np.float64)  # (m,)
    moment = (right.T * (weight / max(weight.sum(), 1.0))) @ right.astype(np.float64)  # (d, d)
    values, axes = np.linalg.eigh(moment)
    root = np.sqrt(np.maximum(values, _MIN_VARIANCE * values.max() + 1e-12))  # (d,)
    return (left @ (axes * root)).astype(np.float32), (right @ (axes / root)).astype(np.float32)


def _table_from(vectors: np.ndarray) -> nn.Embedding:
    """Return a trainable table that starts with some vectors, rescaled to INITIAL_STD."""
    scale = INITIAL_STD / max(float(vectors.std()), 1e-12)
    return nn.Embedding.from_pretrained(torch.from_numpy(vectors * scale), freeze=False)


def _table(count: int, width: int, generator: torch.Generator) -> nn.Embedding:
    table = nn.Embedding(count, width)
    nn.init.normal_(table.weight, std=INITIAL_STD, generator=generator)
    return table
