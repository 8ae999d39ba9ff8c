"""The output of sentiment: the words, and what they tell about the class of a text."""

from typing import Any

import numpy as np
import pyarrow as pa
from scipy.stats import spearmanr

from embeddings.embedding_set import EmbeddingSet
from trainers.core import run_info
from trainers.core.fit import TrainingResult
from trainers.data.words import UNKNOWN
from trainers.sentiment.review_task import SentimentTask
from trainers.sentiment.reviews import Reviews


def word_set(
    task: SentimentTask, reviews: Reviews, settings: dict[str, Any], metrics: dict[str, Any]
) -> EmbeddingSet:
    """Return the words with their vectors and columns.

    Parameters
    ----------
    task : the trained model
    reviews : the data
    settings : all settings that influence the vectors
    metrics : of the training and of the held-out reviews
    """
    vectors = np.delete(task.module.words.weight.detach().cpu().numpy(), UNKNOWN, axis=0)
    columns, agreement = _columns_of_two(task) if task.is_binary else _columns_of_many(task)
    if reviews.truth:
        columns["planted"] = pa.array([reviews.truth[word] for word in task.vocabulary])
    metrics = {**metrics, **agreement, "words": len(task.vocabulary)}
    return EmbeddingSet.of(
        vectors,
        task.vocabulary,
        {"count": pa.array(task.counts, pa.int64()), **columns},
        name=reviews.name,
        metric="cosine",
        role="word",
        **run_info.fields("sentiment", settings, reviews.source, metrics),
    )


def result_metrics(result: TrainingResult, reviews: int, held_out: int) -> dict[str, Any]:
    """Return how the training went, and whether it has converged.

    reviews, held_out : their numbers
    """
    reason = unconverged(result)
    return {
        "training_loss": result.loss,
        **result.metrics,
        "reviews": reviews,
        "withheld": held_out,
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "steps": result.steps,
        **({"not converged": reason} if reason else {}),
    }


def unconverged(result: TrainingResult) -> str:
    """Return that the training has not converged, and what to do; "" if it has.

    It has not if the last epoch is the best one, so that the next one might be better still.
    """
    if 0 < result.best_epoch == result.epochs:
        return "the validation loss still falls at the last epoch; raise --epochs"
    return ""


def _columns_of_two(task: SentimentTask) -> tuple[dict[str, pa.Array], dict[str, float]]:
    """Return polarity and log_odds, and how far they agree."""
    polarity = np.delete(task.module.polarity(), UNKNOWN)
    counted = np.delete(task.log_odds, UNKNOWN, axis=0)[:, 1]
    columns = {
        "polarity": pa.array(polarity, pa.float32()),
        "log_odds": pa.array(counted, pa.float32()),
    }
    return columns, {"polarity_spearman": float(spearmanr(polarity, counted).statistic)}


def _columns_of_many(task: SentimentTask) -> tuple[dict[str, pa.Array], dict[str, float]]:
    """Return the class of each word, how clearly it is in it, and the log-odds of each class."""
    scores = np.delete(task.module.class_scores(), UNKNOWN, axis=0)  # (v, classes)
    best = scores.argmax(axis=1)
    counted = np.delete(task.log_odds, UNKNOWN, axis=0)  # (v, classes)
    columns = {
        "class": pa.array([task.classes[number] for number in best], pa.string()),
        "class_score": pa.array(scores.max(axis=1), pa.float32()),
        **{
            f"log_odds {label}": pa.array(values, pa.float32())
            for label, values in zip(task.classes, counted.T, strict=True)
        },
    }
    agreement = float(np.mean(best == counted.argmax(axis=1)))
    return columns, {"class_agreement": agreement}
