"""The Explore screen: open a file, see its map, click a point, read its neighbors."""

import streamlit as st

from pages.common import navigation_guard, services, sources, url_state
from pages.explore import color_controls, layers, layout_controls, map_panel, opening


def main() -> None:
    """Draw the controls on the left, the map and the inspector beside them."""
    url_state.recall()
    services.pool()  # its workers warm up while the person looks at the first picture
    with st.sidebar:
        source, found = opening.choose()
        seen = layers.choose(source, found.embedding_set)
        spec = layout_controls.choose(seen.embedding_set, sources.ready_method(source))
        colors = color_controls.choose(seen.key, seen.embedding_set)
        hover = color_controls.choose_hover(seen.key, seen.embedding_set)
    url_state.note(method=spec.method, dims=spec.dims, color=colors.by, layer=seen.layer)
    map_panel.show(map_panel.Scene(seen, spec, colors, hover))


navigation_guard.require()
main()
