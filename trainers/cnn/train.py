"""CNN: images as vectors, learned from what they show; or by a network that was learned elsewhere.

    python -m trainers cnn --data pictures/ --out pictures.embedding.parquet

Convolutions and pooling make an image ever smaller and deeper, a fully connected layer makes of it
the vector, and another one, with softmax, tells its class; the loss is the cross-entropy (LeCun et
al., "Gradient-based learning applied to document recognition", 1998). The vector is what the last
layer sees: images of one class come to point the same way.

Normalization is by groups of channels within each image, not by batch (Wu and He, 2018), so that a
vector does not depend on which images are beside it.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import torch
import torch.nn.functional as F
from torch import nn

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from trainers.cnn.config import CnnConfig
from trainers.cnn.pretrained import coder, embed, open_extractor
from trainers.core import provenance
from trainers.core.checkpoints import finalize_best
from trainers.core.devices import start
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.progress import say
from trainers.core.result import write_result
from trainers.core.rng import torch_generator
from trainers.core.saved_run import Codec
from trainers.core.task import Batch
from trainers.data.image_task import (
    ImageTask,
    baselines,
    halvings,
    image_columns,
    in_blocks,
    initialize,
    knn_accuracy,
    shifted,
)
from trainers.data.images import USUAL_SIDE, Images, digits, open_picture, read_images

METRIC = "cosine"
_GROUPS = 4  # of channels, in normalization, or what their number can be divided by


class Cnn(nn.Module):
    """Convolution, pooling, fully connected layer, softmax.

    Parameters
    ----------
    shape : channels, height and width of an image
    classes : how many
    dim : length of each vector
    width : channels of the first convolution
    """

    def __init__(
        self, shape: tuple[int, int, int], classes: int, dim: int, width: int, seed: int
    ) -> None:
        super().__init__()
        channels, height, width_of_image = shape
        layers: list[nn.Module] = []
        for block in range(halvings(height, width_of_image)):
            wide = width * 2**block
            for incoming in (channels, wide):
                layers += [
                    nn.Conv2d(incoming, wide, 3, padding=1, bias=False),
                    nn.GroupNorm(math.gcd(_GROUPS, wide), wide),
                    nn.ReLU(),
                ]
            layers.append(nn.MaxPool2d(2))
            channels, height, width_of_image = wide, height // 2, width_of_image // 2
        self.convolutions = nn.Sequential(*layers)
        self.to_vector = nn.Linear(channels * height * width_of_image, dim)
        self.to_class = nn.Linear(dim, classes)
        initialize(self, seed)
        nn.init.zeros_(self.to_class.weight)

    def vectors(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the vectors of images (b, channels, height, width): (b, dim)."""
        return self.to_vector(self.convolutions(pixels - 0.5).flatten(1))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return log-odds of the classes, up to a constant: float32, shape (b, classes)."""
        return self.to_class(F.relu(self.vectors(pixels))).float()


class CnnTask(ImageTask):
    """Cross-entropy of what images show."""

    config: CnnConfig
    module: Cnn

    def __init__(self, images: Images, config: CnnConfig) -> None:
        super().__init__(images, config)
        shape = images.shape
        self.shift = min(shape[1:]) // 14 if config.shift is None else config.shift
        self.module = Cnn(shape, len(images.classes), config.dim, config.width, config.seed)

    def batch(self, epoch: int, step: int) -> Batch:
        """Return images moved at random (B, channels, height, width), and their classes (B,)."""
        batch = super().batch(epoch, step)
        chance = torch_generator(self.config.seed, "shift", epoch, step)
        return {**batch, "pixels": shifted(batch["pixels"], self.shift, chance)}

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, float]:
        """Return the cross-entropies, in nats, of the local images."""
        target = batch["target"][local_rows]  # (b,)
        logits = self.module(batch["pixels"][local_rows])  # (b, classes)
        return F.cross_entropy(logits, target, reduction="sum"), len(target)

    def validate(self) -> dict[str, float]:
        """Return loss and accuracy of the withheld images."""
        if not len(self.withheld):
            return {}
        device = self.module.to_class.weight.device
        told = torch.from_numpy(in_blocks(self.images, self.withheld, device, self.module))
        target = torch.from_numpy(self.images.target[self.withheld])
        right = told.argmax(dim=1) == target
        return {
            "loss": F.cross_entropy(told, target).item(),
            "accuracy": right.float().mean().item(),
        }


def run(config: CnnConfig) -> dict[str, Any]:
    """Read the images, train, write the file; return the metrics."""
    if config.pretrained is not None:
        extractor = open_extractor(config.pretrained, config.architecture)
        return embed(config, read(config, extractor.side), extractor)
    fabric = start(config)
    images = read(config)
    if len(images.classes) < 2:
        what = f"one class, {images.classes[0]}" if images.classes else "images without classes"
        raise EmbeddingError(
            f"{config.data}: {what}; expected two classes at least (one folder of pictures each), "
            "or learn without classes: python -m trainers autoencoder"
        )
    task = CnnTask(images, config)
    say(
        f"{len(images):,} images of {' x '.join(map(str, images.shape))}, "
        f"{len(images.classes):,} classes, {len(task.withheld):,} withheld",
        config.quiet,
    )
    if config.dry_run:
        return dry_run(task, config, fabric)
    settings = provenance.settings(
        config, batch_size=task.batch_size, shift=task.shift, device=fabric.device.type
    )
    made_with = about(images, settings)
    fitted = fit(task, config, fabric, made_with)
    checkpoint = finalize_best(config.run_folder, task.module, made_with, fitted.best_epoch)
    return write_result(image_set(task, fitted, settings, checkpoint), config, fitted)


def read(config: CnnConfig, usual: int = USUAL_SIDE) -> Images:
    """Return the images of --data, or the built-in ones; usual: as read_images takes it."""
    images = (
        digits()
        if config.data is None
        else read_images(config.data, config.size, config.label, usual)
    )
    for note in images.notes:
        say(note, config.quiet)
    return images


def about(images: Images, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the checkpoints tell: the settings, the data, and what `load` needs."""
    return {
        **settings,
        "trainer": "cnn",
        "shape": list(images.shape),
        "classes": list(images.classes),
        "sha256": images.source["sha256"],
    }


