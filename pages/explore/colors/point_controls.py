"""The controls of the points: their size, one or by a column, opacity, labels and density."""

from dataclasses import dataclass
from typing import get_args

import streamlit as st

from components import DensityMode, PointLabels, PointStyle, Sizes, size_levels
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
    labels, density : see components.embedding_map
    """

    size: float = 1.0
    opacity: float = 1.0
    by: str = ONE_SIZE
    labels: PointLabels = "none"
    density: DensityMode = "none"

    def density_note(self, dims: int) -> str:
        """Return what a figure in so many dimensions says of the density; "" for nothing."""
        if self.density == "none" or dims != 2:
            return ""
        what = "areas" if self.density == "shading" else "contours"
        return f"{what} around 95 to 20% of the points"


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
        labels, density = _choose_labels(), _choose_density()
    return PointSettings(size, opacity, by, labels, density)


def _choose_labels() -> PointLabels:
    options: tuple[PointLabels, ...] = get_args(PointLabels)
    labels: PointLabels = navigation.control("labels", options[0], options)
    st.selectbox(
        "Labels",
        options,
        options.index(labels),
        format_func=str.capitalize,
        key=key_for("labels", labels),
        help="Of the points in the middle of the densest places, finer ones as you zoom in: up to "
        "12 or 40 on the screen, out of 2,000. Above 20,000 points they are found in a sample.",
    )
    return labels


def _choose_density() -> DensityMode:
    options: tuple[DensityMode, ...] = get_args(DensityMode)
    density: DensityMode = navigation.control("density", options[0], options)
    st.selectbox(
        "Density",
        options,
        options.index(density),
        format_func=str.capitalize,
        key=key_for("density", density),
        help="Of the visible points, in 2D. The areas, or lines, hold 95, 80, 65, 50, 35 and 20% "
        "of them.",
    )
    return density


def point_style(source: str, embedding_set: EmbeddingSet, settings: PointSettings) -> PointStyle:
    """Return the style of the points, with the address of their sizes."""
    by = None if settings.by == ONE_SIZE else _sizes(source, settings.by, embedding_set)
    return PointStyle(settings.size, settings.opacity, by)


@st.cache_resource(
    max_entries=16, show_spinner=False, validate=lambda sizes: services.blobs().has(sizes.url)
)
def _sizes(source: str, column: str, _embedding_set: EmbeddingSet) -> Sizes:
    return size_levels(numbers(column_of(_embedding_set, column)), column, services.blobs())
