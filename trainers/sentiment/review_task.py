"""The task of sentiment: predict the class of a review from its words."""

import math
from collections.abc import Iterable

import numpy as np
import torch
import torch.nn.functional as F

from trainers.core.rng import (
    automatic_batch_size,
    numpy_epoch_order,
    numpy_generator,
    torch_generator,
)
from trainers.core.task import Batch, Task
from trainers.data.bags import Bags
from trainers.data.corpus import number_words
from trainers.data.words import UNKNOWN, numbered
from trainers.sentiment.config import SentimentConfig
from trainers.sentiment.model import Sentiment
from trainers.sentiment.reviews import Reviews

EPSILON = 5e-4
"""Added to the root of a gradient's mean square. With Adam's default of 1e-8, a word of one or two
reviews takes steps as long as a frequent word's, and noise outweighs what frequent words teach. The
gradients do not depend on the length of the texts, whose weights have length 1."""

INTERPOLATION = 0.5
"""How far the weight of a word is its own: 1 for its log-odds alone, 0 for the same weight for all.
With 1, frequent words of weak sentiment count too little to be learned."""

_BLOCK_REVIEWS = 1024  # in validation


class SentimentTask(Task):
    """Trains a Sentiment model with the cross-entropy of reviews.

    Attributes
    ----------
    vocabulary : the words that have vectors, most frequent first
    counts : int64, shape (v,); number of occurrences of each in the training reviews
    log_odds : float64, shape (v + 1, classes), counted in the training reviews; UNKNOWN is row 0
    weights : float64, shape (v + 1,), of the words; see word_weights
    classes : the labels
    is_held_out : bool, shape (n,), True for the held-out reviews
    notes : what was left out
    """

    unit = "reviews"

    def __init__(self, reviews: Reviews, config: SentimentConfig) -> None:
        self.config = config
        self.classes = reviews.classes
        self.is_held_out = hold_out(reviews.target, config.validation_fraction, config.seed)
        texts = [config.tokens.words(text) for text in reviews.texts]
        chosen = zip(texts, self.is_held_out, strict=True)
        train_texts = [text for text, out in chosen if not out]
        corpus = number_words(train_texts, reviews.name, reviews.source, config.min_count)
        self.vocabulary = corpus.words[: config.vocabulary]
        self.counts = corpus.counts[: config.vocabulary]
        words = len(self.vocabulary) + 1
        self.notes = vocabulary_notes(len(corpus.words), sum(map(len, train_texts)), self.counts)

        numbers, starts, _ = distinct(*numbered(train_texts, self.vocabulary))
        class_of_word = reviews.target[~self.is_held_out].repeat(np.diff(starts))
        self.log_odds = counted_log_odds(numbers, class_of_word, words, len(self.classes))
        self.weights = word_weights(self.log_odds)
        bags = self.bags_of(texts)
        rows = [torch.from_numpy(np.flatnonzero(part))
                for part in (~self.is_held_out, self.is_held_out)]  # fmt: skip
        self.train_reviews, self.held_out_reviews = (bags.take(part) for part in rows)
        target = torch.from_numpy(reviews.target)
        target = target.float() if self.is_binary else target
        self.train_target, self.held_out_target = (target[part] for part in rows)
        size = automatic_batch_size(len(self.train_reviews), steps=150, largest=1024)
        self.batch_size = config.batch_size or size
        self.steps_per_epoch = math.ceil(len(self.train_reviews) / self.batch_size)
        generator = torch_generator(config.seed, "weights")
        self.module: Sentiment = Sentiment(
            words, config.dim, config.pooling, generator, len(self.classes)
        )

    @property
    def is_binary(self) -> bool:
        """Whether there are two classes, the second of which is positive."""
        return len(self.classes) == 2

    def optimizer(self) -> torch.optim.Optimizer:
        """Return AdamW over all weights."""
        rate, decay = self.config.learning_rate, self.config.weight_decay
        weights = self.module.parameters()
        return torch.optim.AdamW(weights, rate, weight_decay=decay, eps=EPSILON, fused=True)

    def batch(self, epoch: int, step: int) -> Batch:
        """Return reviews, reshuffled each epoch, with some of their words left out."""
        seed = self.config.seed
        order = numpy_epoch_order(len(self.train_reviews), seed, epoch)
        rows = torch.from_numpy(order[step * self.batch_size :][: self.batch_size])  # (B,)
        reviews = self.train_reviews.take(rows)  # B bags
        generator = torch_generator(seed, "hidden words", epoch, step)
        hidden = torch.rand(len(reviews.items), generator=generator) < self.config.word_dropout
        seen = reviews.without(hidden)
        return {"target": self.train_target[rows], "words": seen.items, "starts": seen.starts,
                "weights": seen.weights_or_ones}  # fmt: skip

    def loss_sum(self, batch: Batch, local_rows: slice) -> tuple[torch.Tensor, float]:
        """Return the summed cross-entropy, in nats, of the local rows."""
        reviews = Bags(batch["words"], batch["starts"], batch["weights"])
        outputs = self.module(reviews.part(local_rows))
        target = batch["target"][local_rows]  # (b,)
        return self._cross_entropy(outputs, target, "sum"), len(target)

    def validate(self) -> dict[str, float]:
        """Return loss and accuracy on the held-out reviews."""
        if len(self.held_out_reviews) == 0:
            return {}
        outputs = self.outputs(self.held_out_reviews)
        loss = self._cross_entropy(outputs, self.held_out_target, "mean")
        correct = predicted_classes(outputs) == self.held_out_target.long()
        return {"loss": loss.item(), "accuracy": correct.float().mean().item()}

    def _cross_entropy(
        self, outputs: torch.Tensor, target: torch.Tensor, reduction: str
    ) -> torch.Tensor:
        if self.is_binary:
            return F.binary_cross_entropy_with_logits(outputs, target, reduction=reduction)
        return F.cross_entropy(outputs, target, reduction=reduction)

    def bags_of(self, texts: Iterable[list[str]]) -> Bags:
        """Return texts as bags of their different words, as the module takes them.

        The weight of a word in a text is 1 + log(count), times the word's own.
        """
        words, starts, counts = distinct(*numbered(texts, self.vocabulary))
        weights = (1 + np.log(counts)) * self.weights[words]
        return Bags.of(words, starts, weights.astype(np.float32))

    @torch.no_grad()
    def outputs(self, reviews: Bags) -> torch.Tensor:
        """Return the module's outputs for reviews, float32, on the CPU; see Sentiment.forward."""
        device = self.module.head.weight.device
        blocks = torch.arange(len(reviews)).split(_BLOCK_REVIEWS)
        return torch.cat([self.module(reviews.take(rows).to(device)).cpu() for rows in blocks])