def image_set(
    task: CnnTask, fitted: TrainingResult, settings: dict[str, Any], checkpoint: str
) -> EmbeddingSet:
    """Return the images with their vectors; columns class, predicted, split, image."""
    images, trained, withheld = task.images, task.trained, task.withheld
    device = task.module.to_class.weight.device
    rows = np.arange(len(images))
    vectors = in_blocks(images, rows, device, task.module.vectors)
    told = in_blocks(images, rows, device, task.module).argmax(axis=1)
    predicted = pa.array([images.classes[one] for one in told])
    metrics = {
        "training_loss": fitted.loss,
        **fitted.metrics,
        "knn accuracy": knn_accuracy(vectors, images, trained, withheld, METRIC)
        if len(withheld)
        else None,
        **baselines(images, trained, withheld, task.config.dim, task.config.seed),
        "images": len(images),
        "withheld": len(withheld),
        "classes": len(images.classes),
        "epochs": fitted.epochs,
        "best_epoch": fitted.best_epoch,
        "steps": fitted.steps,
    }
    columns = image_columns(images, withheld)
    return EmbeddingSet.of(
        vectors,
        images.labels,
        {"class": columns.pop("class"), "predicted": predicted, **columns},
        name=images.name,
        metric=METRIC,
        role="image",
        **provenance.fields("cnn", settings, images.source, metrics, checkpoint=checkpoint),
    )


def load(about: Mapping[str, Any], weights: Mapping[str, torch.Tensor]) -> Codec:
    """Return what makes vectors of pictures, as a run that was saved does."""
    if about["pretrained"]:
        return coder(about, weights)
    shape = tuple(about["shape"])
    module = Cnn(shape, len(about["classes"]), about["dim"], about["width"], about["seed"])
    module.load_state_dict(weights)
    module.eval()

    @torch.no_grad()
    def encode_image(content: bytes, name: str) -> np.ndarray:
        pixels = torch.from_numpy(open_picture(content, name, shape)).float() / 255
        return module.vectors(pixels[None])[0].numpy()

    return Codec(about["dim"], encode_image=encode_image)
