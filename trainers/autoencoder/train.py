"""Autoencoder: images as a few numbers from which they can be drawn again.

    python -m trainers autoencoder --data pictures/ --dim 2 --out pictures.embedding.parquet

An encoder makes of an image its vector, the code; a decoder makes of the code an image; the loss is
the mean squared difference of intensities, from 0 to 1, between the two (Hinton and Salakhutdinov,
"Reducing the dimensionality of data with neural networks", Science 2006). Images that look alike
come to have codes that lie near each other.

With `--network linear` both are one layer, and what is learned is the space that PCA finds (Baldi
and Hornik, "Neural networks and principal component analysis", 1989). The other networks add to
these layers, beside them, what they see that no plane can hold; they begin at none of it. PCA of as
many dimensions is printed beside every network.
"""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import nn

from embeddings.embedding_set import EmbeddingSet
from embeddings.settings import SettingError
from trainers.autoencoder.config import AutoencoderConfig, Network
from trainers.core import provenance
from trainers.core.checkpoints import finalize_best
from trainers.core.devices import start
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.progress import say
from trainers.core.result import write_result
from trainers.core.saved_run import Codec
from trainers.core.task import Batch
from trainers.data.image_task import (
    ImageTask,
    baselines,
    fitted_pca,
    flat,
    halvings,
    image_columns,
    in_blocks,
    initialize,
    knn_accuracy,
)
from trainers.data.images import (
    Images,
    digits,
    open_picture,
    picture_paths,
    png,
    read_images,
    thumbnails,
)

RECONSTRUCTION, ERROR = "reconstruction", "reconstruction_error"
"""Columns of the file: the image drawn again from its vector, and its mean squared error."""


class Autoencoder(nn.Module):
    """An encoder and a decoder.

    Parameters
    ----------
    shape : channels, height and width of an image
    dim : length of each code
    width : channels of the first convolution
    hidden : units of the first layer of a dense network
    mean : float32, of that shape; the mean image, which the encoder sees as 0
    """

    mean: torch.Tensor
    encoder: nn.Sequential
    decoder: nn.Sequential

    def __init__(
        self, shape: tuple[int, int, int], dim: int, network: Network, width: int, hidden: int,
        seed: int, mean: np.ndarray | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        given = torch.zeros(shape) if mean is None else torch.from_numpy(mean)
        self.register_buffer("mean", given)
        self.network, self.shape = network, shape
        pixels = math.prod(shape)
        self.project = nn.Linear(pixels, dim, bias=False)
        self.draw = nn.Linear(dim, pixels)
        if network == "convolutional":
            self.encoder, self.decoder = convolutional(shape, dim, width)
        elif network == "dense":
            sizes = [pixels, hidden, hidden // 2, dim]
            self.encoder = nn.Sequential(nn.Flatten(), *dense(sizes))
            self.decoder = nn.Sequential(*dense(sizes[::-1]), nn.Unflatten(1, shape))
        initialize(self, seed)
        with torch.no_grad():  # begins as the projection onto some plane
            plane, _ = torch.linalg.qr(self.project.weight.T)  # (pixels, dim)
            self.project.weight.copy_(plane.T)
            self.draw.weight.copy_(plane)
            if network != "linear":
                last_weights(self.encoder).zero_()
                last_weights(self.decoder).zero_()

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the codes of images (b, channels, height, width): (b, dim)."""
        centered = pixels - self.mean
        codes = self.project(centered.flatten(1))
        return codes if self.network == "linear" else codes + self.encoder(centered)

    def decode(self, codes: torch.Tensor) -> torch.Tensor:
        """Return the images of codes (b, dim): float32, (b, channels, height, width)."""
        drawn = self.draw(codes).unflatten(1, self.shape)
        if self.network != "linear":
            drawn = drawn + self.decoder(codes)
        return drawn.float() + self.mean

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return images drawn again from their codes."""
        return self.decode(self.encode(pixels))


def last_weights(network: nn.Module) -> torch.Tensor:
    """Return the weights of the last layer or convolution."""
    parts = [part for part in network.modules() if isinstance(part, nn.Linear | nn.Conv2d)]
    return parts[-1].weight


def dense(sizes: list[int]) -> list[nn.Module]:
    """Return fully connected layers of these sizes with ReLU between them."""
    layers: list[nn.Module] = []
    for incoming, outgoing in pairwise(sizes):
        layers += [nn.Linear(incoming, outgoing), nn.ReLU()]
    return layers[:-1]


def convolutional(
    shape: tuple[int, int, int], dim: int, width: int
) -> tuple[nn.Sequential, nn.Sequential]:
    """Return an encoder that halves images by strides, and a decoder that doubles them again."""
    channels, height, width_of_image = shape
    down: list[nn.Module] = []
    up: list[nn.Module] = []
    for block in range(halvings(height, width_of_image)):
        wide = width * 2**block
        down += [nn.Conv2d(channels, wide, 3, stride=2, padding=1), nn.ReLU()]
        larger = nn.Upsample(size=(height, width_of_image))
        up = [larger, nn.Conv2d(wide, channels, 3, padding=1), nn.ReLU(), *up]
        channels, height, width_of_image = wide, (height + 1) // 2, (width_of_image + 1) // 2
    smallest = (channels, height, width_of_image)
    size = math.prod(smallest)
    encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(size, dim))
    first = [nn.Linear(dim, size), nn.ReLU(), nn.Unflatten(1, smallest)]
    return encoder, nn.Sequential(*first, *up[:-1])


class AutoencoderTask(ImageTask):
    """Mean squared error of images drawn again."""

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
            images.shape, config.dim, config.network, config.width, config.hidden, config.seed,
            mean.reshape(images.shape),
        )  # fmt: skip

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, float]:
        """Return the mean squared errors of the images `own`."""
        errors = squared_errors(self.module, batch["pixels"][local_rows])  # (b,)
        return errors.sum(), len(errors)

    def validate(self) -> dict[str, float]:
        """Return the mean squared error of the withheld images."""
        if not len(self.withheld):
            return {}
        return {"mse": float(self.errors(self.withheld).mean())}

    def errors(self, rows: np.ndarray) -> np.ndarray:
        """Return the mean squared error of each image: float32, shape (b,)."""
        device = self.module.mean.device
        return in_blocks(self.images, rows, device, lambda p: squared_errors(self.module, p))


