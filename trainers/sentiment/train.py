"""Sentiment: words as vectors, learned from whether the reviews that contain them are positive.

    python -m trainers sentiment --data reviews.csv --out words.embedding.parquet

A review is the mean of its words' vectors, or a mean with learned weights (attention). A linear
layer turns it into the log-odds that the review is positive; the loss is binary cross-entropy.
Words with the same sentiment end up pointing the same way. Some of each review's words are hidden
at each step, so that no word relies on another (Iyyer et al., "Deep unordered composition rivals
syntactic methods for text classification", ACL 2015).

For each word the file has `polarity`, the learned log-odds that the word contributes: the layer's
output for its vector, without the bias. The column `log_odds` is counted instead: the logarithm of
how much more frequent the word is in positive reviews than in negative ones. The two differ for
rare words, and for words that occur with others that explain the label.
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

from embeddings.embedding_set import EmbeddingSet
from trainers.core import run_info
from trainers.core.console import print_progress
from trainers.core.devices import start
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.result import write_result
from trainers.core.rng import (
    automatic_batch_size,
    numpy_epoch_order,
    numpy_generator,
    torch_generator,
)
from trainers.core.task import Batch, Task
from trainers.data.bags import Bags
from trainers.data.corpus import number_words
from trainers.data.words import UNKNOWN, numbered, words_of
from trainers.sentiment.config import SentimentConfig
from trainers.sentiment.data import Reviews, read_reviews
from trainers.sentiment.model import Sentiment
from trainers.sentiment.synthetic import synthetic_reviews

EPSILON = 2e-5
"""Added to the root of a gradient's mean square. With Adam's default of 1e-8, a word of one or two
reviews takes steps as long as a frequent word's, and noise outweighs what frequent words teach."""

_BLOCK_REVIEWS = 1024  # in validation


class SentimentTask(Task):
    """Trains a Sentiment model with the binary cross-entropy of reviews.

    Attributes
    ----------
    vocabulary : the words that have vectors, most frequent first
    counts : int64, shape (v,); number of occurrences of each in the training reviews
    notes : what was left out
    """

    unit = "reviews"

    def __init__(self, reviews: Reviews, config: SentimentConfig) -> None:
        self.config = config
        is_held_out = hold_out(reviews.positive, config.validation_fraction, config.seed)
        texts = [words_of(text) for text in reviews.texts]
        train_texts = [text for text, out in zip(texts, is_held_out, strict=True) if not out]
        corpus = number_words(train_texts, reviews.name, reviews.source, config.min_count)
        self.vocabulary = corpus.words[: config.vocabulary]
        self.counts = corpus.counts[: config.vocabulary]
        self.notes = vocabulary_notes(len(corpus.words), sum(map(len, train_texts)), self.counts)

        bags = self.bags_of(texts)
        rows = [torch.from_numpy(np.flatnonzero(part)) for part in (~is_held_out, is_held_out)]
        self.train_reviews, self.held_out_reviews = (bags.take(part) for part in rows)
        positive = torch.from_numpy(reviews.positive).float()
        self.train_target, self.held_out_target = (positive[part] for part in rows)
        size = automatic_batch_size(len(self.train_reviews), steps=150, largest=1024)
        self.batch_size = config.batch_size or size
        self.steps_per_epoch = math.ceil(len(self.train_reviews) / self.batch_size)
        generator = torch_generator(config.seed, "weights")
        self.module: Sentiment = Sentiment(
            len(self.vocabulary) + 1, config.dim, config.pooling, generator
        )

    def optimizer(self) -> torch.optim.Optimizer:
        """Return AdamW over all weights."""
        rate, decay = self.config.learning_rate, self.config.weight_decay
        weights = self.module.parameters()
        return torch.optim.AdamW(weights, rate, weight_decay=decay, eps=EPSILON, fused=True)

    def schedule(self, progress: float) -> float:
        """Decay the learning rate linearly to 0."""
        return 1 - progress

    def batch(self, epoch: int, step: int) -> Batch:
        """Return reviews, reshuffled each epoch, with some of their words left out."""
        seed = self.config.seed
        order = numpy_epoch_order(len(self.train_reviews), seed, epoch)
        rows = torch.from_numpy(order[step * self.batch_size :][: self.batch_size])  # (B,)
        reviews = self.train_reviews.take(rows)  # B bags
        generator = torch_generator(seed, "hidden words", epoch, step)
        is_used = torch.rand(len(reviews.items), generator=generator) >= self.config.word_dropout
        starts = F.pad(is_used.cumsum(0), (1, 0))[reviews.starts]  # (B + 1,)
        words = reviews.items[is_used]
        return {"target": self.train_target[rows], "words": words, "starts": starts}

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, float]:
        """Return the summed cross-entropy, in nats, of the local rows."""
        log_odds = self.module(Bags(batch["words"], batch["starts"]).part(local_rows))  # (b,)
        target = batch["target"][local_rows]  # (b,)
        loss = F.binary_cross_entropy_with_logits(log_odds, target, reduction="sum")
        return loss, len(target)

    def validate(self) -> dict[str, float]:
        """Return loss and accuracy on the held-out reviews."""
        if len(self.held_out_reviews) == 0:
            return {}
        log_odds = self.log_odds(self.held_out_reviews)
        loss = F.binary_cross_entropy_with_logits(log_odds, self.held_out_target)
        correct = (log_odds > 0) == (self.held_out_target > 0)
        return {"loss": loss.item(), "accuracy": correct.float().mean().item()}

    def bags_of(self, texts: Iterable[list[str]]) -> Bags:
        """Return texts as bags of word numbers, as the module takes them."""
        return Bags.of(*numbered(texts, self.vocabulary))

    @torch.no_grad()
    def log_odds(self, reviews: Bags) -> torch.Tensor:
        """Return the log-odds that each review is positive: float32, shape (b,), on the CPU."""
        device = self.module.head.weight.device
        blocks = torch.arange(len(reviews)).split(_BLOCK_REVIEWS)
        return torch.cat([self.module(reviews.take(rows).to(device)).cpu() for rows in blocks])

    def counted_log_odds(self) -> np.ndarray:
        """Return how much more frequent each word is in positive reviews: float64, shape (v,).

        This is r of Wang and Manning, "Baselines and bigrams" (ACL 2012), with 1 added to each
        count: log((p + 1) / sum(p + 1)) - log((n + 1) / sum(n + 1)).
        """
        in_positive = self.train_target.bool().repeat_interleave(self.train_reviews.sizes).numpy()
        words = self.train_reviews.items.numpy()
        log_frequencies = []
        for on_side in (in_positive, ~in_positive):
            counts = np.bincount(words[on_side], minlength=len(self.vocabulary) + 1)
            counts = np.delete(counts, UNKNOWN) + 1  # (v,)
            log_frequencies.append(np.log(counts / counts.sum()))
        return log_frequencies[0] - log_frequencies[1]


