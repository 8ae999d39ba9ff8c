"""Entity embeddings: the levels of categorical columns as vectors, learned from a target.

    python -m trainers entity --data table.csv --target price --out levels.embedding.parquet
    python -m trainers entity --out flights.embedding.parquet

Each categorical column has a table with one vector per level. The vectors of a row's levels and its
standardized numbers are concatenated and go through two layers to the target: a number (squared
error) or a class (cross-entropy). Levels with similar effects end up close to each other. After
Cheng Guo and Felix Berkhahn, "Entity Embeddings of Categorical Variables" (2016, arXiv 1604.06737).

A fraction of the cells is hidden in training, so that "(unknown)" has a vector: it represents
levels that do not occur in the training rows. Missing values are a level of their own,
"(missing)".

The output is one file with the levels of all columns, the column in `role`, shorter vectors padded
with zeros to the longest; and one file per column, NAME.COLUMN.embedding.parquet, without padding.
Only vectors of the same column are comparable.
"""

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import save
from trainers.core import devices, run_info
from trainers.core.console import is_main, print_progress
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.result import part_path, write_result
from trainers.core.rng import (
    automatic_batch_size,
    numpy_epoch_order,
    numpy_generator,
    torch_generator,
)
from trainers.core.task import Batch, Task
from trainers.data.tables import Table, TableSpec, TargetKind, read
from trainers.entity.config import EntityConfig
from trainers.entity.data import hold_out, learn_coding, width
from trainers.entity.model import EntityNetwork
from trainers.entity.output import concatenated, level_sets, target_columns
from trainers.metrics.prediction import classification_metrics, regression_metrics

_BLOCK_ROWS = 8192  # in validation


class EntityTask(Task):
    """Trains an EntityNetwork.

    Parameters
    ----------
    predictors : the table; columns that are not categorical are numeric
    target : float64 or text objects, shape (rows,)
    categorical : names of the categorical columns
    task : regression or classification
    config : the settings
    """

    unit = "rows"

    def __init__(
        self,
        predictors: pd.DataFrame,
        target: np.ndarray,
        categorical: Sequence[str],
        task: TargetKind,
        config: EntityConfig,
    ) -> None:
        self.config = config
        self.coding = learn_coding(predictors, target, categorical, task, config.min_count)
        codes = self.coding.codes(predictors)  # (rows, columns)
        rng = numpy_generator(config.seed, "hold out")
        is_held_out = hold_out(codes, config.validation_fraction, rng)
        inputs = {"codes": codes, "numbers": self.coding.numbers(predictors),
                  "target": self.coding.targets(target)}  # fmt: skip
        self.train_rows = {
            name: torch.from_numpy(values[~is_held_out]) for name, values in inputs.items()
        }
        self.held_out_rows = {
            name: torch.from_numpy(values[is_held_out]) for name, values in inputs.items()
        }
        self.train_target, self.held_out_target = target[~is_held_out], target[is_held_out]
        rows = len(self.train_target)
        size = automatic_batch_size(rows, steps=150, largest=4096)
        self.batch_size = config.batch_size or size
        self.steps_per_epoch = math.ceil(rows / self.batch_size)
        sizes = [len(levels) for levels in self.coding.levels.values()]
        self.module = EntityNetwork(
            levels=sizes,
            widths=[width(size - 1, config.width_rule, config.dim) for size in sizes],
            numbers=inputs["numbers"].shape[1],
            hidden=config.hidden,
            outputs=len(self.coding.classes) or 1,
            generator=torch_generator(config.seed, "weights"),
        )

    def optimizer(self) -> torch.optim.Optimizer:
        """Return AdamW over all weights."""
        rate, decay = self.config.learning_rate, self.config.weight_decay
        return torch.optim.AdamW(self.module.parameters(), rate, weight_decay=decay, fused=True)

    def schedule(self, progress: float) -> float:
        """Decay the learning rate linearly to 0."""
        return 1 - progress

    def batch(self, epoch: int, step: int) -> Batch:
        """Return rows, reshuffled each epoch, with some of their levels hidden."""
        order = numpy_epoch_order(len(self.train_target), self.config.seed, epoch)
        rows = torch.from_numpy(order[step * self.batch_size :][: self.batch_size])  # (B,)
        batch = {name: values[rows] for name, values in self.train_rows.items()}  # (B, ...) each
        generator = torch_generator(self.config.seed, "hidden levels", epoch, step)
        hidden = torch.rand(batch["codes"].shape, generator=generator) < self.config.unknown_rate
        return {**batch, "codes": batch["codes"].masked_fill(hidden, 0)}

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, float]:
        """Return the summed squared error, or cross-entropy in nats, of the local rows."""
        output = self.module(
            batch["codes"][local_rows], batch["numbers"][local_rows]
        ).float()  # (b, outputs)
        target = batch["target"][local_rows]  # (b,)
        if self.coding.classes:
            return F.cross_entropy(output, target, reduction="sum"), len(target)
        return F.mse_loss(output[:, 0], target, reduction="sum"), len(target)

    def validate(self) -> dict[str, float]:
        """Return the loss of the held-out rows, and metrics in units of the target."""
        if len(self.held_out_target) == 0:
            return {}
        device = next(self.module.parameters()).device
        inputs = [self.held_out_rows[name].split(_BLOCK_ROWS) for name in ("codes", "numbers")]
        output = torch.cat(
            [self.module(codes.to(device), numbers.to(device)).cpu()
             for codes, numbers in zip(*inputs, strict=True)]
        )  # (rows, outputs)  # fmt: skip
        target = self.held_out_rows["target"]  # (rows,)
        if self.coding.classes:
            classes = np.array(self.coding.classes, dtype=object)
            loss = F.cross_entropy(output, target)
            probabilities = output.double().softmax(dim=1).numpy()  # (rows, classes)
            metrics = classification_metrics(self.held_out_target, probabilities, classes)
        else:
            loss = F.mse_loss(output[:, 0], target)
            predicted = output[:, 0].double().numpy() * self.coding.target_std
            predicted += self.coding.target_mean
            metrics = regression_metrics(self.held_out_target, predicted)
        return {"loss": loss.item(), **metrics}

    def baseline(self) -> dict[str, float]:
        """Return the metric of predicting the mean, or the most frequent class, for held-out rows.

        It is empty if no rows are held out.
        """
        if len(self.held_out_target) == 0:
            return {}
        if not self.coding.classes:
            mean = np.full(len(self.held_out_target), self.train_target.mean())
            return {"rmse of the mean": regression_metrics(self.held_out_target, mean)["rmse"]}
        classes, counts = np.unique(self.train_target, return_counts=True)
        accuracy = float(np.mean(self.held_out_target == classes[counts.argmax()]))
        return {"accuracy of the commonest class": accuracy}

    def vectors(self) -> dict[str, np.ndarray]:
        """Return the vectors of each column's levels: float32, shape (levels, width)."""
        weights = self.module.state_dict()
        names = enumerate(self.coding.levels)
        return {name: weights[f"tables.{i}.weight"].cpu().numpy() for i, name in names}


