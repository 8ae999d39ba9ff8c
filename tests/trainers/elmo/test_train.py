"""Senses of synthetic homonyms separate in context, which static vectors cannot do."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from embeddings import EmbeddingError, load
from trainers.data.contexts.sentences import generated_sentences, read_sentences
from trainers.data.contexts.synthetic_senses import HOMONYMS
from trainers.elmo.config import ElmoConfig
from trainers.elmo.kneser_ney import KneserNey
from trainers.elmo.model import MAX_WORD_CHARS
from trainers.elmo.train import ElmoTask, read, run

LINES = [tuple(f"{letter}{number}" for number in range(4)) for letter in "abcdefghij"] * 3
TEXT = generated_sentences("text", LINES, {})


def config(tmp_path=Path("."), **changes):
    changes = {"device": "cpu", "threads": 1, "quiet": True, "dim": 8, **changes}
    return ElmoConfig(out=tmp_path / "out.embedding.parquet", **changes)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    settings = config(tmp_path_factory.mktemp("synthetic"), dim=96, epochs=5, learning_rate=0.01,
                   batch_size=256, dropout=0.2)  # fmt: skip
    return settings, run(settings), load(settings.out)


def test_senses_of_synthetic_homonyms_separate_only_in_context(made):
    _, metrics, _ = made
    purity, chance = metrics["sense_purity"], metrics["sense_purity of chance"]
    assert list(purity) == ["0", "1", "2", "mix"] and 0.5 < chance < 0.6
    assert purity["0"] == pytest.approx(chance, abs=0.06)
    assert min(purity["1"], purity["2"], purity["mix"]) >= 0.97
    assert metrics["perplexity"] < metrics["perplexity of a Kneser-Ney bigram"]
    assert metrics["backward_perplexity"] < metrics["perplexity of a Kneser-Ney bigram"]
    assert sum(metrics["mix"].values()) == pytest.approx(1, abs=1e-3)
    assert metrics["mix"]["0"] < min(metrics["mix"]["1"], metrics["mix"]["2"])


def test_the_file_holds_word_sentence_position_layer_and_sense(made):
    _, metrics, occurrences = made
    table = occurrences.metadata
    count = metrics["occurrences"]
    assert len(occurrences) == 4 * count and set(occurrences.labels) == set(HOMONYMS)
    layers = table.column("layer").to_pylist()
    assert layers == [name for name in ("0", "1", "2", "mix") for _ in range(count)]
    for row in table.slice(0, 50).to_pylist():
        assert row["sentence"].split(" ")[row["position"]] == row["word"]
        assert row["sense"].startswith(f"{row['word']} (")
    # at layer 0 all occurrences of a word have one vector, both halves the same
    first = occurrences.vectors[:count]
    assert np.array_equal(first[:, :48], first[:, 48:])
    words = np.array(occurrences.labels[:count])
    assert len(np.unique(first, axis=0)) == len(np.unique(words))
    about = occurrences.provenance
    assert (about.metric, about.role, about.trainer) == ("cosine", "occurrence", "elmo")


def test_means_of_words_and_sentences_are_written_beside_it(made):
    settings, metrics, occurrences = made
    words = load(settings.out.with_name("out.words.embedding.parquet"))
    sentences = load(settings.out.with_name("out.sentences.embedding.parquet"))
    text = read(settings)
    assert len(sentences) == len(text) and sentences.labels[7] == " ".join(text.sentences[7])
    assert set(HOMONYMS) <= set(words.labels) and len(words) == metrics["vocabulary"]
    # the file has all occurrences of bank, so the vector of the word is their mean
    count = metrics["occurrences"]
    mixed = occurrences.vectors[3 * count :]
    bank = np.array(occurrences.labels[3 * count :]) == "bank"
    assert words.metadata.column("count")[words.labels.index("bank")].as_py() == bank.sum()
    np.testing.assert_allclose(
        words.vectors[words.labels.index("bank")], mixed[bank].mean(axis=0), rtol=1e-4, atol=1e-5
    )
    # sentences with the same sense of bank are closer to each other than to others
    senses = {number: sense for (number, _), sense in text.senses.items()}
    river = [number for number, sense in senses.items() if "(river)" in sense]
    money = [number for number, sense in senses.items() if "(money)" in sense]
    unit = sentences.vectors / np.linalg.norm(sentences.vectors, axis=1, keepdims=True)
    assert np.mean(unit[river] @ unit[river].T) > np.mean(unit[river] @ unit[money].T) + 0.1


def test_every_sentence_is_trained_on_once_an_epoch_and_held_out_ones_never():
    task = ElmoTask(TEXT, config(validation_fraction=0.3, batch_size=20, min_count=1))
    assert 0 < len(task.held_out) < 20 and len(task.trained) + len(task.held_out) == 30
    seen = []
    for epoch in (0, 1):
        rows = [tuple(row[1:-1].tolist()) for step in range(task.steps_per_epoch)
                for row in task.batch(epoch, step)["numbers"]]  # fmt: skip
        assert sorted(rows) == sorted(tuple(map(int, task.vocabulary.numbers(words)))
                                      for words in task.trained)  # fmt: skip
        seen.append(rows)
    assert seen[0] != seen[1]
    assert torch.equal(task.batch(1, 2)["numbers"], task.batch(1, 2)["numbers"])
    secret = generated_sentences("text", [*LINES, ("secret",) * 5], {})
    for seed in range(20):
        task = ElmoTask(secret, config(validation_fraction=0.3, seed=seed))
        assert ("secret" in task.vocabulary.words) == (("secret",) * 5 in task.trained)


def test_the_loss_is_the_mean_of_both_directions_and_each_has_its_perplexity():
    task = ElmoTask(TEXT, config(validation_fraction=0.3, min_count=1))
    task.module.eval()
    metrics = task.validate()
    forward = backward = count = 0.0
    for words in task.held_out:  # one by one
        losses = task.module.losses(task.batch_of([words]))
        forward, backward = forward + losses[0].sum().item(), backward + losses[1].sum().item()
        count += len(words) + 1
    assert metrics["loss"] == pytest.approx((forward + backward) / 2 / count, rel=1e-5)
    assert metrics["perplexity"] == pytest.approx(np.exp(forward / count), rel=1e-5)
    assert metrics["backward_perplexity"] == pytest.approx(np.exp(backward / count), rel=1e-5)
    batch = task.batch(0, 0)
    whole, own = task.loss_sum(batch, slice(0, 3)), task.loss_sum(batch, slice(0, 0))
    assert whole[1] == 2 * 3 * 5 and own[1] == 0 and own[0].item() == 0


def test_unknown_words_differ_by_their_letters_where_these_are_read():
    text = generated_sentences("text", [*LINES, ("a0", "bank", "a2"), ("a0", "bang", "a2")], {})
    plain, spelled = (ElmoTask(text, config(characters=each, validation_fraction=0))
                      for each in (False, True))  # fmt: skip
    sentences = text.sentences[-2:]
    for task, is_same in ((plain, True), (spelled, False)):
        layers = task.encode(sentences)
        assert list(layers) == ["0", "1", "2"] and layers["0"].shape == (6, 8)
        assert np.array_equal(layers["0"][1], layers["0"][4]) == is_same
        assert np.array_equal(layers["0"][0], layers["0"][3])
    letters = spelled.batch(0, 0)["char_ids"]
    assert letters.shape[1] == MAX_WORD_CHARS and len(letters) == len(letters.unique(dim=0))


def test_the_softmax_is_adaptive_where_the_vocabulary_is_large(monkeypatch):
    settings = config(min_count=1)
    assert len(ElmoTask(TEXT, settings).module.softmax.clusters) == 0
    assert len(ElmoTask(TEXT, replace(settings, softmax="adaptive")).module.softmax.clusters) == 2
    monkeypatch.setattr("trainers.elmo.train._LARGE_VOCABULARY", 20)
    assert len(ElmoTask(TEXT, settings).module.softmax.clusters) == 2
    assert len(ElmoTask(TEXT, replace(settings, softmax="full")).module.softmax.clusters) == 0


def test_requested_words_of_a_text_file(tmp_path):
    path = tmp_path / "few.txt"
    path.write_text("the bank lends money\nthe river bank is wet\n" * 10)
    settings = config(tmp_path, data=path, words="bank, river", occurrences=12, epochs=1)
    metrics = run(settings)
    made = load(settings.out)
    assert set(made.labels) <= {"bank", "river"} and len(made) == 12 * 4
    assert "sense" not in made.metadata.column_names and "sense_purity" not in metrics
    assert made.provenance.name == "few.txt" and made.dimensions == 8
    with pytest.raises(EmbeddingError, match="--words: 'brook' does not occur in few"):
        run(replace(settings, words="brook"))
    with pytest.raises(EmbeddingError, match="dim = 7; expected an even number"):
        replace(settings, dim=7)
    with pytest.raises(
        EmbeddingError, match="dropout = 1; expected a number of at least 0 and below 1"
    ):
        replace(settings, dropout=1)


def test_without_held_out_sentences_nothing_is_validated(tmp_path):
    path = tmp_path / "few.txt"
    path.write_text("the bank lends money\n" * 10)
    metrics = run(config(tmp_path, data=path, validation_fraction=0, epochs=1))
    assert "perplexity" not in metrics and metrics["best_epoch"] == 0


def test_the_bigram_perplexity_of_real_text(data):
    """The baseline that benchmarks/trainers/elmo.py trains a model to beat."""
    train, test = (read_sentences(data / "2_corpus" / f"wikitext2_{part}.txt", 10_000)
                       for part in ("valid", "test"))  # fmt: skip
    task = ElmoTask(train, config(validation_fraction=0))
    number = task.vocabulary.numbers
    model = KneserNey(map(number, train.sentences), 2, len(task.vocabulary), 0, 1)
    assert model.perplexity(map(number, test.sentences)) == pytest.approx(188.28, abs=0.01)
