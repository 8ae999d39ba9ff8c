"""Two towers: items of two sides as vectors, near each other where they form a pair.

    python -m trainers two_tower --data books.ndjson --out books.embedding.parquet

Each side has a table of vectors. The cosine of a left and a right vector, scaled and shifted by
two learned numbers, is the log-odds that they form a pair: the loss is the binary cross-entropy
over the known pairs and `negatives` random ones for each. Both tables go to one file, whose column
`role` tells them apart; by cosine, the nearest right items of a left item are its likeliest pairs.
After Will Koehrsen, "Building a recommendation system using neural network embeddings" (2018).
"""

import functools
import math
from typing import Any

import numpy as np
import pyarrow as pa
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import nn

from embeddings.embedding_set import EmbeddingSet
from trainers import provenance
from trainers.chance import torch_generator
from trainers.configs import TwoTowerConfig
from trainers.datasets import Pairs, read_pairs, role_count
from trainers.devices import start
from trainers.dry_run import dry_run
from trainers.finish import finish
from trainers.progress import say
from trainers.python_modules import read_python_modules
from trainers.ranking import hold_out, recall_at, withheld_ranks
from trainers.sampling import NegativeSampler
from trainers.training import Batch, Fitted, Task, fit

INITIAL_DEVIATION = 0.05
"""Of the vectors' components. Only directions count, and Adam's steps have one length whatever the
vector's: short vectors turn quickly. On books, recall@10 after 30 epochs: .46, from 1.0: .24."""


class TwoTower(nn.Module):
    """A table of vectors for each side, and the log-odds of pairs.

    Parameters
    ----------
    lefts, rights : number of items of each side
    dim : length of each vector
    generator : of the CPU, the source of chance
    """

    def __init__(self, lefts: int, rights: int, dim: int, generator: torch.Generator) -> None:
        super().__init__()
        self.left = nn.Embedding(lefts, dim)
        self.right = nn.Embedding(rights, dim)
        for table in (self.left, self.right):
            nn.init.normal_(table.weight, std=INITIAL_DEVIATION, generator=generator)
        self.scale = nn.Parameter(torch.tensor(5.0))
        self.bias = nn.Parameter(torch.tensor(-1.0))

    def forward(self, pairs: torch.Tensor) -> torch.Tensor:
        """Return the log-odds that left and right items belong together.

        pairs : int64, shape (n, 2), item numbers; the result is float32, shape (n,)
        """
        left = F.normalize(self.left(pairs[:, 0]), dim=1)  # (n, dim)
        right = F.normalize(self.right(pairs[:, 1]), dim=1)  # (n, dim)
        cosine = (left * right).sum(dim=1)  # (n,)
        return self.scale * cosine + self.bias

    @torch.no_grad()
    def vectors(self) -> tuple[np.ndarray, np.ndarray]:
        """Return both sides' vectors at length 1: float32, (lefts, dim) and (rights, dim)."""
        left, right = (F.normalize(table.weight, dim=1) for table in (self.left, self.right))
        return left.cpu().numpy(), right.cpu().numpy()


class PairsTask(Task):
    """Binary cross-entropy over the known pairs and random ones.

    Parameters
    ----------
    pairs : the items of both sides
    trained, withheld : int64, shapes (p, 2) and (h, 2), pairs to learn and pairs to find again
    """

    unit = "pairs"
    metric, higher_is_better = "recall@10", True

    def __init__(
        self, pairs: Pairs, trained: np.ndarray, withheld: np.ndarray, config: TwoTowerConfig
    ) -> None:
        lefts, rights = len(pairs.left), len(pairs.right)
        self.config, self.trained, self.withheld = config, trained, withheld
        self.positives = torch.from_numpy(trained)  # (p, 2)
        self.sampler = NegativeSampler(self.positives, lefts, rights)
        generator = torch_generator(config.seed, "first weights")
        self.module: TwoTower = TwoTower(lefts, rights, config.dim, generator)
        self.batch_size = config.batch_size or automatic_batch_size(len(trained))
        self.steps_per_epoch = math.ceil(len(trained) / self.batch_size)

    def optimizer(self) -> torch.optim.Optimizer:
        """Return Adam.

        Dense and fused: at 30,000 items and 4,096 pairs with 2 negatives each, a step took 6.7 ms
        of CPU, with SparseAdam 13.0, with plain Adam 8.7; sparse pays from about 400,000 items.
        """
        return torch.optim.Adam(
            self.module.parameters(),
            lr=self.config.learning_rate,
            weight_decay=self.config.weight_decay,
            fused=True,
        )

    def batch(self, epoch: int, step: int) -> Batch:
        """Return pairs (B, 2), in an order that is new each epoch, and negatives (B, K, 2)."""
        rows = epoch_order(len(self.positives), self.config.seed, epoch).split(self.batch_size)[
            step
        ]
        generator = torch_generator(self.config.seed, "negatives", epoch, step)
        negatives = self.sampler.draw(len(rows) * self.config.negatives, generator)
        return {
            "pairs": self.positives[rows],
            "negatives": negatives.view(len(rows), self.config.negatives, 2),
        }

    def loss_sum(self, batch: Batch, own: slice) -> tuple[torch.Tensor, float]:
        """Return the cross-entropy of own pairs (b) and their negatives (b * K)."""
        positive = self.module(batch["pairs"][own])  # (b,)
        negative = self.module(batch["negatives"][own].reshape(-1, 2))  # (b * K,)
        loss = F.softplus(-positive).sum() + F.softplus(negative).sum()
        return loss, len(positive) + len(negative)

    def validate(self) -> dict[str, float]:
        """Return recall@10 of the withheld pairs."""
        if len(self.withheld) == 0:
            return {}
        left, right = self.module.vectors()
        ranks = withheld_ranks(lambda rows: left[rows] @ right.T, self.withheld, self.trained)
        return {"recall@10": recall_at(10, ranks)}


