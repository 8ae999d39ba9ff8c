"""Two towers: items of two sides as vectors, near each other where they form a pair.

    python -m trainers two_tower --data books.ndjson --out books.embedding.parquet
    python -m trainers recommend books.embedding.parquet "War and Peace"

Each side has a tower that makes vectors of its items (towers.py). A batch of known pairs teaches
that they are closer than others: than the batch's other right items, or than random pairs
(losses.py). Part of the pairs is withheld, so that validation tells when to stop; then all pairs
are learned for that many epochs, unless `--split` keeps some apart for a test. Both sides go to one
file, whose column `role` tells them apart: the nearest right items of a left item, by the file's
metric, are its likeliest pairs. Softmax after Yi et al. (RecSys 2019); `--preset koehrsen` after
Will Koehrsen, "Building a recommendation system using neural network embeddings" (2018).
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric

from embeddings.embedding_set import EmbeddingSet
from trainers.core import losses, provenance
from trainers.core.checkpoints import best_sha256
from trainers.core.devices import start
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.progress import say
from trainers.core.result import write_result
from trainers.core.rng import numpy_generator, torch_generator
from trainers.core.sampling import NegativeSampler
from trainers.core.task import Batch, Task
from trainers.data.pairs.pairs import Pairs
from trainers.data.pairs.splits import Split
from trainers.metrics import ranking
from trainers.two_tower import baselines
from trainers.two_tower.config import TwoTowerConfig
from trainers.two_tower.data import Features, describe, feature_names, read, read_features, split_of
from trainers.two_tower.model import Tower, TwoTowers, table_of
from trainers.two_tower.output import both_sides
from trainers.two_tower.text_baselines import text_baselines
from trainers.two_tower.text_encoder import Vocabulary, load  # noqa: F401 (load is for saved_run)
from trainers.two_tower.texts import idf, word_vectors

VALIDATED_LEFTS = 2_000
"""After an epoch, so many left items are ranked; at the end, all that have a withheld pair."""


class PairsTask(Task):
    """The training of two towers.

    Parameters
    ----------
    pairs : all of them
    train, validation : int64, numbers of the pairs to learn and of those to find again
    features : tokens of the left and the right items, or None
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
        self.measure = ranking.filtered_metrics if pairs.triples else ranking.metrics
        self.known, self.withheld = pairs.rows[train], pairs.rows[validation]
        self.positives = torch.from_numpy(self.known)  # (p, 2)
        ones = np.ones(len(pairs), dtype=np.float32)
        weight = ones if pairs.weight is None else pairs.weight
        self.weight = torch.from_numpy(weight[train])  # (p,)
        share = (
            np.bincount(self.known[:, 1], self.weight, pairs.shape[1]) / self.weight.sum().item()
        )
        self.log_q = torch.from_numpy(np.log(np.maximum(share, 1e-12))).float()  # (rights,)
        self.sampler = None if config.loss == "softmax" else NegativeSampler(
            self.positives, *pairs.shape
        )  # fmt: skip
        self.module: TwoTowers = towers(pairs, features, config)
        self.batch_size = config.batch_size or automatic_batch_size(len(train))
        self.steps_per_epoch = math.ceil(len(train) / self.batch_size)
        self._order: tuple[int, torch.Tensor] = (-1, torch.empty(0))

    def optimizer(self) -> torch.optim.Optimizer:
        """Return Adam; weight decay is part of the loss.

        Dense and fused: at 30,000 items and 4,096 pairs with 2 negatives each, a step took 6.7 ms
        of CPU, with SparseAdam 13.0, with plain Adam 8.7; sparse pays from about 400,000 items.
        """
        return torch.optim.Adam(self.module.parameters(), lr=self.config.learning_rate, fused=True)

    def schedule(self, progress: float) -> float:
        """Return 1, or a factor that falls to 0 in a line."""
        return 1.0 if self.config.schedule == "constant" else 1 - progress

    def batch(self, epoch: int, step: int) -> Batch:
        """Return pairs (B, 2), their weights (B,) and, but for softmax, K negatives (B, K, 2).

        Pairs come in an order that is new each epoch. For bpr, negatives have their pair's left
        item; else both items are random.
        """
        if self._order[0] != epoch:
            generator = torch_generator(self.config.seed, "order", epoch)
            self._order = (epoch, torch.randperm(len(self.positives), generator=generator))
        rows = self._order[1][step * self.batch_size : (step + 1) * self.batch_size]  # (B,)
        pairs = self.positives[rows]
        batch = {"pairs": pairs, "weight": self.weight[rows]}
        if self.sampler is not None:
            generator = torch_generator(self.config.seed, "negatives", epoch, step)
            each = self.config.negatives
            lefts = pairs[:, 0].repeat_interleave(each) if self.config.loss == "bpr" else None
            drawn = self.sampler.draw(len(rows) * each, generator, lefts)
            batch["negatives"] = drawn.view(len(rows), each, 2)
        return batch

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss of own pairs, and their weight, times the number of terms of each."""
        if self.config.loss == "softmax":
            return self._among_the_batch(batch, local_rows)
        local = {name: tensor[local_rows] for name, tensor in batch.items()}
        return self._against_random_pairs(local["pairs"], local["negatives"], local["weight"])

    def _among_the_batch(self, batch: Batch, own: slice) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the softmax of own left items over the right items of the whole batch."""
        rights, weight = batch["pairs"][:, 1], batch["weight"][own]  # (B,), (b,)
        left = self.module.left(batch["pairs"][own, 0])  # (b, width)
        right = self.module.right(rights)  # (B, width)
        closeness = self.module.square(left, right, rights)  # (b, B)
        places = torch.arange(own.start, own.stop, device=rights.device)
        log_q = self.log_q.to(rights.device)[rights]
        loss = losses.in_batch_softmax(closeness, places, rights, log_q, weight)
        return loss + self._decay(left, right[own], weight), weight.sum()

    def _against_random_pairs(
        self, pairs: torch.Tensor, negatives: torch.Tensor, weight: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss of pairs (b, 2) with K negatives each (b, K, 2), weighted by (b,)."""
        each = negatives.shape[1]
        lefts, rights = torch.cat([pairs, negatives.flatten(end_dim=1)]).unbind(dim=1)
        left, right = self.module.left(lefts), self.module.right(rights)  # (b + b * K, width)
        if self.config.loss == "mse":
            values = self.module.products(left, right).float()
        else:
            values = self.module.rows(left, right, rights).float()
        if self.config.loss == "bce":
            values = values + self.module.offset
        positive, negative = values[: len(pairs)], values[len(pairs) :].view(-1, each)
        function, terms = {
            "bce": (losses.cross_entropy, 1 + each),
            "mse": (losses.squared_error, 1 + each),
            "bpr": (losses.bpr, each),
        }[self.config.loss]
        weights = torch.cat([weight, weight.repeat_interleave(each)])
        loss = function(positive, negative, weight) + self._decay(left, right, weights)
        return loss, weight.sum() * terms

    def _decay(self, left: torch.Tensor, right: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Return the pull of each pair's vectors towards 0, so that frequent items feel it more."""
        return self.config.weight_decay * (weight * self.module.size(left, right)).sum()

    def validate(self) -> dict[str, float]:
        """Return the ranking of withheld pairs, of some left items if there are many."""
        if len(self.withheld) == 0:
            return {}
        lefts = np.unique(self.withheld[:, 0])
        chosen = numpy_generator(self.config.seed, "validated").permutation(lefts)[:VALIDATED_LEFTS]
        return self.ranked(self.withheld[np.isin(self.withheld[:, 0], chosen)], self.known)

    def ranked(self, judged: np.ndarray, known: np.ndarray) -> dict[str, float]:
        """Return the metrics of pairs to find, int64 (h, 2), by the vectors alone.

        known : int64, (p, 2), pairs that are not ranked
        """
        left, right = self.module.vectors()
        ranks = ranking.withheld_ranks(
            lambda rows: left[rows] @ right.T, judged, known, self.shape[1]
        )
        return self.measure(ranks, judged[:, 0])


def run(config: TwoTowerConfig) -> dict[str, Any]:
    """Read the pairs, train, write the file; return the metrics."""
    fabric = start(config)
    pairs = read(config)
    for note in (*pairs.notes, describe(pairs)):
        say(note, config.quiet)
    features = read_features(pairs, config)
    if config.dry_run:
        everything = np.arange(len(pairs))
        task = PairsTask(pairs, everything, everything[:0], features, config)
        return dry_run(task, config, fabric)
    embedding_set, fitted = train(pairs, features, config, fabric)
    return write_result(embedding_set, config, fitted)


def train(
    pairs: Pairs,
    features: Features,
    config: TwoTowerConfig,
    fabric: Fabric,
) -> tuple[EmbeddingSet, TrainingResult]:
    """Learn a vector for every item; return the set of both sides, and how it was fitted.

    Raises
    ------
    EmbeddingError
        every possible pair is known where negatives are drawn, or the loss is no longer finite
    """
    split = split_of(pairs, config)
    told = f"{len(split.train):,} pairs to learn, {len(split.validation):,} for validation"
    say(f"{told}, {len(split.test):,} for the test", config.quiet)
    if config.split == "last" and not pairs.timed:
        say("no column timestamp: the order of the file is taken for that of time", config.quiet)
    task = PairsTask(pairs, split.train, split.validation, features, config)
    settings = provenance.settings(
        config,
        batch_size=task.batch_size,
        device=fabric.device.type,
        left_metadata=config.left_metadata and config.left_metadata.name,
        right_metadata=config.right_metadata and config.right_metadata.name,
    )
    refits = config.split == "none" and pairs.part is None and len(split.validation) > 0
    about = {**settings, "data": dict(pairs.source), "trainer": "two_tower", "final": not refits}
    fitted = fit(task, config, fabric, about)
    ranked = judge(task, pairs, split, config, fabric)
    best_epoch, folder = fitted.best_epoch, config.run_folder
    if refits and best_epoch:
        say(f"epoch {best_epoch} was best; now all pairs, {best_epoch} epochs", config.quiet)
        everything = np.arange(len(pairs))
        same = replace(config, batch_size=task.batch_size)
        task = PairsTask(pairs, everything, everything[:0], features, same)
        about["final"] = True
        folder = config.run_folder / "refit"
        before, fitted = fitted, fit(task, config, fabric, about, stage="refit", epochs=best_epoch)
        fitted = replace(
            fitted,
            seconds=before.seconds + fitted.seconds,
            examples=before.examples + fitted.examples,
        )
    metrics = {
        "loss": fitted.loss,
        "pairs": len(pairs),
        "items": {side.role: len(side) for side in (pairs.left, pairs.right)},
        "epochs": fitted.epochs,
        "steps": fitted.steps,
        "best_epoch": best_epoch or None,
        **ranked,
    }
    checkpoint = None
    if config.words == "lsa" and config.similarity == "cosine":  # `load` makes vectors of texts
        checkpoint = best_sha256(folder, task.module, about, fitted.best_epoch)
    left, right = task.module.vectors()
    return both_sides(pairs, left, right, settings, metrics, checkpoint=checkpoint), fitted


def judge(
    task: PairsTask, pairs: Pairs, split: Split, config: TwoTowerConfig, fabric: Fabric
) -> dict[str, Any]:
    """Rank the pairs of the test, or of the validation where there is none, and say the result.

    Returns nothing but in the first process.
    """
    on = "test" if len(split.test) else "validation"
    judged = pairs.rows[split.test if on == "test" else split.validation]
    if len(judged) == 0 or not fabric.is_global_zero:
        return {"judged_on": None, "judged_pairs": 0}
    trained = pairs.rows[split.train]
    known = np.concatenate([trained, pairs.rows[split.validation]]) if on == "test" else trained
    ranked = task.ranked(judged, known)
    told = {"two_tower": ranked}
    if config.baselines:
        by_words = {}
        if config.words == "lsa":
            by_words = text_baselines(pairs, feature_names(config), config.dim)
        others, notes = baselines.compare(
            trained, judged, known, pairs.shape, config.dim, by_words, task.measure
        )
        told |= others
        for note in notes:
            say(note, config.quiet)
    say(f"{len(judged):,} pairs of the {on}, ranked among all:", config.quiet)
    for line in baselines.table(told):
        say(line, config.quiet)
    beside = {name: values for name, values in told.items() if name != "two_tower"}
    return {"judged_on": on, "judged_pairs": len(judged), **ranked, "baselines": beside}


def towers(pairs: Pairs, features: Features, config: TwoTowerConfig) -> TwoTowers:
    """Return the model, with its first weights."""
    generator = torch_generator(config.seed, "first weights")
    width = config.dim - (config.similarity == "dot")
    counts = [np.bincount(pairs.rows[:, side], minlength=pairs.shape[side]) for side in (0, 1)]
    words = None
    documents = features[1] if config.words == "lsa" else None
    if documents is not None:
        words = table_of(word_vectors(documents, width))
    sides = [
        Tower(
            has_pair=counts[side] > 0,
            width=width,
            bags=features[side],
            ids=ids,
            network=config.tower == "network",
            generator=generator,
            words=words,
        )
        for side, ids in enumerate((config.left_ids, config.right_ids))
    ]
    model = TwoTowers(sides[0], sides[1], config.similarity, counts[1], config.scale)
    if documents is not None:
        model.vocabulary = Vocabulary(documents.vocabulary, idf(documents))
    return model


def automatic_batch_size(pairs: int) -> int:
    """Return a power of two from 32 to 4,096 that makes about 100 steps an epoch."""
    return min(4096, max(32, 2 ** round(math.log2(pairs / 100)))) if pairs > 100 else 32
