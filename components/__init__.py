"""The scatter, its search box and lists, and curves: Streamlit v2 components around plotly.js."""

from components.assets import Blobs
from components.component import (
    Chart,
    Focus,
    Line,
    ListItem,
    Mask,
    embedding_map,
    line_charts,
    neighbor_list,
    search_box,
)
from components.encode import (
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

__all__ = [
    "Blobs",
    "Chart",
    "Colors",
    "Focus",
    "Line",
    "ListItem",
    "Mask",
    "Points",
    "category_colors",
    "date_colors",
    "embedding_map",
    "line_charts",
    "mask_address",
    "neighbor_list",
    "number_colors",
    "one_color",
    "points_of",
    "search_box",
    "text_address",
]
