"""A linear autoencoder equals PCA, others reconstruct better; a saved run decodes vectors."""

import base64
import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.decomposition import PCA

from embeddings import EmbeddingError, load
from trainers.__main__ import main
from trainers.autoencoder.config import AutoencoderConfig
from trainers.autoencoder.model import Autoencoder
from trainers.autoencoder.train import AutoencoderTask, run
from trainers.commands import load_run
from trainers.data.images.reading import digits

ROOT = Path(__file__).parents[3]


def config(tmp_path=Path("."), **changes):
    changes = {"device": "cpu", "threads": 1, "quiet": True, **changes}
    return AutoencoderConfig(out=tmp_path / "out.embedding.parquet", **changes)


def spots(path: Path, count: int = 300) -> Path:
    """Write images of a spot of light, each determined by two numbers: where the spot is."""
    x, y = np.random.default_rng(0).uniform(1.5, 5.5, (2, count, 1, 1))
    rows, columns = np.mgrid[:8, :8]
    images = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 4)
    np.savez(path, images=images)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("synthetic")
    settings = config(folder, data=spots(folder / "spots.npz"), dim=2, network="dense", epochs=150,
                   validation_fraction=0.2)  # fmt: skip
    return run(settings), load(settings.out), folder


def test_two_dimensions_reconstruct_a_spot(made):
    metrics, found, _ = made
    assert metrics["mse"] < 0.1 * metrics["mse of pca"]
    assert "knn accuracy" not in metrics  # the images have no classes
    names = found.metadata.column_names
    assert names == ["split", "image", "reconstruction", "reconstruction_error"]
    errors = found.metadata.column("reconstruction_error").to_numpy()
    held_out = np.array(found.metadata.column("split").to_pylist()) == "withheld"
    assert errors[held_out].mean() == pytest.approx(metrics["mse"], rel=1e-4)
    assert found.labels[:2] == ("#0", "#1") and found.dimensions == 2


def test_the_reconstruction_is_the_decoded_vector(made):
    _, found, folder = made
    checkpoint = (folder / "out.run" / "best.pt").read_bytes()
    named = found.provenance.config["checkpoint_sha256"]
    assert named == hashlib.sha256(checkpoint).hexdigest()
    coder = load_run.load(folder / "out.run")
    drawn = coder.decode(found.vectors)
    assert drawn == [cell["bytes"] for cell in found.metadata.column("reconstruction").to_pylist()]
    with Image.open(io.BytesIO(drawn[0])) as picture:
        seen = np.asarray(picture)[::4, ::4] / 255
    cell = found.metadata.column("image")[0].as_py()["bytes"]
    with Image.open(io.BytesIO(cell)) as picture:
        error = np.square(np.asarray(picture)[::4, ::4] / 255 - seen).mean()
    assert error == pytest.approx(
        found.metadata.column("reconstruction_error")[0].as_py(), abs=1e-4
    )
    vector = coder.encode_image(cell, "0.png")
    np.testing.assert_allclose(vector, found.vectors[0], rtol=1e-3, atol=1e-3)


def test_decode_writes_an_image_or_json(made, capsys):
    _, _, folder = made
    command = ["decode", str(folder / "out.run"), "--vector", "-0.5", "1e-1"]
    assert main([*command, "--out", str(folder / "drawn.png")]) == 0
    assert capsys.readouterr().out == ""
    assert main([*command, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["vector"] == pytest.approx([-0.5, 0.1])
    assert base64.b64decode(document["png"]) == (folder / "drawn.png").read_bytes()
    for wrong, message in (
        (["--vector", "1", "--json"], "1 values given; expected 2 finite numbers"),
        (["--vector", "1", "nan", "--json"], "expected 2 finite numbers"),
        (["--vector", "1", "2"], "give --out FILE.png, or --json"),
        ([], "expected either --vector NUMBER ... or --serve"),
    ):
        assert main([*command[:2], *wrong]) == 2
        output = capsys.readouterr()
        assert output.out == "" and output.err.count("\n") == 1 and message in output.err


def test_one_process_decodes_many_vectors(made):
    _, _, folder = made
    command = [sys.executable, "-m", "trainers", "decode", str(folder / "out.run"), "--serve"]
    with subprocess.Popen(command, cwd=ROOT, text=True, bufsize=1, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:  # fmt: skip
        assert json.loads(process.stdout.readline()) == {"dim": 2}
        for request in ({"vector": [0, 1]}, {"vector": [5]}, [], {"vector": [1, 0.5]}):
            process.stdin.write(json.dumps(request) + "\n")
            response = json.loads(process.stdout.readline())  # before the next request
            if isinstance(request, dict) and len(request["vector"]) == 2:
                assert response["vector"] == request["vector"]
                assert base64.b64decode(response["png"]).startswith(b"\x89PNG")
            else:
                assert list(response) == ["error"]
        process.stdin.close()
        assert process.wait() == 0


@pytest.mark.parametrize("network", ["convolutional", "dense"])
def test_a_network_starts_as_a_projection(network):
    shape, mean = (2, 7, 9), np.full((2, 7, 9), 0.3, np.float32)
    module = Autoencoder(shape, 4, network, 4, 16, seed=0, mean=mean)
    pixels = torch.rand(5, *shape)
    with torch.no_grad():
        codes = module.encode(pixels)
        assert codes.shape == (5, 4) and module.decode(codes).shape == pixels.shape
        torch.testing.assert_close(module.encode(module.decode(codes)), codes)
        torch.testing.assert_close(module.decode(torch.zeros(1, 4))[0], module.mean)


def test_more_dimensions_than_pixels_are_refused():
    with pytest.raises(EmbeddingError, match="dim = 65; expected at most 64, the pixels"):
        AutoencoderTask(digits(), config(dim=65))


def test_on_digits_a_linear_network_equals_pca_and_a_dense_one_is_better(tmp_path):
    for dim, network, bound in ((8, "linear", 1.01), (8, "dense", 0.7)):
        settings = config(tmp_path, dim=dim, network=network, validation_fraction=0.25)
        metrics = run(settings)
        task = AutoencoderTask(digits(), settings)
        pixels = task.images.pixels.reshape(-1, 64) / 16
        pca = PCA(dim).fit(pixels[task.trained])
        held_out = pixels[task.held_out]
        error = np.square(pca.inverse_transform(pca.transform(held_out)) - held_out).mean()
        assert metrics["mse of pca"] == pytest.approx(error, rel=1e-5)
        assert metrics["mse"] <= bound * error
        if network == "linear":
            assert metrics["mse"] >= 0.99 * error
