"""Occurrences: each word has its own vector in each layer; means equal those written out."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from embeddings import EmbeddingError, load, save
from trainers.data.contexts import context_vectors
from trainers.data.contexts.context_vectors import collect, context_sets, save_beside
from trainers.data.contexts.occurrences import choose_occurrences, occurrence_set
from trainers.data.contexts.sentences import generated_sentences, vocabulary
from trainers.data.contexts.synthetic_senses import synthetic_senses

TEXT = generated_sentences(
    "text",
    [("the", "bank", "lends"), ("bank", "of", "the", "river"), ("a", "river", "bank", "bank")],
    {(0, 1): "money", (1, 0): "river", (2, 2): "river"},
)


def test_words_with_a_known_sense_or_requested_words_or_content_words_are_chosen():
    known = choose_occurrences(TEXT)
    assert known.words == ["bank"] * 3 and known.senses == ["money", "river", "river"]
    assert known.notes == ("3 occurrences of words whose sense is known",)
    requested = choose_occurrences(TEXT, ["river", "a"])
    assert list(zip(requested.sentence, requested.position, strict=True)) == [
        (1, 3),
        (2, 0),
        (2, 1),
    ]
    assert requested.senses == [None] * 3
    plain = choose_occurrences(generated_sentences("text", TEXT.sentences, {}))
    assert sorted(plain.words) == ["bank"] * 4 + ["lends"] + ["river"] * 2
    with pytest.raises(EmbeddingError, match="--words: 'brook' does not occur in text"):
        choose_occurrences(TEXT, ["river", "brook"])


def test_a_limit_draws_a_sample_by_seed_and_is_noted():
    text = synthetic_senses(500)
    few = choose_occurrences(text, limit=50)
    assert len(few) == 50 and few.notes[0].startswith("50 of ")
    places = [*zip(few.sentence.tolist(), few.position.tolist(), strict=True)]
    assert places == sorted(set(places)) and set(places) <= set(text.senses)
    again, other = choose_occurrences(text, limit=50), choose_occurrences(text, limit=50, seed=1)
    assert np.array_equal(few.sentence, again.sentence)
    assert not np.array_equal(few.sentence, other.sentence)


def test_the_long_form(tmp_path):
    layers = {"0": np.eye(3), "1": 2 + np.eye(3)}
    path = tmp_path / "a.embedding.parquet"
    save(occurrence_set(choose_occurrences(TEXT), layers, name="text"), path)
    made = load(path)
    assert made.labels == ("bank",) * 6 and made.provenance.metric == "cosine"
    assert np.array_equal(made.vectors, np.concatenate([np.eye(3), 2 + np.eye(3)]))
    rows = made.metadata.to_pylist()
    assert rows[4] == {
        "word": "bank", "sentence": "bank of the river", "position": 0, "layer": "1",
        "occurrence": 1, "sense": "river",
    }  # fmt: skip
    assert [row["occurrence"] for row in rows] == [0, 1, 2] * 2
    for row in rows:
        assert row["sentence"].split(" ")[row["position"]] == row["word"]


def test_vectors_and_means_are_those_of_their_words(tmp_path, monkeypatch):
    """This model encodes the first letter of each word, and in layer 1 its position as well."""
    monkeypatch.setattr(context_vectors, "_BLOCK_WORDS", 4)
    batch_sizes = []

    def encode(sentences):
        batch_sizes.append(len(sentences))
        places = [(ord(word[0]), place) for words in sentences for place, word in enumerate(words)]
        places = np.array(places, np.float32)
        return {"0": places * [1, 0], "1": places}

    words = vocabulary(TEXT.sentences, min_count=2)
    found = collect(encode, choose_occurrences(TEXT, ["bank"]), words)
    assert sum(batch_sizes) == 3 and len(batch_sizes) > 1
    b = ord("b")
    assert found.layers["0"].tolist() == [[b, 0]] * 4
    assert found.layers["1"].tolist() == [[b, 1], [b, 0], [b, 2], [b, 3]]
    assert found.top == "1" and found.words == ("bank", "the", "river")
    assert found.counts.tolist() == [4, 2, 2]
    assert found.word_means.tolist() == [[b, 1.5], [ord("t"), 1], [ord("r"), 2]]
    letters = np.array([ord(letter) for letter in "tbl"])
    assert found.sentence_means[0] == pytest.approx([letters.mean(), 1])
    assert found.sentence_means[2, 1] == 1.5

    columns = {"kind": pa.array(["x", "y", "x"])}
    with_columns = replace(found.occurrences, text=replace(TEXT, columns=columns))
    found = replace(found, occurrences=with_columns)
    sets = context_sets(found, name="text", trainer="elmo", space="s")
    paths = save_beside(sets, tmp_path / "a.embedding.parquet")
    assert [path.name for path in paths] == [
        "a.words.embedding.parquet", "a.sentences.embedding.parquet",
    ]  # fmt: skip
    made = load(paths[1])
    assert made.metadata.column("kind").to_pylist() == ["x", "y", "x"]
    assert made.labels[1] == "bank of the river" and made.provenance.role == "sentence"
    assert load(paths[0]).metadata.column("count").to_pylist() == [4, 2, 2]
    assert len(sets[""]) == 8
