"""Depth and weight initialization of convolutional networks."""

import math

from torch import nn

from trainers.core.rng import torch_generator


def halvings(height: int, width: int) -> int:
    """Return how often a network halves an image: to 2 or 3 pixels, but at most 4 times."""
    return max(1, min(4, int(math.log2(min(height, width) / 2))))


def initialize(module: nn.Module, seed: int) -> None:
    """Draw the weights of convolutions and linear layers (He et al., 2015); set biases to 0."""
    generator = torch_generator(seed, "weights")
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu", generator=generator)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