def squared_errors(module: nn.Module, pixels: torch.Tensor) -> torch.Tensor:
    """Return each image's mean squared error, over pixels and channels: float32, shape (b,)."""
    return (module(pixels) - pixels).square().mean(dim=(1, 2, 3))


def run(config: AutoencoderConfig) -> dict[str, Any]:
    """Read the images, train, write the file; return the metrics."""
    fabric = start(config)
    images = (
        digits() if config.data is None else read_images(config.data, config.size, config.label)
    )
    task = AutoencoderTask(images, config)
    for note in (*images.notes, f"{len(images):,} images of {' x '.join(map(str, images.shape))}, "
                 f"{len(task.withheld):,} withheld"):  # fmt: skip
        say(note, config.quiet)
    if config.dry_run:
        return dry_run(task, config, fabric)
    settings = provenance.settings(config, batch_size=task.batch_size, device=fabric.device.type)
    source = images.source["sha256"]
    about = {**settings, "trainer": "autoencoder", "shape": images.shape, "sha256": source}
    fitted = fit(task, config, fabric, about)
    checkpoint = finalize_best(config.run_folder, task.module, about, fitted.best_epoch)
    return write_result(image_set(task, fitted, settings, checkpoint), config, fitted)


def image_set(
    task: AutoencoderTask, fitted: TrainingResult, settings: dict[str, Any], checkpoint: str
) -> EmbeddingSet:
    """Return the images with their codes; columns class, split, image, and both of the drawing."""
    images, trained, withheld = task.images, task.trained, task.withheld
    rows, device = np.arange(len(images)), task.module.mean.device
    codes = in_blocks(images, rows, device, task.module.encode)
    drawn = in_blocks(images, rows, device, lambda pixels: as_bytes(task.module(pixels)))
    columns = {
        **image_columns(images, withheld),
        RECONSTRUCTION: thumbnails(drawn.astype(np.uint8), 255, picture_paths(images)),
        ERROR: pa.array(task.errors(rows), pa.float32()),
    }
    metrics: dict[str, float | None] = {"training_loss": fitted.loss, **fitted.metrics}
    if len(withheld):
        metrics["mse of pca"] = pca_error(images, trained, withheld, task.config)
        if images.classes:
            metrics["knn accuracy"] = knn_accuracy(codes, images, trained, withheld)
    metrics |= {
        **baselines(images, trained, withheld, task.config.dim, task.config.seed),
        "images": len(images),
        "withheld": len(withheld),
        "epochs": fitted.epochs,
        "best_epoch": fitted.best_epoch,
        "steps": fitted.steps,
    }
    return EmbeddingSet.of(
        codes,
        images.labels,
        columns,
        name=images.name,
        metric="euclidean",
        role="image",
        **provenance.fields(
            "autoencoder", settings, images.source, metrics, "scikit-learn", checkpoint=checkpoint
        ),
    )


def pca_error(
    images: Images, trained: np.ndarray, withheld: np.ndarray, config: AutoencoderConfig
) -> float:
    """Return the mean squared error of the withheld drawn again by PCA of as many dimensions."""
    pca = fitted_pca(images, trained, config.dim, config.seed)
    pixels = flat(images, withheld)
    return float(np.square(pca.inverse_transform(pca.transform(pixels)) - pixels).mean())


def as_bytes(pixels: torch.Tensor) -> torch.Tensor:
    """Return intensities from 0 to 1, beyond which they are cut, as whole numbers up to 255."""
    return (pixels.clamp(0, 1) * 255).round()


def load(about: Mapping[str, Any], weights: Mapping[str, torch.Tensor]) -> Codec:
    """Return what makes codes of pictures and pictures of codes, as a run that was saved does."""
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
        drawn = as_bytes(module.decode(torch.tensor(codes)))
        return [png(image, 255) for image in drawn.numpy().astype(np.uint8)]

    return Codec(about["dim"], encode_image=encode_image, decode=decode)
