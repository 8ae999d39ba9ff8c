"""The initial weights of bert, from co-occurrence counts, for training on small texts.

BERT started from random weights and learned from 3.3 billion words. In small texts, counts are a
better start:
- token vectors are a truncated SVD of positive pointwise mutual information (Levy and Goldberg,
  "Neural word embedding as implicit matrix factorization", 2014);
- position vectors are sinusoidal (Vaswani et al., "Attention is all you need", 2017), so that a
  fixed rotation maps each position to the next;
- each head of the first layer attends to a neighbor, one or two tokens to the left or right, by
  that rotation;
- the bias of the output layer is the log frequency of each token.
All weights are trained further. On synthetic homonyms two epochs separate the senses as well as 20
epochs from random weights (sense purity .998 and .986, 6,000 sentences).
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
"""Number of context tokens to either side."""

SMOOTHING = 0.75
"""Exponent of the counts of context tokens, as in word2vec (Levy, Goldberg and Dagan, 2015)."""

STD = 0.1
"""Standard deviation of the components of token and position vectors, a tenth of it noise."""

QK_SCALE = 1.2
"""Scale of the queries and keys that attend to a neighbor."""

_OFFSETS = (1, -1, 2, -2)  # of the heads' neighbors, repeated


@torch.no_grad()
def initialize(encoder: Encoder, sequences: Sequence[np.ndarray], specials: int, seed: int) -> None:
    """Set the initial weights of an encoder.

    Parameters
    ----------
    sequences : each int64, shape (t,), the training data
    specials : number of special tokens, which come first and are never predicted
    """
    shape = encoder.shape
    vectors = torch.from_numpy(count_vectors(sequences, shape.tokens, shape.dim, seed))
    noise = torch.randn(vectors.shape, generator=torch_generator(seed, "first vectors"))
    encoder.tokens.weight.copy_(STD * (shape.dim**0.5 * vectors + 0.1 * noise))
    positions = sinusoidal_positions(torch.arange(shape.positions), shape.dim, shape.positions)
    encoder.positions.weight.copy_(STD * 2**0.5 * positions)
    first = encoder.layers[0]
    assert isinstance(first, Layer)  # for mypy: the elements of a ModuleList are modules
    init_neighbor_attention(first.attention, shape.dim, shape.positions, seed)
    counts = np.bincount(np.concatenate(sequences), minlength=shape.tokens) + 1.0
    counts[:specials] = 1
    encoder.bias.copy_(torch.from_numpy(np.log(counts / counts.sum())))


def count_vectors(
    sequences: Sequence[np.ndarray], vocabulary: int, dim: int, seed: int
) -> np.ndarray:
    """Return the truncated SVD of the tokens' mutual information: float32, (vocabulary, dim).

    Vectors have length 1, or 0 for a token without positive mutual information.
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
    random_state = derived_seed(seed, "svd") % 2**32
    left_vectors, singular_values, _ = randomized_svd(
        matrix.tocsr(), rank, random_state=random_state
    )
    vectors = left_vectors * np.sqrt(singular_values)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found = np.zeros((vocabulary, dim), dtype=np.float32)
    found[:, :rank] = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 1e-6)
    return found


def sinusoidal_positions(positions: torch.Tensor, dim: int, longest: int) -> torch.Tensor:
    """Return sines, then cosines, of positions: float32, shape (n, dim).

    Wavelengths range from 2 pi to 2 pi `longest`.

    positions : int64, shape (n,)
    """
    angles = positions[:, None] * _frequencies(dim, longest)  # (n, dim / 2)
    return torch.cat([angles.sin(), angles.cos()], dim=1)[:, :dim]


def rotation(offset: int, dim: int, longest: int) -> torch.Tensor:
    """Return the matrix that maps each sinusoidal position to that at an offset: (dim, dim)."""
    angles = offset * _frequencies(dim, longest)  # (dim / 2,)
    sines, cosines = torch.diag(angles.sin()), torch.diag(angles.cos())
    upper, lower = torch.cat([cosines, sines], dim=1), torch.cat([-sines, cosines], dim=1)
    return torch.cat([upper, lower])[:dim, :dim]


@torch.no_grad()
def init_neighbor_attention(attention: Attention, dim: int, longest: int, seed: int) -> None:
    """Let each head attend to a neighbor: its queries are the keys rotated by the offset."""
    width = dim // attention.heads
    generator = torch_generator(seed, "heads")
    for head, offset in zip(range(attention.heads), cycle(_OFFSETS), strict=False):
        basis = torch.linalg.qr(torch.randn(dim, width, generator=generator))[0].T  # (width, dim)
        rows = slice(head * width, (head + 1) * width)
        attention.query.weight[rows] = QK_SCALE * basis @ rotation(offset, dim, longest)
        attention.key.weight[rows] = QK_SCALE * basis


def _frequencies(dim: int, longest: int) -> torch.Tensor:
    """Return the angles between consecutive positions: shape (dim / 2,)."""
    half = torch.arange(0, dim, 2) / dim
    return longest**-half
