"""The set on display, and the slider over the layers of a set of words in context."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from embeddings import EmbeddingSet
from embeddings.analysis.contexts import Layers, layers_of
from pages.explore import navigation


@dataclass(frozen=True, eq=False)
class ActiveSet:
    """The set on display: the open one, or a layer of it.

    Attributes
    ----------
    key : identifies it among all sets that are cached, and from what its file held before
    layers, layer : of a set of words in context; None for others
    """

    key: str
    embedding_set: EmbeddingSet
    layers: Layers | None = None
    layer: str | None = None

    def align(self, coordinates: np.ndarray) -> np.ndarray:
        """Return a layout, float32 (n, dims), rotated to match those of the other layers."""
        return coordinates if self.layers is None else self.layers.align(coordinates)


def choose(key: str, embedding_set: EmbeddingSet) -> ActiveSet:
    """Draw the slider if the set has layers; it starts at the last, the most contextual one.

    Parameters
    ----------
    key : identifies the set among all that are cached
    """
    layers = _layers_of(key, embedding_set)
    if layers is None:
        return ActiveSet(key, embedding_set)
    names = list(layers.rows)
    widget = navigation.open_set().widget("layer")
    if st.session_state.get(widget) not in names:
        st.session_state[widget] = names[-1]
    layer = names[0]
    if len(names) > 1:
        layer = st.select_slider("Layer", names, key=widget, persist_state="session")
    return ActiveSet(f"{key} layer {layer}", _layer(key, layer, layers), layers, layer)


@st.cache_resource(max_entries=8, show_spinner=False)
def _layers_of(key: str, _embedding_set: EmbeddingSet) -> Layers | None:
    return layers_of(_embedding_set)


@st.cache_resource(max_entries=32, show_spinner=False)
def _layer(key: str, layer: str, _layers: Layers) -> EmbeddingSet:
    return _layers.of(layer)
