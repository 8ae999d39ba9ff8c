"""Negatives: uniform over exactly the pairs that are not known."""

import pytest
import torch

from embeddings import EmbeddingError
from trainers.data.pairs.negatives import NegativeSampler


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_negatives_are_uniform_over_the_unknown_pairs():
    known = torch.tensor([[0, 0], [1, 2], [2, 1], [2, 3], [0, 0]])
    drawn = NegativeSampler(known, 3, 4).draw(16_000, generator())
    counts = torch.zeros(3, 4, dtype=torch.int64)
    counts.index_put_((drawn[:, 0], drawn[:, 1]), torch.ones(16_000, dtype=torch.int64), True)
    assert all(counts[left, right] == 0 for left, right in known.tolist())
    unknown = counts[counts > 0]
    assert len(unknown) == 8
    assert ((unknown - 2000).abs() < 6 * 42).all()  # binomial: sd 42


def test_is_known_agrees_with_a_set():
    known = torch.randint(30, (200, 2), generator=generator(1))
    pairs = torch.randint(30, (500, 2), generator=generator(2))
    own = {tuple(pair) for pair in known.tolist()}
    found = NegativeSampler(known, 30, 30).is_known(pairs)
    assert found.tolist() == [tuple(pair) in own for pair in pairs.tolist()]


def test_one_unknown_pair_is_found():
    known = torch.cartesian_prod(torch.arange(4), torch.arange(5))[:-1]
    drawn = NegativeSampler(known, 4, 5).draw(50, generator())
    assert (drawn == torch.tensor([3, 4])).all()


def test_no_unknown_pair_is_an_error():
    known = torch.cartesian_prod(torch.arange(4), torch.arange(5))
    with pytest.raises(EmbeddingError, match="all 4 x 5 possible pairs are given"):
        NegativeSampler(known, 4, 5)
