"""Words in context: a set with a row for each occurrence of a word in each layer of a model.

Such a set has the columns `word`, `sentence`, `position` (of the word among those of the sentence,
split at blanks, from 0) and `layer`, and every layer has the same occurrences in the same order.
One layer is seen at a time: vectors of two layers are not compared. The layouts of the layers are
turned to lie as the last one does: an occurrence lies where it lay, unless its meaning has moved.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from embeddings.columns import as_text
from embeddings.embedding_set import EmbeddingSet
from embeddings.layouts.pca import pca
from embeddings.layouts.space import points

COLUMNS = ("word", "sentence", "position", "layer")
CONTEXT = "context"
"""The column of one layer's set that has the words around, the word itself between the marks."""

MARKS = ("⟦", "⟧")
SENSE = "sense"
OCCURRENCE = "occurrence"

_AROUND = 10  # words before and after


@dataclass(frozen=True, eq=False)
class Layers:
    """A set of words in context, layer by layer.

    Attributes
    ----------
    whole : the set
    rows : rows of each layer, by its name: int64, shape (n,); occurrence i is rows[layer][i]
    """

    whole: EmbeddingSet
    rows: dict[str, np.ndarray]

    def of(self, layer: str) -> EmbeddingSet:
        """Return one layer's set; its columns begin with `sense`, where known, and `context`.

        The sentence, the position and what else the file has follow.
        """
        rows = self.rows[layer]
        dropped = {"layer", OCCURRENCE, CONTEXT}.intersection(self.whole.metadata.column_names)
        table = self.whole.metadata.take(rows).drop_columns(list(dropped))
        sentences = as_text(table["sentence"]).to_pylist()
        positions = table["position"].to_pylist()
        texts = [marked(*one) for one in zip(sentences, positions, strict=True)]
        table = table.append_column(CONTEXT, pa.array(texts, pa.string()))
        first = [name for name in (SENSE, "word", CONTEXT) if name in table.column_names]
        others = [name for name in table.column_names if name not in first]
        labels = tuple(self.whole.labels[row] for row in rows)
        return EmbeddingSet(
            self.whole.vectors[rows], labels, table.select([*first, *others]), self.whole.provenance
        )

    @cached_property
    def reference(self) -> np.ndarray:
        """Where each occurrence lies in the PCA of the last layer: float32, shape (n, 3)."""
        return pca(points(self.of(list(self.rows)[-1])), 3)[0]

    def turn(self, coordinates: np.ndarray) -> np.ndarray:
        """Turn, and where need be mirror, a layer's layout to lie as the reference does.

        The orthogonal Procrustes problem (Schönemann 1966): distances stay as they are.

        Parameters
        ----------
        coordinates : float32, shape (n, dims), dims at most 3
        """
        centered = coordinates - coordinates.mean(axis=0)
        to = self.reference[:, : coordinates.shape[1]]
        left, _, right = np.linalg.svd(centered.T.astype(np.float64) @ (to - to.mean(axis=0)))
        return (centered @ (left @ right)).astype(np.float32)


def is_layer(embedding_set: EmbeddingSet) -> bool:
    """Return whether a set is one layer, as `Layers.of` makes it."""
    columns = set(embedding_set.metadata.column_names)
    return {*COLUMNS, CONTEXT} - columns == {"layer"}


def context_of(layer: EmbeddingSet, row: int, around: int = _AROUND) -> str:
    """Return an occurrence's word, between MARKS, among those around it."""
    sentence, position = (layer.metadata.column(name)[int(row)] for name in COLUMNS[1:3])
    return marked(str(sentence.as_py()), position.as_py(), around)


def layers_of(embedding_set: EmbeddingSet) -> Layers | None:
    """Return the layers of a set of words in context; None for any other set."""
    table = embedding_set.metadata
    if not set(COLUMNS) <= set(table.column_names):
        return None
    if not pa.types.is_integer(table.schema.field("position").type):
        return None
    names = as_text(table["layer"]).to_pylist()
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        rows.setdefault("" if name is None else name, []).append(row)
    places = list(
        zip(*(table[name].to_pylist() for name in ("word", "sentence", "position")), strict=True)
    )
    first, *others = ([places[row] for row in each] for each in rows.values())
    if None in (cell for place in first for cell in place) or any(each != first for each in others):
        return None
    return Layers(embedding_set, {name: np.array(each) for name, each in rows.items()})


def marked(sentence: str, position: int, around: int = _AROUND) -> str:
    """Return the words around a position, that word between MARKS, "…" where words are left out.

    A position that the sentence does not have leaves it as it is.
    """
    words = sentence.split(" ")
    if not 0 <= position < len(words):
        return sentence
    start, stop = max(0, position - around), position + around + 1
    words[position] = words[position].join(MARKS)
    return " ".join(["…"] * (start > 0) + words[start:stop] + ["…"] * (stop < len(words)))
