"""sentiment: accuracy against tf-idf and logistic regression, and the neighbors of a positive word

The data are Pang and Lee's 10,662 sentences from film reviews, in --data, by default
$EMBEDDING_DATA: 3_sentiment/sentence_polarity.zip. Accuracy is the mean over 5 folds; a tenth of
the training data selects the best epoch. Neighbors, by cosine, are from training on half of the
sentences, with words that occur at least 5 times there; a neighbor is positive if it is more
frequent in the positive sentences of the other half than in its negative ones, and skipped if it is
in neither. Speed is measured on synthetic reviews of the size of IMDB (25,000 reviews of 230 words,
a vocabulary of 50,000).
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
from sklearn.model_selection import StratifiedKFold
from typing_extensions import Doc

from benchmarks import report
from embeddings import neighbors
from trainers.core import run_info
from trainers.core.devices import start
from trainers.core.fit import TrainingResult, fit
from trainers.data.words import words_of
from trainers.sentiment.config import Pooling, SentimentConfig
from trainers.sentiment.data import Reviews, read_reviews
from trainers.sentiment.synthetic import synthetic_reviews
from trainers.sentiment.train import SentimentTask, tfidf_regression, word_set

WORD = "brilliant"
LARGE = {"reviews": 25_000, "words": 60_000, "length": 230}


@dataclass(frozen=True)
class Options(report.DataOptions):
    """The options of this benchmark."""

    seeds: Annotated[int, Doc("Number of shuffles of the reviews")] = 3


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, Options())
    path = options.find("3_sentiment", "sentence_polarity.zip")
    started = report.hardware()
    reviews = read_reviews(path)
    found = [accuracies(reviews, seed) for seed in range(options.seeds)]
    halves = [neighbors_in_half(reviews, seed) for seed in range(options.seeds)]
    accuracy = {name: float(np.mean([each[name] for each in found])) for name in found[0]}
    rows = [{"contender": name, "accuracy, 5 folds": round(value, 4), "shuffles": options.seeds}
            for name, value in accuracy.items()]  # fmt: skip
    targets = [
        report.target("accuracy of mean pooling, 5 folds", accuracy["mean"], at_least=0.765),
        report.target(
            f'positive words among the 10 nearest to "{WORD}", min over shuffles',
            min(half["positive of 10"] for half in halves),
            at_least=8,
        ),
    ]
    facts = {"source": "sentence_polarity (Pang and Lee 2005, CC BY 4.0), 10,662 sentences"}
    libraries = ("scikit-learn", "torch", "lightning-fabric")
    report.show(__doc__, started, facts, [*rows, *halves, large()], targets, libraries)


def accuracies(reviews: Reviews, seed: int) -> dict[str, float]:
    """Return the mean accuracy over 5 folds of both poolings and the baseline."""
    baseline = "tf-idf, logistic regression"
    accuracy: dict[str, list[float]] = {"mean": [], "attention": [], baseline: []}
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    for number, (training, test) in enumerate(folds.split(reviews.texts, reviews.positive)):
        report.print_progress(f"seed {seed}, fold {number + 1}")
        texts, truth = part(reviews, test).texts, reviews.positive[test]
        pooling: Pooling
        for pooling in ("mean", "attention"):
            task, _ = train(part(reviews, training), seed, pooling=pooling)
            predicted = task.log_odds(task.bags_of(map(words_of, texts))).numpy() > 0
            accuracy[pooling].append(float((predicted == truth).mean()))
        rest = part(reviews, training)
        model = tfidf_regression().fit(rest.texts, rest.positive)
        accuracy[baseline].append(float(model.score(texts, truth)))
    return {name: float(np.mean(values)) for name, values in accuracy.items()}


def neighbors_in_half(reviews: Reviews, seed: int) -> dict[str, Any]:
    """Return how many of the 10 nearest words to WORD are positive in the test half."""
    report.print_progress(f"seed {seed}, half of the sentences")
    order = np.random.default_rng(seed).permutation(len(reviews))
    training, test = np.split(order, 2)
    task, fitted = train(part(reviews, training), seed, min_count=5)
    words = word_set(task, reviews, fitted, {"seed": seed}, None)
    row = words.labels.index(WORD)
    side_of = {True: Counter[str](), False: Counter[str]()}
    for number in test:
        side_of[bool(reviews.positive[number])].update(words_of(reviews.texts[number]))
    frequency = {side: {word: count / counts.total() for word, count in counts.items()}
             for side, counts in side_of.items()}  # fmt: skip
    known = [words.labels[each] for each in neighbors.query(words, row, k=50).rows
             if any(words.labels[each] in frequency[side] for side in frequency)][:10]  # fmt: skip
    positive = [frequency[True].get(word, 0) > frequency[False].get(word, 0) for word in known]
    return {"shuffle": seed, "positive of 10": sum(positive), "neighbors": ", ".join(known)}


def large() -> dict[str, Any]:
    """Train for two epochs on synthetic reviews of the size of IMDB, on all cores."""
    report.print_progress("synthetic reviews")
    reviews = synthetic_reviews(**LARGE)
    task, fitted = train(reviews, 0, epochs=2, threads=len(os.sched_getaffinity(0)))
    return {
        "synthetic data": f"{len(reviews):,} reviews of {LARGE['length']} words",
        "vocabulary": len(task.vocabulary),
        "accuracy after 2 epochs": round(fitted.metrics["accuracy"], 4),
        "s per epoch": round(fitted.seconds / fitted.epochs, 1),
        "words per second": round(fitted.examples / fitted.seconds * LARGE["length"]),
    }


def train(reviews: Reviews, seed: int, **settings: Any) -> tuple[SentimentTask, TrainingResult]:
    """Train on reviews; a tenth of them is held out to select the best epoch."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "words.embedding.parquet"
        common = {"device": "cpu", "threads": 1, "quiet": True, **settings}
        config = SentimentConfig(out=out, seed=seed, **common)
        task = SentimentTask(reviews, config)
        return task, fit(task, config, start(config), run_info.settings(config))


def part(reviews: Reviews, rows: Sequence[int] | np.ndarray) -> Reviews:
    """Return the reviews in some rows."""
    texts = tuple(reviews.texts[row] for row in rows)
    return replace(reviews, texts=texts, positive=reviews.positive[rows])


if __name__ == "__main__":
    main()
