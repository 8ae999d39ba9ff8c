"""Two towers: items of two sides as vectors, close to each other where the items form a pair.

    python -m trainers two_tower --data books.ndjson --out books.embedding.parquet
    python -m trainers recommend books.embedding.parquet "War and Peace"

Each side has a tower that turns its items into vectors (model.py). Training raises the scores of
known pairs above those of other pairs: of the batch's other right items, or of random pairs
(losses.py). Some pairs are held out to choose the number of epochs; then all pairs are trained
on for that many epochs, unless `--split` holds some out for a test. Both sides are written to one
file, with the column `role`: by the file's metric, the nearest right items of a left item are its
likeliest pairs. The softmax follows Yi et al. (RecSys 2019); `--preset koehrsen` follows Will
Koehrsen, "Building a recommendation system using neural network embeddings" (2018).
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric

from embeddings.embedding_set import EmbeddingSet
from server.runs.contract import REFIT_STAGE
from trainers.core import run_info
from trainers.core.checkpoints import finalize_best
from trainers.core.console import print_progress
from trainers.core.devices import start
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.result import write_result
from trainers.core.rng import (
    automatic_batch_size,
    numpy_generator,
    torch_epoch_order,
    torch_generator,
)
from trainers.core.task import Batch, Task
from trainers.data.pairs.negatives import NegativeSampler
from trainers.data.pairs.output import pair_embeddings
from trainers.data.pairs.pairs import Pairs, plural
from trainers.data.pairs.splits import Split
from trainers.metrics import ranking
from trainers.two_tower import baselines, losses
from trainers.two_tower.config import TwoTowerConfig
from trainers.two_tower.data import Features, describe, feature_names, read, read_features, split_of
from trainers.two_tower.model import TwoTowers, initial_model
from trainers.two_tower.text_baselines import text_baselines
from trainers.two_tower.undirected import loops

VALIDATED_LEFTS = 2_000
"""Number of left items ranked after each epoch; at the end, all with a held-out pair are ranked."""


class PairsTask(Task):
    """Trains two towers.

    Parameters
    ----------
    pairs : all pairs
    train, validation : int64, row numbers of the training and of the validation pairs
    features : tokens of the left and of the right items, or None
    config : the settings
    """

    unit = "pairs"
    metric, higher_is_better = "ndcg@10", True

    def __init__(
        self,
        pairs: Pairs,
        train: np.ndarray,
        validation: np.ndarray,
        features: Features,
        config: TwoTowerConfig,
    ) -> None:
        self.config, self.shape = config, pairs.shape
        self.ignored = loops(len(pairs.left) if pairs.undirected else 0)
        self.metrics_of = ranking.filtered_metrics if pairs.triples else ranking.metrics
        self.train_pairs, self.validation_pairs = pairs.rows[train], pairs.rows[validation]
        self.positives = torch.from_numpy(self.train_pairs)  # (p, 2)
        ones = np.ones(len(pairs), dtype=np.float32)
        weight = ones if pairs.weight is None else pairs.weight
        self.weight = torch.from_numpy(weight[train])  # (p,)
        frequency = (
            np.bincount(self.train_pairs[:, 1], self.weight, pairs.shape[1])
            / self.weight.sum().item()
        )
        self.log_q = torch.from_numpy(np.log(np.maximum(frequency, 1e-12))).float()  # (rights,)
        self.sampler = None if config.loss == "softmax" else NegativeSampler(
            self.positives, *pairs.shape
        )  # fmt: skip
        self.module: TwoTowers = initial_model(pairs, features, config)
        self.batch_size = config.batch_size or pairs_batch_size(len(train))
        self.steps_per_epoch = math.ceil(len(train) / self.batch_size)

    def optimizer(self) -> torch.optim.Optimizer:
        """Return Adam; weight decay is part of the loss.

        Dense and fused: with 30,000 items and 4,096 pairs with 2 negatives each, a step took 6.7 ms
        of CPU time, against 13.0 with SparseAdam and 8.7 with plain Adam. Sparse updates pay off
        from about 400,000 items.
        """
        return torch.optim.Adam(self.module.parameters(), lr=self.config.learning_rate, fused=True)

    def schedule(self, progress: float) -> float:
        """Return 1, or a factor that decays linearly to 0."""
        return 1.0 if self.config.schedule == "constant" else 1 - progress

    def batch(self, epoch: int, step: int) -> Batch:
        """Return pairs (B, 2), their weights (B,) and, except for softmax, negatives (B, K, 2).

        The pairs are reshuffled each epoch. For bpr, negatives share the left item of their
        pair; otherwise both of their items are random.
        """
        order = torch_epoch_order(len(self.positives), self.config.seed, epoch)
        rows = order[step * self.batch_size : (step + 1) * self.batch_size]  # (B,)
        pairs = self.positives[rows]  # (B, 2)
        batch = {"pairs": pairs, "weight": self.weight[rows]}
        if self.sampler is not None:
            generator = torch_generator(self.config.seed, "negatives", epoch, step)
            each = self.config.negatives
            lefts = pairs[:, 0].repeat_interleave(each) if self.config.loss == "bpr" else None
            drawn = self.sampler.draw(len(rows) * each, generator, lefts)  # (B * K, 2)
            batch["negatives"] = drawn.view(len(rows), each, 2)
        return batch

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the summed loss of the local rows, and the sum of the weights of its terms."""
        if self.config.loss == "softmax":
            return self._softmax_loss(batch, local_rows)
        return self._sampled_loss(batch["pairs"][local_rows], batch["negatives"][local_rows],
                                  batch["weight"][local_rows])  # fmt: skip

    def _softmax_loss(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the softmax of own left items over the right items of the whole batch."""
        rights, weight = batch["pairs"][:, 1], batch["weight"][local_rows]  # (B,), (b,)
        left = self.module.left(batch["pairs"][local_rows, 0])  # (b, width)
        right = self.module.right(rights)  # (B, width)
        scores = self.module.all_scores(left, right, rights)  # (b, B)
        positions = torch.arange(local_rows.start, local_rows.stop, device=rights.device)  # (b,)
        log_q = self.log_q.to(rights.device)[rights]  # (B,)
        loss = losses.in_batch_softmax(scores, positions, rights, log_q, weight)
        return loss + self._decay(left, right[local_rows], weight), weight.sum()

    def _sampled_loss(
        self, pairs: torch.Tensor, negatives: torch.Tensor, weight: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss of pairs (b, 2) against K negatives each (b, K, 2), weighted by (b,)."""
        each = negatives.shape[1]
        lefts, rights = torch.cat([pairs, negatives.flatten(end_dim=1)]).unbind(dim=1)
        left, right = self.module.left(lefts), self.module.right(rights)  # (b + b * K, width)
        if self.config.loss == "mse":
            scores = self.module.paired_products(left, right).float()  # (b + b * K,)
        else:
            scores = self.module.paired_scores(left, right, rights).float()  # (b + b * K,)
        if self.config.loss == "bce":
            scores = scores + self.module.offset
        positive, negative = scores[: len(pairs)], scores[len(pairs) :].view(-1, each)
        function, terms = {
            "bce": (losses.cross_entropy, 1 + each),
            "mse": (losses.squared_error, 1 + each),
            "bpr": (losses.bpr, each),
        }[self.config.loss]
        weights = torch.cat([weight, weight.repeat_interleave(each)])  # (b + b * K,)
        loss = function(positive, negative, weight) + self._decay(left, right, weights)
        return loss, weight.sum() * terms

    def _decay(self, left: torch.Tensor, right: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Return the weight decay of each pair's vectors, which frequent items get more of."""
        return self.config.weight_decay * (weight * self.module.squared_lengths(left, right)).sum()

    def validate(self) -> dict[str, float]:
        """Return the metrics of the validation pairs, of a sample of left items if many."""
        pairs = self.validation_pairs
        if len(pairs) == 0:
            return {}
        lefts = np.unique(pairs[:, 0])
        sample = numpy_generator(self.config.seed, "validated").permutation(lefts)[:VALIDATED_LEFTS]
        return self.evaluate(pairs[np.isin(pairs[:, 0], sample)], self.train_pairs)

    def evaluate(self, held_out: np.ndarray, known: np.ndarray) -> dict[str, float]:
        """Return the ranking metrics of held-out pairs, by the vectors as the file stores them.

        Parameters
        ----------
        held_out : int64, shape (h, 2), the pairs to rank
        known : int64, shape (p, 2), pairs left out of the ranking
        """
        left, right = self.module.vectors()
        known = np.concatenate([known, self.ignored])
        ranks = ranking.held_out_ranks(
            lambda rows: left[rows] @ right.T, held_out, known, self.shape[1]
        )
        return self.metrics_of(ranks, held_out[:, 0])


def run(config: TwoTowerConfig) -> dict[str, Any]:
    """Read the pairs, train, write the file; return the metrics."""
    fabric = start(config)
    pairs = read(config)
    for note in (*pairs.notes, describe(pairs)):
        print_progress(note, config.quiet)
    features = read_features(pairs, config)
    if config.dry_run:
        everything = np.arange(len(pairs))
        task = PairsTask(pairs, everything, everything[:0], features, config)
        return dry_run(task, config, fabric)
    embedding_set, result = train(pairs, features, config, fabric)
    return write_result(embedding_set, config, result)


def train(
    pairs: Pairs, features: Features, config: TwoTowerConfig, fabric: Fabric
) -> tuple[EmbeddingSet, TrainingResult]:
    """Train on the pairs; return the set of both sides, and how the training went.

    Raises
    ------
    EmbeddingError
        no negatives can be drawn because every possible pair is known, or the loss is not finite
    """
    split = split_of(pairs, config)
    sizes = [f"{len(part):,}" for part in (split.train, split.validation, split.test)]
    note = f"{sizes[0]} training, {sizes[1]} validation and {sizes[2]} test pairs"
    print_progress(note, config.quiet)
    if config.split == "last" and not pairs.has_times:
        print_progress("no column timestamp: pairs are taken to be in order of time", config.quiet)
    task = PairsTask(pairs, split.train, split.validation, features, config)
    settings = run_info.settings(
        config,
        batch_size=task.batch_size,
        device=fabric.device.type,
        left_metadata=config.left_metadata and config.left_metadata.name,
        right_metadata=config.right_metadata and config.right_metadata.name,
    )
    refits = config.split == "none" and pairs.part is None and len(split.validation) > 0
    about = {**settings, "data": dict(pairs.source), "trainer": "two_tower", "final": not refits}
    result = fit(task, config, fabric, about)
    evaluation = evaluate(task, pairs, split, config, fabric)
    best_epoch, folder = result.best_epoch, config.run_folder
    if refits and best_epoch:
        note = f"best epoch: {best_epoch}; now training on all pairs for {best_epoch} epochs"
        print_progress(note, config.quiet)
        everything = np.arange(len(pairs))
        same = replace(config, batch_size=task.batch_size)
        task = PairsTask(pairs, everything, everything[:0], features, same)
        about["final"] = True
        folder = config.run_folder / REFIT_STAGE
        before = result
        result = fit(task, config, fabric, about, stage=REFIT_STAGE, epochs=best_epoch)
        result = replace(
            result,
            seconds=before.seconds + result.seconds,
            examples=before.examples + result.examples,
        )
    metrics = {
        "loss": result.loss,
        "pairs": len(pairs),
        "items": {side.role: len(side) for side in (pairs.left, pairs.right)},
        "epochs": result.epochs,
        "steps": result.steps,
        "best_epoch": best_epoch or None,
        **evaluation,
    }
    checkpoint = None
    if config.words == "lsa" and config.similarity == "cosine":  # the run can encode texts
        checkpoint = finalize_best(folder, task.module, about, result.best_epoch)
    left, right = task.module.vectors()
    return pair_embeddings(pairs, left, right, settings, metrics, checkpoint=checkpoint), result


def evaluate(
    task: PairsTask, pairs: Pairs, split: Split, config: TwoTowerConfig, fabric: Fabric
) -> dict[str, Any]:
    """Rank the test pairs, or the validation pairs if there is no test, and log the metrics.

    Only the first process evaluates; the others return empty results.
    """
    part = "test" if len(split.test) else "validation"
    held_out = pairs.rows[split.test if part == "test" else split.validation]
    if len(held_out) == 0 or not fabric.is_global_zero:
        return {"judged_on": None, "judged_pairs": 0}
    train = pairs.rows[split.train]
    known = np.concatenate([train, pairs.rows[split.validation]]) if part == "test" else train
    own = task.evaluate(held_out, known)
    others: dict[str, dict[str, float]] = {}
    if config.baselines:
        by_words: dict[str, ranking.ScoreFunction] = {}
        if config.words == "lsa":
            by_words, tfidf = text_baselines(pairs, feature_names(config), config.dim, train)
            print_progress(f"tf-idf, chosen on the training pairs: {tfidf}", config.quiet)
        others, notes = baselines.compare(
            train,
            held_out,
            np.concatenate([known, task.ignored]),
            pairs.shape,
            config.dim,
            by_words,
            task.metrics_of,
            config.quiet,
        )
        for note in notes:
            print_progress(note, config.quiet)
    print_progress(f"{len(held_out):,} {part} pairs, ranked among all right items:", config.quiet)
    for line in baselines.metrics_table({"two_tower": own, **others}):
        print_progress(line, config.quiet)
    queries = len(held_out) if pairs.triples else len(np.unique(held_out[:, 0]))
    if note := ranking.small_test_note(queries, f"{plural(pairs.left.role)} with {part} pairs"):
        print_progress(note, config.quiet)
    return {"judged_on": part, "judged_pairs": len(held_out), **own, "baselines": others}


def pairs_batch_size(pairs: int) -> int:
    """Return the automatic batch size: about 100 steps per epoch, of 32 to 4,096 pairs."""
    return automatic_batch_size(pairs, steps=100, largest=4096)
