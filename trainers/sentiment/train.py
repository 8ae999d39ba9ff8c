"""Sentiment: words as vectors, learned from whether reviews that hold them are positive.

    python -m trainers sentiment --data reviews.csv --out words.embedding.parquet

A review is the mean of its words' vectors, or one in which words have learned weights (attention).
A linear layer makes of it the log-odds that the review is positive; the loss is the binary
cross-entropy. Words that say the same of a review come to point the same way. Part of each
review's words is hidden at each step, so that no word may rely on another (Iyyer et al., "Deep
unordered composition rivals syntactic methods for text classification", ACL 2015).

Of each word the file tells `polarity`, the log-odds that it alone adds: what the layer makes of its
vector, without the bias. It is learned, and beside it stands `log_odds`, which is counted: the log
of how much more frequent the word is in positive reviews than in negative ones. The two differ
where a word is rare, or stands beside others that explain the label.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import torch
import torch.nn.functional as F
from scipy.stats import spearmanr
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from torch import nn

from embeddings.embedding_set import EmbeddingSet
from trainers.core import provenance
from trainers.core.devices import start
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.progress import say
from trainers.core.result import write_result
from trainers.core.rng import numpy_generator, torch_generator
from trainers.core.task import Batch, Task
from trainers.data.bags import Bags, attention, means
from trainers.data.corpus import number_words
from trainers.data.words import UNKNOWN, numbered, words_of
from trainers.sentiment.config import Pooling, SentimentConfig
from trainers.sentiment.data import Reviews, read_reviews
from trainers.sentiment.planted_reviews import planted_reviews

INITIAL_DEVIATION = 0.1
"""Of the vectors' components. Longer first vectors leave words, by cosine, where chance put them;
much shorter ones let all words end on one line."""

EPSILON = 2e-5
"""Added to the root of a gradient's mean square. With Adam's own 1e-8 a word of one or two reviews
takes steps as long as a frequent one's, and chance outweighs what frequent words tell."""

_REVIEWS_AT_ONCE = 1024  # in validation


class Sentiment(nn.Module):
    """A vector for each word, and the log-odds that reviews are positive.

    Parameters
    ----------
    words : number of words, UNKNOWN included
    dim : length of each vector
    generator : of the CPU, the source of chance
    """

    def __init__(self, words: int, dim: int, pooling: Pooling, generator: torch.Generator) -> None:
        super().__init__()
        self.words = nn.Embedding(words, dim)
        self.query = nn.Parameter(torch.zeros(dim)) if pooling == "attention" else None
        self.head = nn.Linear(dim, 1)
        nn.init.normal_(self.words.weight, std=INITIAL_DEVIATION, generator=generator)
        nn.init.normal_(self.head.weight, std=dim**-0.5, generator=generator)
        nn.init.zeros_(self.head.bias)

    def forward(self, reviews: Bags) -> torch.Tensor:
        """Return the log-odds that each review is positive: float32, shape (b,)."""
        if self.query is None:
            vectors = means(self.words.weight, reviews)  # (b, dim)
        else:
            vectors = attention(self.words.weight, self.query, reviews)  # (b, dim)
        return self.head(vectors)[:, 0].float()

    @torch.no_grad()
    def polarity(self) -> np.ndarray:
        """Return the log-odds that each word adds to a review of it alone: float32, (words,)."""
        return (self.words.weight @ self.head.weight[0]).cpu().numpy()


