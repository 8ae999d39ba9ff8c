"""What trainers of images share: the split, the batches, the vectors of all images, baselines."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier
from torch import nn

from trainers.core.batching import numpy_epoch_order
from trainers.core.rng import numpy_generator, torch_generator
from trainers.core.settings import LoopConfig
from trainers.core.task import Batch, Task
from trainers.data.images import Images, picture_paths, thumbnails

BATCH = 64
NEIGHBORS = 5
"""Of k-NN, by which vectors are judged."""

PCA_ROWS = 10_000
"""Images that PCA is fitted on, at most."""

_AT_ONCE = 256  # images, where nothing is learned


class ImageTask(Task):
    """Images in batches.

    Attributes
    ----------
    trained, withheld : int64, shapes (t,) and (w,); rows of the images
    """

    unit = "images"

    def __init__(self, images: Images, config: LoopConfig) -> None:
        self.images, self.config = images, config
        withheld = hold_out(images.target, config.validation_fraction, config.seed)
        self.trained, self.withheld = np.flatnonzero(~withheld), np.flatnonzero(withheld)
        self.batch_size = config.batch_size or BATCH
        self.steps_per_epoch = math.ceil(len(self.trained) / self.batch_size)

    def optimizer(self) -> torch.optim.Optimizer:
        """Return AdamW over all weights."""
        rate, decay = self.config.learning_rate, self.config.weight_decay
        return torch.optim.AdamW(self.module.parameters(), rate, weight_decay=decay, fused=True)

    def schedule(self, progress: float) -> float:
        """Let the learning rate fall to 0 on a line."""
        return 1 - progress

    def rows_of(self, epoch: int, step: int) -> np.ndarray:
        """Return the rows of a step, in an order of the epoch's own: int64, shape (b,)."""
        order = numpy_epoch_order(len(self.trained), self.config.seed, epoch)
        return self.trained[order[step * self.batch_size :][: self.batch_size]]

    def batch(self, epoch: int, step: int) -> Batch:
        """Return images (B, channels, height, width), and their classes (B,)."""
        rows = self.rows_of(epoch, step)
        target = torch.from_numpy(self.images.target[rows])
        return {"pixels": intensities(self.images, rows), "target": target}


def intensities(images: Images, rows: np.ndarray) -> torch.Tensor:
    """Return images with intensities from 0 to 1: float32, (b, channels, height, width)."""
    return torch.from_numpy(images.pixels[rows]).float() / images.full


@torch.no_grad()
def in_blocks(
    images: Images, rows: np.ndarray, device: torch.device,
    compute: Callable[[torch.Tensor], torch.Tensor], at_once: int = _AT_ONCE,
) -> np.ndarray:  # fmt: skip
    """Return what is computed of images, in blocks; compute: (b, c, h, w) -> (b, ...)."""
    blocks = [rows[start : start + at_once] for start in range(0, len(rows), at_once)]
    return torch.cat(
        [compute(intensities(images, block).to(device)).float().cpu() for block in blocks]
    ).numpy()


def hold_out(target: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Choose images at random, the same share of every class, rounded: bool, shape (n,).

    One of each class at least is left to be learned from.
    """
    chosen = np.zeros(len(target), dtype=bool)
    for one in np.unique(target):
        rows = np.flatnonzero(target == one)
        rows = numpy_generator(seed, "hold out", int(one)).permutation(rows)
        chosen[rows[: min(round(fraction * len(rows)), len(rows) - 1)]] = True
    return chosen


def shifted(pixels: torch.Tensor, most: int, generator: torch.Generator) -> torch.Tensor:
    """Move each image by up to `most` pixels along both sides; its edge fills what comes in.

    pixels : float32, (b, channels, height, width), as is what is returned
    """
    if most == 0:
        return pixels
    count, _, height, width = pixels.shape
    by = torch.randint(-most, most + 1, (2, count, 1), generator=generator)
    down = (torch.arange(height) + by[0]).clamp(0, height - 1)  # (b, height)
    right = (torch.arange(width) + by[1]).clamp(0, width - 1)  # (b, width)
    which = torch.arange(count)[:, None, None]
    return pixels.permute(0, 2, 3, 1)[which, down[:, :, None], right[:, None]].permute(0, 3, 1, 2)


def halvings(height: int, width: int) -> int:
    """Return how often a network makes an image half as large: down to 2 or 3 pixels, 4 at most."""
    return max(1, min(4, int(math.log2(min(height, width) / 2))))


def initialize(module: nn.Module, seed: int) -> None:
    """Draw the weights of convolutions and layers for ReLU (He et al., 2015); biases are 0."""
    generator = torch_generator(seed, "weights")
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu", generator=generator)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def fitted_pca(images: Images, trained: np.ndarray, dim: int, seed: int) -> PCA:
    """Return PCA of the intensities of the images learned from, of PCA_ROWS at most."""
    if len(trained) > PCA_ROWS:
        trained = numpy_generator(seed, "pca").choice(trained, PCA_ROWS, replace=False)
    pixels = flat(images, trained)
    return PCA(min(dim, *pixels.shape), random_state=0).fit(pixels)


def flat(images: Images, rows: np.ndarray) -> np.ndarray:
    """Return intensities from 0 to 1, a row an image: float32, shape (b, pixels)."""
    return images.pixels[rows].reshape(len(rows), -1) / np.float32(images.full)


def knn_accuracy(
    vectors: np.ndarray, images: Images, trained: np.ndarray, withheld: np.ndarray,
    metric: str = "euclidean",
) -> float:  # fmt: skip
    """Return the share of the withheld that NEIGHBORS of those learned from classify rightly.

    vectors : float32, shape (n, dim), a row for each image
    """
    model = KNeighborsClassifier(min(NEIGHBORS, len(trained)), metric=metric)
    model.fit(vectors[trained], images.target[trained])
    return float(model.score(vectors[withheld], images.target[withheld]))


def baselines(
    images: Images, trained: np.ndarray, withheld: np.ndarray, dim: int, seed: int
) -> dict[str, float | None]:
    """Return the accuracies of k-NN on raw pixels, and on PCA of as many dimensions."""
    if not len(withheld) or not images.classes:
        return {}
    rows = np.arange(len(images))
    pixels = flat(images, rows)
    reduced = fitted_pca(images, trained, dim, seed).transform(pixels)
    return {
        "knn accuracy of pixels": knn_accuracy(pixels, images, trained, withheld),
        "knn accuracy of pca": knn_accuracy(reduced, images, trained, withheld),
    }


def image_columns(images: Images, withheld: np.ndarray) -> dict[str, Any]:
    """Return the columns class, split (where images were withheld) and image."""
    columns: dict[str, Any] = {}
    if images.classes:
        columns["class"] = pa.array([images.classes[one] for one in images.target])
    if len(withheld):
        split = np.full(len(images), "train", dtype=object)
        split[withheld] = "withheld"
        columns["split"] = pa.array(split.tolist())
    columns["image"] = thumbnails(images.pixels, images.full, picture_paths(images))
    return columns
