"""Random numbers: a generator for each (seed, purpose, place), never a global state.

    numpy_generator(seed, "negatives", epoch, step)

returns the same numbers in every process, whatever was drawn before. So a resumed run
equals an uninterrupted one, and several processes equal one. The order of an epoch and the
automatic batch size are here too.
"""

import functools
import math
import zlib

import numpy as np
import torch

SMALLEST_BATCH = 32


def numpy_generator(seed: int, purpose: str, *place: int) -> np.random.Generator:
    """Return a NumPy generator (PCG64)."""
    return np.random.default_rng(_sequence(seed, purpose, place))


def torch_generator(seed: int, purpose: str, *place: int) -> torch.Generator:
    """Return a PyTorch generator on the CPU."""
    return torch.Generator().manual_seed(derived_seed(seed, purpose, *place))


def derived_seed(seed: int, purpose: str, *place: int) -> int:
    """Return a seed, 0 to 2**63 - 1."""
    return int(_sequence(seed, purpose, place).generate_state(1, np.uint64)[0]) >> 1


def seed_default_generators(seed: int, device: torch.device) -> None:
    """Seed PyTorch's own generators of the CPU and of a device, which dropout draws from.

    They then draw what they draw after torch.manual_seed, which also prepares the seed for kinds of
    devices that are not in use: a fifth of the time of a step of a small model.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)


def _sequence(seed: int, purpose: str, place: tuple[int, ...]) -> np.random.SeedSequence:
    # With its length, since SeedSequence makes no difference between (1, 2) and (1, 2, 0).
    return np.random.SeedSequence([seed, zlib.crc32(purpose.encode()), len(place), *place])


def automatic_batch_size(examples: int, *, steps: int, largest: int) -> int:
    """Return a power of two from SMALLEST_BATCH to `largest`: about `steps` steps per epoch."""
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
