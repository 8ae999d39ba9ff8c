"""Words learned from reviews: accuracy against tf-idf and logistic regression, and what is near

The data are Pang and Lee's 10,662 sentences of film reviews, in --data, by default $EMBEDDING_DATA:
3_sentiment/sentence_polarity.zip. Accuracy is the mean over 5 folds, each predicted once by words
learned from the other four, a tenth of which chooses the best epoch. Neighbors are those, by
cosine, of words learned from half of the sentences and seen there 5 times; a neighbor is positive
if it is more frequent in the positive sentences of the other half than in its negative ones, and
passed over if it is in neither. Planted reviews of the size of IMDB's (25,000 of 230 words, 50,000
different ones that are kept) tell the speed.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold

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


def main() -> None:
    """Measure and print."""
    parser = report.data_parser(__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="shuffles of the reviews")
    options = parser.parse_args()
    path = report.data(options, "3_sentiment", "sentence_polarity.zip")
    started = report.hardware()
    reviews = read_reviews(path)
    found = [accuracies(reviews, seed) for seed in range(options.seeds)]
    halves = [near(reviews, seed) for seed in range(options.seeds)]
    accuracy = {name: float(np.mean([each[name] for each in found])) for name in found[0]}
    rows = [{"contender": name, "accuracy, 5 folds": round(value, 4), "shuffles": options.seeds}
            for name, value in accuracy.items()]  # fmt: skip
    targets = [
        report.target("accuracy of the mean, 5 folds", accuracy["mean"], at_least=0.765),
        report.target(
            f'positive words among the 10 neighbors of "{WORD}", fewest of the shuffles',
            min(half["positive of 10"] for half in halves),
            at_least=8,
        ),
    ]
    facts = {"source": "sentence_polarity (Pang and Lee 2005, CC BY 4.0), 10,662 sentences"}
    libraries = ("scikit-learn", "torch", "lightning-fabric")
    report.show(__doc__, started, facts, [*rows, *halves, large()], targets, libraries)


def accuracies(reviews: Reviews, seed: int) -> dict[str, float]:
    """Return the mean accuracy over 5 folds of both poolings and of the baseline."""
    right: dict[str, list[float]] = {"mean": [], "attention": [], "tf-idf, logistic regression": []}
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    for number, (learned, tested) in enumerate(folds.split(reviews.texts, reviews.positive)):
        report.say(f"seed {seed}, fold {number + 1}")
        texts, truth = part(reviews, tested).texts, reviews.positive[tested]
        pooling: Pooling
        for pooling in ("mean", "attention"):
            task, _ = train(part(reviews, learned), seed, pooling=pooling)
            said = task.log_odds(task.bags_of(map(words_of, texts))).numpy() > 0
            right[pooling].append(float((said == truth).mean()))
        others = part(reviews, learned)
        model = tfidf_regression().fit(others.texts, others.positive)
        right["tf-idf, logistic regression"].append(float(model.score(texts, truth)))
    return {name: float(np.mean(values)) for name, values in right.items()}


def near(reviews: Reviews, seed: int) -> dict[str, Any]:
    """Return how many of the neighbors of WORD are positive in the half that was not learned."""
    report.say(f"seed {seed}, halves")
    order = np.random.default_rng(seed).permutation(len(reviews))
    learned, tested = np.split(order, 2)
    task, fitted = train(part(reviews, learned), seed, min_count=5)
    words = word_set(task, reviews, fitted, {"seed": seed}, None)
    row = words.labels.index(WORD)
    side_of = {True: Counter[str](), False: Counter[str]()}
    for number in tested:
        side_of[bool(reviews.positive[number])].update(words_of(reviews.texts[number]))
    share = {side: {word: count / counts.total() for word, count in counts.items()}
             for side, counts in side_of.items()}  # fmt: skip
    known = [words.labels[each] for each in neighbors.query(words, row, k=50).rows
             if any(words.labels[each] in share[side] for side in share)][:10]  # fmt: skip
    positive = [share[True].get(word, 0) > share[False].get(word, 0) for word in known]
    return {"shuffle": seed, "positive of 10": sum(positive), "neighbors": ", ".join(known)}


def large() -> dict[str, Any]:
    """Train two epochs on reviews of the size of IMDB's, on all cores."""
    report.say("large")
    reviews = synthetic_reviews(**LARGE)
    task, fitted = train(reviews, 0, epochs=2, threads=len(os.sched_getaffinity(0)))
    return {
        "large": f"{len(reviews):,} reviews of {LARGE['length']} words",
        "words kept": len(task.vocabulary),
        "accuracy after 2 epochs": round(fitted.metrics["accuracy"], 4),
        "seconds an epoch": round(fitted.seconds / fitted.epochs, 1),
        "words a second": round(fitted.examples / fitted.seconds * LARGE["length"]),
    }


def train(reviews: Reviews, seed: int, **settings: Any) -> tuple[SentimentTask, TrainingResult]:
    """Learn words from reviews; a tenth of them is withheld to choose the best epoch."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "words.embedding.parquet"
        given = {"device": "cpu", "threads": 1, "quiet": True, **settings}
        config = SentimentConfig(out=out, seed=seed, **given)
        task = SentimentTask(reviews, config)
        return task, fit(task, config, start(config), run_info.settings(config))


def part(reviews: Reviews, rows: Sequence[int] | np.ndarray) -> Reviews:
    """Return some of the reviews."""
    texts = tuple(reviews.texts[row] for row in rows)
    return replace(reviews, texts=texts, positive=reviews.positive[rows])


if __name__ == "__main__":
    main()
