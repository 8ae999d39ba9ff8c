"""Interest: does this user want this document? From the words in the titles that the user has read.

    python -m trainers interest --data clicks.csv --titles items.csv --out readers.embedding.parquet

A document is the mean of the vectors of its title's words; a user is the mean over the words of all
titles read. Two models predict whether a user wants a document: (a) the dot product of their
vectors, scaled and shifted to log-odds, and (b) a network on both vectors. Both are trained with
binary cross-entropy to tell each click from documents that the user has not read, drawn at random.
The clicked document is never part of its user's mean, neither for itself nor for the documents
drawn with it; otherwise, having read a document would be enough to predict the click.

Word vectors come from --words, any embedding file. They stay fixed, and words that the file lacks
start at 0 and are trained. Without --words, all words are trained from the clicks. Only model (a)
trains the words; the network takes the means as they are.

The file holds users and documents in one space. By its metric, the dot product, the nearest
documents of a user are those that (a) ranks highest. Only best.pt contains the network.
"""

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric

from embeddings.embedding_set import EmbeddingSet
from trainers.core import run_info
from trainers.core.console import ProgressBar, print_progress
from trainers.core.devices import start
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.result import write_result
from trainers.core.rng import automatic_batch_size, torch_epoch_order, torch_generator
from trainers.core.task import Batch, Task
from trainers.data.bags import Bags
from trainers.data.pairs.negatives import NegativeSampler
from trainers.data.pairs.output import pair_embeddings
from trainers.data.pairs.splits import hold_out
from trainers.interest.config import InterestConfig
from trainers.interest.data import Clicks, read
from trainers.interest.model import Interest, initial_model
from trainers.metrics.ranking import (
    ScoreFunction,
    counted,
    held_out_ranks,
    mean_auc,
    small_test_note,
)
from trainers.metrics.ranking import metrics as ranking_metrics


class InterestTask(Task):
    """Trains both models with the binary cross-entropy of clicks and random documents.

    Parameters
    ----------
    clicks : the clicks, the titles and the given word vectors
    train, held_out : int64, shapes (c, 2) and (h, 2); the clicks to train on and to validate on
    config : the settings
    """

    unit = "clicks"
    metric, higher_is_better = "auc", True

    def __init__(
        self, clicks: Clicks, train: np.ndarray, held_out: np.ndarray, config: InterestConfig
    ) -> None:
        self.config, self.train_clicks, self.held_out = config, train, held_out
        users, self.documents = clicks.pairs.shape
        self.sampler = NegativeSampler(torch.from_numpy(train), users, self.documents)
        has_others = ~self.sampler.full.numpy()[train[:, 0]]
        self.clicks = torch.from_numpy(train[has_others])  # (c, 2)
        size = automatic_batch_size(len(self.clicks), steps=100, largest=2048)
        self.batch_size = config.batch_size or size
        self.steps_per_epoch = math.ceil(len(self.clicks) / self.batch_size)
        self.module: Interest = initial_model(clicks, Bags.grouped(train, users), config)
        self.dim = self.module.learned.shape[1]

    def optimizer(self) -> torch.optim.Optimizer:
        """Return AdamW over all weights."""
        rate, decay = self.config.learning_rate, self.config.weight_decay
        return torch.optim.AdamW(self.module.parameters(), rate, weight_decay=decay, fused=True)

    def batch(self, epoch: int, step: int) -> Batch:
        """Return users (B,), and for each a clicked document and K others: (B, 1 + K)."""
        order = torch_epoch_order(len(self.clicks), self.config.seed, epoch)
        users, read = self.clicks[order.split(self.batch_size)[step]].T  # (B,) each
        generator = torch_generator(self.config.seed, "negatives", epoch, step)
        count = self.config.negatives
        others = self.sampler.draw(len(users) * count, generator, users.repeat_interleave(count))
        documents = torch.cat([read[:, None], others[:, 1].view(-1, count)], dim=1)
        return {"users": users.contiguous(), "documents": documents}

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, float]:
        """Return the summed cross-entropy, in nats, of both models for the local rows."""
        documents = batch["documents"][local_rows]  # (b, 1 + K)
        user, document = self.module.vectors(batch["users"][local_rows], documents)
        user = user[:, None].expand_as(document)  # (b, 1 + K, dim)
        target = torch.zeros_like(documents, dtype=torch.float32)
        target[:, 0] = 1
        loss = target.new_zeros(())
        for log_odds in (
            self.module.by_dot(user, document),  # (b, 1 + K)
            self.module.by_network(user.detach(), document.detach()),
        ):
            loss = loss + F.binary_cross_entropy_with_logits(log_odds, target, reduction="sum")
        return loss, 2 * target.numel()

    def validate(self) -> dict[str, float]:
        """Return the AUC of the held-out clicks by each model, and their mean as `auc`."""
        aucs = {name: mean_auc(score, self.held_out, self.train_clicks, self.documents)
                for name, score in self.score_functions().items()}  # fmt: skip
        found = {f"auc of the {name}": value for name, value in aucs.items() if value is not None}
        return {"auc": float(np.mean(list(found.values()))), **found} if found else {}

    @torch.no_grad()
    def score_functions(self) -> dict[str, ScoreFunction]:
        """Return how each model scores all documents for some users; (a) without its scale."""
        module = self.module
        user, document = module.means(module.reads)

        def by_dot(users: np.ndarray) -> np.ndarray:
            return (user[torch.from_numpy(users)] @ document.T).float().cpu().numpy()

        @torch.no_grad()
        def by_network(users: np.ndarray) -> np.ndarray:
            # For each user, the product's layer folds into the document's: (documents, hidden).
            scores = [
                F.linear(document, module.of_document.weight + module.of_product.weight * one)
                .add_(module.of_user(one))
                .relu_()
                .mv(module.last.weight[0])
                for one in user[torch.from_numpy(users)]
            ]
            return torch.stack(scores).float().cpu().numpy()

        return {"dot product": by_dot, "network": by_network}

    def evaluate(self) -> dict[str, float | None]:
        """Return AUC and NDCG@10 of the held-out clicks by both models, and by popularity."""
        popularity = np.bincount(self.train_clicks[:, 1], minlength=self.documents)
        scores = popularity.astype(np.float32)  # (documents,)
        metrics_by_model: dict[str, float | None] = {}
        models: dict[str, ScoreFunction] = {
            **self.score_functions(),
            "popularity": lambda users: np.tile(scores, (len(users), 1)),
        }
        steps = 2 * len(models) * len(np.unique(self.held_out[:, 0]))
        progress = ProgressBar(steps, quiet=self.config.quiet, counted="rankings of users")
        for name, model in models.items():
            score = counted(model, progress.step)
            known = self.train_clicks
            metrics_by_model[f"auc of {name}"] = mean_auc(
                score, self.held_out, known, self.documents
            )
            ranks = held_out_ranks(score, self.held_out, known, self.documents)
            found = ranking_metrics(ranks, self.held_out[:, 0]) if len(ranks) else {}
            metrics_by_model[f"ndcg@10 of {name}"] = found.get("ndcg@10")
        progress.close()
        return metrics_by_model


