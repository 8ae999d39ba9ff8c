"""Batches: their automatic size, and the order in which an epoch goes through the examples."""

import functools
import math

import numpy as np
import torch

from trainers.core.rng import numpy_generator, torch_generator

SMALLEST_BATCH = 32


def automatic_batch_size(examples: int, *, steps: int, largest: int) -> int:
    """Return a power of two, from SMALLEST_BATCH to `largest`, for about `steps` steps an epoch."""
    if examples <= steps:
        return SMALLEST_BATCH
    return min(largest, max(SMALLEST_BATCH, 2 ** round(math.log2(examples / steps))))


@functools.lru_cache(maxsize=2)
def numpy_epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """Return the numbers below `count`, shuffled by NumPy for an epoch: int64, shape (count,)."""
    return numpy_generator(seed, "order", epoch).permutation(count)


@functools.lru_cache(maxsize=2)
def torch_epoch_order(count: int, seed: int, epoch: int) -> torch.Tensor:
    """Return the numbers below `count`, shuffled by PyTorch for an epoch: int64, shape (count,)."""
    return torch.randperm(count, generator=torch_generator(seed, "order", epoch))
