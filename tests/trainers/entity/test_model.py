"""The network equals its formula written out."""

import torch

from trainers.core.rng import torch_generator
from trainers.entity.model import EntityNetwork


def test_the_network_equals_its_formula():
    network = EntityNetwork([3, 2], [2, 1], 1, 4, 1, torch_generator(0, "weights"))
    codes, numbers = torch.tensor([[2, 1], [0, 0]]), torch.tensor([[0.5], [-1.0]])
    first, second = (table.weight for table in network.tables)
    one, two, three = (network.layers[i] for i in (0, 2, 4))
    for row in range(2):
        inputs = torch.cat([first[codes[row, 0]], second[codes[row, 1]], numbers[row]])
        inner = (one.weight @ inputs + one.bias).clamp(min=0)
        inner = (two.weight @ inner + two.bias).clamp(min=0)
        expected = three.weight @ inner + three.bias
        torch.testing.assert_close(network(codes, numbers)[row], expected)
