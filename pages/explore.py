"""The Explore screen: open a file, see its map, click a point, read its neighbors."""

import streamlit as st

from pages.parts import address, coloring, frame, laying_out, opening, server, sources, stage


def main() -> None:
    """Draw the controls on the left, the map and the inspector beside them."""
    address.recall()
    server.pool()  # its workers warm up while the person looks at the first picture
    with st.sidebar:
        source, found = opening.choose()
        embedding_set = found.embedding_set
        wanted = laying_out.choose(embedding_set, sources.ready_method(source))
        colors = coloring.choose(source, embedding_set)
        hover = coloring.choose_hover(source, embedding_set)
    address.note(method=wanted.method, dims=wanted.dims, color=colors.by)
    stage.show(stage.Scene(source, embedding_set, wanted, colors, hover))


frame.require()
main()
