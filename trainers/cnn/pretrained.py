"""Networks that were learned elsewhere: images are put through them as they are.

    python -m trainers cnn --pretrained efficientnet-lite0-57934424.pth --data pictures/ --out ...

Weights are a file (.safetensors, or PyTorch's, of which only tensors are read), or a folder with
config.json and such a file, as Hugging Face has timm's. EfficientNet-Lite0 is built in; any other
network needs timm (optional). The vector is what the network's last layer would see. The run's
checkpoint holds all that `encode` needs, so that the file is not looked for again.
"""

import json
import math
import pickle
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
from trainers.cnn import efficientnet_lite
from trainers.cnn.config import CnnConfig
from trainers.cnn.efficientnet_lite import EfficientNetLite0
from trainers.core import checkpoints, provenance
from trainers.core.devices import start
from trainers.core.fit import TrainingResult
from trainers.core.progress import is_main, say
from trainers.core.result import write_result
from trainers.core.saved_run import Codec
from trainers.data.image_task import baselines, hold_out, image_columns, in_blocks, knn_accuracy
from trainers.data.images import Images, open_picture

LITE0 = "efficientnet_lite0"
INSTALL = "python -m pip install timm torchvision==0.28.0"
"""torchvision, which timm needs, must be of the release that goes with torch."""
METRIC = "cosine"

_AT_ONCE = 8  # images; more are slower on a CPU, whose cache they do not fit


