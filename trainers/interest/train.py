"""Interest: will this user want this document? From the words in the titles of what the user read.

    python -m trainers interest --data clicks.csv --titles items.csv --out readers.embedding.parquet

A document is the mean of the vectors of its title's words, a user the mean of those of all titles
read. Two models say whether a user will want a document: (a) their dot product, scaled and shifted
to log-odds, and (b) a network on both vectors. Both learn, by binary cross-entropy, to tell each
click from documents that the user has not read, drawn at random. The document in question is never
part of its user's mean, nor is it for the documents drawn beside it: else to have read something
would be enough to want it.

Word vectors come from --words, any embedding file; they stay as they are, and words that it lacks
begin at 0 and are learned. Without --words all words are learned from the clicks. Only (a) teaches
the words: the network takes their means as they are.

Written are users and documents, in one space: by dot product, the metric of the file, the nearest
documents of a user are those that (a) ranks first. The network is kept in best.pt alone.
"""

import functools
import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import nn

from embeddings.embedding_set import EmbeddingSet
from trainers.core import provenance
from trainers.core.devices import start
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.progress import say
from trainers.core.result import write_result
from trainers.core.rng import numpy_generator, torch_generator
from trainers.core.sampling import NegativeSampler
from trainers.core.task import Batch, Task
from trainers.data.bags import Bags, sums
from trainers.data.pairs.splits import hold_out
from trainers.interest.config import InterestConfig
from trainers.interest.data import Clicks, read
from trainers.interest.metrics import mean_auc
from trainers.metrics.ranking import Closeness, metrics, withheld_ranks
from trainers.two_tower.output import both_sides

INITIAL_DEVIATION = 0.1
"""Of the components of word vectors that are learned, where all are."""


