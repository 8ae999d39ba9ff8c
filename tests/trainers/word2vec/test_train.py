"""word2vec from text to file: synthetic topics are recovered, as well as by gensim."""

import json
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from embeddings import EmbeddingError, load
from trainers.__main__ import main
from trainers.core import session
from trainers.core.signals import Interrupted
from trainers.word2vec import model
from trainers.word2vec.alias import AliasTable
from trainers.word2vec.config import Word2VecConfig
from trainers.word2vec.train import keep_probabilities, run

TOPICS = 10


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """1,000 words of 10 topics, frequent and rare; sentences of 12, 7 in 10 of one topic."""
    generator = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("word2vec") / "text.txt"
    weight = 1 / np.arange(10, 110)
    of_topic = generator.choice(100, (5_000, 12), p=weight / weight.sum())
    own, others = (
        generator.integers(TOPICS, size=(5_000, 1)),
        generator.integers(TOPICS, size=(5_000, 12)),
    )
    topic = np.where(generator.random((5_000, 12)) < 0.7, own, others)
    lines = [
        " ".join(f"t{t}_{w}" for t, w in zip(topics, words, strict=True))
        for topics, words in zip(topic, of_topic, strict=True)
    ]
    path.write_text("\n".join(lines))
    return path


def config(tmp_path, text=None, **changes):
    out = tmp_path / "words.embedding.parquet"
    return Word2VecConfig(data=text, out=out, **{"dim": 20, "quiet": True, "threads": 1, **changes})


