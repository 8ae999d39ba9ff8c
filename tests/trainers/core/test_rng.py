"""Batch sizes are powers of two within bounds; each epoch has an order of its own."""

import numpy as np
import pytest
import torch

from trainers.core.rng import (
    automatic_batch_size,
    numpy_epoch_order,
    seed_default_generators,
    torch_epoch_order,
)


def test_the_automatic_batch_size_is_a_power_of_two_within_bounds():
    examples = (1, 100, 200, 12_000, 400_000, 10_000_000)
    sizes = [automatic_batch_size(count, steps=100, largest=4096) for count in examples]
    assert sizes == [32, 32, 32, 128, 4096, 4096]


@pytest.mark.parametrize("epoch_order", [numpy_epoch_order, torch_epoch_order])
def test_an_order_is_a_permutation_of_its_seed_and_epoch(epoch_order):
    orders = [torch.as_tensor(epoch_order(50, seed, epoch)) for seed in (0, 1) for epoch in (0, 1)]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(50))
    assert len({tuple(order.tolist()) for order in orders}) == 4
    epoch_order.cache_clear()
    assert torch.equal(torch.as_tensor(epoch_order(50, 0, 0)), orders[0])


def test_the_default_generator_draws_what_it_draws_after_manual_seed():
    with torch.random.fork_rng():
        torch.manual_seed(2**40 + 3)
        expected = torch.rand(5)
        torch.manual_seed(0)
        seed_default_generators(2**40 + 3, torch.device("cpu"))
        assert torch.equal(torch.rand(5), expected)
