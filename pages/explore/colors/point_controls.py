"""The controls of the points: their size, one or by a column, and their opacity."""

from dataclasses import dataclass

import streamlit as st

from components import PointStyle, Sizes, size_levels
from embeddings import EmbeddingSet
from embeddings.arrow_types import is_number
from embeddings.columns import column_of, numbers
from pages.common import services
from pages.common.choices import key_for
from pages.explore import navigation
from pages.explore.address.parameters import OPACITIES, POINT_SIZES
from pages.explore.colors.color_controls import column_kinds

STEP = 0.1
ONE_SIZE = "(one size)"


@dataclass(frozen=True)
class PointSettings:
    """What was chosen for the points.

    Attributes
    ----------
    size, opacity : see components.PointStyle
    by : name of the column that sizes depend on, or ONE_SIZE
    """

    size: float = 1.0
    opacity: float = 1.0
    by: str = ONE_SIZE


def choose(source: str, embedding_set: EmbeddingSet) -> PointSettings:
    """Draw the controls, folded away; a factor of 1 is what fits the number of points."""
    with st.expander("Points"):
        size = navigation.control("point_size", 1.0)
        st.slider("Size", *POINT_SIZES, size, STEP, "%.1f×", key=key_for("point_size", size))
        opacity = navigation.control("opacity", 1.0)
        st.slider(
            "Opacity",
            *OPACITIES,
            opacity,
            STEP,
            "%.1f",
            key=key_for("opacity", opacity),
            help="1 fits the number of points; 2 is opaque.",
        )
        columns = [
            name
            for name in column_kinds(source, embedding_set)
            if is_number(column_of(embedding_set, name).type)
        ]
        options = [ONE_SIZE, *columns]
        by = navigation.control("size_by", ONE_SIZE, options)
        if columns:
            st.selectbox(
                "Size by",
                options,
                options.index(by),
                key=key_for("size_by", by),
                help="The area grows with the number, from the 2nd to the 98th percentile; "
                "points without a number are the smallest.",
            )
    return PointSettings(size, opacity, by)


def point_style(source: str, embedding_set: EmbeddingSet, settings: PointSettings) -> PointStyle:
    """Return the style of the points, with the address of their sizes."""
    by = None if settings.by == ONE_SIZE else _sizes(source, settings.by, embedding_set)
    return PointStyle(settings.size, settings.opacity, by)


@st.cache_resource(
    max_entries=16, show_spinner=False, validate=lambda sizes: services.blobs().has(sizes.url)
)
def _sizes(source: str, column: str, _embedding_set: EmbeddingSet) -> Sizes:
    return size_levels(numbers(column_of(_embedding_set, column)), column, services.blobs())