class SentimentTask(Task):
    """Binary cross-entropy of reviews.

    Attributes
    ----------
    vocabulary : the words that have vectors, most frequent first
    counts : int64, shape (v,); how often each occurs in the reviews that are not withheld
    notes : what was left out
    """

    unit = "reviews"

    def __init__(self, reviews: Reviews, config: SentimentConfig) -> None:
        self.config = config
        withheld = hold_out(reviews.positive, config.validation_fraction, config.seed)
        texts = [words_of(text) for text in reviews.texts]
        learned = [text for text, left in zip(texts, withheld, strict=True) if not left]
        corpus = number_words(learned, reviews.name, reviews.source, config.min_count)
        self.vocabulary = corpus.words[: config.vocabulary]
        self.counts = corpus.counts[: config.vocabulary]
        self.notes = vocabulary_notes(len(corpus.words), sum(map(len, learned)), self.counts)

        bags = self.bags_of(texts)
        rows = [torch.from_numpy(np.flatnonzero(part)) for part in (~withheld, withheld)]
        self.trained, self.withheld = (bags.take(part) for part in rows)
        positive = torch.from_numpy(reviews.positive).float()
        self.target, self.withheld_target = (positive[part] for part in rows)
        self.batch_size = config.batch_size or automatic_batch_size(len(self.trained))
        self.steps_per_epoch = math.ceil(len(self.trained) / self.batch_size)
        generator = torch_generator(config.seed, "weights")
        self.module: Sentiment = Sentiment(
            len(self.vocabulary) + 1, config.dim, config.pooling, generator
        )
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))

    def optimizer(self) -> torch.optim.Optimizer:
        """Return AdamW over all weights."""
        rate, decay = self.config.learning_rate, self.config.weight_decay
        weights = self.module.parameters()
        return torch.optim.AdamW(weights, rate, weight_decay=decay, eps=EPSILON, fused=True)

    def schedule(self, progress: float) -> float:
        """Let the learning rate fall to 0 on a line."""
        return 1 - progress

    def batch(self, epoch: int, step: int) -> Batch:
        """Return reviews in an order of the epoch's own, part of their words left out."""
        seed = self.config.seed
        if self._order[0] != epoch:
            order = numpy_generator(seed, "order", epoch).permutation(len(self.trained))
            self._order = epoch, order
        rows = torch.from_numpy(self._order[1][step * self.batch_size :][: self.batch_size])
        reviews = self.trained.take(rows)  # B bags
        chance = torch_generator(seed, "hidden words", epoch, step)
        stays = torch.rand(len(reviews.items), generator=chance) >= self.config.word_dropout
        starts = F.pad(stays.cumsum(0), (1, 0))[reviews.starts]  # (B + 1,)
        return {"target": self.target[rows], "words": reviews.items[stays], "starts": starts}

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, float]:
        """Return the cross-entropies, in nats, of the reviews `own`."""
        log_odds = self.module(Bags(batch["words"], batch["starts"]).part(local_rows))  # (b,)
        target = batch["target"][local_rows]  # (b,)
        loss = F.binary_cross_entropy_with_logits(log_odds, target, reduction="sum")
        return loss, len(target)

    def validate(self) -> dict[str, float]:
        """Return loss and accuracy of the withheld reviews."""
        if len(self.withheld) == 0:
            return {}
        log_odds = self.log_odds(self.withheld)
        loss = F.binary_cross_entropy_with_logits(log_odds, self.withheld_target)
        right = (log_odds > 0) == (self.withheld_target > 0)
        return {"loss": loss.item(), "accuracy": right.float().mean().item()}

    def bags_of(self, texts: Iterable[list[str]]) -> Bags:
        """Return the numbers of words, as the module takes them."""
        return Bags.of(*numbered(texts, self.vocabulary))

    @torch.no_grad()
    def log_odds(self, reviews: Bags) -> torch.Tensor:
        """Return the log-odds that each review is positive: float32, shape (b,), on the CPU."""
        device = self.module.head.weight.device
        blocks = torch.arange(len(reviews)).split(_REVIEWS_AT_ONCE)
        return torch.cat([self.module(reviews.take(rows).to(device)).cpu() for rows in blocks])

    def counted_log_odds(self) -> np.ndarray:
        """Return how much more frequent each word is in positive reviews: float64, shape (v,).

        The r of Wang and Manning, "Baselines and bigrams" (ACL 2012), one added to each count:
        log((p + 1) / sum(p + 1)) - log((n + 1) / sum(n + 1)).
        """
        of_positive = self.target.bool().repeat_interleave(self.trained.sizes).numpy()
        words = self.trained.items.numpy()
        shares = []
        for of_side in (of_positive, ~of_positive):
            counts = np.bincount(words[of_side], minlength=len(self.vocabulary) + 1)
            counts = np.delete(counts, UNKNOWN) + 1
            shares.append(np.log(counts / counts.sum()))
        return shares[0] - shares[1]


