"""Entity embeddings: the levels of categorical columns as vectors, learned from a target.

    python -m trainers entity --data table.csv --target price --out levels.embedding.parquet
    python -m trainers entity --out flights.embedding.parquet

Each categorical column has a table of vectors, one a level. The vectors of a row's levels and its
standardized numbers, side by side, go through two layers to the target: a number (squared error) or
a class (cross-entropy). Levels that have like effects come to lie near each other. After Cheng Guo
and Felix Berkhahn, "Entity Embeddings of Categorical Variables" (2016, arXiv 1604.06737).

A share of the cells is hidden in training, so that "(unknown)" has a vector: it stands for levels
that were never seen. Where values are missing, "(missing)" is a level like any other.

Written are one file of all levels, `role` being the column, shorter vectors padded with zeros to
the length of the longest; and one file a column, NAME.COLUMN.embedding.parquet, without padding.
Only vectors of one column may be compared.
"""

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import save
from trainers.core import devices, provenance
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.progress import is_main, say
from trainers.core.result import write_result
from trainers.core.rng import numpy_generator, torch_generator
from trainers.core.task import Batch, Task
from trainers.data.tables import Choice, Table, TargetKind, read
from trainers.entity.config import EntityConfig
from trainers.entity.data import hold_out, learn_coding, width
from trainers.entity.output import column_path, joined, level_sets, target_columns
from trainers.metrics.prediction import classification_metrics, regression_metrics

INITIAL_DEVIATION = 0.05
"""Of the vectors' components."""

_ROWS_AT_ONCE = 8192  # in validation


