"""One pass of a contextual model over a text, and the embedding files of its vectors.

The pass collects the vectors of chosen occurrences at every layer and, at the last layer, the mean
vector of each known word over all its occurrences and of each sentence over its words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from embeddings.embedding_set import EmbeddingSet
from embeddings.files import save
from trainers.core.result import part_path
from trainers.data.contexts.occurrences import Occurrences, occurrence_set
from trainers.data.contexts.sentences import Sentence, Vocabulary, by_length

Encode = Callable[[Sequence[Sentence]], Mapping[str, np.ndarray]]
"""Sentences -> name of a layer -> float32, shape (words, d), all words in order."""

_BLOCK_WORDS = 8_192


@dataclass(frozen=True, eq=False)
class ContextVectors:
    """The vectors that a pass over a text collects.

    Attributes
    ----------
    occurrences : the chosen ones
    layers : name of a layer -> float32, shape (occurrences, d)
    top : name of the last layer, at which the means are taken
    words : words of the vocabulary that occur in the text
    counts : int64, shape (words,), occurrences of each word
    word_means : float32, shape (words, d)
    sentence_means : float32, shape (sentences, d)
    """

    occurrences: Occurrences
    layers: Mapping[str, np.ndarray]
    top: str
    words: tuple[str, ...]
    counts: np.ndarray
    word_means: np.ndarray
    sentence_means: np.ndarray

    def note(self) -> str:
        """Describe the means."""
        return (f"means of layer {self.top}: of {len(self.words):,} words over all their "
                f"occurrences, and of {len(self.sentence_means):,} sentences")  # fmt: skip


def collect(encode: Encode, occurrences: Occurrences, vocabulary: Vocabulary) -> ContextVectors:
    """Run a model over the text of the occurrences, in blocks of sentences of similar length.

    Special words of the vocabulary, including the unknown word, get no mean.
    """
    sentences = occurrences.text.sentences
    lengths = np.array([len(sentence) for sentence in sentences])
    chosen: dict[str, np.ndarray] = {}
    sums = counts = sentence_means = np.empty(0)
    for rows in by_length(lengths, _BLOCK_WORDS):
        layers = encode([sentences[row] for row in rows])
        top = list(layers)[-1]
        vectors = layers[top]  # (words, d)
        if not chosen:
            dim = vectors.shape[1]
            chosen = {name: np.empty((len(occurrences), dim), np.float32) for name in layers}
            sums, counts = np.zeros((len(vocabulary), dim)), np.zeros(len(vocabulary), np.int64)
            sentence_means = np.empty((len(sentences), dim), np.float32)
        starts = np.concatenate([[0], lengths[rows].cumsum()])  # (sentences + 1,)
        sentence_means[rows] = np.add.reduceat(vectors, starts[:-1]) / lengths[rows, None]
        numbers = vocabulary.numbers(word for row in rows for word in sentences[row])
        np.add.at(sums, numbers, vectors)
        counts += np.bincount(numbers, minlength=len(vocabulary))
        start_of = np.full(len(sentences), -1)
        start_of[rows] = starts[:-1]
        here = np.flatnonzero(start_of[occurrences.sentence] >= 0)
        place = start_of[occurrences.sentence[here]] + occurrences.position[here]
        for name, layer in layers.items():
            chosen[name][here] = layer[place]
    known = np.flatnonzero(counts)
    known = known[known >= vocabulary.specials]
    return ContextVectors(
        occurrences=occurrences,
        layers=chosen,
        top=top,
        words=tuple(vocabulary.words[number] for number in known),
        counts=counts[known],
        word_means=(sums[known] / counts[known, None]).astype(np.float32),
        sentence_means=sentence_means,
    )


def context_sets(found: ContextVectors, **provenance: Any) -> dict[str, EmbeddingSet]:
    """Return the sets of occurrences (""), "words" and "sentences".

    provenance : fields of Provenance; the kind of the rows is appended to the name
    """
    name = provenance.pop("name")
    text = found.occurrences.text
    return {
        "": occurrence_set(found.occurrences, found.layers, name=name, **provenance),
        "words": EmbeddingSet.of(
            found.word_means,
            found.words,
            {"count": pa.array(found.counts, pa.int64())},
            name=f"{name}: words",
            role="word",
            metric="cosine",
            **provenance,
        ),
        "sentences": EmbeddingSet.of(
            found.sentence_means,
            [" ".join(sentence) for sentence in text.sentences],
            {
                "words": pa.array([len(sentence) for sentence in text.sentences], pa.int64()),
                **text.columns,
            },
            name=f"{name}: sentences",
            role="sentence",
            metric="cosine",
            **provenance,
        ),
    }


def save_beside(sets: Mapping[str, EmbeddingSet], out: Path) -> list[Path]:
    """Write words and sentences next to the file of the occurrences; return the paths.

    The files are NAME.words.embedding.parquet and NAME.sentences.embedding.parquet; the occurrences
    are written by result.write_result.
    """
    written = []
    for kind in ("words", "sentences"):
        path = part_path(out, kind)
        save(sets[kind], path)
        written.append(path)
    return written
