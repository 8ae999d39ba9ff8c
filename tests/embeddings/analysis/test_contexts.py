"""Words in context: layers of one set, the marked word, layouts aligned with one reference."""

import numpy as np
import pytest

from embeddings import EmbeddingSet
from embeddings.analysis.contexts import (
    Excerpt,
    context_of,
    contexts_of,
    excerpt,
    is_layer,
    layers_of,
)

SENTENCES = ["the bank of the river", "a bank lends money", "the bank was steep"]


def long_set(layers=("0", "1"), count=3, **more) -> EmbeddingSet:
    """Return the word at position 1 of each sentence, layer by layer, with random vectors."""
    rng = np.random.default_rng(0)
    rows = [(layer, i) for layer in layers for i in range(count)]
    columns = {
        "word": ["bank"] * len(rows),
        "sentence": [SENTENCES[i] for _, i in rows],
        "position": [1] * len(rows),
        "layer": [layer for layer, _ in rows],
        **more,
    }
    return EmbeddingSet.of(rng.normal(size=(len(rows), 4)), ["bank"] * len(rows), columns)


def test_a_layer_has_its_own_vectors_and_the_marked_word():
    whole = long_set(sense=["river", "money", "river"] * 2)
    layers = layers_of(whole)
    assert list(layers.rows) == ["0", "1"]
    second = layers.of("1")
    assert np.array_equal(second.vectors, whole.vectors[3:])
    assert second.metadata.column_names == ["sense", "word", "context", "sentence", "position"]
    assert second.metadata["context"].to_pylist() == SENTENCES
    assert is_layer(second) and not is_layer(whole)
    assert context_of(second, 1) == contexts_of(second)[1] == Excerpt("a ", "bank", " lends money")
    assert second.metadata["sentence"].to_pylist() == SENTENCES


def test_rows_of_layers_may_be_mingled():
    whole = long_set()
    order = [0, 3, 1, 4, 2, 5]
    mingled = EmbeddingSet(whole.vectors[order], whole.labels, whole.metadata.take(order))
    layers = layers_of(mingled)
    assert np.array_equal(layers.of("1").vectors, whole.vectors[3:])


@pytest.mark.parametrize("changes", [
    {"layer": ["0", "0", "0", "0", "1", "1"]},  # not the same occurrences
    {"position": [1, 1, 1, 1, 1, 2]},
    {"position": ["1"] * 6},
    {"word": ["bank"] * 2 + [None] + ["bank"] * 2 + [None]},
])  # fmt: skip
def test_other_sets_have_no_layers(changes):
    assert layers_of(long_set(**changes)) is None


@pytest.mark.parametrize("changes", [
    {}, {"position": ["1"] * 3}, {"position": [1, None, 1]}, {"sentence": ["a b", None, "a b"]},
])  # fmt: skip
def test_a_file_with_the_columns_of_a_layer_is_one_where_each_row_has_an_excerpt(changes):
    columns = {
        "word": ["b"] * 3,
        "sentence": ["a b"] * 3,
        "position": [1] * 3,
        "context": ["a b"] * 3,
    }
    assert is_layer(EmbeddingSet.of(np.eye(3), metadata={**columns, **changes})) == (not changes)


def test_a_set_without_the_columns_has_no_layers():
    assert layers_of(EmbeddingSet.of(np.eye(3))) is None


@pytest.mark.parametrize(("position", "parts"), [
    (0, ("", "a", " b …")), (2, ("… b ", "c", " d …")), (4, ("… d ", "e", "")),
    (5, ("a b c d e", "", "")), (-1, ("a b c d e", "", "")),
])  # fmt: skip
def test_an_excerpt_has_the_word_among_those_around(position, parts):
    assert excerpt("a b c d e", position, around=1) == Excerpt(*parts)


def test_an_excerpt_of_the_whole_sentence_is_the_sentence():
    sentence = "  two  blanks and ⟦marks⟧ stay "
    words = sentence.split(" ")
    assert {excerpt(sentence, i, len(words)).text for i in range(len(words))} == {sentence}


@pytest.mark.parametrize("dims", [2, 3])
def test_a_rotated_and_mirrored_layout_is_aligned(dims):
    layers = layers_of(long_set(count=3, layers=tuple("012345")))
    wanted = layers.reference[:, :dims]
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(dims, dims)))[0]
    mirrored = rotation @ np.diag([-1.0] * (dims - 1) + [1.0])
    aligned = layers.align((wanted @ mirrored + 7).astype(np.float32))
    assert aligned == pytest.approx(wanted - wanted.mean(axis=0), abs=1e-5)
