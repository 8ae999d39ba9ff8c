"""What a trainer describes for the training loop: a Task, with its promises.

So that a resumed run equals one that was never interrupted, bit for bit, and N processes equal
one, a task keeps four promises:

1. All randomness comes from `rng.numpy_generator(seed, purpose, epoch, step)` or its counterpart
   for PyTorch: initial weights, the order of an epoch, negatives, masks. (Dropout needs nothing:
   the loop seeds PyTorch's own generators before each step.)
2. `batch(epoch, step)` returns the GLOBAL batch, the same in every process, computed from these
   two numbers alone. Its first tensor has one row per example.
3. `loss_sum(batch, local_rows)` returns the SUM of the losses of this process's slice of the batch
   and the divisor of that sum: the number of losses, or the sum of their weights. In-batch
   negatives are taken from the whole batch. Gradients are summed over the processes and divided
   by the summed divisor; no module is wrapped, so any of its methods may be called.
4. `validate()` runs in the first process only, in eval mode and without gradients.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
from torch import nn

Batch = Mapping[str, torch.Tensor]


class Task(ABC):
    """What is trained. The top of this module lists what an implementation promises.

    Attributes
    ----------
    module : nn.Module
        All weights; the loop moves it to the device.
    steps_per_epoch : int
        Batches in an epoch.
    unit : str
        What examples are called, such as "pairs" or "words".
    metric : str
        The entry of `validate()` that selects the best epoch.
    higher_is_better : bool
        The direction of that metric.
    clip_norm : float or None
        Maximum gradient norm; None disables clipping.
    """

    module: nn.Module
    steps_per_epoch: int
    unit: str = "examples"
    metric: str = "loss"
    higher_is_better: bool = False
    clip_norm: float | None = None

    @abstractmethod
    def optimizer(self) -> torch.optim.Optimizer:
        """Return a new optimizer of the module's weights, which takes dense gradients."""

    @abstractmethod
    def batch(self, epoch: int, step: int) -> Batch:
        """Return the global batch of a step, both numbered from 0, as tensors on the CPU."""

    @abstractmethod
    def loss_sum(
        self, batch: Batch, local_rows: slice
    ) -> tuple[torch.Tensor, torch.Tensor | float]:
        """Return the sum of the losses of the local rows, and their number or total weight."""

    def custom_step(self, batch: Batch, learning_rate: float) -> tuple[float, float] | None:
        """Take the whole step without autograd; return the loss sum and its divisor.

        For compiled engines that update the weights in place, in a single process. The default
        returns None: the loop then takes the step with the gradients of `loss_sum`.
        """
        return None

    def validate(self) -> dict[str, float]:
        """Return metrics of the held-out data; empty if no data are held out."""
        return {}

    def schedule(self, progress: float) -> float:
        """Return the factor of the learning rate; progress grows from 0 to 1 over all steps."""
        return 1.0


def count_examples(batch: Batch) -> int:
    """Return the number of examples of a batch: the rows of its first tensor."""
    return len(next(iter(batch.values())))
