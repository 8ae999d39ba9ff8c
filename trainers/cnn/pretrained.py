"""Pretrained networks of timm: images pass through them, and the vector is the last layer's input.

    python -m trainers cnn --pretrained model/ --data images/ --out images.embedding.parquet
    python -m trainers cnn --pretrained weights.pth --architecture resnet50 --data images/ --out ...

The weights are a file (.safetensors, or one of PyTorch's, of which only tensors are read), or a
folder with config.json and such a file, as timm's models have on Hugging Face. The checkpoint of
the run holds everything that `encode` needs, so the weights are not read again.
"""

import json
import math
import pickle
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from torch import nn

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files.limits import first_line
from trainers.cnn.config import CnnConfig
from trainers.cnn.model import METRIC
from trainers.core import checkpoints, run_info
from trainers.core.codec import Codec
from trainers.core.console import ProgressBar, is_main, print_progress
from trainers.core.devices import start
from trainers.core.fit import TrainingResult
from trainers.core.result import write_result
from trainers.data.images.image_columns import image_columns
from trainers.data.images.image_task import hold_out, in_blocks
from trainers.data.images.pictures import open_picture
from trainers.data.images.reading import Images
from trainers.metrics.images import baselines, knn_accuracy

INSTALL = "python -m pip install timm torchvision==0.28.0"
"""timm needs torchvision, whose release has to match that of torch."""

_BLOCK_IMAGES = 8  # larger blocks are slower on a CPU, as they do not fit its cache


