"""The controls of the points: their size and opacity."""

import streamlit as st

from components import PointStyle
from pages.common.choices import key_for
from pages.explore import navigation
from pages.explore.address.parameters import OPACITIES, POINT_SIZES

STEP = 0.1


def choose() -> PointStyle:
    """Draw the controls, folded away; 1 is what fits the number of points."""
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
    return PointStyle(size, opacity)
