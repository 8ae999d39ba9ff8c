"""Rows that each process computed, put together in all of them, with the gradient sent back."""

from typing import Any

import torch
import torch.distributed as dist


def gathered(values: torch.Tensor, own: slice, rows: int) -> torch.Tensor:
    """Return the rows of all processes: shape (rows, ...).

    What any process makes of them counts in the gradient of `values`: a loss over the whole batch,
    of which each process computes its own rows, has the gradient that one process would have.

    values : shape (own rows, ...), the rows `own` of all
    """
    if not dist.is_initialized():
        return values
    return _Gathered.apply(values, own, rows)


class _Gathered(torch.autograd.Function):
    """All-gather by a sum of what is 0 elsewhere: the shares of the processes may differ."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, own: slice, rows: int) -> torch.Tensor:
        ctx.own = own
        whole = values.new_zeros(rows, *values.shape[1:])
        whole[own] = values
        dist.all_reduce(whole)
        return whole

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        gradient = gradients[0].clone()
        dist.all_reduce(gradient)
        return gradient[ctx.own], None, None
