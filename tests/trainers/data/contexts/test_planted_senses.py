"""The context of a planted homonym decides its sense; pseudo-words know what stood there."""

from collections import Counter, defaultdict

import pytest

from embeddings import EmbeddingError
from trainers.data.contexts.planted_senses import (
    _TOPICS,
    HOMONYMS,
    content_words,
    frequent_pairs,
    planted_senses,
    pseudo_words,
)
from trainers.data.contexts.sentences import made_sentences

TEXT = made_sentences(
    "text", [("The", "river", "and", "the", "city"), ("city", "river", "war", "year", "of")], {}
)


def test_words_of_topics_are_of_one_topic_each():
    words = Counter(word for kinds in _TOPICS.values() for kind in kinds for word in kind)
    assert max(words.values()) == 1 and not set(words) & set(HOMONYMS)
    assert all(len(kind) >= 5 for kinds in _TOPICS.values() for kind in kinds)


def test_the_context_decides_the_sense():
    text = planted_senses(3_000)
    topic_of = {word: topic for topic, kinds in _TOPICS.items() for kind in kinds for word in kind}
    senses = defaultdict(Counter)
    for (number, position), sense in text.senses.items():
        words = text.sentences[number]
        (topic,) = {topic_of[word] for word in words if word in topic_of}
        assert topic in HOMONYMS[words[position]] and sense == f"{words[position]} ({topic})"
        senses[words[position]][topic] += 1
    assert set(senses) == set(HOMONYMS)
    assert all(min(counts.values()) > 20 and len(counts) == 2 for counts in senses.values())
    assert 0.45 < len(text.senses) / len(text) < 0.55
    assert planted_senses(3_000).source == text.source
    assert planted_senses(3_000, seed=1).source != text.source


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