class Interest(nn.Module):
    """Word vectors, and two models of who wants what.

    Parameters
    ----------
    learned : float32, shape (l, dim); first vectors of the words that are learned
    given : float32, shape (g, dim); vectors of those that are not, numbered after the others
    titles : each document's words
    reads : each user's documents
    hidden : units of the network's layer
    generator : of the CPU, the source of chance
    """

    given: torch.Tensor  # (g, dim)
    titles_items: torch.Tensor
    titles_starts: torch.Tensor
    reads_items: torch.Tensor
    reads_starts: torch.Tensor

    def __init__(
        self,
        learned: np.ndarray,
        given: np.ndarray,
        titles: Bags,
        reads: Bags,
        hidden: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.learned = nn.Parameter(torch.from_numpy(learned))
        self.register_buffer("given", torch.from_numpy(given))
        for name, bags in (("titles", titles), ("reads", reads)):
            self.register_buffer(f"{name}_items", bags.items, persistent=False)
            self.register_buffer(f"{name}_starts", bags.starts, persistent=False)
        self.log_scale = nn.Parameter(torch.tensor(0.0))
        self.bias = nn.Parameter(torch.tensor(-1.0))
        dim = learned.shape[1]
        self.of_user = nn.Linear(dim, hidden)
        self.of_document = nn.Linear(dim, hidden, bias=False)
        self.of_product = nn.Linear(dim, hidden, bias=False)
        self.last = nn.Linear(hidden, 1)
        for layer in (self.of_user, self.of_document, self.of_product, self.last):
            nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
        nn.init.zeros_(self.of_user.bias)
        nn.init.zeros_(self.last.bias)

    @property
    def titles(self) -> Bags:
        """Each document's words."""
        return Bags(self.titles_items, self.titles_starts)

    @property
    def reads(self) -> Bags:
        """Each user's documents."""
        return Bags(self.reads_items, self.reads_starts)

    def vectors(
        self, users: torch.Tensor, documents: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return vectors of users, the first of their documents not among what they read.

        Parameters
        ----------
        users : int64, shape (b,)
        documents : int64, shape (b, k); documents[i, 0] was read by users[i]

        Returns
        -------
        float32, shapes (b, dim) and (b, k, dim); 0 where there is no word
        """
        who, place = users.unique(return_inverse=True)  # (w,), (b,)
        reads = self.reads.take(who)  # w bags of documents
        count = len(reads.items)
        touched, number = torch.cat([reads.items, documents.reshape(-1)]).unique(
            return_inverse=True
        )  # (t,), (count + b * k,)
        titles = self.titles.take(touched)  # t bags of words
        total = sums(torch.cat([self.learned, self.given]), titles)  # (t, dim)
        words = titles.sizes.float()[:, None]  # (t, 1)
        read = Bags(number[:count], reads.starts)  # w bags of touched documents
        number = number[count:].view_as(documents)  # (b, k)
        target = number[:, 0]  # (b,)
        user = sums(total, read)[place] - total[target]  # (b, dim)
        user_words = sums(words, read)[place] - words[target]  # (b, 1)
        return user / user_words.clamp(min=1), total[number] / words[number].clamp(min=1)

    def by_dot(self, user: torch.Tensor, document: torch.Tensor) -> torch.Tensor:
        """Return model (a)'s log-odds; vectors of shapes (..., dim) give float32 of shape (...)."""
        return self.log_scale.exp() * (user * document).sum(dim=-1) + self.bias

    def by_network(self, user: torch.Tensor, document: torch.Tensor) -> torch.Tensor:
        """Return model (b)'s log-odds; vectors of shapes (..., dim) give float32 of shape (...).

        A layer on the user's vector, the document's, and the products of their components.
        """
        units = self.of_user(user) + self.of_document(document) + self.of_product(user * document)
        return self.last(F.relu(units))[..., 0].float()

    @torch.no_grad()
    def means(self, reads: Bags) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the vectors of all users and documents: (users, dim) and (documents, dim).

        reads : what each user has read, on the module's device
        """
        titles = self.titles
        total = sums(torch.cat([self.learned, self.given]), titles)  # (documents, dim)
        words = titles.sizes.float()[:, None]  # (documents, 1)
        user = sums(total, reads) / sums(words, reads).clamp(min=1)  # (users, dim)
        return user, total / words.clamp(min=1)


class InterestTask(Task):
    """Binary cross-entropy of clicks and random documents, by both models.

    Parameters
    ----------
    trained, withheld : int64, shapes (c, 2) and (h, 2); the clicks to learn and to find again
    """

    unit = "clicks"
    metric, higher_is_better = "auc", True

    def __init__(
        self, clicks: Clicks, trained: np.ndarray, withheld: np.ndarray, config: InterestConfig
    ) -> None:
        self.config, self.trained, self.withheld = config, trained, withheld
        users, self.documents = clicks.pairs.shape
        self.sampler = NegativeSampler(torch.from_numpy(trained), users, self.documents)
        has_others = ~self.sampler.full.numpy()[trained[:, 0]]
        self.clicks = torch.from_numpy(trained[has_others])  # (c, 2)
        self.batch_size = config.batch_size or automatic_batch_size(len(self.clicks))
        self.steps_per_epoch = math.ceil(len(self.clicks) / self.batch_size)
        if clicks.given is None:
            self.dim = config.dim
            learned = numpy_generator(config.seed, "word vectors").normal(
                scale=INITIAL_DEVIATION, size=(len(clicks.words), self.dim)
            )
            given = np.empty((0, self.dim))
        else:
            self.dim = clicks.given.shape[1]
            absent = len(clicks.words) - len(clicks.given)
            learned, given = np.zeros((absent, self.dim)), clicks.given
            if config.tune:
                learned, given = np.concatenate([learned, given]), given[:0]
        self.module: Interest = Interest(
            learned.astype(np.float32),
            given.astype(np.float32),
            clicks.titles,
            Bags.grouped(trained, users),
            config.hidden,
            torch_generator(config.seed, "weights"),
        )

    def optimizer(self) -> torch.optim.Optimizer:
        """Return AdamW over all weights."""
        rate, decay = self.config.learning_rate, self.config.weight_decay
        return torch.optim.AdamW(self.module.parameters(), rate, weight_decay=decay, fused=True)

    def batch(self, epoch: int, step: int) -> Batch:
        """Return users (B,), and for each a document read and K others: (B, 1 + K)."""
        order = epoch_order(len(self.clicks), self.config.seed, epoch)
        users, read = self.clicks[order.split(self.batch_size)[step]].T  # (B,) each
        chance = torch_generator(self.config.seed, "negatives", epoch, step)
        count = self.config.negatives
        others = self.sampler.draw(len(users) * count, chance, users.repeat_interleave(count))
        documents = torch.cat([read[:, None], others[:, 1].view(-1, count)], dim=1)
        return {"users": users.contiguous(), "documents": documents}

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, float]:
        """Return the cross-entropies, in nats, of both models over the local rows."""
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
        """Return the AUC of the withheld clicks by each model, and their mean, which chooses."""
        found = {name: mean_auc(near, self.withheld, self.trained, self.documents)
                 for name, near in self.closeness().items()}  # fmt: skip
        told = {f"auc of the {name}": value for name, value in found.items() if value is not None}
        return {"auc": float(np.mean(list(told.values()))), **told} if told else {}

    @torch.no_grad()
    def closeness(self) -> dict[str, Closeness]:
        """Return how each model holds users against all documents, not yet scaled for (a)."""
        module = self.module
        user, document = module.means(module.reads)

        def by_dot(users: np.ndarray) -> np.ndarray:
            return (user[torch.from_numpy(users)] @ document.T).float().cpu().numpy()

        @torch.no_grad()
        def by_network(users: np.ndarray) -> np.ndarray:
            # The product's layer is put into the document's, for each user: (documents, hidden).
            near = [
                F.linear(document, module.of_document.weight + module.of_product.weight * one)
                .add_(module.of_user(one))
                .relu_()
                .mv(module.last.weight[0])
                for one in user[torch.from_numpy(users)]
            ]
            return torch.stack(near).float().cpu().numpy()

        return {"dot product": by_dot, "network": by_network}

    def ranking(self) -> dict[str, float | None]:
        """Return AUC and NDCG@10 of the withheld clicks by both models, and by popularity alone."""
        popularity = np.bincount(self.trained[:, 1], minlength=self.documents).astype(np.float32)
        told: dict[str, float | None] = {}
        for name, near in (
            *self.closeness().items(),
            ("popularity", lambda users: np.tile(popularity, (len(users), 1))),
        ):
            told[f"auc of {name}"] = mean_auc(near, self.withheld, self.trained, self.documents)
            ranks = withheld_ranks(near, self.withheld, self.trained, self.documents)
            found = metrics(ranks, self.withheld[:, 0]) if len(ranks) else {}
            told[f"ndcg@10 of {name}"] = found.get("ndcg@10")
        return told


@functools.lru_cache(maxsize=2)
def epoch_order(count: int, seed: int, epoch: int) -> torch.Tensor:
    """Return the numbers below `count` in the order of an epoch: int64, shape (count,)."""
    return torch.randperm(count, generator=torch_generator(seed, "order", epoch))


def run(config: InterestConfig) -> dict[str, Any]:
    """Read clicks, titles and words, train, write the file; return the metrics."""
    fabric = start(config)
    clicks = read(config)
    for note in clicks.pairs.notes:
        say(note, config.quiet)
    if config.dry_run:
        rows = clicks.pairs.rows
        return dry_run(InterestTask(clicks, rows, rows[:0], config), config, fabric)
    embedding_set, fitted = train(clicks, config, fabric)
    return write_result(embedding_set, config, fitted)


def train(
    clicks: Clicks, config: InterestConfig, fabric: Fabric
) -> tuple[EmbeddingSet, TrainingResult]:
    """Learn; return the set of users and documents, and how it was fitted."""
    rows = clicks.pairs.rows
    withheld = hold_out(rows, config.validation_fraction, config.seed)
    task = InterestTask(clicks, rows[~withheld], rows[withheld], config)
    settings = provenance.settings(
        config,
        batch_size=task.batch_size,
        dim=task.dim,
        device=fabric.device.type,
        words=clicks.fingerprint,
        similarity="dot",
    )
    fitted = fit(task, config, fabric, {**settings, "data": dict(clicks.pairs.source)})
    told = {
        "training_loss": fitted.loss,
        **task.ranking(),
        "clicks": len(rows),
        "withheld": int(withheld.sum()),
        "items": {side.role: len(side) for side in (clicks.pairs.left, clicks.pairs.right)},
        "words": len(clicks.words),
        "words_given": 0 if clicks.given is None else len(clicks.given),
        "epochs": fitted.epochs,
        "best_epoch": fitted.best_epoch,
        "steps": fitted.steps,
    }
    everything = Bags.grouped(rows, len(clicks.pairs.left)).to(fabric.device)
    user, document = (side.cpu().numpy() for side in task.module.means(everything))
    return both_sides(clicks.pairs, user, document, settings, told, trainer="interest"), fitted


def automatic_batch_size(clicks: int) -> int:
    """Return a power of two from 32 to 2,048 that makes about 100 steps an epoch."""
    return min(2048, max(32, 2 ** round(math.log2(clicks / 100)))) if clicks > 100 else 32
