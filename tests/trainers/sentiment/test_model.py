"""Attention equals a softmax over each bag; polarity is what a word alone contributes."""

import numpy as np
import pytest
import torch

from trainers.data.bags import Bags, means
from trainers.sentiment.model import Sentiment, attention

LISTS = [[3, 1, 1], [], [0], [2, 3]]


@pytest.fixture
def bags() -> Bags:
    items = np.array([item for each in LISTS for item in each])
    return Bags.of(items, np.cumsum([0, *map(len, LISTS)]))


@pytest.fixture
def table() -> torch.Tensor:
    return torch.randn(4, 5, generator=torch.Generator().manual_seed(0))


def test_polarity_is_what_a_word_alone_adds():
    for pooling in ("mean", "attention"):
        module = Sentiment(6, 4, pooling, torch.Generator().manual_seed(0))
        module.head.bias.data.fill_(0.7)
        if module.query is not None:
            module.query.data.normal_()
        alone = Bags(torch.arange(6), torch.arange(7))
        with torch.no_grad():
            np.testing.assert_allclose(module.polarity(), (module(alone) - 0.7).numpy(), atol=1e-6)


def test_attention_is_a_softmax_over_each_bag(bags, table):
    query = torch.tensor([1.0, -2, 0, 3, 500])  # large: exp of the scores alone would overflow
    found = attention(table, query, bags)
    for row, items in enumerate(LISTS):
        vectors = table[items]
        torch.testing.assert_close(found[row], (vectors @ query / 5**0.5).softmax(0) @ vectors)
    torch.testing.assert_close(attention(table, 0 * query, bags), means(table, bags))


def test_attention_has_the_gradients_of_softmax(bags, table):
    table = table.double().requires_grad_()
    query = torch.ones(5, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t, q: attention(t, q, bags), (table, query))