@dataclass(frozen=True, eq=False)
class Extractor:
    """A network without its classifier, and the preprocessing of its images.

    Attributes
    ----------
    network : images (b, 3, side, side) -> vectors (b, dim)
    architecture : its name in timm
    side : of the images, in pixels
    mean, std : of red, green and blue, for intensities from 0 to 1
    """

    network: nn.Module
    architecture: str
    side: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the vectors of images: float32, (b, dim).

        pixels : float32, (b, 1 or 3, height, width), intensities from 0 to 1
        """
        size = (self.side, self.side)
        if pixels.shape[2:] != size:
            pixels = F.interpolate(pixels, size, mode="bilinear", antialias=True)
        mean, std = (pixels.new_tensor(each)[:, None, None] for each in (self.mean, self.std))
        return self.network((pixels - mean) / std).float()  # one channel is broadcast to three

    def about(self) -> dict[str, Any]:
        """Return everything but the weights, as JSON values."""
        return {
            "architecture": self.architecture,
            "side": self.side,
            "mean": list(self.mean),
            "deviation": list(self.std),
        }


def open_extractor(path: Path, architecture: str | None) -> Extractor:
    """Return the network of a file or folder of weights.

    Parameters
    ----------
    architecture : a name of timm; default: the one in config.json, for a folder

    Raises
    ------
    EmbeddingError
        no such path, no readable weights, weights of another network, an unknown architecture, or
        timm is not installed
    """
    config: dict[str, Any] = {}
    if path.is_dir():
        path, config = _weights_file(path), _read_config(path)
    weights = _read_weights(path)
    architecture = architecture or config.get("architecture")
    if architecture is None:
        raise EmbeddingError(
            f"{path}: which network are these weights of? Give --architecture, a name of timm "
            "such as resnet50, or a folder with timm's config.json"
        )
    network = _network(architecture)
    _load_weights(network, weights, path, architecture)
    preprocessing = {**network.default_cfg, **config.get("pretrained_cfg", {})}
    return Extractor(
        network.eval(),
        architecture,
        int(preprocessing["input_size"][-1]),
        tuple(preprocessing["mean"]),
        tuple(preprocessing["std"]),
    )


def run_pretrained(config: CnnConfig, images: Images, extractor: Extractor) -> dict[str, Any]:
    """Compute the vectors by a pretrained network, write the files; return the metrics."""
    fabric = start(config)
    extractor.network.to(fabric.device)
    rows = np.arange(len(images))
    print_progress(f"computing the vectors of {len(images):,} images by {extractor.architecture}",
        config.quiet)  # fmt: skip
    started = time.perf_counter()
    with ProgressBar(len(images), quiet=config.quiet, counted="images") as progress:

        def compute(pixels: torch.Tensor) -> torch.Tensor:
            progress.step(len(pixels))
            return extractor(pixels)

        vectors = in_blocks(images, rows, fabric.device, compute, _BLOCK_IMAGES)  # (n, dim)
    seconds = time.perf_counter() - started
    held_out = np.empty(0, np.int64)
    metrics: dict[str, Any] = {}
    if images.classes:
        is_held_out = hold_out(images.target, config.validation_fraction, config.seed)
        trained, held_out = np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
        if len(held_out):
            metrics["knn accuracy"] = knn_accuracy(vectors, images, trained, held_out, METRIC)
        metrics |= baselines(images, trained, held_out, config.dim, config.seed)
    metrics |= {"images": len(images), "withheld": len(held_out), "classes": len(images.classes)}
    assert config.pretrained is not None
    settings = run_info.settings(
        config,
        dim=vectors.shape[1],
        device=fabric.device.type,
        pretrained=config.pretrained.resolve().name,  # without the folders above it
        architecture=extractor.architecture,
    )
    about = {"trainer": "cnn", "pretrained": settings["pretrained"], "dim": vectors.shape[1],
             **extractor.about()}  # fmt: skip
    if is_main():
        checkpoints.clear(config.run_folder)
    checkpoint = checkpoints.finalize_best(
        config.run_folder, extractor.network, about, best_epoch=0
    )
    found = EmbeddingSet.of(
        vectors,
        images.labels,
        image_columns(images, held_out),
        name=images.name,
        metric=METRIC,
        role="image",
        **run_info.fields("cnn", settings, images.source, metrics, checkpoint=checkpoint),
    )
    result = TrainingResult(math.nan, 0, 0, 0, {}, seconds, len(images), "images")
    return write_result(found, config, result)


def pretrained_codec(about: Mapping[str, Any], weights: Mapping[str, torch.Tensor]) -> Codec:
    """Return the encoder of a saved run of a pretrained network."""
    architecture, side = about["architecture"], about["side"]
    network = _network(architecture)
    _load_weights(network, weights, "the checkpoint of this run", architecture)
    extractor = Extractor(
        network.eval(), architecture, side, tuple(about["mean"]), tuple(about["deviation"])
    )

    @torch.no_grad()
    def encode_image(content: bytes, name: str) -> np.ndarray:
        pixels = torch.from_numpy(open_picture(content, name, (3, side, side))).float() / 255
        return extractor(pixels[None])[0].numpy()

    return Codec(about["dim"], encode_image=encode_image)


def _network(architecture: str) -> Any:
    """Return a network of timm with random weights, without its classifier."""
    try:
        import timm
    except (ImportError, RuntimeError) as error:  # RuntimeError: torchvision does not match torch
        raise EmbeddingError(
            f"cnn --pretrained ({architecture}) needs timm, which cannot be imported "
            f"({first_line(error)}); install it with: {INSTALL}"
        ) from error
    if not re.fullmatch(r"[\w.-]+", architecture):  # timm also takes folders and places in the web
        raise EmbeddingError(f"--architecture {architecture}: not a name of a network of timm")
    try:
        return timm.create_model(architecture, pretrained=False, num_classes=0)
    except RuntimeError as error:
        raise EmbeddingError(f"--architecture {architecture}: {first_line(error)}") from error


def _load_weights(
    network: Any, weights: Mapping[str, torch.Tensor], origin: Path | str, architecture: str
) -> None:
    """Load weights into a network; those of a classifier are ignored.

    Raises
    ------
    EmbeddingError
        they are not the weights of this network
    """
    try:
        found = network.load_state_dict(weights, strict=False)
    except RuntimeError as error:  # shapes that differ
        message = " ".join(str(error).split())[:200]
        raise EmbeddingError(f"{origin}, {architecture}: {message}") from error
    classifier = str(network.default_cfg.get("classifier", "classifier"))
    unexpected = [name for name in found.unexpected_keys if not name.startswith(classifier)]
    if found.missing_keys or unexpected:
        raise EmbeddingError(
            f"{origin}: not the weights of {architecture}: {len(found.missing_keys)} are missing "
            f"and {len(unexpected)} are unexpected, such as "
            f"{(found.missing_keys + unexpected)[0]}"
        )


def _weights_file(folder: Path) -> Path:
    """Return the file of weights in a folder."""
    files = [path for end in ("*.safetensors", "*.bin", "*.pth", "*.pt")
             for path in sorted(folder.glob(end))]  # fmt: skip
    if not files:
        raise EmbeddingError(f"{folder}: no .safetensors, .bin, .pth or .pt in it")
    return files[0]


def _read_config(folder: Path) -> dict[str, Any]:
    """Return the content of config.json; {} without one."""
    path = folder / "config.json"
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text())
    except ValueError as error:
        raise EmbeddingError(f"{path}: not JSON ({first_line(error)})") from error
    if "architecture" not in found:
        raise EmbeddingError(
            f"{path}: no `architecture` in it, as timm's models have; give a file of weights and "
            "--architecture, or the folder of a timm model"
        )
    return found


def _read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Return the weights in a file."""
    if not path.is_file():
        raise EmbeddingError(f"{path}: no such file or folder; give weights with --pretrained")
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, RuntimeError, pickle.UnpicklingError, EOFError, ValueError) as error:
        raise EmbeddingError(
            f"{path}: no readable weights ({first_line(error)}); expected only tensors, as "
            ".safetensors or from torch.save(model.state_dict())"
        ) from error
    found = found.get("state_dict", found) if isinstance(found, dict) else found
    if not isinstance(found, dict) or not all(isinstance(v, torch.Tensor) for v in found.values()):
        raise EmbeddingError(f"{path}: expected a dictionary of tensors, a state_dict")
    return found