@functools.lru_cache(maxsize=2)
def epoch_order(count: int, seed: int, epoch: int) -> torch.Tensor:
    """Return the numbers below `count` in the order of an epoch: int64, shape (count,)."""
    return torch.randperm(count, generator=torch_generator(seed, "order", epoch))


def run(config: TwoTowerConfig) -> dict[str, Any]:
    """Read the pairs, train, write the file; return the metrics."""
    fabric = start(config)
    if config.data is None:
        pairs = read_python_modules(config.min_count)
    else:
        pairs = read_pairs(config.data, config.min_count)
    for note in (*pairs.notes, describe(pairs)):
        say(note, config.quiet)
    if config.dry_run:
        return dry_run(PairsTask(pairs, pairs.rows, pairs.rows[:0], config), config, fabric)
    embedding_set, fitted = train(pairs, config, fabric)
    return finish(embedding_set, config, fitted)


def train(pairs: Pairs, config: TwoTowerConfig, fabric: Fabric) -> tuple[EmbeddingSet, Fitted]:
    """Learn a vector for every item; return the set of both sides, and how it was fitted.

    Raises
    ------
    EmbeddingError
        every possible pair is known, or the loss is no longer finite
    """
    trained, withheld = hold_out(pairs.rows, config.validation_fraction, config.seed)
    task = PairsTask(pairs, trained, withheld, config)
    settings = provenance.settings(config, batch_size=task.batch_size, device=fabric.device.type)
    fitted = fit(task, config, fabric, settings | {"data": dict(pairs.source)})
    left, right = task.module.vectors()
    metrics = {
        "loss": fitted.loss,
        "pairs": len(pairs),
        "items": {side.role: len(side) for side in (pairs.left, pairs.right)},
        "epochs": fitted.epochs,
        "steps": fitted.steps,
        "best_epoch": fitted.best_epoch,
        **recall(left, right, trained, withheld),
    }
    return both_sides(pairs, left, right, settings, metrics), fitted


def describe(pairs: Pairs) -> str:
    """Say how many: "1,399 books, 1,635 links, 12,034 pairs"."""
    sides = [role_count(len(side), side.role) for side in (pairs.left, pairs.right)]
    return f"{', '.join(sides)}, {len(pairs):,} pairs"


def recall(
    left: np.ndarray, right: np.ndarray, trained: np.ndarray, withheld: np.ndarray
) -> dict[str, Any]:
    """Return recall@10 of the withheld pairs, by cosine and, to compare, by popularity alone.

    left, right : float32, shapes (lefts, dim) and (rights, dim), at length 1
    trained, withheld : int64, shapes (p, 2) and (h, 2)
    """
    if len(withheld) == 0:
        return {"withheld": 0, "recall@10": None, "recall@10 of popularity": None}
    popularity = np.bincount(trained[:, 1], minlength=len(right)).astype(np.float32)
    by_cosine = withheld_ranks(lambda rows: left[rows] @ right.T, withheld, trained)
    by_popularity = withheld_ranks(
        lambda rows: np.tile(popularity, (len(rows), 1)), withheld, trained
    )
    return {
        "withheld": len(withheld),
        "recall@10": recall_at(10, by_cosine),
        "recall@10 of popularity": recall_at(10, by_popularity),
    }


def both_sides(
    pairs: Pairs,
    left: np.ndarray,
    right: np.ndarray,
    settings: dict[str, Any],
    metrics: dict[str, Any],
) -> EmbeddingSet:
    """Put the left items and then the right ones into one set; columns role, count, and theirs.

    left, right : float32, shapes (lefts, dim) and (rights, dim)
    """
    sides = (pairs.left, pairs.right)
    counts = [np.bincount(pairs.rows[:, i], minlength=len(side)) for i, side in enumerate(sides)]
    columns: dict[str, Any] = {
        "role": pa.array([side.role for side in sides for _ in side.labels], pa.string()),
        "count": pa.array(np.concatenate(counts), pa.int64()),
    }
    for name in dict.fromkeys([*pairs.left.columns, *pairs.right.columns]):
        values = [side.columns.get(name, [None] * len(side)) for side in sides]
        columns[name] = pa.array([*values[0], *values[1]], pa.string())
    return EmbeddingSet.of(
        np.concatenate([left, right]),
        [*pairs.left.labels, *pairs.right.labels],
        columns,
        name=pairs.name,
        metric="cosine",
        normalized=True,
        space=provenance.space_id("two_tower", settings, pairs.source),
        role=f"{pairs.left.role} and {pairs.right.role}",
        trainer="two_tower",
        config=settings,
        metrics=metrics,
        seed=settings["seed"],
        created=provenance.created(),
        source=dict(pairs.source),
        libraries=provenance.libraries("torch", "numpy"),
    )


def automatic_batch_size(pairs: int) -> int:
    """Return a power of two from 32 to 4,096 that makes about 100 steps an epoch."""
    return min(4096, max(32, 2 ** round(math.log2(pairs / 100)))) if pairs > 100 else 32
