"""Words in context: the slider over the layers, and the set of the layer that is seen."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from embeddings import EmbeddingSet
from embeddings.analysis.contexts import Layers, layers_of


@dataclass(frozen=True, eq=False)
class Seen:
    """The set that the screen shows: a layer of the open one, or the open one itself.

    Attributes
    ----------
    key : names it among all sets, and tells it from what the same file held before
    layers, layer : of a set of words in context
    """

    key: str
    embedding_set: EmbeddingSet
    layers: Layers | None = None
    layer: str | None = None

    def turned(self, coordinates: np.ndarray) -> np.ndarray:
        """Return a layout, float32 (n, dims), as it lies beside those of the other layers."""
        return coordinates if self.layers is None else self.layers.turn(coordinates)


def choose(source: str, embedding_set: EmbeddingSet) -> Seen:
    """Draw the slider where the set has layers; the last layer, the most in context, is first."""
    key = f"{source} {embedding_set.fingerprint}"  # a file of this machine may change
    layers = _layers_of(key, embedding_set)
    if layers is None:
        return Seen(key, embedding_set)
    names = list(layers.rows)
    if st.session_state.get("layer") not in names:
        st.session_state.layer = names[-1]
    layer = names[0]
    if len(names) > 1:
        layer = st.select_slider("Layer", names, key="layer", persist_state="session")
    return Seen(f"{key} layer {layer}", _layer(key, layer, layers), layers, layer)


@st.cache_resource(max_entries=8, show_spinner=False)
def _layers_of(key: str, _embedding_set: EmbeddingSet) -> Layers | None:
    return layers_of(_embedding_set)


@st.cache_resource(max_entries=32, show_spinner=False)
def _layer(key: str, layer: str, _layers: Layers) -> EmbeddingSet:
    return _layers.of(layer)