def run(config: SentimentConfig) -> dict[str, Any]:
    """Read the reviews, train, write the file; return the metrics."""
    fabric = start(config)
    if config.data is None:
        reviews = synthetic_reviews(seed=config.seed)
    else:
        reviews = read_reviews(config.data, config.text, config.label, config.positive)
    task = SentimentTask(reviews, config)
    for note in (*reviews.notes, *task.notes, f"{len(reviews):,} reviews, "
                 f"{int(reviews.positive.sum()):,} of them positive, "
                 f"{len(task.held_out_reviews):,} held out; "
                 f"{len(task.vocabulary):,} words"):  # fmt: skip
        print_progress(note, config.quiet)
    if config.dry_run:
        return dry_run(task, config, fabric)
    settings = run_info.settings(config, batch_size=task.batch_size, device=fabric.device.type)
    result = fit(task, config, fabric, {**settings, "sha256": reviews.source["sha256"]})
    baseline = baseline_accuracy(reviews, config)
    return write_result(word_set(task, reviews, result, settings, baseline), config, result)


def word_set(
    task: SentimentTask,
    reviews: Reviews,
    result: TrainingResult,
    settings: dict[str, Any],
    baseline: float | None,
) -> EmbeddingSet:
    """Return the words with their vectors; columns count, polarity, log_odds, and the known truth.

    Parameters
    ----------
    task : the trained model
    reviews : the data
    result : how the training went
    settings : all settings that influence the vectors
    baseline : accuracy of logistic regression on tf-idf, on the held-out reviews
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
        "training_loss": result.loss,
        **result.metrics,
        "accuracy of tf-idf and logistic regression": baseline,
        "polarity_spearman": float(spearmanr(polarity, counted).statistic),
        "reviews": len(reviews),
        "withheld": len(task.held_out_reviews),
        "words": len(task.vocabulary),
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "steps": result.steps,
    }
    return EmbeddingSet.of(
        vectors,
        task.vocabulary,
        columns,
        name=reviews.name,
        metric="cosine",
        role="word",
        **run_info.fields("sentiment", settings, reviews.source, metrics),
    )


def hold_out(positive: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Choose reviews to hold out, the same fraction of either class, rounded down.

    Parameters
    ----------
    positive : bool, shape (n,)
    fraction : of the reviews of each class
    seed : of the choice

    Returns
    -------
    bool, shape (n,), True for the held-out reviews
    """
    held_out = np.zeros(len(positive), dtype=bool)
    for side in (False, True):
        rows = np.flatnonzero(positive == side)
        rows = numpy_generator(seed, "hold out", int(side)).permutation(rows)
        held_out[rows[: int(fraction * len(rows))]] = True
    return held_out


def baseline_accuracy(reviews: Reviews, config: SentimentConfig) -> float | None:
    """Return the accuracy of logistic regression on tf-idf, on the same held-out reviews.

    It is None if none are held out.
    """
    held_out = hold_out(reviews.positive, config.validation_fraction, config.seed)
    if not held_out.any():
        return None
    texts = np.array(reviews.texts, dtype=object)
    model = tfidf_regression().fit(texts[~held_out], reviews.positive[~held_out])
    return float(model.score(texts[held_out], reviews.positive[held_out]))


def tfidf_regression() -> Any:
    """Return scikit-learn's logistic regression on tf-idf of the same words, not yet fitted."""
    return make_pipeline(TfidfVectorizer(analyzer=words_of), LogisticRegression(max_iter=1000))


def vocabulary_notes(frequent: int, occurrences: int, counts: np.ndarray) -> tuple[str, ...]:
    """Return a note on the words without a vector, if there are any.

    Parameters
    ----------
    frequent : number of words that occur min_count times or more
    occurrences : number of words in the training texts, repeats included
    counts : int64, shape (v,), occurrences of the words with vectors
    """
    unknown = occurrences - int(counts.sum())
    if not unknown:
        return ()
    cut = f" (of {frequent:,} that are frequent enough)" if frequent > len(counts) else ""
    return (f"{len(counts):,} words have vectors{cut}; the other words, "
            f"{unknown / occurrences:.1%} of the text, share the vector of the unknown word",
            )  # fmt: skip
