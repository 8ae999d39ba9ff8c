"""The components: their registration, and one typed function to mount each.

The JavaScript in each message is a few lines that import our modules from their address.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Literal

import streamlit as st

from components.assets import frontend_address, plotly_address
from components.encode import Colors, Points

Event = dict[str, Any]
"""What a component tells: {"type": "click", "row"}, {"type": "select", "bits", "name"}, {"type":
"clear"} or {"type": "ground", "place"}, in coordinates of the layout."""


@dataclass(frozen=True)
class Focus:
    """The clicked row, or None for what is no item, and its neighbors, above a greyed map."""

    row: int | None
    rows: list[int]
    values: list[float]
    kind: Literal["similarity", "distance"]


@dataclass(frozen=True)
class Mask:
    """Rows that stand out; the others are muted, or left out where `isolate` is set."""

    url: str
    isolate: bool


@dataclass(frozen=True)
class ListItem:
    """One line of the neighbor list; `share` is the length of its bar, 0 to 1."""

    row: int
    label: str
    value: float
    share: float


@dataclass(frozen=True)
class Line:
    """A line of a chart: values `y` at the steps `x`; `faint` stands behind the others."""

    name: str
    color: str
    x: Sequence[int]
    y: Sequence[float]
    faint: bool = False


@dataclass(frozen=True)
class Chart:
    """Lines of one quantity; charts of one mount have different titles."""

    title: str
    lines: Sequence[Line]


@cache
def _renderer(module: str) -> Callable[..., Any]:
    """Register the component whose JavaScript module is `module`, once per server process."""
    plotly = plotly_address() if module in ("map", "curves") else ""
    address = f"{frontend_address()}/{module}.js"
    script = f"""
const loaded = import(new URL("{address}", document.baseURI).href);
export default function (component) {{
  let cleanUp = null;
  loaded.then((module) => (cleanUp = module.update(component, "{plotly}")));
  return () => cleanUp?.();
}}"""
    name = f"embedding_{module}"
    return st.components.v2.component(name, js=script, isolate_styles=False)


def embedding_map(
    *,
    key: str,
    points: Points,
    colors: Colors,
    labels: str,
    hover: Sequence[tuple[str, str]] = (),
    focus: Focus | None = None,
    mask: Mask | None = None,
    ground: bool = False,
    spot: tuple[float, ...] | None = None,
    description: str,
    on_event: Callable[[Event], None],
) -> None:
    """Mount the map.

    Parameters
    ----------
    labels : address of the labels, from text_address
    hover : name and address of each column shown on hovering
    ground : whether a click beside all points, in 2D, is an event
    spot : a place, in coordinates of the layout, to be marked in 2D
    description : for screen readers
    on_event : called before the rerun with what the person did
    """
    data = {
        "points": asdict(points),
        "colors": colors.message,
        "labels": labels,
        "hover": [{"name": name, "url": url} for name, url in hover],
        "focus": asdict(focus) if focus else None,
        "mask": asdict(mask) if mask else None,
        "ground": ground,
        "spot": spot,
        "description": description,
    }
    _mount("map", key, data, on_event)


def search_box(*, key: str, labels: str, on_event: Callable[[Event], None]) -> None:
    """Mount the search box over the labels at the address `labels`."""
    _mount("search", key, {"labels": labels}, on_event)


def neighbor_list(
    *,
    key: str,
    items: Sequence[ListItem],
    of: int | None,
    description: str,
    on_event: Callable[[Event], None],
) -> None:
    """Mount the list of neighbors of a row (None: of a selection's middle).

    Clicking one is a "click" event on its row.
    """
    largest = max((abs(item.value) for item in items), default=0.0)
    data = {
        "items": [asdict(item) for item in items],
        "of": of,
        "description": description,
        "decimals": 3 if largest < 100 else 1,
    }
    _mount("neighbors", key, data, on_event)


def line_charts(*, key: str, charts: Sequence[Chart]) -> None:
    """Mount small charts side by side; those that change are drawn again in place.

    (Streamlit's own chart is made anew whenever its data change, and blinks.)
    """
    _renderer("curves")(key=key, data={"charts": [asdict(chart) for chart in charts]})


def _mount(module: str, key: str, data: dict[str, Any], on_event: Callable[[Event], None]) -> None:
    def receive() -> None:
        event = st.session_state[key].get("event")
        if event:
            on_event(event)

    _renderer(module)(key=key, data=data, on_event_change=receive)
