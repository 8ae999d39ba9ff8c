"""Occurrences of words in context: which are written, and the embedding file that they make.

The file is in long form: a row is an occurrence at a layer, so that one map shows how the senses of
a word part from layer to layer.

| column | |
|---|---|
| `label`, `word` | the word |
| `sentence` | the words of its sentence, joined by blanks |
| `position` | of the word among them, from 0 |
| `layer` | "0", the vector that knows no context, "1", "2", ...; "mix" of the layers |
| `sense` | where one is known |
| `occurrence` | the same number at every layer, from 0 |

Rows are in order of layer, then occurrence: row `layer * n + occurrence`. Occurrences are in the
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
from trainers.data.contexts.planted_senses import content_words
from trainers.data.contexts.sentences import Sentences

MOST_WORDS = 40
"""Words whose occurrences are written where nobody names any and no sense is known."""


@dataclass(frozen=True, eq=False)
class Occurrences:
    """Occurrences of words in a text, in its order.

    Attributes
    ----------
    text : what they occur in
    sentence, position : int64, shape (n,); the number of the sentence, and of the word in it
    notes : which were chosen, of how many
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
        """The sense of each occurrence; None where none is known."""
        places = zip(self.sentence.tolist(), self.position.tolist(), strict=True)
        return [self.text.senses.get(place) for place in places]


def choose_occurrences(
    text: Sentences, words: Sequence[str] = (), most: int = 2_000, seed: int = 0
) -> Occurrences:
    """Choose what is written: at most so many occurrences, drawn at random where there are more.

    Parameters
    ----------
    words : whose occurrences; none: those whose sense is known, else the most frequent content
        words

    Raises
    ------
    EmbeddingError
        a word does not occur in the text
    """
    if not words and text.senses:
        places = sorted(text.senses)
        of = "words whose sense is known"
    else:
        wanted = set(words or content_words(text.sentences, MOST_WORDS))
        places = [
            (number, position)
            for number, sentence in enumerate(text.sentences)
            for position, word in enumerate(sentence)
            if word in wanted
        ]
        of = "the words asked for" if words else f"the {len(wanted)} most frequent content words"
        found = {text.sentences[number][position] for number, position in places}
        missing = [word for word in words if word not in found]
        if missing:
            raise EmbeddingError(
                f"--words: {missing[0]!r} does not occur in {text.name}; give words as they are "
                "written there, set apart by commas"
            )
    if not places:
        raise EmbeddingError(
            f"{text.name}: no content word in it whose occurrences could be written; "
            "name words by --words"
        )
    note = f"{len(places):,} occurrences of {of}"
    if len(places) > most:
        drawn = numpy_generator(seed, "occurrences").choice(len(places), most, replace=False)
        places = [places[number] for number in np.sort(drawn)]
        note = f"{most:,} of {note}, drawn at random, are written; more by --occurrences"
    sentence, position = np.array(places, dtype=np.int64).T
    return Occurrences(text, sentence, position, (note,))


def occurrence_set(
    occurrences: Occurrences, layers: Mapping[str, np.ndarray], **provenance: Any
) -> EmbeddingSet:
    """Return the occurrences at all layers, in the long form of this module's head.

    Parameters
    ----------
    layers : name of layer -> float32, shape (n, d); row i is occurrence i
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
