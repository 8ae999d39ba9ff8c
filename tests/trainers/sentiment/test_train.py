"""Synthetic sentiment is recovered: neighbors of words, and how positive each word is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from embeddings import EmbeddingError, load, neighbors
from trainers.data.words import words_of
from trainers.sentiment.config import SentimentConfig
from trainers.sentiment.data import read_reviews
from trainers.sentiment.review_task import SentimentTask, hold_out
from trainers.sentiment.synthetic import synthetic_reviews
from trainers.sentiment.train import run


def config(tmp_path=Path("."), **changes):
    changes = {"device": "cpu", "threads": 1, "quiet": True, **changes}
    return SentimentConfig(out=tmp_path / "out.embedding.parquet", **changes)


@pytest.fixture(scope="module", params=["mean", "attention"])
def made(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("synthetic")
    settings = config(folder, pooling=request.param, epochs=12, learning_rate=0.002)
    return run(settings), load(settings.out)


def test_neighbors_have_the_same_sentiment(made):
    metrics, words = made
    for word, kind in (("good0", "good"), ("good9", "good"), ("bad0", "bad"), ("bad9", "bad")):
        near = neighbors.query(words, words.labels.index(word), k=10).rows
        assert all(words.labels[row].startswith(kind) for row in near)
    assert metrics["accuracy"] >= metrics["accuracy of tf-idf and logistic regression"] - 0.02


def test_polarity_agrees_with_the_known_strength(made):
    _, words = made
    columns = {name: words.metadata.column(name).to_numpy() for name in words.metadata.column_names}
    assert list(columns) == ["count", "polarity", "log_odds", "planted"]
    sided = (columns["count"] >= 50) & (columns["planted"] != 0)
    for name in ("polarity", "log_odds"):
        assert spearmanr(columns[name][sided], columns["planted"][sided]).statistic >= 0.9
        assert (np.sign(columns[name]) == np.sign(columns["planted"]))[sided].all()
    assert np.all(np.diff(columns["count"]) <= 0)


def test_counted_log_odds_written_out(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("good good film\t1\nbad film\t0\ngood\t1\nfilm rare\t0\n")
    task = SentimentTask(read_reviews(path), config(validation_fraction=0))
    assert task.vocabulary == ("good", "film") and task.counts.tolist() == [3, 3]
    # the unknown word, good and film are in 0, 2 and 1 positive texts, and in 2, 0 and 2 negative
    positive, negative = np.array([1, 3, 2]) / 6, np.array([3, 1, 3]) / 7
    wanted = np.log(positive / negative)
    np.testing.assert_allclose(task.log_odds, np.stack([-wanted, wanted], axis=1))


def test_the_weight_of_a_word_is_its_count_and_how_much_it_tells(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("good good film\t1\nbad film\t0\ngood\t1\nfilm rare\t0\n")
    task = SentimentTask(read_reviews(path), config(validation_fraction=0))
    found = task.bags_of([["film", "good", "good", "new"], [], ["good"]])
    assert found.items.tolist() == [0, 1, 2, 1] and found.starts.tolist() == [0, 3, 3, 4]
    unknown, good, film = np.abs(task.log_odds[:, 1])
    mean = (good + film) / 2  # of the words; the weights are halfway to it
    unknown, good, film = ((own + mean) / 2 for own in (unknown, good, film))
    wanted = [unknown, (1 + np.log(2)) * good, film, good]
    np.testing.assert_allclose(found.weights, wanted, rtol=1e-6)


def test_held_out_words_are_not_trained_on():
    reviews = synthetic_reviews(reviews=40, words=30)
    hidden = hold_out(reviews.target, 0.25, seed=0)
    assert hidden.sum() == 10 and reviews.target[hidden].sum() == 5
    texts = tuple(text + " secret secret" * bool(part)
                  for text, part in zip(reviews.texts, hidden, strict=True))  # fmt: skip
    task = SentimentTask(replace(reviews, texts=texts), config(validation_fraction=0.25))
    assert "secret" not in task.vocabulary and len(task.held_out_reviews) == 10
    text = next(text for text, part in zip(texts, hidden, strict=True) if part)
    assert 0 in task.bags_of([words_of(text)]).items.tolist()  # unknown


def test_the_size_of_the_vocabulary_is_limited():
    task = SentimentTask(synthetic_reviews(reviews=200, words=300), config(vocabulary=20, dim=5))
    assert len(task.vocabulary) == 20 and task.module.words.weight.shape == (21, 5)
    assert "20 words have vectors (" in task.notes[0] and "the unknown" in task.notes[0]


def test_the_word_dropout_is_the_hidden_fraction():
    task = SentimentTask(synthetic_reviews(reviews=1_000, words=50), config(word_dropout=0.4))
    batch = task.batch(0, 0)
    whole = SentimentTask(synthetic_reviews(reviews=1_000, words=50), config(word_dropout=0))
    rows = whole.batch(0, 0)
    assert len(batch["words"]) / len(rows["words"]) == pytest.approx(0.6, abs=0.05)
    torch.testing.assert_close(batch["target"], rows["target"])
    assert len(rows["starts"]) == len(rows["target"]) + 1


def test_the_file_holds_its_provenance(tmp_path):
    path = tmp_path / "few.txt"
    path.write_text("".join(f"good day {i}\t1\nbad day {i}\t0\n" for i in range(10)))
    metrics = run(config(tmp_path, data=path, dim=6, epochs=2))
    made = load(tmp_path / "out.embedding.parquet")
    about = made.provenance
    assert set(made.labels) >= {"good", "bad", "day"} and made.dimensions == 6
    assert (about.name, about.metric, about.role, about.trainer) == (
        "few", "cosine", "word", "sentiment",
    )  # fmt: skip
    assert metrics["reviews"] == 20 and metrics["withheld"] == 2 and metrics["epochs"] == 2


def test_three_classes(tmp_path, data):
    path = data / "faults" / "15_three_classes.csv"
    settings = config(tmp_path, data=path, dim=8, epochs=60, learning_rate=0.01)
    metrics = run(settings)
    assert metrics["accuracy"] == metrics["accuracy of tf-idf and logistic regression"] == 1
    words = load(settings.out)
    columns = words.metadata.to_pydict()
    assert list(columns) == ["count", "class", "class_score", "log_odds negative",
                             "log_odds neutral", "log_odds positive"]  # fmt: skip
    class_of = dict(zip(words.labels, columns["class"], strict=True))
    assert (class_of["good"], class_of["bad"], class_of["it"]) == (
        "positive",
        "negative",
        "neutral",
    )
    of_good = {name: values[words.labels.index("good")] for name, values in columns.items()}
    assert of_good["log_odds positive"] > 0 > of_good["log_odds neutral"]
    assert of_good["class_score"] > 0 and metrics["class_agreement"] >= 0.75


def test_a_run_that_has_not_converged_says_so(tmp_path, capsys):
    path = tmp_path / "few.txt"
    path.write_text("".join("good day\t1\nbad day\t0\n" for _ in range(20)))
    settings = config(tmp_path, data=path, dim=6, epochs=2, quiet=False)
    metrics = run(settings)
    reason = "the validation loss still falls at the last epoch; raise --epochs"
    assert metrics["not converged"] == load(settings.out).provenance.metrics["not converged"]
    assert metrics["not converged"] == reason
    printed = capsys.readouterr().err
    assert f"not converged: {reason}" in printed
    assert "too few to tell models apart: 4 held-out reviews" in printed


def test_nothing_held_out_and_nothing_in_the_vocabulary(tmp_path):
    path = tmp_path / "few.txt"
    path.write_text("good day\t1\nbad day\t0\n")
    settings = config(tmp_path, data=path, validation_fraction=0, min_count=1, epochs=2)
    metrics = run(settings)
    assert metrics["accuracy of tf-idf and logistic regression"] is None
    assert "accuracy" not in metrics
    with pytest.raises(EmbeddingError, match="0 of 3 words occur at least 5 times"):
        run(replace(settings, min_count=5))


def test_neighbors_of_brilliant_are_positive(data, tmp_path):
    """A quarter of the dimensions at twice the rate: words move as far per step as by default."""
    path = data / "3_sentiment" / "sentence_polarity.zip"
    metrics = run(config(tmp_path, data=path, min_count=5, dim=25, learning_rate=0.002))
    assert metrics["accuracy"] >= 0.76
    words = load(tmp_path / "out.embedding.parquet")
    near = neighbors.query(words, words.labels.index("brilliant"), k=10).rows
    assert np.sum(words.metadata.column("log_odds").to_numpy()[near] > 0) >= 9
