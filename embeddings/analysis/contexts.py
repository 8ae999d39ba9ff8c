"""Words in context: a set with a row for each occurrence of a word in each layer of a model.

Such a set has the columns `word`, `sentence`, `position` (the index of the word in the sentence,
split at spaces, from 0) and `layer`, and every layer has the same occurrences in the same order.
The app shows one layer at a time: vectors of different layers are not comparable. The layouts of
all layers are aligned with the last layer, so that an occurrence moves from layer to layer only if
its meaning does.
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
"""The column of a layer's set that holds the word with the words around it, as text."""

SENSE = "sense"
OCCURRENCE = "occurrence"

_AROUND = 10  # words before and after


@dataclass(frozen=True)
class Excerpt:
    """A word with the words around it; without a word, the whole text is in `before`.

    The parts join to the text: spaces and "…" belong to `before` and `after`.
    """

    before: str
    word: str = ""
    after: str = ""

    @property
    def text(self) -> str:
        """The whole excerpt."""
        return self.before + self.word + self.after


@dataclass(frozen=True, eq=False)
class Layers:
    """The layers of a set of words in context.

    Attributes
    ----------
    whole : the set
    rows : the rows of each layer by its name: int64, shape (n,); occurrence i is rows[layer][i]
    """

    whole: EmbeddingSet
    rows: dict[str, np.ndarray]

    def of(self, layer: str) -> EmbeddingSet:
        """Return the set of one layer.

        Its columns are `sense` (if known), `word` and `context`, followed by the others of the file
        except `layer`.
        """
        rows = self.rows[layer]
        dropped = {"layer", OCCURRENCE, CONTEXT}.intersection(self.whole.metadata.column_names)
        table = self.whole.metadata.take(rows).drop_columns(list(dropped))
        texts = [each.text for each in _excerpts(table)]
        table = table.append_column(CONTEXT, pa.array(texts, pa.string()))
        first = [name for name in (SENSE, "word", CONTEXT) if name in table.column_names]
        others = [name for name in table.column_names if name not in first]
        labels = tuple(self.whole.labels[row] for row in rows)
        return EmbeddingSet(
            self.whole.vectors[rows], labels, table.select([*first, *others]), self.whole.provenance
        )

    @cached_property
    def reference(self) -> np.ndarray:
        """The PCA of the last layer, with which layouts are aligned: float32, shape (n, 3)."""
        return pca(points(self.of(list(self.rows)[-1])), 3)[0]

    def align(self, coordinates: np.ndarray) -> np.ndarray:
        """Rotate, and if necessary mirror, the layout of a layer to align it with the reference.

        This solves the orthogonal Procrustes problem (Schönemann 1966); distances do not change.

        Parameters
        ----------
        coordinates : float32, shape (n, dims), dims at most 3

        Returns
        -------
        float32, shape (n, dims), centered
        """
        centered = coordinates - coordinates.mean(axis=0)
        target = self.reference[:, : coordinates.shape[1]]
        target = target - target.mean(axis=0)
        left, _, right = np.linalg.svd(centered.T.astype(np.float64) @ target)
        return (centered @ (left @ right)).astype(np.float32)


def is_layer(embedding_set: EmbeddingSet) -> bool:
    """Return True if a set is a layer that `Layers.of` has made."""
    table = embedding_set.metadata
    if {*COLUMNS, CONTEXT} - set(table.column_names) != {"layer"}:
        return False
    sentence, position = table["sentence"], table["position"]
    return pa.types.is_integer(position.type) and not sentence.null_count + position.null_count


def context_of(layer: EmbeddingSet, row: int, around: int = _AROUND) -> Excerpt:
    """Return the excerpt of one occurrence, with up to `around` words on either side."""
    sentence, position = (layer.metadata.column(name)[int(row)] for name in COLUMNS[1:3])
    return excerpt(str(sentence.as_py()), position.as_py(), around)


def contexts_of(layer: EmbeddingSet) -> list[Excerpt]:
    """Return the excerpt of each occurrence, in row order."""
    return _excerpts(layer.metadata)


def _excerpts(table: pa.Table) -> list[Excerpt]:
    sentences = as_text(table["sentence"]).to_pylist()
    return [excerpt(*each) for each in zip(sentences, table["position"].to_pylist(), strict=True)]


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
    occurrences = list(
        zip(*(table[name].to_pylist() for name in ("word", "sentence", "position")), strict=True)
    )
    first, *others = ([occurrences[row] for row in each] for each in rows.values())
    has_missing = None in (cell for occurrence in first for cell in occurrence)
    if has_missing or any(each != first for each in others):
        return None
    return Layers(embedding_set, {name: np.array(each) for name, each in rows.items()})


def last_layer(embedding_set: EmbeddingSet) -> EmbeddingSet:
    """Return the last layer of a set of words in context, and any other set as it is."""
    layers = layers_of(embedding_set)
    return embedding_set if layers is None else layers.of(list(layers.rows)[-1])


def excerpt(sentence: str, position: int, around: int = _AROUND) -> Excerpt:
    """Return the word at a position with up to `around` words on either side.

    "…" stands for the words cut off. A sentence that does not have the position is returned whole,
    without a word.
    """
    words = sentence.split(" ")
    if not 0 <= position < len(words):
        return Excerpt(sentence)
    start, stop = max(0, position - around), position + around + 1
    before = [*["…"] * (start > 0), *words[start:position], ""]
    after = ["", *words[position + 1 : stop], *["…"] * (stop < len(words))]
    return Excerpt(" ".join(before), words[position], " ".join(after))
