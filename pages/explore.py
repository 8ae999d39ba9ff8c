"""The Explore screen: open a file, see its map, click a point, read its neighbors."""

import streamlit as st

from pages.parts import (
    address,
    coloring,
    frame,
    layers,
    laying_out,
    opening,
    server,
    sources,
    stage,
)


def main() -> None:
    """Draw the controls on the left, the map and the inspector beside them."""
    address.recall()
    server.pool()  # its workers warm up while the person looks at the first picture
    with st.sidebar:
        source, found = opening.choose()
        seen = layers.choose(source, found.embedding_set)
        wanted = laying_out.choose(seen.embedding_set, sources.ready_method(source))
        colors = coloring.choose(seen.key, seen.embedding_set)
        hover = coloring.choose_hover(seen.key, seen.embedding_set)
    address.note(method=wanted.method, dims=wanted.dims, color=colors.by, layer=seen.layer)
    stage.show(stage.Scene(seen, wanted, colors, hover))


frame.require()
main()
