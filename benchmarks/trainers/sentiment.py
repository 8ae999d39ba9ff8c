"""sentiment: accuracy against tf-idf and logistic regression, and the neighbors of a positive word

The data are Pang and Lee's 10,662 sentences from film reviews, in --data, by default
$EMBEDDING_DATA: 3_sentiment/sentence_polarity.zip. Accuracy is the mean over 5 folds; a tenth of
the training data selects the best epoch. Long reviews are made of these sentences: five of a class
and one of the other, among 500 words of Wikipedia (2_corpus/wikitext2_*.txt), each sentence in one
review. Rows of three sentences are UCI's (3_sentiment/*_labelled.txt). The settings of tf-idf and
logistic regression are chosen by validation within the training data. Neighbors, by cosine, are
from training on half of the sentences, with words that occur at least 5 times there; a neighbor is
positive if it is more frequent in the positive sentences of the other half than in its negative
ones, and skipped if it is in neither. Speed is measured on synthetic reviews of the size of IMDB
(25,000 reviews of 230 words, a vocabulary of 50,000).
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
from trainers.core.devices import start
from trainers.core.fit import TrainingResult, fit
from trainers.data.words import words_of
from trainers.sentiment.config import Pooling, SentimentConfig
from trainers.sentiment.data import read_reviews
from trainers.sentiment.output import word_set
from trainers.sentiment.review_task import SentimentTask, predicted_classes
from trainers.sentiment.reviews import Reviews
from trainers.sentiment.synthetic import synthetic_reviews
from trainers.sentiment.tfidf import fit_tfidf_regression
from trainers.sentiment.train import refit

WORD = "brilliant"
TFIDF = "tf-idf, logistic regression"
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
    halves = [neighbors_in_half(reviews, seed) for seed in range(options.seeds)]
    texts = {
        "sentences": reviews,
        "long reviews": long_reviews(reviews, wikipedia(options.find("2_corpus"))),
        "three sentences": rows_of_three(path.parent),
    }
    rows, targets = [], []
    for kind, each in texts.items():
        found = [accuracies(each, seed) for seed in range(options.seeds)]
        accuracy = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
        rows += [{"texts": kind, "contender": name, "accuracy, 5 folds": round(value, 4),
                  "shuffles": options.seeds} for name, value in accuracy.items()]  # fmt: skip
        targets.append(
            report.target(
                f"accuracy of mean pooling less that of {TFIDF}, {kind}",
                accuracy["mean"] - accuracy[TFIDF],
                at_least=0.0,
            )
        )
        if kind == "sentences":
            bar = report.target("accuracy of mean pooling, 5 folds", accuracy["mean"],
                                at_least=0.765)  # fmt: skip
            targets.append(bar)
    targets += [
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
    accuracy: dict[str, list[float]] = {"mean": [], "attention": [], TFIDF: []}
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    for number, (training, test) in enumerate(folds.split(reviews.texts, reviews.target)):
        report.print_progress(f"seed {seed}, fold {number + 1}")
        texts, truth = part(reviews, test).texts, reviews.target[test]
        pooling: Pooling
        for pooling in ("mean", "attention"):
            task, _ = train(part(reviews, training), seed, pooling=pooling)
            outputs = task.outputs(task.bags_of(map(words_of, texts)))
            predicted = predicted_classes(outputs).numpy()
            accuracy[pooling].append(float((predicted == truth).mean()))
        rest = part(reviews, training)
        model, _ = fit_tfidf_regression(rest.texts, rest.target, seed)
        accuracy[TFIDF].append(float(model.score(texts, truth)))
    return {name: float(np.mean(values)) for name, values in accuracy.items()}


def wikipedia(folder: Path) -> list[str]:
    """Return the words of the validation and test parts of WikiText-2."""
    paths = sorted(folder.glob("wikitext2_*.txt"))
    return [word for path in paths for word in path.read_text(encoding="utf-8").split()]


def long_reviews(sentences: Reviews, words: Sequence[str], seed: int = 0) -> Reviews:
    """Return reviews of six sentences each, five of the class of the review, within other text.

    Parameters
    ----------
    sentences : each is used once at most
    words : of a text without an opinion; five passages of 100 words come from it
    """
    rng = np.random.default_rng(seed)
    side = [rng.permutation(np.flatnonzero(sentences.target == number)) for number in (0, 1)]
    count = min(map(len, side)) // 6
    texts, target = [], []
    for number in (0, 1):
        own, others = side[number][: 5 * count], side[1 - number][5 * count : 6 * count]
        for chosen in np.concatenate([own.reshape(count, 5), others[:, None]], axis=1):
            starts = rng.integers(len(words) - 100, size=5).tolist()
            parts = [sentences.texts[row] for row in chosen]
            parts += [" ".join(words[start : start + 100]) for start in starts]
            texts.append(" ".join(parts[place] for place in rng.permutation(len(parts))))
            target.append(number)
    return replace(sentences, texts=tuple(texts), target=np.array(target))


def rows_of_three(folder: Path, seed: int = 0) -> Reviews:
    """Return texts of three sentences of UCI's "sentiment labelled sentences", of one class."""
    parts = [read_reviews(folder / f"{name}_labelled.txt")
             for name in ("imdb", "amazon_cells", "yelp")]  # fmt: skip
    sentences = [text for part in parts for text in part.texts]
    of_class = np.concatenate([part.target for part in parts])
    rng = np.random.default_rng(seed)
    texts, target = [], []
    for number in (0, 1):
        rows = rng.permutation(np.flatnonzero(of_class == number))
        for chosen in rows[: len(rows) // 3 * 3].reshape(-1, 3):
            texts.append(" ".join(sentences[row] for row in chosen))
            target.append(number)
    return replace(parts[0], texts=tuple(texts), target=np.array(target))


def neighbors_in_half(reviews: Reviews, seed: int) -> dict[str, Any]:
    """Return how many of the 10 nearest words to WORD are positive in the test half."""
    report.print_progress(f"seed {seed}, half of the sentences")
    order = np.random.default_rng(seed).permutation(len(reviews))
    training, test = np.split(order, 2)
    task, _ = train(part(reviews, training), seed, min_count=5)
    words = word_set(task, reviews, {"seed": seed}, {})
    row = words.labels.index(WORD)
    side_of = {True: Counter[str](), False: Counter[str]()}
    for number in test:
        side_of[bool(reviews.target[number])].update(words_of(reviews.texts[number]))
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
        "s per epoch": round(fitted.seconds / (2 + fitted.epochs), 1),
        "words per second": round(fitted.examples / fitted.seconds * LARGE["length"]),
    }


def train(reviews: Reviews, seed: int, **settings: Any) -> tuple[SentimentTask, TrainingResult]:
    """Train as the trainer does: a tenth of the reviews selects the number of epochs, then all."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "words.embedding.parquet"
        common = {"device": "cpu", "threads": 1, "quiet": True, **settings}
        config = SentimentConfig(out=out, seed=seed, **common)
        task, fabric, about = SentimentTask(reviews, config), start(config), {"seed": seed}
        fitted = fit(task, config, fabric, about)
        return refit(task, reviews, config, fabric, about, fitted)


def part(reviews: Reviews, rows: Sequence[int] | np.ndarray) -> Reviews:
    """Return the reviews in some rows."""
    texts = tuple(reviews.texts[row] for row in rows)
    return replace(reviews, texts=texts, target=reviews.target[rows])


if __name__ == "__main__":
    main()
