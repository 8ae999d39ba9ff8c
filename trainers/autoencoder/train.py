"""autoencoder: images as short vectors, the codes, from which they can be reconstructed.

    python -m trainers autoencoder --data images/ --dim 2 --out images.embedding.parquet

An encoder turns an image into its code, a decoder turns the code into an image (model.py). The loss
is the mean squared difference of the two images' intensities, which are from 0 to 1 (Hinton and
Salakhutdinov, "Reducing the dimensionality of data with neural networks", Science 2006). Images
that look alike get similar codes.

With `--network linear`, encoder and decoder are one layer each and learn the subspace of PCA (Baldi
and Hornik, "Neural networks and principal component analysis", 1989). The error of PCA with the
same number of dimensions is reported for every network.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import nn

from embeddings.embedding_set import EmbeddingSet
from embeddings.settings import SettingError
from trainers.autoencoder.config import AutoencoderConfig
from trainers.autoencoder.model import Autoencoder
from trainers.core import run_info
from trainers.core.checkpoints import finalize_best
from trainers.core.codec import Codec
from trainers.core.console import print_progress
from trainers.core.devices import start
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.result import write_result
from trainers.core.task import Batch
from trainers.data.images.image_columns import image_columns, image_paths, png, thumbnails
from trainers.data.images.image_task import ImageTask, in_blocks
from trainers.data.images.pictures import open_picture
from trainers.data.images.reading import Images, read_images
from trainers.metrics.images import baselines, fitted_pca, flat, knn_accuracy

RECONSTRUCTION, ERROR = "reconstruction", "reconstruction_error"
"""Columns of the file: the image reconstructed from its code, and its mean squared error."""


class AutoencoderTask(ImageTask):
    """Minimizes the mean squared error of reconstructions."""

    config: AutoencoderConfig
    module: Autoencoder
    metric = "mse"

    def __init__(self, images: Images, config: AutoencoderConfig) -> None:
        super().__init__(images, config)
        pixels = math.prod(images.shape)
        if config.dim > pixels:
            raise SettingError("dim", config.dim, f"at most {pixels:,}, the pixels of an image")
        mean = flat(images, self.trained).mean(axis=0, dtype=np.float64).astype(np.float32)
        self.module = Autoencoder(
            images.shape,
            config.dim,
            config.network,
            config.width,
            config.hidden,
            config.seed,
            mean.reshape(images.shape),
        )

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, float]:
        """Return the summed mean squared errors of the local images, and their number."""
        errors = squared_errors(self.module, batch["pixels"][local_rows])  # (b,)
        return errors.sum(), len(errors)

    def validate(self) -> dict[str, float]:
        """Return the mean squared error on the held-out images."""
        if not len(self.held_out):
            return {}
        return {"mse": float(self.errors(self.held_out).mean())}

    def errors(self, rows: np.ndarray) -> np.ndarray:
        """Return the mean squared error of each image: float32, shape (b,)."""
        device = self.module.mean.device
        return in_blocks(self.images, rows, device, lambda p: squared_errors(self.module, p))


def squared_errors(module: nn.Module, pixels: torch.Tensor) -> torch.Tensor:
    """Return the squared error of each image, averaged over its pixels: float32, shape (b,).

    pixels : float32, (b, channels, height, width)
    """
    return (module(pixels) - pixels).square().mean(dim=(1, 2, 3))


def run(config: AutoencoderConfig) -> dict[str, Any]:
    """Read the images, train, write the file; return the metrics."""
    fabric = start(config)
    images = read_images(
        config.data,
        config.size,
        config.label,
        leave_out=config.leave_out,
        options=config.text_options,
    )
    task = AutoencoderTask(images, config)
    for note in (*images.notes, f"{len(images):,} images of {' x '.join(map(str, images.shape))}, "
                 f"{len(task.held_out):,} held out"):  # fmt: skip
        print_progress(note, config.quiet)
    if config.dry_run:
        return dry_run(task, config, fabric)
    settings = run_info.settings(config, batch_size=task.batch_size, device=fabric.device.type)
    sha256 = images.source["sha256"]
    about = {**settings, "trainer": "autoencoder", "shape": images.shape, "sha256": sha256}
    result = fit(task, config, fabric, about)
    checkpoint = finalize_best(config.run_folder, task.module, about, result.best_epoch)
    return write_result(embedding_set(task, result, settings, checkpoint), config, result)


def embedding_set(
    task: AutoencoderTask, result: TrainingResult, settings: dict[str, Any], checkpoint: str
) -> EmbeddingSet:
    """Return the codes of all images.

    Columns: class, split, image, reconstruction and reconstruction_error.
    """
    images, trained, held_out = task.images, task.trained, task.held_out
    rows, device = np.arange(len(images)), task.module.mean.device
    codes = in_blocks(images, rows, device, task.module.encode)  # (n, dim)
    reconstructed = in_blocks(images, rows, device, lambda pixels: as_bytes(task.module(pixels)))
    columns = {
        **image_columns(images, held_out),
        RECONSTRUCTION: thumbnails(reconstructed.astype(np.uint8), 255, image_paths(images)),
        ERROR: pa.array(task.errors(rows), pa.float32()),
    }
    metrics: dict[str, float | None] = {"training_loss": result.loss, **result.metrics}
    if len(held_out):
        metrics["mse of pca"] = pca_error(images, trained, held_out, task.config)
        if images.classes:
            metrics["knn accuracy"] = knn_accuracy(codes, images, trained, held_out)
    metrics |= {
        **baselines(images, trained, held_out, task.config.dim, task.config.seed),
        "images": len(images),
        "withheld": len(held_out),
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "steps": result.steps,
    }
    return EmbeddingSet.of(
        codes,
        images.labels,
        columns,
        name=images.name,
        metric="euclidean",
        role="image",
        **run_info.fields(
            "autoencoder", settings, images.source, metrics, "scikit-learn", checkpoint=checkpoint
        ),
    )


def pca_error(
    images: Images, trained: np.ndarray, held_out: np.ndarray, config: AutoencoderConfig
) -> float:
    """Return the mean squared error of held-out images reconstructed by PCA of `dim` components."""
    pca = fitted_pca(images, trained, config.dim, config.seed)
    pixels = flat(images, held_out)  # (h, pixels)
    return float(np.square(pca.inverse_transform(pca.transform(pixels)) - pixels).mean())


def as_bytes(pixels: torch.Tensor) -> torch.Tensor:
    """Return intensities from 0 to 1 as whole numbers from 0 to 255; others are clipped."""
    return (pixels.clamp(0, 1) * 255).round()


def load(about: Mapping[str, Any], weights: Mapping[str, torch.Tensor]) -> Codec:
    """Return the encoder and the decoder of a saved run."""
    shape = tuple(about["shape"])
    module = Autoencoder(
        shape, about["dim"], about["network"], about["width"], about["hidden"], about["seed"]
    )
    module.load_state_dict(weights)
    module.eval()

    @torch.no_grad()
    def encode_image(content: bytes, name: str) -> np.ndarray:
        pixels = torch.from_numpy(open_picture(content, name, shape)).float() / 255
        return module.encode(pixels[None])[0].numpy()

    @torch.no_grad()
    def decode(codes: np.ndarray) -> list[bytes]:
        images = as_bytes(module.decode(torch.tensor(codes)))
        return [png(image, 255) for image in images.numpy().astype(np.uint8)]

    return Codec(about["dim"], encode_image=encode_image, decode=decode)