def run(config: SentimentConfig) -> dict[str, Any]:
    """Read the reviews, train, write the file; return the metrics."""
    fabric = start(config)
    if config.data is None:
        reviews = planted_reviews(seed=config.seed)
    else:
        reviews = read_reviews(config.data, config.text, config.label, config.positive)
    task = SentimentTask(reviews, config)
    for note in (*reviews.notes, *task.notes, f"{len(reviews):,} reviews, "
                 f"{int(reviews.positive.sum()):,} of them positive, {len(task.withheld):,} "
                 f"withheld; {len(task.vocabulary):,} words"):  # fmt: skip
        say(note, config.quiet)
    if config.dry_run:
        return dry_run(task, config, fabric)
    settings = provenance.settings(config, batch_size=task.batch_size, device=fabric.device.type)
    fitted = fit(task, config, fabric, {**settings, "sha256": reviews.source["sha256"]})
    baseline = baseline_accuracy(reviews, config)
    return write_result(word_set(task, reviews, fitted, settings, baseline), config, fitted)


def word_set(
    task: SentimentTask,
    reviews: Reviews,
    fitted: TrainingResult,
    settings: dict[str, Any],
    baseline: float | None,
) -> EmbeddingSet:
    """Return the words with their vectors; columns count, polarity, log_odds, and what is known.

    baseline : accuracy of tf-idf and logistic regression on the withheld reviews
    """
    vectors = np.delete(task.module.words.weight.detach().cpu().numpy(), UNKNOWN, axis=0)
    polarity = np.delete(task.module.polarity(), UNKNOWN)
    counted = task.counted_log_odds()
    columns = {
        "count": pa.array(task.counts, pa.int64()),
        "polarity": pa.array(polarity, pa.float32()),
        "log_odds": pa.array(counted, pa.float32()),
    }
    if reviews.truth:
        columns["planted"] = pa.array([reviews.truth[word] for word in task.vocabulary])
    metrics = {
        "training_loss": fitted.loss,
        **fitted.metrics,
        "accuracy of tf-idf and logistic regression": baseline,
        "polarity_spearman": float(spearmanr(polarity, counted).statistic),
        "reviews": len(reviews),
        "withheld": len(task.withheld),
        "words": len(task.vocabulary),
        "epochs": fitted.epochs,
        "best_epoch": fitted.best_epoch,
        "steps": fitted.steps,
    }
    return EmbeddingSet.of(
        vectors,
        task.vocabulary,
        columns,
        name=reviews.name,
        metric="cosine",
        role="word",
        **provenance.made("sentiment", settings, reviews.source, metrics),
    )


def hold_out(positive: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Choose reviews at random, the same share of both kinds, rounded down: bool, shape (n,)."""
    chosen = np.zeros(len(positive), dtype=bool)
    for kind in (False, True):
        rows = np.flatnonzero(positive == kind)
        rows = numpy_generator(seed, "hold out", int(kind)).permutation(rows)
        chosen[rows[: int(fraction * len(rows))]] = True
    return chosen


def baseline_accuracy(reviews: Reviews, config: SentimentConfig) -> float | None:
    """Return the accuracy, on the same withheld reviews, of logistic regression on tf-idf.

    None where none are withheld.
    """
    withheld = hold_out(reviews.positive, config.validation_fraction, config.seed)
    if not withheld.any():
        return None
    texts = np.array(reviews.texts, dtype=object)
    model = tfidf_regression().fit(texts[~withheld], reviews.positive[~withheld])
    return float(model.score(texts[withheld], reviews.positive[withheld]))


def tfidf_regression() -> Any:
    """Return scikit-learn's logistic regression on tf-idf of the same words, not yet fitted."""
    return make_pipeline(TfidfVectorizer(analyzer=words_of), LogisticRegression(max_iter=1000))


def vocabulary_notes(often_enough: int, read: int, counts: np.ndarray) -> tuple[str, ...]:
    """Say which words have no vector.

    often_enough : words seen min_count times; read : words of the text; counts : of those kept
    """
    left_out = read - int(counts.sum())
    if not left_out:
        return ()
    cut = f" ({often_enough:,} are seen often enough)" if often_enough > len(counts) else ""
    share = left_out / read
    return (f"{len(counts):,} words have vectors{cut}; {share:.1%} of the text is other words, "
            "which are one, the unknown",)  # fmt: skip


def automatic_batch_size(reviews: int) -> int:
    """Return a power of two from 32 to 1,024 that makes about 150 steps an epoch."""
    return min(1024, max(32, 2 ** round(math.log2(reviews / 150)))) if reviews > 150 else 32
