"""Losses against their formulas written out by hand."""

import math

import pytest
import torch

from trainers.two_tower import losses

POSITIVE = torch.tensor([0.3, -1.2])
NEGATIVE = torch.tensor([[0.5, -2.0, 0.1], [1.5, 0.0, -0.4]])
WEIGHT = torch.tensor([1.0, 2.5])


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def by_hand(term):
    """Sum term(positive, its negatives) times weight."""
    rows = zip(POSITIVE.tolist(), NEGATIVE.tolist(), WEIGHT.tolist(), strict=True)
    return sum(weight * term(positive, negatives) for positive, negatives, weight in rows)


@pytest.mark.parametrize(
    ("loss", "term"),
    [
        (losses.cross_entropy, lambda p, n: -math.log(sigmoid(p))
         - sum(math.log(1 - sigmoid(x)) for x in n)),
        (losses.squared_error, lambda p, n: (p - 1) ** 2 + sum((x + 1) ** 2 for x in n)),
        (losses.bpr, lambda p, n: -sum(math.log(sigmoid(p - x)) for x in n)),
    ],
)  # fmt: skip
def test_sampled_losses(loss, term):
    assert loss(POSITIVE, NEGATIVE, WEIGHT).item() == pytest.approx(by_hand(term), rel=1e-5)


def test_in_batch_softmax():
    scores = torch.randn(2, 4, generator=torch.Generator().manual_seed(0))
    positions, items = torch.tensor([1, 2]), torch.tensor([5, 8, 6, 8])
    log_q = torch.tensor([-1.0, -0.5, -3.0, -0.5])
    expected = 0.0
    for row, place, weight in zip(
        scores.tolist(), positions.tolist(), WEIGHT.tolist(), strict=True
    ):
        logits = {j: row[j] - log_q[j].item() for j in range(4)
                  if j == place or items[j] != items[place]}  # fmt: skip
        total = sum(math.exp(value) for value in logits.values())
        expected -= weight * math.log(math.exp(logits[place]) / total)
    found = losses.in_batch_softmax(scores, positions, items, log_q, WEIGHT)
    assert found.item() == pytest.approx(expected, rel=1e-5)
