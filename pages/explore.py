"""The Explore screen: open a file, see its map, click a point, read its neighbors."""

import streamlit as st

from pages.common import navigation_guard, services, sources
from pages.explore import (
    command_choices,
    dataset_summary,
    layers,
    layout_controls,
    map_panel,
    navigation,
    opening,
    reproduction,
)
from pages.explore.address import bar as address_bar
from pages.explore.colors import color_controls, point_controls
from pages.explore.subsets import groups, part
from pages.explore.view import ViewRequest, search_controls


def main() -> None:
    """Draw the controls on the left, the map and the inspector beside them."""
    address_bar.follow_history()
    services.reader()  # its workers warm up while the first set is looked at,
    services.pool()  # and so do these
    with st.sidebar:
        address_bar.draw()
        source, found, titles = opening.choose()
        summary = st.container()
        whole = layers.choose(found.version, found.embedding_set)
        active = groups.attach(part.descend(whole))
        spec = layout_controls.choose(active.embedding_set, sources.ready_method(source))
        reproduction.draw(active, spec)
        coloring = color_controls.choose(active.key, active.embedding_set)
        style = point_controls.choose(active.key, active.embedding_set)
        hover = color_controls.choose_hover(active.key, active.embedding_set)
        color_controls.choose_thumbnails(active.key, active.embedding_set)
        search_controls(active.embedding_set)  # drawn in the panels; the palette has them, too
        command_choices.draw(titles)
    map_panel.show(ViewRequest(active, spec, coloring, style, hover))
    with summary:  # drawn after the map, which a person waits for
        dataset_summary.show(navigation.open_set(), found)


navigation_guard.ensure_started_from_app()
main()