@dataclass(frozen=True, eq=False)
class Extractor:
    """A network, and how it takes images.

    Attributes
    ----------
    network : images (b, 3, side, side) -> vectors (b, dim)
    architecture : LITE0, or a name of timm's
    side : of the images, in pixels
    mean, deviation : of red, green and blue, for intensities from 0 to 1
    """

    network: nn.Module
    architecture: str
    side: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the vectors of images with intensities from 0 to 1: (b, dim).

        pixels : float32, (b, 1 or 3, height, width)
        """
        size = (self.side, self.side)
        if pixels.shape[2:] != size:
            pixels = F.interpolate(pixels, size, mode="bilinear", antialias=True)
        mean, deviation = (pixels.new_tensor(each)[:, None, None]
                           for each in (self.mean, self.deviation))  # fmt: skip
        return self.network((pixels - mean) / deviation).float()

    def about(self) -> dict[str, Any]:
        """Return all but the weights, as JSON values."""
        return {
            "architecture": self.architecture,
            "side": self.side,
            "mean": list(self.mean),
            "deviation": list(self.deviation),
        }


def open_extractor(path: Path, architecture: str | None) -> Extractor:
    """Return the network of a file or folder of weights.

    Parameters
    ----------
    architecture : a name of timm's; default: what config.json says, or LITE0 by its weights

    Raises
    ------
    EmbeddingError
        nothing there, no readable weights, or not those of the network; or timm is not installed
    """
    told: dict[str, Any] = {}
    if path.is_dir():
        path, told = _weights_of(path), _config_of(path)
    weights = _read(path)
    architecture = architecture or told.get("architecture")
    if architecture is None and efficientnet_lite.MARK in weights:
        architecture = LITE0
    if architecture is None:
        raise EmbeddingError(
            f"{path}: which network are these weights of? Give --architecture, a name of timm's "
            "such as resnet50"
        )
    network, usual = _network(architecture)
    missing, unexpected = _load(network, weights, f"{path}, {architecture}")
    head = str(usual.get("classifier", "classifier"))
    beyond = [name for name in unexpected if not name.startswith(head)]
    if missing or beyond:
        raise EmbeddingError(
            f"{path}: not the weights of {architecture}: it lacks {len(missing)} of them and has "
            f"{len(beyond)} others, such as {(missing + beyond)[0]}"
        )
    given = {**usual, **told.get("pretrained_cfg", {})}
    network.eval()
    return Extractor(
        network, architecture, int(given["input_size"][-1]), tuple(given["mean"]),
        tuple(given["std"]),
    )  # fmt: skip


def _network(architecture: str) -> tuple[nn.Module, Mapping[str, Any]]:
    """Return a network with weights of chance, and how it takes images, as timm tells it."""
    if architecture == LITE0:
        mean, deviation = efficientnet_lite.MEAN, efficientnet_lite.DEVIATION
        side = efficientnet_lite.SIDE
        return EfficientNetLite0(), {"input_size": (3, side, side), "mean": (mean,) * 3,
                                     "std": (deviation,) * 3}  # fmt: skip
    try:
        import timm
    except (ImportError, RuntimeError) as error:  # RuntimeError: of a torchvision that fits not
        raise EmbeddingError(
            f"--architecture {architecture} needs timm, which is not here ({first_line(error)}): "
            f"{INSTALL}"
        ) from error
    try:
        network = timm.create_model(architecture, pretrained=False, num_classes=0)
    except RuntimeError as error:
        raise EmbeddingError(f"--architecture {architecture}: {first_line(error)}") from error
    return network, network.default_cfg


def _load(
    network: nn.Module, weights: Mapping[str, torch.Tensor], where: str
) -> tuple[list[str], list[str]]:
    """Load weights; return the names of those that are missing, and of those not expected."""
    try:
        found = network.load_state_dict(weights, strict=False)
    except RuntimeError as error:  # shapes that differ
        raise EmbeddingError(f"{where}: {' '.join(str(error).split())[:200]}") from error
    return found.missing_keys, found.unexpected_keys


def _weights_of(folder: Path) -> Path:
    """Return the file of weights in a folder."""
    files = [path for end in ("*.safetensors", "*.bin", "*.pth", "*.pt")
             for path in sorted(folder.glob(end))]  # fmt: skip
    if not files:
        raise EmbeddingError(f"{folder}: no .safetensors, .bin, .pth or .pt in it")
    return files[0]


def _config_of(folder: Path) -> dict[str, Any]:
    """Return what config.json says; {} without one."""
    path = folder / "config.json"
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text())
    except ValueError as error:
        raise EmbeddingError(f"{path}: no JSON ({first_line(error)})") from error
    if "architecture" not in found:
        raise EmbeddingError(
            f"{path}: no `architecture` in it, as timm's models have; give --architecture, or the "
            "weights of such a model"
        )
    return found


def _read(path: Path) -> dict[str, torch.Tensor]:
    """Return the weights in a file."""
    if not path.is_file():
        raise EmbeddingError(f"{path}: no such file or folder; give weights by --pretrained")
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, RuntimeError, pickle.UnpicklingError, EOFError, ValueError) as error:
        raise EmbeddingError(
            f"{path}: no readable weights ({first_line(error)}); expected tensors alone, as "
            ".safetensors or by torch.save(model.state_dict())"
        ) from error
    found = found.get("state_dict", found) if isinstance(found, dict) else found
    if not isinstance(found, dict) or not all(isinstance(v, torch.Tensor) for v in found.values()):
        raise EmbeddingError(f"{path}: expected a dictionary of tensors, a state_dict")
    return found


def embed(config: CnnConfig, images: Images, extractor: Extractor) -> dict[str, Any]:
    """Put the images through the network, write checkpoint and file; return the metrics."""
    fabric = start(config)
    extractor.network.to(fabric.device)
    rows = np.arange(len(images))
    say(f"{len(images):,} images are put through {extractor.architecture}", config.quiet)
    began = time.perf_counter()
    vectors = in_blocks(images, rows, fabric.device, extractor, _AT_ONCE)
    seconds = time.perf_counter() - began
    withheld = np.empty(0, np.int64)
    metrics: dict[str, Any] = {}
    if images.classes:
        chosen = hold_out(images.target, config.validation_fraction, config.seed)
        trained, withheld = np.flatnonzero(~chosen), np.flatnonzero(chosen)
        if len(withheld):
            metrics["knn accuracy"] = knn_accuracy(vectors, images, trained, withheld, METRIC)
        metrics |= baselines(images, trained, withheld, config.dim, config.seed)
    metrics |= {"images": len(images), "withheld": len(withheld), "classes": len(images.classes)}
    assert config.pretrained is not None
    settings = provenance.settings(
        config,
        dim=vectors.shape[1],
        device=fabric.device.type,
        pretrained=config.pretrained.resolve().name,  # not where it lies
        architecture=extractor.architecture,
    )
    about = {"trainer": "cnn", "pretrained": settings["pretrained"], "dim": vectors.shape[1],
             **extractor.about()}  # fmt: skip
    if is_main():
        checkpoints.clear(config.run_folder)
    sha256 = checkpoints.finalize_best(config.run_folder, extractor.network, about, best_epoch=0)
    made = EmbeddingSet.of(
        vectors,
        images.labels,
        image_columns(images, withheld),
        name=images.name,
        metric=METRIC,
        role="image",
        **provenance.fields("cnn", settings, images.source, metrics, checkpoint=sha256),
    )
    return write_result(
        made, config, TrainingResult(math.nan, 0, 0, 0, {}, seconds, len(images), "images")
    )


def coder(about: Mapping[str, Any], weights: Mapping[str, torch.Tensor]) -> Codec:
    """Return what makes vectors of pictures, as the network of a run does."""
    network, _ = _network(about["architecture"])
    network.load_state_dict(weights)
    network.eval()
    side = about["side"]
    extractor = Extractor(
        network, about["architecture"], side, tuple(about["mean"]), tuple(about["deviation"])
    )

    @torch.no_grad()
    def encode_image(content: bytes, name: str) -> np.ndarray:
        pixels = torch.from_numpy(open_picture(content, name, (3, side, side))).float() / 255
        return extractor(pixels[None])[0].numpy()

    return Codec(about["dim"], encode_image=encode_image)
