"""The weights of a text have length 1; attention multiplies them; polarity is of one word alone."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from trainers.data.bags import Bags, sums
from trainers.sentiment.model import Sentiment, attended, with_unit_weights

LISTS = [[3, 1, 1], [], [0], [2, 3]]


@pytest.fixture
def bags() -> Bags:
    items = np.array([item for each in LISTS for item in each])
    weights = np.arange(1, len(items) + 1, dtype=np.float32)
    return Bags.of(items, np.cumsum([0, *map(len, LISTS)]), weights)


@pytest.fixture
def table() -> torch.Tensor:
    return torch.randn(4, 5, generator=torch.Generator().manual_seed(0))


def test_polarity_is_what_a_word_alone_adds():
    for pooling in ("mean", "attention"):
        module = Sentiment(6, 4, pooling, torch.Generator().manual_seed(0))
        module.head.bias.data.fill_(0.7)
        if module.query is not None:
            module.query.data.normal_()
        alone = Bags(torch.arange(6), torch.arange(7), torch.full((6,), 0.3))
        with torch.no_grad():
            np.testing.assert_allclose(module.polarity(), (module(alone) - 0.7).numpy(), atol=1e-6)


def test_the_weights_of_a_text_have_length_1(bags):
    found = with_unit_weights(bags)
    for row, (start, end) in enumerate(itertools.pairwise(bags.starts.tolist())):
        part = bags.weights[start:end]
        torch.testing.assert_close(found.part(slice(row, row + 1)).weights, part / part.norm())
    nothing = with_unit_weights(replace(bags, weights=0 * bags.weights))
    assert nothing.weights.eq(0).all()  # and no division by 0


def test_attention_multiplies_the_weights(bags, table):
    query = torch.tensor([1.0, -2, 0, 3, 500])  # large: exp of the scores alone would overflow
    found = sums(table, with_unit_weights(attended(table, query, bags)))
    for row, (start, end) in enumerate(itertools.pairwise(bags.starts.tolist())):
        vectors = table[bags.items[start:end]]
        weights = bags.weights[start:end] * (vectors @ query / 5**0.5).softmax(0)
        torch.testing.assert_close(found[row], weights / weights.norm().clamp_min(1e-9) @ vectors)
    torch.testing.assert_close(attended(table, 0 * query, bags).weights, bags.weights)


def test_attention_has_the_right_gradients(bags, table):
    """The subtracted maximum is a constant, which the unit length cancels."""
    table = table.double().requires_grad_()
    query = torch.ones(5, dtype=torch.double, requires_grad=True)
    bags = replace(bags, weights=bags.weights.double())

    def vectors(table: torch.Tensor, query: torch.Tensor) -> torch.Tensor:
        return sums(table, with_unit_weights(attended(table, query, bags)))

    assert torch.autograd.gradcheck(vectors, (table, query))
