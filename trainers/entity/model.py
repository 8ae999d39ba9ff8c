"""The model of entity: a table of vectors for each categorical column, with two layers on top."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

INITIAL_STD = 0.05
"""Standard deviation of the initial components of the vectors."""


class EntityNetwork(nn.Module):
    """A table of vectors for each categorical column, with two layers on top.

    Parameters
    ----------
    levels, widths : number of levels of each column, and length of their vectors
    numbers : how many numeric inputs a row has
    hidden : units of the first layer; the second has half as many
    outputs : 1 for a regression, else the number of classes
    generator : source of the initial weights, on the CPU
    """

    def __init__(
        self,
        levels: Sequence[int],
        widths: Sequence[int],
        numbers: int,
        hidden: int,
        outputs: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        tables = [nn.Embedding(*size) for size in zip(levels, widths, strict=True)]
        self.tables = nn.ModuleList(tables)
        sizes = [sum(widths) + numbers, hidden, hidden // 2, outputs]
        layers = [nn.Linear(*pair) for pair in pairwise(sizes)]
        self.layers = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
        for table in tables:
            nn.init.normal_(table.weight, std=INITIAL_STD, generator=generator)
        for layer in layers:
            nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
            nn.init.zeros_(layer.bias)

    def forward(self, codes: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        """Return the prediction for each row: float32, shape (B, outputs).

        Parameters
        ----------
        codes : int64, shape (B, columns), numbers of the levels
        numbers : float32, shape (B, numbers)
        """
        vectors = [table(codes[:, i]) for i, table in enumerate(self.tables)]  # (B, width) each
        return self.layers(torch.cat([*vectors, numbers], dim=1))
