"""Pseudo-words know the word they replace; pairs are of frequent content words."""

import pytest

from benchmarks.trainers.pseudo_words import frequent_pairs, pseudo_words
from embeddings import EmbeddingError
from trainers.data.contexts.sentences import content_words, generated_sentences

TEXT = generated_sentences(
    "text", [("The", "river", "and", "the", "city"), ("city", "river", "war", "year", "of")], {}
)


def test_pseudo_words_are_two_words_written_as_one():
    text = pseudo_words(TEXT, [("river", "city")])
    both = "river/city"
    assert text.sentences == (
        ("The", both, "and", "the", both), (both, both, "war", "year", "of"),
    )  # fmt: skip
    assert text.senses == {(0, 1): "river", (0, 4): "city", (1, 0): "city", (1, 1): "river"}


def test_pairs_are_of_frequent_content_words():
    assert content_words(TEXT.sentences, 3) == ["river", "city", "war"]
    assert frequent_pairs(TEXT.sentences, 2) == [("river", "city"), ("war", "year")]
    with pytest.raises(EmbeddingError, match="4 content words"):
        frequent_pairs(TEXT.sentences, 3)
