"""The built-in text: generated sentences in which the sense of each homonym is known.

Each sentence has one topic, and ten homonyms (bank, bat, spring, ...) belong to two topics each,
with a sense in either. Apart from a few words that all topics share, the other words of a sentence
belong to its topic alone, so the context determines the sense and the word itself does not.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from trainers.core.rng import numpy_generator
from trainers.data.contexts.sentences import Sentences, generated_sentences

HOMONYMS: Mapping[str, tuple[str, str]] = {
    "bank": ("river", "money"),
    "bass": ("river", "music"),
    "bat": ("animals", "sport"),
    "crane": ("animals", "building"),
    "mouse": ("animals", "office"),
    "note": ("money", "music"),
    "pitch": ("music", "sport"),
    "plant": ("garden", "building"),
    "spring": ("river", "garden"),
    "star": ("sky", "film"),
}
"""Homonym -> the topics of its two senses."""

# topic -> nouns; verbs; adjectives. No word has two topics.
_TOPICS: Mapping[str, tuple[Sequence[str], Sequence[str], Sequence[str]]] = {
    topic: tuple(words.split() for words in kinds.split(";"))  # type: ignore[misc]
    for topic, kinds in {
        "river": "water boat fish shore reed bridge ferry canoe; flows floods drifts floats sinks; "
                 "muddy wet shallow rapid murky",
        "money": "loan debt cash price tax coin salary dollar; pays owes lends invests saves; "
                 "rich costly fiscal poor cheap",
        "music": "song tune choir violin drum melody opera chord; sings hums tunes plays composes; "
                 "loud tonal lyrical soft rhythmic",
        "animals": "wolf owl deer fox nest cave feather tail; hunts sleeps bites howls feeds; "
                   "furry wild hungry nocturnal timid",
        "sport": "team ball goal coach referee league trophy player; scores kicks throws wins "
                 "trains; athletic fast defensive tired unbeaten",
        "building": "steel tower cement wall brick roof engineer girder; lifts builds welds drills "
                    "hoists; concrete heavy tall industrial rusty",
        "office": "keyboard screen desk printer email software laptop cable; types clicks prints "
                  "copies installs; digital wireless busy broken portable",
        "garden": "flower rose soil seed leaf lawn tulip hedge; grows blooms waters prunes ripens; "
                  "green sunny fragrant leafy fertile",
        "sky": "planet comet moon orbit telescope galaxy meteor cloud; shines orbits glows rises "
               "fades; distant bright cosmic dark stellar",
        "film": "actor movie camera scene script director studio premiere; acts films casts "
                "rehearses directs; famous dramatic popular comic glamorous",
    }.items()
}  # fmt: skip

_DETERMINERS = ("the", "a", "this", "every", "that", "one")
_PREPOSITIONS = ("near", "with", "under", "by", "behind", "over")
_CONJUNCTIONS = ("and", "but", "while", "because", "when", "before")


def synthetic_senses(sentences: int = 3_000, fraction: float = 0.5, seed: int = 0) -> Sentences:
    """Generate sentences of two or three clauses, each with a random topic.

    Parameters
    ----------
    sentences : number of sentences
    fraction : of the sentences, the expected fraction with a homonym, which is neither their first
        noun nor their last; the name of a sense is the word and its topic, such as bank (river)
    """
    generator = numpy_generator(seed, "planted senses")
    topics = list(_TOPICS)
    generated, senses = [], {}
    for number in range(sentences):
        topic = topics[generator.integers(len(topics))]
        words, nouns = _sentence(topic, generator)
        if generator.random() < fraction:
            homonyms = [word for word, both in HOMONYMS.items() if topic in both]
            position = nouns[generator.integers(1, len(nouns) - 1)]
            words[position] = homonyms[generator.integers(len(homonyms))]
            senses[number, position] = f"{words[position]} ({topic})"
        generated.append(tuple(words))
    return generated_sentences("planted homonyms", generated, senses)


def _sentence(topic: str, generator: np.random.Generator) -> tuple[list[str], list[int]]:
    """Return the words of a sentence and the positions of its nouns, of which it has at least 3."""
    nouns, verbs, adjectives = _TOPICS[topic]
    words: list[str] = []
    positions: list[int] = []

    def add(*kinds: Sequence[str]) -> None:
        words.extend(kind[int(generator.integers(len(kind)))] for kind in kinds)

    def add_noun() -> None:
        add(_DETERMINERS)
        if generator.random() < 0.5:
            add(adjectives)
        positions.append(len(words))
        add(nouns)

    for clause in range(generator.integers(2, 4)):
        if clause > 0:
            add(_CONJUNCTIONS)
        add_noun()
        add(verbs)
        if clause == 0 or generator.random() < 0.5:
            add(_PREPOSITIONS)
            add_noun()
    return words, positions
