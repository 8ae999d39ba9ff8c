"""Occurrences of words in context: their choice, and their embedding file.

The file is in long form, with a row for each occurrence at each layer, so that one map shows how
the senses of a word separate from layer to layer.

| column | |
|---|---|
| `label`, `word` | the word |
| `sentence` | the words of its sentence, joined by spaces |
| `position` | of the word in the sentence, from 0 |
| `layer` | "0", without context, "1", "2", ...; "mix" for the mean of the layers |
| `sense` | of the word, if known |
| `occurrence` | number of the occurrence, from 0, equal at all layers |

Rows are ordered by layer, then by occurrence: row `layer * n + occurrence`. Occurrences are in the
order of the text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from trainers.core.rng import numpy_generator
from trainers.data.contexts.sentences import Sentences, content_words

DEFAULT_WORDS = 40
"""Number of words whose occurrences are written if no words are given and no sense is known."""


@dataclass(frozen=True, eq=False)
class Occurrences:
    """Occurrences of words in a text, in its order.

    Attributes
    ----------
    text : in which they occur
    sentence, position : int64, shape (n,), number of the sentence, and of the word in the sentence
    notes : messages for the user about the choice
    """

    text: Sentences
    sentence: np.ndarray
    position: np.ndarray
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.sentence)

    @property
    def words(self) -> list[str]:
        """The word of each occurrence."""
        return [self.text.sentences[number][position]
                for number, position in zip(self.sentence, self.position, strict=True)]  # fmt: skip

    @property
    def senses(self) -> list[str | None]:
        """The sense of each occurrence; None if unknown."""
        places = zip(self.sentence.tolist(), self.position.tolist(), strict=True)
        return [self.text.senses.get(place) for place in places]


def choose_occurrences(
    text: Sentences, words: Sequence[str] = (), limit: int = 2_000, seed: int = 0
) -> Occurrences:
    """Choose the occurrences of words to write, at random if there are more than the limit.

    Parameters
    ----------
    words : whose occurrences; default: the words whose sense is known, else the most frequent
        content words
    limit : maximum number of occurrences

    Raises
    ------
    EmbeddingError
        a word does not occur in the text
    """
    if not words and text.senses:
        places = sorted(text.senses)
        what = "words whose sense is known"
    else:
        wanted = set(words or content_words(text.sentences, DEFAULT_WORDS))
        places = [
            (number, position)
            for number, sentence in enumerate(text.sentences)
            for position, word in enumerate(sentence)
            if word in wanted
        ]
        what = "the given words" if words else f"the {len(wanted)} most frequent content words"
        found = {text.sentences[number][position] for number, position in places}
        missing = [word for word in words if word not in found]
        if missing:
            raise EmbeddingError(
                f"--words: {missing[0]!r} does not occur in {text.name}; give words as they "
                "are written in the text, separated by commas"
            )
    if not places:
        raise EmbeddingError(
            f"{text.name}: no content words in it whose occurrences could be written; "
            "give words with --words"
        )
    note = f"{len(places):,} occurrences of {what}"
    if len(places) > limit:
        drawn = numpy_generator(seed, "occurrences").choice(len(places), limit, replace=False)
        places = [places[number] for number in np.sort(drawn)]
        note = f"{limit:,} of {note}, chosen at random, are written (--occurrences)"
    sentence, position = np.array(places, dtype=np.int64).T
    return Occurrences(text, sentence, position, (note,))


def occurrence_set(
    occurrences: Occurrences, layers: Mapping[str, np.ndarray], **provenance: Any
) -> EmbeddingSet:
    """Return the occurrences at all layers, in the long form described above.

    Parameters
    ----------
    layers : name of a layer -> float32, shape (n, d); row i is occurrence i
    provenance : fields of Provenance
    """
    count, times = len(occurrences), len(layers)
    words = occurrences.words
    sentences = [" ".join(occurrences.text.sentences[number]) for number in occurrences.sentence]
    columns: dict[str, Any] = {
        "word": pa.array(words * times).dictionary_encode(),
        "sentence": pa.array(sentences * times),
        "position": np.tile(occurrences.position, times),
        "layer": pa.array(np.repeat(list(layers), count).tolist()).dictionary_encode(),
        "occurrence": np.tile(np.arange(count), times),
    }
    senses = occurrences.senses
    if any(sense is not None for sense in senses):
        columns["sense"] = pa.array(senses * times).dictionary_encode()
    given = {"metric": "cosine", "role": "occurrence", **provenance}
    return EmbeddingSet.of(np.concatenate(list(layers.values())), words * times, columns, **given)
