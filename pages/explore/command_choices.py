"""The command palette on the Explore screen: each choice of a control, and each set, by name."""

from collections.abc import Callable, Mapping
from typing import Any

import components
from components import Choice
from embeddings.layouts import METHODS
from pages.explore import navigation
from pages.explore.address import Address, encode
from pages.explore.address import bar as address_bar
from pages.explore.navigation import Offer

MOST_OPTIONS = 300
"""Options of a control in the palette; a table may have thousands of columns to color by."""

TITLES: Mapping[str, Callable[[Any], str]] = {
    "method": lambda method: f"Layout: {METHODS[method].title}",
    "dims": lambda dims: f"Dimensions: {dims}D",
    "color": lambda column: f"Color: {column}",
    "size_by": lambda column: f"Size: {column}",
    "labels": lambda labels: f"Labels: {labels}",
    "density": lambda density: f"Density: {density}",
    "thumbnails": lambda shown: f"Images on the map: {'on' if shown else 'off'}",
    "layer": lambda layer: f"Layer: {layer}",
    "metric": lambda metric: f"Metric: {metric}",
    "k": lambda k: f"Neighbors: {k}",
}
"""What an option of a control is called, by the control's name."""

_CHANGES_VIEW = ("method", "dims")  # what is in view on the map is another part of space


def draw(titles: Mapping[str, str]) -> None:
    """Draw the palette; `titles` are the names of the sets that can be opened, by key."""
    opened = navigation.open_set()
    choices = [
        choice
        for name in TITLES
        if name in opened.offers
        for choice in choices_of(name, opened.offers[name])
    ]
    choices += [
        Choice(f"Open: {title}", encode(Address(set=key)), alone=True)
        for key, title in titles.items()
        if key != opened.key
    ]
    components.command_palette(key="commands", choices=choices, on_event=address_bar.receive)


def choices_of(name: str, offer: Offer) -> list[Choice]:
    """Return the choices of a control but the current one; of very many options the first ones."""
    resets = (*offer.resets, "camera") if name in _CHANGES_VIEW else offer.resets
    choices = []
    for option in offer.options[:MOST_OPTIONS]:
        if option != offer.current:
            changes: dict[str, Any] = {} if option == offer.default else {name: option}
            params = {name: encode(Address(**changes)).get(name), **dict.fromkeys(resets)}
            choices.append(Choice(TITLES[name](option), params))
    return choices
