"""How colors are drawn: the controls of palette, ramp and scale, and colors that were picked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import streamlit as st

from components import Colors, Scale, recolored
from embeddings.palette import PALETTES, RAMPS
from pages.common.choices import key_for
from pages.explore import navigation

SCALES: Mapping[Scale, str] = {
    "robust": "1st to 99th percentile",
    "linear": "Whole range",
    "log": "Logarithm",
    "quantile": "Quantiles",
}
"""Titles of the scales, the default first."""

Kind = Literal["categories", "numbers", "ramp"]
"""What there is to choose: a palette, a ramp and a scale, or a ramp only."""


@dataclass(frozen=True)
class Scheme:
    """How colors are drawn.

    Attributes
    ----------
    palette : name of the colors of categories
    ramp : name of the colors of numbers
    is_reversed : whether the ramp runs from high to low
    scale : from numbers to places on the ramp
    """

    palette: str = next(iter(PALETTES))
    ramp: str = next(iter(RAMPS))
    is_reversed: bool = False
    scale: Scale = "robust"

    def apply(self, colors: Colors) -> Colors:
        """Return colors in the palette, or on the ramp."""
        ramp = RAMPS[self.ramp][:: -1 if self.is_reversed else 1]
        is_usual = (self.ramp, self.is_reversed) == (Scheme.ramp, False)
        return recolored(colors, PALETTES[self.palette], None if is_usual else ramp)


def choose(kind: Kind) -> Scheme:
    """Draw the controls, folded away."""
    palettes, ramps, scales = list(PALETTES), list(RAMPS), list(SCALES)
    palette = navigation.control("palette", palettes[0], palettes)
    ramp = navigation.control("ramp", ramps[0], ramps)
    is_reversed = navigation.control("reversed", False)
    scale: Scale = navigation.control("scale", scales[0], scales)
    with st.expander("Palette"):
        if kind == "categories":
            st.selectbox(
                "Palette",
                palettes,
                palettes.index(palette),
                key=key_for("palette", palette),
                help="Colors of single categories are picked in the legend.",
            )
        else:
            st.selectbox("Ramp", ramps, ramps.index(ramp), key=key_for("ramp", ramp))
            st.toggle("Reversed", is_reversed, key=key_for("reversed", is_reversed))
        if kind == "numbers":
            st.selectbox(
                "Scale",
                scales,
                scales.index(scale),
                format_func=SCALES.__getitem__,
                key=key_for("scale", scale),
                help="A logarithm leaves numbers of 0 and below grey. Quantiles give each color "
                "as many points.",
            )
    return Scheme(palette, ramp, is_reversed, scale)


def with_own_colors(colors: Colors) -> Colors:
    """Return colors with those that the person has picked for single categories."""
    own, message = dict(navigation.open_set().address.own_colors), colors.message
    if message["kind"] != "categories" or own.keys().isdisjoint(message["names"]):
        return colors
    pairs = zip(message["names"], message["palette"], strict=True)
    palette = [own.get(name, color) for name, color in pairs]
    return replace(colors, message={**message, "palette": palette, "has_own": True})


def pick_color(colors: Colors, code: int, color: str) -> None:
    """Draw a category in a color, "#rrggbb", from now on."""
    names, opened = colors.message.get("names", ()), navigation.open_set()
    if code >= len(names):
        return  # of a coloring that was shown before
    others = (pair for pair in opened.address.own_colors if pair[0] != names[code])
    own = (*others, (names[code], color))
    opened.address = replace(opened.address, own_colors=own)


def reset_colors() -> None:
    """Draw all categories in the colors of the palette again."""
    opened = navigation.open_set()
    opened.address = replace(opened.address, own_colors=())
