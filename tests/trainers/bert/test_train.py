"""Senses separate layer by layer; masked words are predicted better than by counts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from embeddings import EmbeddingError, load
from trainers.bert.config import BertConfig
from trainers.bert.data import NOT_CHOSEN
from trainers.bert.train import (
    MaskedTask,
    baseline_metrics,
    masked_batches,
    prediction_metrics,
    run,
)
from trainers.core.devices import start
from trainers.core.fit import fit
from trainers.data.contexts.sentences import generated_sentences
from trainers.data.contexts.synthetic_senses import synthetic_senses


@pytest.fixture
def work_in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def config(folder=Path("."), **changes):
    changes = {"device": "cpu", "threads": 1, "quiet": True, **changes}
    return BertConfig(out=folder / "out.embedding.parquet", **changes)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("synthetic")
    settings = config(folder, dim=64, epochs=6, learning_rate=0.004, occurrences=800)
    return run(settings), load(settings.out), settings


def test_senses_separate_layer_by_layer(made):
    metrics, _, _ = made
    purity = metrics["sense_purity"]
    assert list(purity) == ["0", "1", "2"]
    assert purity["0"] == pytest.approx(metrics["sense_purity of chance"], abs=0.05)
    assert purity["0"] < purity["1"] < purity["2"] and purity["2"] > 0.9


@pytest.mark.usefixtures("work_in_tmp_path")
def test_distant_words_predict_what_counts_cannot():
    """The first word determines the fourth; the words next to them are random."""
    rng = np.random.default_rng(0)
    keys, fillers = rng.integers(0, 8, 1_500), rng.integers(0, 20, (1_500, 4))
    lines = [(f"k{key}", f"f{a}", f"f{b}", f"v{key}", f"f{c}", f"f{d}")
             for key, (a, b, c, d) in zip(keys, fillers, strict=True)]  # fmt: skip
    settings = config(dim=32, epochs=15, learning_rate=0.006, vocabulary=200)
    task = MaskedTask(generated_sentences("far", lines, {}), settings)
    fit(task, settings, start(settings), {})
    task.module.eval()
    found = prediction_metrics(task, task.held_out, seed=0)
    counted = baseline_metrics(task, task.held_out, seed=0)
    assert found["accuracy"] > 2 * max(counted.values()) and found["accuracy"] > 0.25


def test_files_hold_occurrences_words_and_sentences(made):
    metrics, occurrences, settings = made
    assert len(occurrences) == 3 * 800 and occurrences.dimensions == 64
    names = occurrences.metadata.column_names
    assert set(names) == {"word", "sentence", "position", "layer", "occurrence", "sense"}
    rows = occurrences.metadata.to_pylist()
    for row in rows[:50]:
        assert row["sentence"].split()[row["position"]] == row["word"]
        assert row["sense"].startswith(row["word"])
    assert metrics["occurrences"] == 800 and metrics["layers"] == 3
    words, sentences = (load(settings.out.with_name(f"out.{kind}.embedding.parquet"))
                        for kind in ("words", "sentences"))  # fmt: skip
    assert "bank" in words.labels and len(sentences) == metrics["sentences"] > 1_000
    spaces = {each.provenance.space for each in (occurrences, words, sentences)}
    assert len(spaces) == 1 and occurrences.provenance.trainer == "bert"


def test_the_saved_model_gives_the_same_vectors(made, tmp_path):
    """A model trained here, read by transformers, gives the vectors of the file."""
    pytest.importorskip("transformers")
    _, occurrences, settings = made
    rows = occurrences.metadata.to_pylist()[:3]
    (tmp_path / "text.txt").write_text("\n".join(row["sentence"] for row in rows))
    word = rows[0]["word"]
    model = str(settings.run_folder / "model")
    other = config(tmp_path, data=tmp_path / "text.txt", pretrained=model, words=word)
    run(other)
    again = load(other.out)
    for layer in range(3):
        wanted = occurrences.vectors[layer * 800]
        here = again.metadata.column("layer").to_pylist().index(str(layer))
        np.testing.assert_allclose(again.vectors[here], wanted, atol=1e-5)


def test_held_out_sentences_are_not_trained_on():
    text = generated_sentences("few", [("secret", "secret")] * 30 + [("plain", "words")] * 70, {})
    task = MaskedTask(text, config(validation_fraction=0.3, vocabulary=60, dim=8))
    learned = np.split(task.trained.tokens, task.trained.starts[1:-1])
    assert len(task.held_out) + len(learned) == 100 and 15 < len(task.held_out) < 45
    without_validation = MaskedTask(text, config(validation_fraction=0, vocabulary=60, dim=8))
    assert len(without_validation.held_out) == 0 and without_validation.validate() == {}
    with pytest.raises(EmbeddingError, match="all sentences are held out"):
        MaskedTask(replace(text, sentences=text.sentences[:1]), config(validation_fraction=0.99))


def test_an_epoch_has_every_sequence_once_and_new_masks():
    task = MaskedTask(synthetic_senses(sentences=300), config(batch_size=16, dim=8))
    seen = np.concatenate([task._steps(epoch)[step] for epoch in (0,)
                           for step in range(task.steps_per_epoch)])  # fmt: skip
    assert sorted(seen.tolist()) == list(range(len(task.trained)))
    first, again, later = task.batch(0, 1), task.batch(0, 1), task.batch(1, 1)
    assert torch.equal(first["inputs"], again["inputs"])
    assert first["inputs"].shape != later["inputs"].shape or not torch.equal(
        first["targets"], later["targets"]
    )


def test_predictions_are_evaluated_at_masked_tokens():
    """A model that knows the answers has an accuracy of 1; the baselines do not."""
    task = MaskedTask(synthetic_senses(sentences=200), config(dim=8))
    batches = masked_batches(task.held_out, task.vocabulary, seed=0)
    chosen = sum(int((targets != NOT_CHOSEN).sum()) for *_, targets in batches)
    real = sum(int((tokens >= 5).sum()) for tokens, *_ in batches)
    assert 0.08 < chosen / real < 0.22
    for tokens, inputs, targets in batches:
        masked = targets != NOT_CHOSEN
        assert (inputs[masked] == 4).all() and torch.equal(inputs[~masked], tokens[~masked])
    task.predict = lambda inputs, targets: (
        100.0 * torch.nn.functional.one_hot(targets[targets >= 0], task.vocabulary).float(),
        targets[targets >= 0],
    )
    assert prediction_metrics(task, task.held_out, seed=0)["accuracy"] == 1
    assert all(0 <= value < 1 for value in baseline_metrics(task, task.held_out, 0).values())


def test_the_learning_rate_rises_and_falls():
    task = MaskedTask(synthetic_senses(sentences=50), config(dim=8))
    rates = [task.schedule(progress) for progress in np.linspace(0, 1, 101)]
    assert rates[0] == 0 and rates[6] == pytest.approx(1) and rates[-1] == 0
    assert np.all(np.diff(rates[:7]) > 0) and np.all(np.diff(rates[6:]) < 0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"heads": 3}, "heads = 3; expected a divisor of --dim 128"),
        ({"dropout": 1.0}, "dropout = 1.0; expected a number of at least 0 and below 1"),
        ({"block": 2}, "block = 2; expected a whole number of at least 3"),
        ({"layers": 0}, "layers = 0; expected a whole number of at least 1"),
    ],
)
def test_invalid_settings_are_refused(changes, message):
    with pytest.raises(EmbeddingError, match=message):
        config(**changes)
