"""Synthetic images are classified, and a saved run gives the same vectors as the file."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from embeddings import EmbeddingError, load
from trainers.__main__ import main
from trainers.cnn.config import CnnConfig
from trainers.cnn.model import Cnn, shifted
from trainers.cnn.train import CnnTask, run
from trainers.commands import load_run
from trainers.data.images.convolutions import halvings
from trainers.data.images.image_task import hold_out
from trainers.data.images.reading import digits


def config(tmp_path=Path("."), **changes):
    changes = {"device": "cpu", "threads": 1, "quiet": True, **changes}
    return CnnConfig(out=tmp_path / "out.embedding.parquet", **changes)


def bars(path: Path, count: int = 300) -> Path:
    """Write noisy images of a vertical or horizontal bar, black or white, or of none."""
    rng = np.random.default_rng(0)
    images = rng.integers(90, 160, (count, 8, 8))
    labels = np.array(["horizontal", "none", "vertical"])[np.arange(count) % 3]
    for image, label in zip(images, labels, strict=True):
        y, x, white = *rng.integers(0, 4, 2), rng.integers(0, 2) * 255
        if label == "vertical":
            image[y : y + 5, x] = white
        elif label == "horizontal":
            image[y, x : x + 5] = white
    np.savez(path, images=images.astype(np.uint8), labels=labels)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("synthetic")
    settings = config(folder, data=bars(folder / "bars.npz"), dim=8, width=8, batch_size=16,
                   validation_fraction=0.2, shift=1)  # fmt: skip
    return run(settings), load(settings.out), folder


def test_synthetic_bars_are_classified(made):
    metrics, found, _ = made
    assert metrics["accuracy"] == metrics["knn accuracy"] == 1 > metrics["knn accuracy of pixels"]
    assert metrics["images"] == 300 and metrics["withheld"] == 60 and metrics["classes"] == 3
    columns = {
        name: found.metadata.column(name).to_pylist() for name in found.metadata.column_names
    }
    assert list(columns) == ["class", "predicted", "split", "image"]
    assert columns["class"] == columns["predicted"] == ["horizontal", "none", "vertical"] * 100
    assert columns["split"].count("withheld") == 60
    assert found.labels[:2] == ("horizontal #0", "none #1") and found.provenance.metric == "cosine"


def test_a_saved_run_gives_the_same_vectors(made, capsys):
    _, found, folder = made
    path = folder / "one.png"
    path.write_bytes(found.metadata.column("image")[5].as_py()["bytes"])
    assert main(["encode", str(folder / "out.run"), "--image", str(path), "--json"]) == 0
    vector = json.loads(capsys.readouterr().out)["vector"]
    np.testing.assert_allclose(vector, found.vectors[5], rtol=1e-4, atol=1e-4)
    with Image.open(io.BytesIO(path.read_bytes())) as opened:
        assert opened.size == (32, 32)
    with pytest.raises(EmbeddingError, match="no such file"):
        main_error(["encode", str(folder / "out.run"), "--image", "absent.png"], capsys)
    with pytest.raises(EmbeddingError, match="cannot encode texts"):
        main_error(["encode", str(folder / "out.run"), "--text", "a bar"], capsys)
    with pytest.raises(EmbeddingError, match="cannot decode vectors"):
        main_error(["decode", str(folder / "out.run"), "--vector", "1", "--json"], capsys)
    with pytest.raises(EmbeddingError, match=r"contains no best\.pt or last\.pt"):
        main_error(["encode", str(folder), "--text", "a bar"], capsys)
    assert load_run.load(folder / "out.run").dim == 8


def main_error(arguments: list[str], capsys) -> None:
    """Run a command that must fail with status 2 and one line, and raise that line."""
    assert main(arguments) == 2
    output = capsys.readouterr()
    assert output.out == "" and output.err.count("\n") == 1
    raise EmbeddingError(output.err)


def test_a_vector_does_not_depend_on_the_rest_of_its_batch():
    module = Cnn((3, 9, 11), 4, 5, 8, seed=0)
    pixels = torch.rand(6, 3, 9, 11)
    together = module.vectors(pixels)
    alone = torch.cat([module.vectors(each[None]) for each in pixels])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)
    assert module(pixels).shape == (6, 4) and together.shape == (6, 5)


def test_images_are_shifted_by_whole_pixels_and_their_edges_repeated():
    pixels = torch.arange(25.0).view(1, 1, 5, 5).repeat(200, 1, 1, 1)
    moved = shifted(pixels, 2, torch.Generator().manual_seed(0))
    middles = moved[:, 0, 2, 2]
    wanted = {float(5 * (2 + y) + 2 + x) for y in range(-2, 3) for x in range(-2, 3)}
    assert set(middles.tolist()) == wanted
    for image, middle in zip(moved[:, 0], middles, strict=True):
        y, x = int(middle) // 5 - 2, int(middle) % 5 - 2
        rows, columns = ([min(max(i + by, 0), 4) for i in range(5)] for by in (y, x))
        assert image.tolist() == [[5.0 * row + column for column in columns] for row in rows]
    assert shifted(pixels, 0, torch.Generator()) is pixels


def test_the_same_fraction_of_each_class_is_held_out():
    target = np.array([0] * 20 + [1] * 8 + [2])
    held_out = hold_out(target, 0.25, seed=0)
    assert [held_out[target == one].sum() for one in range(3)] == [5, 2, 0]
    assert not hold_out(target, 0, seed=0).any()


def test_sides_are_halved_to_two_or_three_pixels():
    assert [halvings(side, 100) for side in (4, 8, 12, 28, 32, 64, 224)] == [1, 2, 2, 3, 4, 4, 4]


def test_images_without_two_classes_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((4, 8, 8)))
    with pytest.raises(
        EmbeddingError, match=r"a.npz: images without classes; expected at least two"
    ):
        run(config(tmp_path, data=tmp_path / "a.npz"))


def test_without_validation_the_last_weights_are_saved(tmp_path):
    settings = config(tmp_path, data=bars(tmp_path / "bars.npz", 30), dim=3, width=4, epochs=2,
                   validation_fraction=0)  # fmt: skip
    metrics = run(settings)
    assert metrics["knn accuracy"] is None and metrics["best_epoch"] == 0
    found = load(settings.out)
    cell = found.metadata.column("image")[0].as_py()["bytes"]
    vector = load_run.load(settings.run_folder).encode_image(cell, "0.png")
    np.testing.assert_allclose(vector, found.vectors[0], rtol=1e-4, atol=1e-4)
    checkpoint = (settings.run_folder / "best.pt").read_bytes()
    assert found.provenance.config["checkpoint_sha256"] == hashlib.sha256(checkpoint).hexdigest()


def test_digits_reach_the_expected_accuracy(tmp_path):
    task = CnnTask(digits(), config(validation_fraction=0.25))
    assert task.images.shape == (1, 8, 8) and task.shift == 0
    assert len(task.held_out) == 450
    metrics = run(config(tmp_path, validation_fraction=0.25))
    assert metrics["knn accuracy"] >= 0.985 > metrics["knn accuracy of pca"]


def test_the_width_may_be_any_number():
    assert Cnn((1, 8, 8), classes=2, dim=3, width=5, seed=0)(torch.rand(2, 1, 8, 8)).shape == (2, 2)
