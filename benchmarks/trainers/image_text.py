"""image_text: retrieval between images and captions, for seen and unseen combinations of attributes

The data are the built-in shapes: 2,160 combinations of color, shape, size and place, of which 500
are never in the training data. The candidates are 500 images and their captions, each of a
different combination: held-out images of the training combinations (seen), or images of the others
(unseen). recall@k is the fraction whose counterpart is among the k nearest. One baseline is given
the attributes that captions consist of: the same image network is trained to classify the four
attributes, and the similarity to a caption is the sum of the log-probabilities of its attributes.
A simpler one, ridge regression from small images to tf-idf of captions, is given no more than
image_text; its recall@1 is the mean of both directions. Chance is 1 in 500.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from typing_extensions import Doc

from benchmarks import report
from trainers.core import run_info
from trainers.core.devices import start
from trainers.core.fit import fit
from trainers.core.task import Batch
from trainers.data.images.convolutions import initialize
from trainers.image_text.config import ImageTextConfig
from trainers.image_text.data import Captioned
from trainers.image_text.metrics import candidates, recalls, ridge_recall
from trainers.image_text.model import image_tower
from trainers.image_text.synthetic import synthetic_shapes
from trainers.image_text.train import ImageTextTask


class AttributesTask(ImageTextTask):
    """The oracle baseline: classifies the attributes of the same images in the same order."""

    metric = "loss"
    higher_is_better = False

    def __init__(self, pairs: Captioned, config: ImageTextConfig) -> None:
        super().__init__(pairs, config)
        numbered = [np.unique(values, return_inverse=True) for values in pairs.attributes.values()]
        self.sizes = [len(names) for names, _ in numbered]
        self.values = torch.from_numpy(np.stack([numbers for _, numbers in numbered], axis=1))
        self.network: nn.Module = image_tower(pairs.shape, sum(self.sizes), config.width)
        initialize(self.network, config.seed)
        self.module = self.network  # type: ignore[assignment]  # one tower in place of two

    def optimizer(self) -> torch.optim.Optimizer:
        """Return AdamW, as for the towers."""
        rate, decay = self.config.learning_rate, self.config.weight_decay
        return torch.optim.AdamW(self.network.parameters(), rate, weight_decay=decay, fused=True)

    def log_probabilities(self, images: torch.Tensor) -> torch.Tensor:
        """Return the log-probability of each attribute value: (b, values); images: int64 rows."""
        pixels = torch.from_numpy(self.pairs.pixels)[images].float() / self.pairs.full
        parts = self.network(pixels - 0.5).split(self.sizes, dim=1)
        return torch.cat([F.log_softmax(part, dim=1) for part in parts], dim=1)

    def truth(self, images: torch.Tensor) -> torch.Tensor:
        """Return the attribute values in the captions of the images: 0 or 1, shape (b, values)."""
        parts = zip(self.values[images].unbind(1), self.sizes, strict=True)
        return torch.cat([F.one_hot(value, size) for value, size in parts], dim=1)

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, float]:
        """Return the sum of the cross-entropies of the four attributes."""
        images = batch["image"][local_rows]
        return -(self.log_probabilities(images) * self.truth(images)).sum(), len(images)

    def recalls(self, chosen: np.ndarray) -> dict[str, float]:
        """Return the recalls with summed log-probabilities as similarity."""
        rows = torch.from_numpy(chosen)  # pairs and images have the same row numbers
        with torch.no_grad():
            predicted, truth = self.log_probabilities(rows), self.truth(rows)
        return recalls(predicted.numpy(), truth.float().numpy())

    def validate(self) -> dict[str, float]:
        """Return the loss on held-out images, which selects the best epoch."""
        rows = torch.from_numpy(self.validated)
        losses = -(self.log_probabilities(rows) * self.truth(rows)).sum(dim=1)
        return {"loss": losses.mean().item()}


CONTENDERS = {"image_text": ImageTextTask, "attribute classifier (oracle)": AttributesTask}


@dataclass(frozen=True)
class Options:
    """The options of this benchmark."""

    seeds: Annotated[int, Doc("Random seeds of images, splits and initial weights")] = 3
    threads: Annotated[int, Doc("CPU threads")] = 1


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, Options())
    started = report.hardware()
    rows = []
    for name, task in CONTENDERS.items():
        found = [measure(name, task, seed, options.threads) for seed in range(options.seeds)]
        rows += [summary(name, split, [each[split] for each in found]) for split in found[0]]
    for split, values in linear(options.seeds).items():
        rows.append({"contender": "ridge regression to tf-idf", "candidates": split,
                     "seeds": len(values), "recall@1": round(float(np.mean(values)), 4),
                     "min recall@1": round(min(values), 4)})  # fmt: skip
    own = {row["candidates"]: row for row in rows if row["contender"] == "image_text"}
    targets = [
        report.target(f"{direction} recall@1, {split} combinations, min over seeds",
                      own[split][f"min recall@1 {direction}"], at_least=least)
        for split, least in (("seen", 0.9), ("unseen", 0.6))
        for direction in ("text to image", "image to text")
    ]  # fmt: skip
    facts = {"source": "synthetic shapes: 2,160 combinations, 500 of them unseen; 500 candidates",
             "chance": "recall@1 0.002, recall@5 0.01"}  # fmt: skip
    report.show(__doc__, started, facts, rows, targets, ("torch", "lightning-fabric"))


def measure(
    name: str, kind: type[ImageTextTask], seed: int, threads: int
) -> dict[str, dict[str, float]]:
    """Train once; return the recalls of seen and of unseen combinations."""
    report.print_progress(f"{name}, seed {seed}")
    with TemporaryDirectory() as folder:
        out = Path(folder) / "shapes.embedding.parquet"
        config = ImageTextConfig(out=out, seed=seed, device="cpu", threads=threads, quiet=True)
        task = kind(synthetic_shapes(seed=seed), config)
        fit(task, config, start(config), run_info.settings(config))
    unseen = candidates(np.flatnonzero(task.pairs.unseen), task.pairs.meaning, seed)
    assert len(task.validated) == len(unseen) == 500
    task.module.eval()
    return {"seen": task.recalls(task.validated), "unseen": task.recalls(unseen)}


def linear(seeds: int) -> dict[str, list[float]]:
    """Return recall@1 of ridge regression for each seed, by split."""
    report.print_progress("ridge regression")
    found: dict[str, list[float]] = {"seen": [], "unseen": []}
    for seed in range(seeds):
        config = ImageTextConfig(out=Path("x.embedding.parquet"), seed=seed)
        task = ImageTextTask(synthetic_shapes(seed=seed), config)
        unseen = candidates(np.flatnonzero(task.pairs.unseen), task.pairs.meaning, seed)
        for split, rows in (("seen", task.validated), ("unseen", unseen)):
            found[split].append(ridge_recall(task.pairs, task.trained, rows))
    return found


def summary(name: str, split: str, found: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Return a row of the table: means over the seeds, and the minimum recall@1."""
    row: dict[str, Any] = {"contender": name, "candidates": split, "seeds": len(found)}
    for measure in found[0]:
        row[measure] = round(float(np.mean([each[measure] for each in found])), 4)
    for direction in ("text to image", "image to text"):
        key = f"recall@1 {direction}"
        row[f"min {key}"] = round(min(each[key] for each in found), 4)
    return row


if __name__ == "__main__":
    main()
