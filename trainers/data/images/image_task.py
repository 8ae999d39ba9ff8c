"""The training task common to image trainers: the split, the batches, passes over all images."""

import math
from collections.abc import Callable

import numpy as np
import torch

from trainers.core.loop_config import LoopConfig
from trainers.core.rng import numpy_epoch_order, numpy_generator
from trainers.core.task import Batch, Task
from trainers.data.images.reading import Images

BATCH_SIZE = 64
"""Default number of images per step."""

_BLOCK_IMAGES = 256  # images per block in passes without training


class ImageTask(Task):
    """Trains on batches of images.

    Attributes
    ----------
    trained, held_out : int64, shapes (t,) and (h,), row numbers of the images
    """

    unit = "images"

    def __init__(self, images: Images, config: LoopConfig) -> None:
        self.images, self.config = images, config
        is_held_out = hold_out(images.target, config.validation_fraction, config.seed)
        self.trained, self.held_out = np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
        self.batch_size = config.batch_size or BATCH_SIZE
        self.steps_per_epoch = math.ceil(len(self.trained) / self.batch_size)

    def optimizer(self) -> torch.optim.Optimizer:
        """Return AdamW over all parameters."""
        rate, decay = self.config.learning_rate, self.config.weight_decay
        return torch.optim.AdamW(self.module.parameters(), rate, weight_decay=decay, fused=True)

    def schedule(self, progress: float) -> float:
        """Return a factor that decays linearly from 1 to 0."""
        return 1 - progress

    def rows_of(self, epoch: int, step: int) -> np.ndarray:
        """Return the rows of a step, reshuffled each epoch: int64, shape (B,)."""
        order = numpy_epoch_order(len(self.trained), self.config.seed, epoch)
        return self.trained[order[step * self.batch_size :][: self.batch_size]]

    def batch(self, epoch: int, step: int) -> Batch:
        """Return images (B, channels, height, width) and their classes (B,)."""
        rows = self.rows_of(epoch, step)
        target = torch.from_numpy(self.images.target[rows])
        return {"pixels": intensities(self.images, rows), "target": target}


def intensities(images: Images, rows: np.ndarray) -> torch.Tensor:
    """Return images with intensities from 0 to 1: float32, (b, channels, height, width)."""
    return torch.from_numpy(images.pixels[rows]).float() / images.full


@torch.no_grad()
def in_blocks(
    images: Images,
    rows: np.ndarray,
    device: torch.device,
    compute: Callable[[torch.Tensor], torch.Tensor],
    block_size: int = _BLOCK_IMAGES,
) -> np.ndarray:
    """Apply a function to images in blocks, and return the concatenated results.

    Parameters
    ----------
    rows : int64, shape (n,)
    compute : (b, channels, height, width) -> (b, ...)
    """
    blocks = [rows[start : start + block_size] for start in range(0, len(rows), block_size)]
    return torch.cat(
        [compute(intensities(images, block).to(device)).float().cpu() for block in blocks]
    ).numpy()


def hold_out(target: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Choose images to hold out, at random within each class: bool, shape (n,).

    Parameters
    ----------
    target : int64, shape (n,), the class of each image
    fraction : of each class, rounded; at least one image of each class stays in training
    """
    chosen = np.zeros(len(target), dtype=bool)
    for label in np.unique(target):
        rows = np.flatnonzero(target == label)
        rows = numpy_generator(seed, "hold out", int(label)).permutation(rows)
        chosen[rows[: min(round(fraction * len(rows)), len(rows) - 1)]] = True
    return chosen
