"""Sentiment: words as vectors, learned from whether the reviews that contain them are positive.

    python -m trainers sentiment --data reviews.csv --out words.embedding.parquet

A review is the weighted sum of its different words' vectors. The weight of a word is 1 + log(count)
times a factor that grows with how many more reviews of one class have the word than of the others:
words that tell nothing, most of a long review, count less (Wang and Manning, "Baselines and
bigrams", ACL 2012). The weights of a review are scaled to length 1, whatever its number of words;
with attention they are multiplied by learned factors. A linear layer turns the sum into the
log-odds that the review is positive; the loss is binary cross-entropy. Words with the same
sentiment end up pointing the same way. Some of each review's words are hidden at each step, so that
no word relies on another (Iyyer et al., "Deep unordered composition rivals syntactic methods for
text classification", ACL 2015).

For each word the file has `polarity`, the learned log-odds that the word contributes: the layer's
output for its vector, without the bias. The column `log_odds` is counted instead: the logarithm of
how many more positive reviews have the word than negative ones. The two differ for rare words, and
for words that occur with others that explain the label.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from lightning_fabric import Fabric

from server.runs.contract import REFIT_STAGE
from trainers.core import run_info
from trainers.core.console import print_progress
from trainers.core.devices import start
from trainers.core.dry_run import dry_run
from trainers.core.fit import TrainingResult, fit
from trainers.core.result import write_result
from trainers.metrics.ranking import small_test_note
from trainers.sentiment.config import SentimentConfig
from trainers.sentiment.data import read_reviews
from trainers.sentiment.output import result_metrics, unconverged, word_set
from trainers.sentiment.review_task import SentimentTask
from trainers.sentiment.reviews import Reviews
from trainers.sentiment.synthetic import synthetic_reviews
from trainers.sentiment.tfidf import fit_tfidf_regression


def run(config: SentimentConfig) -> dict[str, Any]:
    """Read the reviews, train, write the file; return the metrics."""
    fabric = start(config)
    if config.data is None:
        reviews = synthetic_reviews(seed=config.seed)
    else:
        reviews = read_reviews(
            config.data, config.text, config.label, config.positive, config.text_options
        )
    task = SentimentTask(reviews, config)
    size = f"{len(reviews):,} reviews, "
    if task.is_binary:
        size += f"{int(reviews.target.sum()):,} of them positive, "
    for note in (*reviews.notes, *task.notes, f"{size}{len(task.held_out_reviews):,} held out; "
                 f"{len(task.vocabulary):,} words"):  # fmt: skip
        print_progress(note, config.quiet)
    if config.dry_run:
        return dry_run(task, config, fabric)
    settings = run_info.settings(config, batch_size=task.batch_size, device=fabric.device.type)
    about = {**settings, "sha256": reviews.source["sha256"]}
    result = fit(task, config, fabric, about)
    if reason := unconverged(result):
        print_progress(f"not converged: {reason}", config.quiet)
    held_out = len(task.held_out_reviews)
    if held_out and (note := small_test_note(held_out, "held-out reviews")):
        print_progress(note, config.quiet)
    baseline = baseline_metrics(reviews, task.is_held_out, config)
    metrics = {**result_metrics(result, len(reviews), held_out), **baseline}
    if result.best_epoch:
        task, result = refit(task, reviews, config, fabric, about, result)
    return write_result(word_set(task, reviews, settings, metrics), config, result)


def refit(
    task: SentimentTask,
    reviews: Reviews,
    config: SentimentConfig,
    fabric: Fabric,
    about: Mapping[str, Any],
    validated: TrainingResult,
) -> tuple[SentimentTask, TrainingResult]:
    """Train on all reviews for as many epochs as were best for the held-out ones.

    Parameters
    ----------
    task : whose batches have the size to use
    about : settings and data of the run
    validated : the training without the held-out reviews

    Returns
    -------
    task, result : of the new training; the result has the time and examples of both
    """
    epochs = validated.best_epoch
    note = f"best epoch: {epochs}; now training on all reviews for {epochs} epochs"
    print_progress(note, config.quiet)
    same = replace(config, batch_size=task.batch_size, validation_fraction=0.0)
    task = SentimentTask(reviews, same)
    result = fit(task, same, fabric, about, stage=REFIT_STAGE, epochs=epochs)
    seconds, examples = (
        getattr(result, name) + getattr(validated, name) for name in ("seconds", "examples")
    )
    return task, replace(result, seconds=seconds, examples=examples)


def baseline_metrics(
    reviews: Reviews, is_held_out: np.ndarray, config: SentimentConfig
) -> dict[str, Any]:
    """Return the accuracy of logistic regression on tf-idf, on the same held-out reviews.

    It is None if none are held out.

    Parameters
    ----------
    is_held_out : bool, shape (n,)
    """
    name = "accuracy of tf-idf and logistic regression"
    if not is_held_out.any():
        return {name: None}
    texts = np.array(reviews.texts, dtype=object)
    training = texts[~is_held_out].tolist()
    target = reviews.target[~is_held_out]
    model, settings = fit_tfidf_regression(training, target, config.seed, config.tokens.words)
    accuracy = float(model.score(texts[is_held_out], reviews.target[is_held_out]))
    return {name: accuracy, "tf-idf": settings}