class EntityNetwork(nn.Module):
    """A table of vectors for each categorical column, and two layers above them.

    Parameters
    ----------
    levels, widths : number of levels, and length of the vectors, of each column
    numbers : how many numbers a row has beside its levels
    hidden : units of the first layer; the second has half
    outputs : 1 for a number, else the number of classes
    generator : of the CPU, the source of chance
    """

    def __init__(
        self,
        levels: Sequence[int],
        widths: Sequence[int],
        numbers: int,
        hidden: int,
        outputs: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        tables = [nn.Embedding(*size) for size in zip(levels, widths, strict=True)]
        self.tables = nn.ModuleList(tables)
        sizes = [sum(widths) + numbers, hidden, hidden // 2, outputs]
        layers = [nn.Linear(*pair) for pair in pairwise(sizes)]
        self.layers = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
        for table in tables:
            nn.init.normal_(table.weight, std=INITIAL_DEVIATION, generator=generator)
        for layer in layers:
            nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
            nn.init.zeros_(layer.bias)

    def forward(self, codes: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        """Return what the network says of each row: float32, shape (B, outputs).

        codes : int64, shape (B, columns), numbers of levels
        numbers : float32, shape (B, numbers)
        """
        vectors = [table(codes[:, i]) for i, table in enumerate(self.tables)]  # (B, width) each
        return self.layers(torch.cat([*vectors, numbers], dim=1))


class EntityTask(Task):
    """The training of an EntityNetwork.

    Parameters
    ----------
    predictors : the table; columns that are not categorical are numbers
    target : float64 or objects of text, shape (rows,)
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
        withheld = hold_out(codes, config.validation_fraction, self._generator("hold out"))
        kinds = {"codes": codes, "numbers": self.coding.numbers(predictors),
                 "target": self.coding.targets(target)}  # fmt: skip
        self.trained = {name: torch.from_numpy(each[~withheld]) for name, each in kinds.items()}
        self.withheld = {name: torch.from_numpy(each[withheld]) for name, each in kinds.items()}
        self.actual, self.usual = target[withheld], target[~withheld]
        rows = len(self.usual)
        self.batch_size = config.batch_size or automatic_batch_size(rows)
        self.steps_per_epoch = math.ceil(rows / self.batch_size)
        sizes = [len(levels) for levels in self.coding.levels.values()]
        self.module = EntityNetwork(
            levels=sizes,
            widths=[width(size - 1, config.width_rule, config.dim) for size in sizes],
            numbers=kinds["numbers"].shape[1],
            hidden=config.hidden,
            outputs=len(self.coding.classes) or 1,
            generator=torch_generator(config.seed, "weights"),
        )
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))

    def optimizer(self) -> torch.optim.Optimizer:
        """Return AdamW over all weights."""
        rate, decay = self.config.learning_rate, self.config.weight_decay
        return torch.optim.AdamW(self.module.parameters(), rate, weight_decay=decay, fused=True)

    def schedule(self, progress: float) -> float:
        """Let the learning rate fall to 0 on a line."""
        return 1 - progress

    def batch(self, epoch: int, step: int) -> Batch:
        """Return rows in an order of the epoch's own, some of their levels hidden."""
        if self._order[0] != epoch:
            self._order = epoch, self._generator("order", epoch).permutation(len(self.usual))
        chosen = torch.from_numpy(self._order[1][step * self.batch_size :][: self.batch_size])
        batch = {name: each[chosen] for name, each in self.trained.items()}  # (B, ...) each
        chance = torch_generator(self.config.seed, "hidden levels", epoch, step)
        hidden = torch.rand(batch["codes"].shape, generator=chance) < self.config.unknown_rate
        return {**batch, "codes": batch["codes"].masked_fill(hidden, 0)}

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, float]:
        """Return the squared errors, or the cross-entropies in nats, of the local rows."""
        said = self.module(
            batch["codes"][local_rows], batch["numbers"][local_rows]
        ).float()  # (b, outputs)
        target = batch["target"][local_rows]  # (b,)
        if self.coding.classes:
            return F.cross_entropy(said, target, reduction="sum"), len(target)
        return F.mse_loss(said[:, 0], target, reduction="sum"), len(target)

    def validate(self) -> dict[str, float]:
        """Return the loss of the rows withheld, and metrics in the target's own unit."""
        if len(self.actual) == 0:
            return {}
        device = next(self.module.parameters()).device
        inputs = [self.withheld[name].split(_ROWS_AT_ONCE) for name in ("codes", "numbers")]
        said = torch.cat(
            [self.module(codes.to(device), numbers.to(device)).cpu()
             for codes, numbers in zip(*inputs, strict=True)]
        )  # fmt: skip
        if self.coding.classes:
            classes = np.array(self.coding.classes, dtype=object)
            loss = F.cross_entropy(said, self.withheld["target"])
            shares = said.double().softmax(dim=1).numpy()  # (rows, classes)
            return {"loss": loss.item(), **classification_metrics(self.actual, shares, classes)}
        loss = F.mse_loss(said[:, 0], self.withheld["target"])
        predicted = said[:, 0].double().numpy() * self.coding.target_spread
        predicted += self.coding.target_center
        return {"loss": loss.item(), **regression_metrics(self.actual, predicted)}

    def baseline(self) -> dict[str, float]:
        """Return how well the rows withheld are predicted by the mean, or by the commonest class.

        As float64; nothing if none are withheld.
        """
        if len(self.actual) == 0:
            return {}
        if not self.coding.classes:
            errors = regression_metrics(self.actual, np.full(len(self.actual), self.usual.mean()))
            return {"rmse of the mean": errors["rmse"]}
        classes, counts = np.unique(self.usual, return_counts=True)
        right = float(np.mean(self.actual == classes[counts.argmax()]))
        return {"accuracy of the commonest class": right}

    def vectors(self) -> dict[str, np.ndarray]:
        """Return the vectors of each column's levels: float32, shape (levels, width)."""
        weights = self.module.state_dict()
        names = enumerate(self.coding.levels)
        return {name: weights[f"tables.{i}.weight"].cpu().numpy() for i, name in names}

    def _generator(self, purpose: str, *place: int) -> np.random.Generator:
        return numpy_generator(self.config.seed, purpose, *place)


@dataclass(frozen=True)
class EntityFit:
    """Learns entity embeddings of whatever rows it is called with: fit_with of EmbeddingEncoder.

    Attributes
    ----------
    categorical : columns to learn vectors for; all others are numbers
    task : what the target is
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
            fit(task, config, devices.start(config), provenance.settings(config))
        return level_sets(task.coding, task.vectors(), name="levels")


def run(config: EntityConfig) -> dict[str, Any]:
    """Read the table, train, write the files; return the metrics."""
    fabric = devices.start(config)
    table = read(config.data, Choice.of(config, config.seed))
    task = EntityTask(table.predictors, table.target, table.categorical, table.task, config)
    sizes = [f"{name} {len(levels) - 1:,}" for name, levels in task.coding.levels.items()]
    for note in (*table.notes, f"{len(table):,} rows, {len(task.actual):,} of them withheld; "
                 f"levels: {', '.join(sizes)}"):  # fmt: skip
        say(note, config.quiet)
    if config.dry_run:
        return dry_run(task, config, fabric)
    settings = provenance.settings(config, batch_size=task.batch_size, device=fabric.device.type)
    fitted = fit(task, config, fabric, {**settings, "sha256": table.source["sha256"]})

    sets = level_sets(
        task.coding,
        task.vectors(),
        target_columns(
            task.coding, task.coding.codes(table.predictors), table.target, table.target_name
        ),
        name=table.name,
        **provenance.made("entity", settings, table.source, metrics_of(task, table, fitted)),
    )
    if is_main() and not config.one_file:
        for name, each in sets.items():
            save(each, column_path(config.out, name))
    return write_result(joined(sets, table.name), config, fitted)


def metrics_of(task: EntityTask, table: Table, fitted: TrainingResult) -> dict[str, Any]:
    """Return the metrics of the file: of the rows withheld, and of the plainest prediction."""
    return {
        "training_loss": fitted.loss,
        **fitted.metrics,
        **task.baseline(),
        "target": table.target_name,
        "task": table.task,
        "rows": len(table),
        "withheld": len(task.actual),
        "levels": {name: len(levels) - 1 for name, levels in task.coding.levels.items()},
        "widths": {name: vectors.shape[1] for name, vectors in task.vectors().items()},
        "epochs": fitted.epochs,
        "best_epoch": fitted.best_epoch,
        "steps": fitted.steps,
    }


def automatic_batch_size(rows: int) -> int:
    """Return a power of two from 32 to 4,096 that makes about 150 steps an epoch."""
    return min(4096, max(32, 2 ** round(math.log2(rows / 150)))) if rows > 150 else 32
