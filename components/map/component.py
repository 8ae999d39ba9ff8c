"""Mounting the map."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from components.events import Event
from components.map.encode import Colors, Points, Sizes
from components.mount import mount
from embeddings.metrics import Metric


@dataclass(frozen=True)
class Focus:
    """The clicked row and its neighbors, above a greyed map.

    Attributes
    ----------
    row : None where the neighbors are those of a vector that is no row's
    rows : the neighbors, nearest first
    values : their similarities or distances
    """

    row: int | None
    rows: list[int]
    values: list[float]
    kind: Literal["similarity", "distance"]


@dataclass(frozen=True)
class Mask:
    """Rows that stand out, and rows that are drawn at all.

    Attributes
    ----------
    url : address, from mask_address, of the rows that stand out above the others; None for all
    alone : address of the rows that are drawn; None for all
    """

    url: str | None = None
    alone: str | None = None


@dataclass(frozen=True)
class PointStyle:
    """Size and opacity of the points, around those that fit their number.

    Attributes
    ----------
    size : factor of the diameter
    opacity : 1 for the opacity that fits, 0 for none, 2 for opaque
    by : sizes by a column, which `size` multiplies; None for one size
    """

    size: float = 1.0
    opacity: float = 1.0
    by: Sizes | None = None


@dataclass(frozen=True)
class SimilarityColors:
    """Colors by similarity to one item in the original space.

    Attributes
    ----------
    address : where the browser fetches the levels; it appends a row number
    row : the item; None for none yet
    follows : whether the item under the pointer takes its place
    """

    address: str
    row: int | None
    follows: bool
    metric: Metric


@dataclass(frozen=True)
class GroupName:
    """The name of a group of points, written on the map where the group is.

    Attributes
    ----------
    text : terms, separated by ", "
    row : the member in the middle of the group
    radius : of the group, in coordinates of the layout
    level : 0 for the coarsest groups; finer ones are named as far as there is room
    code : of the group's category in the legend, which may be hidden; or None
    """

    text: str
    row: int
    radius: float
    level: int = 0
    code: int | None = None


PointLabels = Literal["none", "few", "many"]
"""How many of the most central points in view are labeled; the browser finds them."""
DensityMode = Literal["none", "shading", "contours"]
"""How the density of the visible points is drawn below them, in 2D; the browser computes it."""


@dataclass(frozen=True)
class PlacedPoints:
    """Points that are no rows of the set, drawn above its points as rings.

    Attributes
    ----------
    points : their coordinates, in those of the layout
    labels : address of their labels, from text_address
    """

    points: Points
    labels: str


def embedding_map(
    *,
    key: str,
    set_number: int,
    layout: str,
    points: Points,
    colors: Colors,
    labels: str,
    hover: Sequence[tuple[str, str]] = (),
    images: str | None = None,
    thumbnails: bool = True,
    focus: Focus | None = None,
    mask: Mask | None = None,
    style: PointStyle = PointStyle(),
    similarity: SimilarityColors | None = None,
    names: Sequence[GroupName] = (),
    point_labels: PointLabels = "none",
    density: DensityMode = "none",
    axes: Sequence[tuple[str, str]] = (),
    hidden: Collection[int] = (),
    camera: str = "",
    restored: int = 0,
    zoom: int = 0,
    background_clicks: bool = False,
    marker: tuple[float, ...] | None = None,
    added: PlacedPoints | None = None,
    title: str = "",
    details: str = "",
    description: str,
    on_event: Callable[[Event], None],
) -> None:
    """Mount the map.

    Parameters
    ----------
    set_number : of the set among those that the session has opened, on the element as data-set
    layout : identifies the layout, also while it is computed; the view is that of one layout
    labels : address of the labels, from text_address
    images : address of the small images, to which the browser appends a row number, or None
    thumbnails : whether images take the place of points where there is room for them
    hover : name and address of each column shown on hovering
    hidden, camera : categories that are hidden, and the view as the map wrote it into the address;
        they are shown when `restored` is another number than before, and else the map has its own
    restored : number of the last address that the person navigated to
    zoom : another number than before has the view zoom to the rows that stand out, or, if it is
        negative, return to where it was before it zoomed
    names : of groups of points, the coarsest and largest first
    point_labels, density : labels of central points, and the density of the visible points
    axes : what is at the low and the high end of each axis; written in 2D
    background_clicks : whether a click beside all points, in 2D, is an event
    marker : a place to mark, in coordinates of the layout
    added : points that are no rows of the set
    title, details : of an exported figure: what the set is called, and which layout is shown
    description : for screen readers
    on_event : called before the rerun with what the person did
    """
    message = {
        "set": set_number,
        "layout": layout,
        "points": asdict(points),
        "colors": colors.message,
        "labels": labels,
        "hover": [{"name": name, "url": url} for name, url in hover],
        "images": images,
        "thumbnails": thumbnails,
        "focus": asdict(focus) if focus else None,
        "mask": asdict(mask) if mask else None,
        "style": asdict(style),
        "similarity": asdict(similarity) if similarity else None,
        "names": [asdict(name) for name in names],
        "point_labels": point_labels,
        "density": density,
        "axes": list(axes),
        "hidden": sorted(hidden),
        "camera": camera,
        "restored": restored,
        "zoom": zoom,
        "background": background_clicks,
        "marker": marker,
        "added": asdict(added) if added else None,
        "title": title,
        "details": details,
        "description": description,
    }
    mount("map", key, message, count=points.count, on_event=on_event)