@dataclass(frozen=True)
class EntityFit:
    """Learns entity embeddings from the rows it is called with: `fit_with` of EmbeddingEncoder.

    Attributes
    ----------
    categorical : columns to learn vectors for; all others are numeric
    task : regression or classification
    config : the settings; nothing is written to its `out`
    """

    categorical: tuple[str, ...]
    task: TargetKind
    config: EntityConfig

    def __call__(self, X: pd.DataFrame, y: np.ndarray) -> dict[str, EmbeddingSet]:
        """Return the vectors of each column's levels, learned from these rows."""
        if not isinstance(X, pd.DataFrame):
            raise EmbeddingError(f"{type(X).__name__} as table; give a pandas DataFrame")
        task = EntityTask(X, np.asarray(y), self.categorical, self.task, self.config)
        with tempfile.TemporaryDirectory() as folder:
            config = replace(self.config, run_dir=Path(folder))
            fit(task, config, devices.start(config), run_info.settings(config))
        return level_sets(task.coding, task.vectors(), name="levels")


def run(config: EntityConfig) -> dict[str, Any]:
    """Read the table, train, write the files; return the metrics."""
    fabric = devices.start(config)
    table = read(config.data, TableSpec.of(config, config.seed))
    task = EntityTask(table.predictors, table.target, table.categorical, table.task, config)
    sizes = [f"{name} {len(levels) - 1:,}" for name, levels in task.coding.levels.items()]
    for note in (*table.notes, f"{len(table):,} rows, {len(task.held_out_target):,} held out; "
                 f"levels: {', '.join(sizes)}"):  # fmt: skip
        print_progress(note, config.quiet)
    if config.dry_run:
        return dry_run(task, config, fabric)
    settings = run_info.settings(config, batch_size=task.batch_size, device=fabric.device.type)
    result = fit(task, config, fabric, {**settings, "sha256": table.source["sha256"]})

    sets = level_sets(
        task.coding,
        task.vectors(),
        target_columns(
            task.coding, task.coding.codes(table.predictors), table.target, table.target_name
        ),
        name=table.name,
        **run_info.fields("entity", settings, table.source, metrics_of(task, table, result)),
    )
    if is_main() and not config.one_file:
        for name, level_set in sets.items():
            save(level_set, part_path(config.out, name))
    return write_result(concatenated(sets, table.name), config, result)


def metrics_of(task: EntityTask, table: Table, result: TrainingResult) -> dict[str, Any]:
    """Return the metrics that the file stores: of the held-out rows, and of the baseline."""
    return {
        "training_loss": result.loss,
        **result.metrics,
        **task.baseline(),
        "target": table.target_name,
        "task": table.task,
        "rows": len(table),
        "withheld": len(task.held_out_target),
        "levels": {name: len(levels) - 1 for name, levels in task.coding.levels.items()},
        "widths": {name: vectors.shape[1] for name, vectors in task.vectors().items()},
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "steps": result.steps,
    }
