"""The map, its export, the search box, lists, charts, the address bar: Streamlit v2 components.

Each has a folder with its Python and its JavaScript; shared/ is JavaScript that several need.
"""

from components.address.component import address_bar
from components.assets import Blobs
from components.events import (
    BackgroundClick,
    Clear,
    Click,
    Event,
    EventError,
    Hidden,
    Navigated,
    Query,
    Search,
    Selection,
    SelectionMode,
    Toggle,
    ToggleSimilarity,
    decode,
)
from components.figure.component import figure_panel
from components.line_charts.component import Chart, Line, line_charts
from components.map.component import Focus, GroupName, Mask, SimilarityColors, embedding_map
from components.map.encode import (
    Colors,
    Points,
    category_colors,
    date_colors,
    mask_address,
    number_colors,
    one_color,
    points_of,
    text_address,
)
from components.neighbor_list.component import ListItem, neighbor_list
from components.search.component import search_box

__all__ = [
    "BackgroundClick",
    "Blobs",
    "Chart",
    "Clear",
    "Click",
    "Colors",
    "Event",
    "EventError",
    "Focus",
    "GroupName",
    "Hidden",
    "Line",
    "ListItem",
    "Mask",
    "Navigated",
    "Points",
    "Query",
    "Search",
    "Selection",
    "SelectionMode",
    "SimilarityColors",
    "Toggle",
    "ToggleSimilarity",
    "address_bar",
    "category_colors",
    "date_colors",
    "decode",
    "embedding_map",
    "figure_panel",
    "line_charts",
    "mask_address",
    "neighbor_list",
    "number_colors",
    "one_color",
    "points_of",
    "search_box",
    "text_address",
]
