"""The set on display, and the slider over the layers of a set of words in context."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from embeddings import EmbeddingSet
from embeddings.analysis.contexts import Layers, layers_of
from embeddings.layouts import Layout
from pages.common import services
from pages.common.choices import key_for
from pages.explore import navigation
from server.open_sets import private_bytes


@dataclass(frozen=True, eq=False)
class ActiveSet:
    """The set on display: the open one, or a layer of it.

    Attributes
    ----------
    key : identifies it among all sets that are cached, and from what its file held before
    layers, layer : of a set of words in context; None for others
    whole : the set that this one is a part of; None for itself
    rows : int64, shape (n,); the rows of the whole that this set has; None for all
    ungrouped : this set without the column of groups, for what takes long and does not need it;
        None if it has no groups
    """

    key: str
    embedding_set: EmbeddingSet
    layers: Layers | None = None
    layer: str | None = None
    whole: "ActiveSet | None" = None
    rows: np.ndarray | None = None
    ungrouped: "ActiveSet | None" = None

    @property
    def annotated(self) -> EmbeddingSet:
        """The set whose annotations are shown: the whole one."""
        return (self.whole or self).embedding_set

    def in_whole(self, selected: np.ndarray) -> np.ndarray:
        """Return which rows of the whole set are selected here: bool, one for each of its rows."""
        if self.rows is None:
            return selected
        found = np.zeros(len(self.annotated), dtype=bool)
        found[self.rows[selected]] = True
        return found

    def align(self, coordinates: np.ndarray) -> np.ndarray:
        """Return a layout, float32 (n, dims), rotated to match those of the other layers."""
        return coordinates if self.layers is None else self.layers.align(coordinates)

    def shown(self, layout: Layout) -> np.ndarray:
        """Return the coordinates of a layout as the map shows them: float32, shape (n, dims)."""
        is_fixed = layout.method == "axes"  # turned, it would have other axes
        return layout.coordinates if is_fixed else self.align(layout.coordinates)


def choose(key: str, embedding_set: EmbeddingSet) -> ActiveSet:
    """Draw the slider if the set has layers; it starts at the last, the most contextual one.

    Parameters
    ----------
    key : identifies the set among all that are cached
    """
    layers = services.hold(
        f"{key} layers", lambda: layers_of(embedding_set), _own_bytes, part_of=key
    )
    if layers is None:
        return ActiveSet(key, embedding_set)
    names = list(layers.rows)
    layer = navigation.control("layer", names[-1], names)
    if len(names) > 1:
        st.select_slider("Layer", names, layer, key=key_for("layer", layer))
    name = f"{key} layer {layer}"
    shown = services.hold(name, lambda: layers.of(layer), private_bytes, part_of=key)
    return ActiveSet(name, shown, layers, layer)


def _own_bytes(layers: Layers | None) -> int:
    """Return the memory of layers without the set: the row numbers and the reference of `align`."""
    if layers is None:
        return 0
    return sum(rows.nbytes + 12 * len(rows) for rows in layers.rows.values())
