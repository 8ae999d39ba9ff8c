"""Where the training of bert begins: token vectors of counts, positions as waves, near sight.

BERT began by chance, and had 3.3 billion words to find out what text is like. In small text most of
the way can be counted. So here
- the vectors of tokens are a truncated SVD of how much more often tokens stand near each other than
  by chance (positive pointwise mutual information: Levy and Goldberg, "Neural word embedding as
  implicit matrix factorization", 2014);
- positions are sines and cosines (Vaswani et al., "Attention is all you need", 2017), of which a
  turn by a fixed angle makes those of the next place;
- each head of the first layer looks one place, or two, to the left or right, by that turn;
- a token is as likely as it is frequent (the bias of the guess).
All of it is learned further. On planted homonyms two epochs bring occurrences of one sense
together as far as 20 do from a beginning by chance (purity .998 and .986, 6,000 sentences).
"""

from collections.abc import Sequence
from itertools import cycle

import numpy as np
import torch
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from trainers.bert.model import Attention, Encoder, Layer
from trainers.core.rng import derived_seed, torch_generator

WINDOW = 3
"""Tokens to either side that count as near."""

SMOOTHING = 0.75
"""Power of the counts of context tokens, as in word2vec (Levy, Goldberg and Dagan, 2015)."""

DEVIATION = 0.1
"""Of the components of token and position vectors; a tenth of it is chance."""

SHARP = 1.2
"""Scale of the queries and keys that look beside."""

_OFFSETS = (1, -1, 2, -2)  # of the heads, again and again


@torch.no_grad()
def set_first_weights(
    encoder: Encoder, sequences: Sequence[np.ndarray], specials: int, seed: int
) -> None:
    """Set the weights with which training begins.

    Parameters
    ----------
    sequences : each int64, shape (t,); the tokens that are learned from
    specials : tokens below this number are never guessed
    """
    shape = encoder.shape
    counted = torch.from_numpy(count_vectors(sequences, shape.tokens, shape.dim, seed))
    noise = torch.randn(counted.shape, generator=torch_generator(seed, "first vectors"))
    encoder.tokens.weight.copy_(DEVIATION * (shape.dim**0.5 * counted + 0.1 * noise))
    places = waves(torch.arange(shape.positions), shape.dim, shape.positions)
    encoder.positions.weight.copy_(DEVIATION * 2**0.5 * places)
    first = encoder.layers[0]
    assert isinstance(first, Layer)  # ModuleList does not tell
    look_beside(first.attention, shape.dim, shape.positions, seed)
    counts = np.bincount(np.concatenate(sequences), minlength=shape.tokens) + 1.0
    counts[:specials] = 1
    encoder.bias.copy_(torch.from_numpy(np.log(counts / counts.sum())))


def count_vectors(
    sequences: Sequence[np.ndarray], vocabulary: int, dim: int, seed: int
) -> np.ndarray:
    """Return a vector of length 1 of each token, or 0 if nothing is near it more than by chance.

    float32, shape (vocabulary, dim)
    """
    pairs = [(row[:-step], row[step:]) for row in sequences for step in range(1, WINDOW + 1)]
    left, right = (np.concatenate(side) for side in zip(*pairs, strict=True))
    shape = (vocabulary, vocabulary)
    near = sparse.coo_matrix((np.ones(len(left)), (left, right)), shape).tocsr()
    near = (near + near.T).tocoo()
    times = np.asarray(near.sum(axis=1)).ravel()
    contexts = times**SMOOTHING / (times**SMOOTHING).sum()
    information = np.log(near.data / (times[near.row] * contexts[near.col]))
    known = information > 0
    matrix = sparse.coo_matrix((information[known], (near.row[known], near.col[known])), shape)
    rank = min(dim, vocabulary)
    chance = derived_seed(seed, "svd") % 2**32
    left_vectors, strengths, _ = randomized_svd(matrix.tocsr(), rank, random_state=chance)
    vectors = left_vectors * np.sqrt(strengths)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    made = np.zeros((vocabulary, dim), dtype=np.float32)
    made[:, :rank] = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 1e-6)
    return made


def waves(places: torch.Tensor, dim: int, longest: int) -> torch.Tensor:
    """Return sines, then cosines, of places: float32, shape (n, dim).

    Wavelengths go from 2 pi to 2 pi `longest` places.
    """
    angles = places[:, None] * _rates(dim, longest)
    return torch.cat([angles.sin(), angles.cos()], dim=1)[:, :dim]


def turn(offset: int, dim: int, longest: int) -> torch.Tensor:
    """Return the matrix that makes the waves of a place those `offset` places on: (dim, dim)."""
    angles = offset * _rates(dim, longest)
    sines, cosines = torch.diag(angles.sin()), torch.diag(angles.cos())
    upper, lower = torch.cat([cosines, sines], dim=1), torch.cat([-sines, cosines], dim=1)
    return torch.cat([upper, lower])[:dim, :dim]


@torch.no_grad()
def look_beside(attention: Attention, dim: int, longest: int, seed: int) -> None:
    """Let each head look beside: its queries, turned, are like the keys of that place."""
    width = dim // attention.heads
    generator = torch_generator(seed, "heads")
    for head, offset in zip(range(attention.heads), cycle(_OFFSETS), strict=False):
        plane = torch.linalg.qr(torch.randn(dim, width, generator=generator))[0].T  # (width, dim)
        rows = slice(head * width, (head + 1) * width)
        attention.query.weight[rows] = SHARP * plane @ turn(offset, dim, longest)
        attention.key.weight[rows] = SHARP * plane


def _rates(dim: int, longest: int) -> torch.Tensor:
    """Return the angles by which the waves go on from place to place: shape (dim / 2,)."""
    half = torch.arange(0, dim, 2) / dim
    return longest**-half
