"""Initial weights: similar tokens are close, heads of the first layer attend to neighbors."""

import numpy as np
import torch

from trainers.bert.initialization import count_vectors, initialize, rotation, sinusoidal_positions
from trainers.bert.model import Encoder, Shape

SHAPE = Shape(tokens=25, positions=16, dim=16, layers=2, heads=4, inner=32, dropout=0.0)


def sequences():
    """Return sequences that consist of tokens 5 to 14, or of tokens 15 to 24."""
    rng = np.random.default_rng(0)
    return [np.concatenate([[2], rng.integers(low, low + 10, 14), [3]])
            for low in rng.choice([5, 15], 400)]  # fmt: skip


def test_tokens_that_occur_together_have_similar_vectors():
    vectors = count_vectors(sequences(), 25, 8, seed=0)
    assert vectors.dtype == np.float32 and vectors.shape == (25, 8)
    near = vectors[5:] @ vectors[5:].T
    assert near[:10, :10].mean() > near[:10, 10:].mean() + 0.3
    np.testing.assert_allclose(np.linalg.norm(vectors[5:], axis=1), 1, rtol=1e-5)
    assert (vectors[:2] == 0).all()  # never seen


def test_more_dimensions_than_tokens():
    assert (count_vectors(sequences(), 25, 40, seed=0)[:, 25:] == 0).all()


def test_a_rotation_shifts_positions():
    positions = torch.arange(10)
    for offset in (1, -2):
        rotated = sinusoidal_positions(positions, 16, 16) @ rotation(offset, 16, 16).T
        torch.testing.assert_close(
            rotated, sinusoidal_positions(positions + offset, 16, 16), atol=1e-5, rtol=0
        )


def test_heads_of_the_first_layer_attend_one_or_two_positions_away():
    shape = Shape(**{**vars(SHAPE), "dim": 128})
    encoder = Encoder(shape, torch.Generator().manual_seed(0))
    initialize(encoder, sequences(), specials=5, seed=0)
    attention = encoder.layers[0].attention
    places = torch.nn.functional.layer_norm(encoder.positions.weight, (128,))
    with torch.no_grad():
        queries, keys = (linear(places).unflatten(1, (4, -1)).transpose(0, 1)
                         for linear in (attention.query, attention.key))  # fmt: skip
    nearest = (queries @ keys.transpose(1, 2)).argmax(dim=2)  # (heads, places)
    for head, offset in enumerate((1, -1, 2, -2)):
        inner = torch.arange(2, 14)
        off = (nearest[head, 2:14] - inner - offset).abs()
        assert off.max() <= 1 and off.float().mean() < 0.5


def test_initial_probabilities_are_the_frequencies():
    encoder = Encoder(SHAPE, torch.Generator().manual_seed(0))
    rows = sequences()
    initialize(encoder, rows, specials=5, seed=0)
    counts = np.bincount(np.concatenate(rows), minlength=25) + 1.0
    counts[:5] = 1
    np.testing.assert_allclose(encoder.bias.exp().detach(), counts / counts.sum(), rtol=1e-5)
