"""Text in which the sense of a word is known: planted homonyms, and pseudo-words of any text.

Planted: each sentence is of one topic, and ten words (bank, bat, spring, ...) are of two topics
each, with a sense in either. Every word beside a homonym that is not one of the few of all topics
is of the topic alone; so the context decides the sense, and the word itself says nothing of it.

Pseudo-words: two frequent words are written as one wherever they stand (`time/city`); the sense is
the word that stood there (Gale, Church and Yarowsky, "Work on statistical methods for word sense
disambiguation", 1992; Schütze, "Context space", 1992).
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from embeddings.errors import EmbeddingError
from trainers.core.rng import numpy_generator
from trainers.data.contexts.sentences import Sentence, Sentences, made_sentences

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
"""Word -> the topics of its two senses."""

# topic -> nouns; verbs; adjectives. No word is in two of them.
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

_OPENINGS = ("the", "a", "this", "every", "that", "one")
_PLACES = ("near", "with", "under", "by", "behind", "over")
_LINKS = ("and", "but", "while", "because", "when", "before")


def planted_senses(sentences: int = 3_000, share: float = 0.5, seed: int = 0) -> Sentences:
    """Make sentences, each of a random topic, of two or three clauses.

    Parameters
    ----------
    sentences : how many
    share : of the sentences have a homonym, which is not their first noun nor the last; its sense
        is called by word and topic, bank (river)
    """
    chance = numpy_generator(seed, "planted senses")
    topics = list(_TOPICS)
    made, senses = [], {}
    for number in range(sentences):
        topic = topics[chance.integers(len(topics))]
        words, nouns = _sentence(topic, chance)
        if chance.random() < share:
            homonyms = [word for word, of in HOMONYMS.items() if topic in of]
            place = nouns[chance.integers(1, len(nouns) - 1)]
            words[place] = homonyms[chance.integers(len(homonyms))]
            senses[number, place] = f"{words[place]} ({topic})"
        made.append(tuple(words))
    return made_sentences("planted homonyms", made, senses)


def _sentence(topic: str, chance: np.random.Generator) -> tuple[list[str], list[int]]:
    """Return the words of a sentence and the places of its nouns, which are three or more."""
    nouns, verbs, adjectives = _TOPICS[topic]
    words: list[str] = []
    places: list[int] = []

    def add(*kinds: Sequence[str]) -> None:
        words.extend(kind[int(chance.integers(len(kind)))] for kind in kinds)

    def add_noun() -> None:
        add(_OPENINGS)
        if chance.random() < 0.5:
            add(adjectives)
        places.append(len(words))
        add(nouns)

    for clause in range(chance.integers(2, 4)):
        if clause > 0:
            add(_LINKS)
        add_noun()
        add(verbs)
        if clause == 0 or chance.random() < 0.5:
            add(_PLACES)
            add_noun()
    return words, places


def frequent_pairs(text: Sequence[Sentence], pairs: int) -> list[tuple[str, str]]:
    """Pair the most frequent content words: the first with the second, the third with the fourth.

    So the two words of a pair are about as frequent as each other, and neither sense can be guessed
    by its frequency.

    Raises
    ------
    EmbeddingError
        the text has too few content words
    """
    words = content_words(text, 2 * pairs)
    if len(words) < 2 * pairs:
        raise EmbeddingError(
            f"{len(words)} content words in the text; {2 * pairs} make {pairs} pairs: "
            "give more text, or ask for fewer pairs"
        )
    return list(zip(words[::2], words[1::2], strict=True))


def pseudo_words(text: Sentences, pairs: Sequence[tuple[str, str]]) -> Sentences:
    """Write the two words of each pair as one, first/second; the sense is what stood there."""
    written = {word: "/".join(pair) for pair in pairs for word in pair}
    sentences = [tuple(written.get(word, word) for word in words) for words in text.sentences]
    senses = {
        (number, position): word
        for number, words in enumerate(text.sentences)
        for position, word in enumerate(words)
        if word in written
    }
    return made_sentences(f"{text.name} with pseudo-words", sentences, senses)


def content_words(text: Sequence[Sentence], most: int) -> list[str]:
    """Return the most frequent words of three letters or more that are no English stop words."""
    counted = Counter(word for words in text for word in words)
    return [
        word
        for word, _ in counted.most_common()
        if len(word) >= 3 and word.isalpha() and word.lower() not in ENGLISH_STOP_WORDS
    ][:most]
