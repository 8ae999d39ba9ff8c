"""Pretrained weights are opened as a network of timm and give its vectors.

timm is not installed for tests: a module with its function create_model takes its place.
"""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from embeddings import EmbeddingError, load
from trainers.cnn.config import CnnConfig
from trainers.cnn.pretrained import Extractor, open_extractor
from trainers.cnn.train import run
from trainers.commands import load_run
from trainers.data.images.pictures import open_picture


def config(tmp_path: Path, **changes) -> CnnConfig:
    changes = {"device": "cpu", "threads": 1, "quiet": True, **changes}
    return CnnConfig(out=tmp_path / "out.embedding.parquet", **changes)


class TinyNetwork(torch.nn.Module):
    """A network as timm creates it: images (b, 3, 16, 16) -> vectors (b, 5)."""

    default_cfg: ClassVar = {
        "input_size": (3, 16, 16),
        "mean": (0.5, 0.25, 0.0),
        "std": (0.5, 0.5, 2.0),
        "classifier": "head",
    }

    def __init__(self) -> None:
        super().__init__()
        self.stem = torch.nn.Conv2d(3, 5, 3, stride=2)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.stem(pixels).relu().mean(dim=(2, 3))


@pytest.fixture
def timm(monkeypatch) -> None:
    def create_model(name: str, pretrained: bool, num_classes: int) -> TinyNetwork:
        assert (pretrained, num_classes) == (False, 0)
        if name != "tiny":
            raise RuntimeError(f"Unknown model ({name})")
        return TinyNetwork()

    module = ModuleType("timm")
    module.create_model = create_model
    monkeypatch.setitem(sys.modules, "timm", module)


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """Random weights of the network and of its classifier, as a file of PyTorch."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "tiny.pth"
    torch.save({**TinyNetwork().state_dict(), "head.weight": torch.zeros(7, 5)}, path)
    return path


def write_images(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    for row in range(8):
        place = folder / ("dark", "light")[row % 2]
        place.mkdir(parents=True, exist_ok=True)
        array = rng.integers(0, 100, (40, 30, 3), dtype=np.uint8) + 150 * (row % 2)
        Image.fromarray(array.astype(np.uint8)).save(place / f"{row}.png")
    return folder


@pytest.mark.usefixtures("timm")
def test_the_file_holds_the_vectors_of_the_network(tmp_path, weights):
    settings = config(tmp_path, data=write_images(tmp_path / "images"), pretrained=weights, size=16,
                   architecture="tiny", validation_fraction=0.25)  # fmt: skip
    metrics = run(settings)
    found = load(settings.out)
    assert found.vectors.shape == (8, 5) and metrics["withheld"] == 2
    assert found.metadata.column_names == ["class", "split", "image"]
    about = found.provenance.config
    assert (about["pretrained"], about["architecture"]) == ("tiny.pth", "tiny")
    network = TinyNetwork()
    network.load_state_dict(torch.load(weights, weights_only=True), strict=False)
    pixels = torch.from_numpy(
        np.stack([open_picture((tmp_path / "images" / label).read_bytes(), label, (3, 16, 16))
                  for label in found.labels])
    ) / 255  # fmt: skip
    mean, std = (torch.tensor(network.default_cfg[name])[:, None, None] for name in ("mean", "std"))
    with torch.no_grad():
        np.testing.assert_allclose(found.vectors, network((pixels - mean) / std), atol=1e-5)
    content = (tmp_path / "images" / found.labels[3]).read_bytes()
    weights.rename(weights.with_suffix(".gone"))  # the run does not need it any more
    try:
        vector = load_run.load(settings.run_folder).encode_image(content, "3.png")
    finally:
        weights.with_suffix(".gone").rename(weights)
    np.testing.assert_allclose(vector, found.vectors[3], atol=1e-5)


@pytest.mark.usefixtures("timm")
def test_images_need_no_classes(tmp_path, weights):
    np.savez(tmp_path / "a.npz", x=np.random.default_rng(0).random((3, 8, 8)))
    settings = config(tmp_path, data=tmp_path / "a.npz", pretrained=weights, architecture="tiny")
    metrics = run(settings)
    assert metrics["images"] == 3 and "knn accuracy" not in metrics


@pytest.mark.usefixtures("timm")
def test_a_folder_names_its_network_and_preprocessing(tmp_path, weights):
    save_file(torch.load(weights, weights_only=True), tmp_path / "model.safetensors")
    config_file = {"architecture": "tiny", "pretrained_cfg": {"input_size": [3, 24, 24]}}
    (tmp_path / "config.json").write_text(json.dumps(config_file))
    extractor = open_extractor(tmp_path, None)
    assert (extractor.architecture, extractor.side) == ("tiny", 24)
    assert extractor.mean == (0.5, 0.25, 0.0)


def test_an_extractor_normalizes_by_mean_and_standard_deviation():
    class Means(torch.nn.Module):
        def forward(self, pixels):
            assert pixels.shape[1:] == (3, 6, 6)
            return pixels.mean(dim=(2, 3))

    extractor = Extractor(Means(), "means", 6, (0.5, 0.25, 0.0), (0.5, 0.5, 2.0))
    grey = torch.full((2, 1, 3, 3), 0.75)
    torch.testing.assert_close(extractor(grey), torch.tensor([[0.5, 1.0, 0.375]] * 2))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.pth", None, "absent.pth: no such file or folder; give weights"),
        ("a.pth", b"none", "no readable weights"),
        ("a.safetensors", b"none", "no readable weights"),
        ("folder", None, "no .safetensors, .bin, .pth or .pt in it"),
    ],
)
def test_unreadable_weights_are_refused(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    elif name == "folder":
        path.mkdir()
    with pytest.raises(EmbeddingError, match=message):
        open_extractor(path, None)


@pytest.mark.usefixtures("timm")
def test_weights_of_another_network_are_rejected(tmp_path, weights):
    save_file({"layer.weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(EmbeddingError, match="which network are these weights of"):
        open_extractor(tmp_path / "other.safetensors", None)
    with pytest.raises(EmbeddingError, match="2 are missing and 1 are unexpected, such as stem"):
        open_extractor(tmp_path / "other.safetensors", "tiny")
    for name in (f"local-dir:{tmp_path}", "hf-hub:someone/model", "../tiny"):
        with pytest.raises(EmbeddingError, match="not a name of a network of timm"):
            open_extractor(weights, name)
    with pytest.raises(EmbeddingError, match=r"--architecture huge: Unknown model \(huge\)"):
        open_extractor(tmp_path / "other.safetensors", "huge")
    state = torch.load(weights, weights_only=True)
    torch.save({"state_dict": {**state, "stem.bias": torch.zeros(3)}}, tmp_path / "shape.pth")
    with pytest.raises(EmbeddingError, match=r"size mismatch for stem\.bias"):
        open_extractor(tmp_path / "shape.pth", "tiny")
    torch.save([Path("a")], tmp_path / "pickled.pth")  # only tensors are read
    with pytest.raises(EmbeddingError, match="no readable weights"):
        open_extractor(tmp_path / "pickled.pth", None)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "vit"}))
    with pytest.raises(EmbeddingError, match="no `architecture` in it"):
        open_extractor(tmp_path, None)


def test_pretrained_networks_need_timm(weights, monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(EmbeddingError, match=r"\(resnet18\) needs timm.*pip install timm"):
        open_extractor(weights, "resnet18")
