"""Where chance comes from: one generator for each (seed, purpose, place), never a global state.

    numpy_generator(seed, "negatives", epoch, step)

gives the same numbers whichever steps came before, in whichever process. That is why a run that
continues equals one that never stopped, and two processes see what one sees.
"""

import zlib

import numpy as np
import torch


def numpy_generator(seed: int, purpose: str, *place: int) -> np.random.Generator:
    """Return a generator of NumPy's (PCG64)."""
    return np.random.default_rng(_sequence(seed, purpose, place))


def torch_generator(seed: int, purpose: str, *place: int) -> torch.Generator:
    """Return a generator of PyTorch's, of the CPU."""
    return torch.Generator().manual_seed(derived_seed(seed, purpose, *place))


def derived_seed(seed: int, purpose: str, *place: int) -> int:
    """Return a seed, 0 to 2**63 - 1."""
    return int(_sequence(seed, purpose, place).generate_state(1, np.uint64)[0]) >> 1


def _sequence(seed: int, purpose: str, place: tuple[int, ...]) -> np.random.SeedSequence:
    # With its length, since SeedSequence makes no difference between (1, 2) and (1, 2, 0).
    return np.random.SeedSequence([seed, zlib.crc32(purpose.encode()), len(place), *place])
