"""cnn: images as vectors, learned from their classes, or computed by a pretrained network.

    python -m trainers cnn --data images/ --out images.embedding.parquet
    python -m trainers cnn --pretrained model/ --data images/ --out images.embedding.parquet

A convolutional network (model.py) is trained to classify the images; the loss is the cross-entropy
(LeCun et al., "Gradient-based learning applied to document recognition", 1998). The vector is the
input of the last layer, so images of one class come to point in the same direction.

With `--pretrained` nothing is learned: the images pass through a network of timm (pretrained.py).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import torch
import torch.nn.functional as F

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from trainers.cnn.config import CnnConfig
from trainers.cnn.model import METRIC, Cnn, shifted
from trainers.cnn.pretrained import open_extractor, pretrained_codec, run_pretrained
from trainers.core import run_info
from trainers.core.checkpoints import finalize_best
from trainers.core.codec import Codec
from trainers.core.console import print_progress
from trainers.core.devices import start
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.result import write_result
from trainers.core.rng import torch_generator
from trainers.core.task import Batch
from trainers.data.images.image_columns import image_columns
from trainers.data.images.image_task import ImageTask, in_blocks
from trainers.data.images.pictures import DEFAULT_SIDE, open_picture
from trainers.data.images.reading import Images, read_images
from trainers.metrics.images import baselines, knn_accuracy


class CnnTask(ImageTask):
    """Trains the classifier."""

    config: CnnConfig
    module: Cnn

    def __init__(self, images: Images, config: CnnConfig) -> None:
        super().__init__(images, config)
        shape = images.shape
        self.shift = min(shape[1:]) // 14 if config.shift is None else config.shift
        self.module = Cnn(shape, len(images.classes), config.dim, config.width, config.seed)

    def batch(self, epoch: int, step: int) -> Batch:
        """Return randomly shifted images (B, channels, height, width), and their classes (B,)."""
        batch = super().batch(epoch, step)
        generator = torch_generator(self.config.seed, "shift", epoch, step)
        return {**batch, "pixels": shifted(batch["pixels"], self.shift, generator)}

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, float]:
        """Return the summed cross-entropy, in nats, of the local images, and their number."""
        target = batch["target"][local_rows]  # (b,)
        logits = self.module(batch["pixels"][local_rows])  # (b, classes)
        return F.cross_entropy(logits, target, reduction="sum"), len(target)

    def validate(self) -> dict[str, float]:
        """Return loss and accuracy on the held-out images."""
        if not len(self.held_out):
            return {}
        device = self.module.to_class.weight.device
        logits = torch.from_numpy(in_blocks(self.images, self.held_out, device, self.module))
        target = torch.from_numpy(self.images.target[self.held_out])  # (h,)
        is_correct = logits.argmax(dim=1) == target
        return {
            "loss": F.cross_entropy(logits, target).item(),
            "accuracy": is_correct.float().mean().item(),
        }


def run(config: CnnConfig) -> dict[str, Any]:
    """Read the images, train, write the file; return the metrics."""
    if config.pretrained is not None:
        extractor = open_extractor(config.pretrained, config.architecture)
        return run_pretrained(config, read(config, extractor.side), extractor)
    fabric = start(config)
    images = read(config)
    if len(images.classes) < 2:
        what = f"one class, {images.classes[0]}" if images.classes else "images without classes"
        raise EmbeddingError(
            f"{config.data}: {what}; expected at least two classes, with one folder of images "
            "each. To learn without classes: python -m trainers autoencoder"
        )
    task = CnnTask(images, config)
    print_progress(
        f"{len(images):,} images of {' x '.join(map(str, images.shape))}, "
        f"{len(images.classes):,} classes, {len(task.held_out):,} held out",
        config.quiet,
    )
    if config.dry_run:
        return dry_run(task, config, fabric)
    settings = run_info.settings(
        config, batch_size=task.batch_size, shift=task.shift, device=fabric.device.type
    )
    about = checkpoint_config(images, settings)
    result = fit(task, config, fabric, about)
    checkpoint = finalize_best(config.run_folder, task.module, about, result.best_epoch)
    return write_result(embedding_set(task, result, settings, checkpoint), config, result)


def read(config: CnnConfig, default_side: int = DEFAULT_SIDE) -> Images:
    """Read the images of --data, or the built-in ones; default_side : see read_images."""
    images = read_images(
        config.data,
        config.size,
        config.label,
        default_side,
        config.leave_out,
        config.text_options,
    )
    for note in images.notes:
        print_progress(note, config.quiet)
    return images


def checkpoint_config(images: Images, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the checkpoints record: settings, data, and what `load` needs."""
    return {
        **settings,
        "trainer": "cnn",
        "shape": list(images.shape),
        "classes": list(images.classes),
        "sha256": images.source["sha256"],
    }


def embedding_set(
    task: CnnTask, result: TrainingResult, settings: dict[str, Any], checkpoint: str
) -> EmbeddingSet:
    """Return the vectors of all images, with the columns class, predicted, split and image."""
    images, trained, held_out = task.images, task.trained, task.held_out
    device = task.module.to_class.weight.device
    rows = np.arange(len(images))
    vectors = in_blocks(images, rows, device, task.module.vectors)  # (n, dim)
    numbers = in_blocks(images, rows, device, task.module).argmax(axis=1)  # (n,)
    predicted = pa.array([images.classes[number] for number in numbers])
    metrics = {
        "training_loss": result.loss,
        **result.metrics,
        "knn accuracy": knn_accuracy(vectors, images, trained, held_out, METRIC)
        if len(held_out)
        else None,
        **baselines(images, trained, held_out, task.config.dim, task.config.seed),
        "images": len(images),
        "withheld": len(held_out),
        "classes": len(images.classes),
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "steps": result.steps,
    }
    columns = image_columns(images, held_out)
    return EmbeddingSet.of(
        vectors,
        images.labels,
        {"class": columns.pop("class"), "predicted": predicted, **columns},
        name=images.name,
        metric=METRIC,
        role="image",
        **run_info.fields("cnn", settings, images.source, metrics, checkpoint=checkpoint),
    )


def load(about: Mapping[str, Any], weights: Mapping[str, torch.Tensor]) -> Codec:
    """Return the encoder of a saved run."""
    if about["pretrained"]:
        return pretrained_codec(about, weights)
    shape = tuple(about["shape"])
    module = Cnn(shape, len(about["classes"]), about["dim"], about["width"], about["seed"])
    module.load_state_dict(weights)
    module.eval()

    @torch.no_grad()
    def encode_image(content: bytes, name: str) -> np.ndarray:
        pixels = torch.from_numpy(open_picture(content, name, shape)).float() / 255
        return module.vectors(pixels[None])[0].numpy()

    return Codec(about["dim"], encode_image=encode_image)