def predicted_classes(outputs: torch.Tensor) -> torch.Tensor:
    """Return the classes that outputs of the module predict: int64, shape (b,)."""
    return (outputs > 0).long() if outputs.ndim == 1 else outputs.argmax(dim=1)


def counted_log_odds(
    numbers: np.ndarray, target: np.ndarray, words: int, classes: int
) -> np.ndarray:
    """Return how much more frequent each word is in a class than elsewhere.

    This is r of Wang and Manning, "Baselines and bigrams: simple, good sentiment and topic
    classification" (ACL 2012), of numbers p and n of texts, with 1 added to each:
    log((p + 1) / sum(p + 1)) - log((n + 1) / sum(n + 1)).

    Parameters
    ----------
    numbers : int64, shape (n,), the different words of each training text
    target : int64, shape (n,), the class of the text of each word
    words, classes : their numbers; UNKNOWN is a word

    Returns
    -------
    float64, shape (words, classes)
    """
    counts = np.bincount(target * words + numbers, minlength=classes * words)
    inside = counts.reshape(classes, words).T  # (words, classes)
    outside = inside.sum(axis=1, keepdims=True) - inside
    logs = [np.log((part + 1) / (part + 1).sum(axis=0)) for part in (inside, outside)]
    return logs[0] - logs[1]


def word_weights(log_odds: np.ndarray) -> np.ndarray:
    """Return the weights of words: the largest magnitude of their log-odds, drawn towards its mean.

    The weights of Wang and Manning are interpolated with their mean in the same way.

    Parameters
    ----------
    log_odds : float64, shape (words, classes); UNKNOWN is row 0, which does not count in the mean

    Returns
    -------
    float64, shape (words,), above 0
    """
    magnitudes = np.abs(log_odds).max(axis=1)  # (words,)
    mean = np.delete(magnitudes, UNKNOWN).mean() or 1.0  # alike where no word tells anything
    return INTERPOLATION * magnitudes + (1 - INTERPOLATION) * mean


def distinct(numbers: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the different numbers of each text, sorted, and how often each occurs there.

    Parameters
    ----------
    numbers : int64, shape (n,), of all texts, one after the other
    starts : int64, shape (texts + 1,); text i is numbers[starts[i] : starts[i + 1]]

    Returns
    -------
    numbers, starts, counts : the latter int64, shape (different numbers,)
    """
    texts = len(starts) - 1
    span = numbers.max(initial=0) + 1
    owner = np.repeat(np.arange(texts), np.diff(starts))  # (n,)
    keys, counts = np.unique(owner * span + numbers, return_counts=True)
    return keys % span, np.searchsorted(keys, np.arange(texts + 1) * span), counts


def hold_out(target: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Choose reviews to hold out, the same fraction of each class, rounded down.

    Parameters
    ----------
    target : int64, shape (n,), their classes
    fraction : of the reviews of each class
    seed : of the choice

    Returns
    -------
    bool, shape (n,), True for the held-out reviews
    """
    held_out = np.zeros(len(target), dtype=bool)
    for number in np.unique(target).tolist():
        rows = np.flatnonzero(target == number)
        rows = numpy_generator(seed, "hold out", number).permutation(rows)
        held_out[rows[: int(fraction * len(rows))]] = True
    return held_out


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
