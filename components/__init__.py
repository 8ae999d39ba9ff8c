"""The map, its export, search, lists, a table, charts, the address bar: Streamlit v2 components.

Each has a folder with its JavaScript, and its Python unless that is a few lines (`elements.py`);
shared/ is JavaScript that several need.
"""

from components.assets import Blobs
from components.elements import (
    Chart,
    Choice,
    Line,
    address_bar,
    command_palette,
    figure_panel,
    line_charts,
    search_box,
)
from components.events import (
    BackgroundClick,
    Clear,
    Click,
    Event,
    EventError,
    Hidden,
    Navigated,
    NewPointClick,
    Query,
    Search,
    Selection,
    SelectionMode,
    Sort,
    Toggle,
    ToggleSimilarity,
    decode,
)
from components.map.component import (
    Focus,
    GroupName,
    Mask,
    PlacedPoints,
    SimilarityColors,
    embedding_map,
)
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
from components.table.component import TableColumn, TableRow, data_table

__all__ = [
    "BackgroundClick",
    "Blobs",
    "Chart",
    "Choice",
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
    "NewPointClick",
    "PlacedPoints",
    "Points",
    "Query",
    "Search",
    "Selection",
    "SelectionMode",
    "SimilarityColors",
    "Sort",
    "TableColumn",
    "TableRow",
    "Toggle",
    "ToggleSimilarity",
    "address_bar",
    "category_colors",
    "command_palette",
    "data_table",
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
