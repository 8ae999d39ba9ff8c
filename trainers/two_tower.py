"""Two towers: items of two sides as vectors, near each other where they form a pair.

    python -m trainers two_tower --data books.ndjson --out books.embedding.parquet

Each side has a table of vectors. The cosine of a left and a right vector, scaled and shifted by
two learned numbers, is the log-odds that they form a pair: the loss is the binary cross-entropy
over the known pairs and `negatives` random ones for each. Both tables go to one file, whose column
`role` tells them apart; by cosine, the nearest right items of a left item are its likeliest pairs.
After Will Koehrsen, "Building a recommendation system using neural network embeddings" (2018).
"""

import math
import time
from typing import Any

import numpy as np
import pyarrow as pa
import torch
import torch.nn.functional as F
from torch import nn

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import save
from trainers import provenance
from trainers.configs import TwoTowerConfig
from trainers.datasets import Pairs, read_pairs, role_count
from trainers.progress import Progress
from trainers.python_modules import read_python_modules
from trainers.ranking import hold_out, recall_at, withheld_ranks
from trainers.sampling import NegativeSampler

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


def run(config: TwoTowerConfig) -> dict[str, Any]:
    """Read the pairs, train, write the file; return the metrics."""
    if config.data is None:
        pairs = read_python_modules(config.min_count)
    else:
        pairs = read_pairs(config.data, config.min_count)
    embedding_set, speed = train(pairs, config)
    save(embedding_set, config.out)
    return {**embedding_set.provenance.metrics, **speed, "out": str(config.out)}


def train(pairs: Pairs, config: TwoTowerConfig) -> tuple[EmbeddingSet, dict[str, Any]]:
    """Learn a vector for every item; return the set of both sides, and how fast it went.

    Raises
    ------
    EmbeddingError
        no such device, every possible pair is known, or the loss is no longer finite
    """
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    device = choose_device(config.device)
    generator = torch.Generator().manual_seed(config.seed)  # chance is the CPU's on every device

    trained, withheld = hold_out(pairs.rows, config.validation_fraction, config.seed)
    positives = torch.from_numpy(trained)  # (p, 2)
    lefts, rights = len(pairs.left), len(pairs.right)
    sampler = NegativeSampler(positives, lefts, rights, generator)
    model = TwoTower(lefts, rights, config.dim, generator).to(device)
    # Dense and fused: at 30,000 items and 4,096 pairs with 2 negatives each, a step took 6.7 ms of
    # CPU, with SparseAdam 13.0, with plain Adam 8.7; sparse pays from about 400,000 items.
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=True)

    batch_size = config.batch_size or automatic_batch_size(len(trained))
    steps = math.ceil(len(trained) / batch_size) * config.epochs
    steps = min(steps, config.max_steps or steps)
    progress = Progress(steps, config.quiet)
    for note in (*pairs.notes, f"{describe(pairs)}, {len(withheld):,} pairs withheld",
                 f"{steps:,} steps of {batch_size:,} pairs on {device}"):  # fmt: skip
        progress.say(note)

    start, step, seen, epoch, loss_mean = time.perf_counter(), 0, 0, 0, math.nan
    while step < steps:
        epoch, epoch_start = epoch + 1, time.perf_counter()
        epoch_loss, epoch_seen = torch.zeros((), device=device), 0
        order = torch.randperm(len(positives), generator=generator)  # (p,)
        for rows in order.split(batch_size)[: steps - step]:
            negatives = sampler.draw(len(rows) * config.negatives)  # (B * K, 2)
            batch = torch.cat([positives[rows], negatives]).to(device)  # (B * (1 + K), 2)
            target = torch.zeros(len(batch), device=device)  # (B * (1 + K),)
            target[: len(rows)] = 1
            loss = F.binary_cross_entropy_with_logits(model(batch), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

            epoch_loss += loss.detach() * len(rows)
            epoch_seen += len(rows)
            step += 1
            progress.step()
        seen += epoch_seen
        loss_mean = epoch_loss.item() / epoch_seen
        pairs_per_second = epoch_seen / (time.perf_counter() - epoch_start)
        progress.epoch(epoch, config.epochs, loss_mean, pairs_per_second)
        if not math.isfinite(loss_mean):
            raise EmbeddingError(
                f"the loss is {loss_mean} in epoch {epoch}; give a --learning-rate below "
                f"{config.learning_rate}"
            )
    progress.close()
    seconds = time.perf_counter() - start

    left, right = model.vectors()
    metrics = {
        "loss": loss_mean,
        "pairs": len(pairs),
        "items": {side.role: len(side) for side in (pairs.left, pairs.right)},
        "epochs": epoch,
        "steps": step,
        **recall(left, right, trained, withheld),
    }
    settings = provenance.settings(config, batch_size=batch_size, device=device.type)
    speed = {"seconds": round(seconds, 3), "pairs_per_second": round(seen / seconds)}
    return both_sides(pairs, left, right, settings, metrics), speed


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


def choose_device(name: str) -> torch.device:
    """Return the device called `name`; auto: CUDA, else MPS, else the CPU."""
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next((device for device, present in here.items() if present), "cpu")
    if not here.get(name, True):
        raise EmbeddingError(f"--device {name}: there is none on this machine; use auto or cpu")
    return torch.device(name)