def purity(words, vectors):
    """Return the fraction of the 10 nearest neighbors, by cosine, that have a word's topic."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    topic = np.array([word.split("_")[0] for word in words])
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -2)
    nearest = np.argsort(-cosine, axis=1)[:, :10]
    return (topic[nearest] == topic[:, None]).mean()


@pytest.mark.parametrize("algorithm", ["skip-gram", "cbow"])
def test_synthetic_topics_are_recovered_as_well_as_by_gensim(tmp_path, text, algorithm):
    word2vec = pytest.importorskip("gensim.models").Word2Vec
    run(config(tmp_path, text, algorithm=algorithm))
    made = load(tmp_path / "words.embedding.parquet")
    oracle = word2vec(
        corpus_file=str(text), vector_size=20, sg=algorithm == "skip-gram", alpha=0.05,
        window=5, min_count=5, negative=5, sample=1e-3, epochs=5, workers=1, seed=1,
    )  # fmt: skip
    expected = purity(oracle.wv.index_to_key, oracle.wv.vectors)
    assert set(made.labels) == set(oracle.wv.index_to_key)
    assert expected > 0.5
    assert purity(made.labels, made.vectors) > expected - 0.02


@pytest.mark.parametrize("algorithm", ["skip-gram", "cbow"])
@pytest.mark.parametrize(
    "settings",
    [{"engine": "torch", "epochs": 15, "batch_size": 512}, {"threads": 2}],
    ids=["torch", "threads"],
)
def test_synthetic_topics_are_recovered(tmp_path, text, algorithm, settings):
    run(config(tmp_path, text, algorithm=algorithm, **settings))
    made = load(tmp_path / "words.embedding.parquet")
    assert purity(made.labels, made.vectors) > 0.9


def test_the_file(tmp_path, text, capsys):
    similarities = tmp_path / "similarities.tsv"
    similarities.write_text("t1_0\tt1_1\t9\nt1_0\tt2_0\t1\nt3_0\tt3_1\t8\nt4_0\tt3_1\t2\n")
    out = tmp_path / "words.embedding.parquet"
    command = ["word2vec", "--data", str(text), "--out", str(out), "--dim", "12", "--seed", "3"]
    assert main([*command, "--evaluation", str(similarities), "--quiet"]) == 0
    metrics = json.loads(capsys.readouterr().out.splitlines()[-1])
    made = load(out)
    counts = made.metadata.column("count").to_pylist()
    assert counts == sorted(counts, reverse=True) and sum(counts) == 60_000 == metrics["words"]
    provenance = made.provenance
    assert (provenance.role, provenance.metric, provenance.trainer, provenance.seed) == (
        "word",
        "cosine",
        "word2vec",
        3,
    )
    assert provenance.config["threads"] == 1 and provenance.config["engine"] == "fast"
    assert made.vectors.shape == (1000, 12) and metrics["vocabulary"] == 1000
    assert metrics["evaluation"]["similarities"] == {
        "spearman": pytest.approx(0.8, abs=0.3), "pairs": 4, "of": 4}  # fmt: skip
    assert metrics["words_per_second"] > 0 and metrics["epochs"] == 5


def test_same_seed_same_bytes_even_if_the_run_was_stopped(tmp_path, text, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    settings = {"epochs": 2, "validation_fraction": 0.1}

    def made(name, **changes):
        run(config(tmp_path / name, text, **settings, **changes))
        return (tmp_path / name / "words.embedding.parquet").read_bytes()

    whole = made("whole")
    assert made("again") == whole != made("other", seed=1)
    train_step, taken = session.train_step, []

    def stopped_train_step(task, batch, optimizer, fabric, stop):
        taken.append(1)
        stop.signal = 15 if len(taken) in (30, 31, 90) else 0
        return train_step(task, batch, optimizer, fabric, stop)

    monkeypatch.setattr(session, "train_step", stopped_train_step)
    for _ in range(3):
        with pytest.raises(Interrupted):
            made("parts", resume="auto")
    assert made("parts", resume="auto") == whole


def test_the_held_out_loss_chooses_the_best_epoch(tmp_path, text):
    metrics = run(config(tmp_path, text, validation_fraction=0.2, epochs=3))
    log = (tmp_path / "words.run" / "metrics.jsonl").read_text().splitlines()
    losses = [line["loss"] for line in map(json.loads, log) if line["event"] == "epoch"]
    assert len(losses) == 3
    assert metrics["best_epoch"] and 1 < metrics["validation_loss"] < 6 * np.log(2)


def test_frequent_words_are_subsampled_as_in_word2vec_c():
    counts = np.array([60_000, 30_000, 9_990, 10])
    frequency = counts / 100_000
    expected = np.minimum((np.sqrt(frequency / 1e-3) + 1) * 1e-3 / frequency, 1)  # as in word2vec.c
    np.testing.assert_allclose(keep_probabilities(counts, 1e-3), expected, rtol=1e-6)
    assert keep_probabilities(counts, 1e-3)[3] == 1
    assert (keep_probabilities(counts, 0) == 1).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"device": "cuda"}, "device = 'cuda'; expected auto or cpu with --engine fast"),
        ({"precision": "bf16"}, "precision = 'bf16'; expected fp32 with --engine fast"),
        ({"weight_decay": 0.1}, "weight_decay = 0.1; expected 0 with --engine fast"),
        ({"window": 0}, "window = 0; expected a whole number of at least 1"),
        ({"sample": -1.0}, "sample = -1.0; expected a number of at least 0"),
    ],
)
def test_invalid_settings_are_refused(tmp_path, settings, message):
    with pytest.raises(EmbeddingError, match=message):
        config(tmp_path, **settings)


def test_text_without_pairs_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n" * 9)
    with pytest.raises(EmbeddingError, match="give text with one sentence per line"):
        run(config(tmp_path, tmp_path / "a.txt"))


@pytest.mark.parametrize("engine", ["fast", "torch"])
def test_tiny_text_is_enough(tmp_path, engine):
    (tmp_path / "a.txt").write_text("one two\n" * 9)
    assert run(config(tmp_path, tmp_path / "a.txt", engine=engine))["vocabulary"] == 2


# The torch engine's losses against sums over pairs


def a_batch(seed=0, window=3):
    generator = np.random.default_rng(seed)
    lengths = np.array([4, 1, 60, 0, 55])
    tokens = generator.integers(0, 8, lengths.sum()).astype(np.int32)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    noise = AliasTable.of(np.ones(8))
    keep = np.full(8, 0.7, dtype=np.float32)
    return model.batch(tokens, starts, keep, noise, window, generator), starts


def pairs_slowly(batch, starts):
    """Yield (middle, words around) by place in the text."""
    places, widths = batch["place"].tolist(), batch["width"].tolist()
    for start, stop in pairwise(starts):
        used = [(p, w) for p, w in zip(places, widths, strict=True) if start <= p < stop]
        for i, (place, width) in enumerate(used):
            around = [p for p, _ in used[max(0, i - width) : i] + used[i + 1 : i + 1 + width]]
            yield place, around


@pytest.mark.parametrize("algorithm", ["skip_gram", "cbow"])
def test_losses_equal_the_sum_over_pairs(algorithm):
    torch.manual_seed(0)
    inputs, outputs = torch.randn(2, 8, 5, dtype=torch.float64)
    (batch, starts), window, times = a_batch(), 3, 5
    tokens = batch["tokens"]
    used = batch["place"][(batch["place"] >= 0) & (batch["place"] < len(tokens))].tolist()
    assert len(used) > 2 * model.GROUP
    drawn = {p: batch["negatives"][i // model.GROUP] for i, p in enumerate(used)}
    expected, count = 0.0, 0
    for middle, around in pairs_slowly(batch, starts):
        if algorithm == "skip_gram":
            examples = [(inputs[tokens[middle]], tokens[other]) for other in around]
        elif around:
            examples = [(inputs[tokens[around]].mean(dim=0), tokens[middle])]
        else:
            examples = []
        for u, true in examples:
            random = outputs[drawn[middle][drawn[middle] != true]]
            weight = times / model.SHARED
            expected += F.softplus(-u @ outputs[true]) + weight * F.softplus(random @ u).sum()
            count += 1
    function = getattr(model, algorithm)
    loss, counted = function(inputs, outputs, batch, slice(0, len(tokens)), window, times)
    assert counted == count > 50
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    parts = [function(inputs, outputs, batch, slice(a, b), window, times)
             for a, b in ((0, 7), (7, 8), (8, 90), (90, 120))]  # fmt: skip
    assert sum(part[0] for part in parts).item() == pytest.approx(expected.item(), rel=1e-6)
    assert sum(part[1] for part in parts) == count


@pytest.mark.parametrize("algorithm", ["skip_gram", "cbow"])
def test_batch_whose_words_are_all_skipped_has_no_loss(algorithm):
    tokens, starts = np.array([0, 1, 2], np.int32), np.array([0, 3])
    batch = model.batch(
        tokens, starts, np.zeros(3), AliasTable.of(np.ones(3)), 2, np.random.default_rng(0)
    )
    vectors = torch.ones(3, 4)
    loss, count = getattr(model, algorithm)(vectors, vectors, batch, slice(0, 3), 2, 5)
    assert loss == count == 0