def run(config: InterestConfig) -> dict[str, Any]:
    """Read clicks, titles and words, train, write the file; return the metrics."""
    fabric = start(config)
    clicks = read(config)
    for note in clicks.pairs.notes:
        print_progress(note, config.quiet)
    if config.dry_run:
        rows = clicks.pairs.rows
        return dry_run(InterestTask(clicks, rows, rows[:0], config), config, fabric)
    embedding_set, result = train(clicks, config, fabric)
    return write_result(embedding_set, config, result)


def train(
    clicks: Clicks, config: InterestConfig, fabric: Fabric
) -> tuple[EmbeddingSet, TrainingResult]:
    """Train; return the set of users and documents, and how the training went."""
    rows = clicks.pairs.rows
    is_held_out = hold_out(rows, config.validation_fraction, config.seed)
    task = InterestTask(clicks, rows[~is_held_out], rows[is_held_out], config)
    settings = run_info.settings(
        config,
        batch_size=task.batch_size,
        dim=task.dim,
        device=fabric.device.type,
        words=clicks.fingerprint,
        similarity="dot",
    )
    result = fit(task, config, fabric, {**settings, "data": dict(clicks.pairs.source)})
    held_out = int(is_held_out.sum())
    if held_out and (note := small_test_note(held_out, "held-out clicks")):
        print_progress(note, config.quiet)
    metrics = {
        "training_loss": result.loss,
        **task.evaluate(),
        "clicks": len(rows),
        "withheld": held_out,
        "items": {side.role: len(side) for side in (clicks.pairs.left, clicks.pairs.right)},
        "words": len(clicks.words),
        "words_given": 0 if clicks.given is None else len(clicks.given),
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "steps": result.steps,
    }
    all_reads = Bags.grouped(rows, len(clicks.pairs.left)).to(fabric.device)
    user, document = (side.cpu().numpy() for side in task.module.means(all_reads))
    made = pair_embeddings(clicks.pairs, user, document, settings, metrics, trainer="interest")
    return made, result
