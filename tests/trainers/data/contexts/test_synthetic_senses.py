"""The context of a homonym determines its sense."""

from collections import Counter, defaultdict

from trainers.data.contexts.synthetic_senses import _TOPICS, HOMONYMS, synthetic_senses


def test_words_of_topics_are_of_one_topic_each():
    words = Counter(word for kinds in _TOPICS.values() for kind in kinds for word in kind)
    assert max(words.values()) == 1 and not set(words) & set(HOMONYMS)
    assert all(len(kind) >= 5 for kinds in _TOPICS.values() for kind in kinds)


def test_the_context_decides_the_sense():
    text = synthetic_senses(3_000)
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
    assert synthetic_senses(3_000).source == text.source
    assert synthetic_senses(3_000, seed=1).source != text.source
