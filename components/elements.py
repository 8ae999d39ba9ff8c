"""Mounting of the elements that need no more than a message: search, charts, address, commands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from components.events import Event
from components.mount import mount


def search_box(
    *, key: str, labels: str, columns: bool, count: int, on_event: Callable[[Event], None]
) -> None:
    """Mount the search box.

    A chosen row is a `Click`, all matches of the labels are a `Selection`. An expression or a
    vector is a `Query`, a text to look for in all columns is a `Search`.

    Parameters
    ----------
    labels : address of the labels, from text_address
    columns : whether the set has columns besides the labels
    count : how many labels there are
    on_event : called before the rerun with what the person did
    """
    mount("search", key, {"labels": labels, "columns": columns}, count=count, on_event=on_event)


@dataclass(frozen=True)
class Line:
    """A line of a chart: values `y` at the steps `x`; a `faint` one is drawn behind the others."""

    name: str
    color: str
    x: Sequence[int]
    y: Sequence[float]
    faint: bool = False


@dataclass(frozen=True)
class Chart:
    """Lines of one quantity; the titles of one mount's charts differ.

    Attributes
    ----------
    title : above the chart
    x_title, y_title : of the axes, with the unit
    lines : the lines; the first is drawn first
    """

    title: str
    x_title: str
    y_title: str
    lines: Sequence[Line]


def line_charts(*, key: str, charts: Sequence[Chart], smoothing: float = 0.0) -> None:
    """Mount charts side by side; those that change are drawn again in place.

    (Streamlit's own chart is recreated whenever its data change, and blinks.)

    Parameters
    ----------
    smoothing : weight, below 1, of the values before in an exponential moving average, which is
        drawn in front of the lines; 0 for none
    """
    message = {"charts": [asdict(chart) for chart in charts], "smoothing": smoothing}
    mount("line_charts", key, message)


def address_bar(*, key: str) -> None:
    """Mount an invisible element: the keys for undo and redo; the map's view in the address."""
    mount("address", key, {})


@dataclass(frozen=True)
class Choice:
    """A choice of the command palette: another view.

    Attributes
    ----------
    title : what it is found by
    params : parameters of the address that it changes; None removes one
    alone : whether the address has no other parameters
    """

    title: str
    params: Mapping[str, str | None]
    alone: bool = False


def command_palette(
    *, key: str, choices: Sequence[Choice], on_event: Callable[[Event], None]
) -> None:
    """Mount the command palette and the help on keys; a choice is `Navigated`.

    The palette also offers what the map does, and what the controls on the page do.

    Parameters
    ----------
    on_event : called before the rerun with the address of the chosen view
    """
    mount("commands", key, {"choices": [asdict(each) for each in choices]}, on_event=on_event)


@dataclass(frozen=True)
class Hint:
    """A hint, and the types of the events that follow it; the first one is its name."""

    text: str
    events: Sequence[str]


def hints(*, key: str, hints: Sequence[Hint]) -> None:
    """Mount hints for a person who is new.

    The browser remembers which were followed, or dismissed, and does not show them again.
    """
    mount("hints", key, {"hints": [asdict(each) for each in hints]})


def figure_panel(*, key: str, name: str) -> None:
    """Mount the panel; all that it exports is drawn in the browser, from what the map shows.

    Parameters
    ----------
    name : begins the names of the files
    """
    mount("figure", key, {"name": name})


@dataclass(frozen=True)
class SheetItem:
    """One image of the grid: the number of its row, and what the row is called."""

    row: int
    label: str


def contact_sheet(
    *,
    key: str,
    items: Sequence[SheetItem],
    images: str,
    count: int,
    description: str,
    on_event: Callable[[Event], None],
) -> None:
    """Mount the grid; a clicked image is a `Click`.

    Parameters
    ----------
    images : address of the small images, to which the browser appends a row number
    count : rows of the set
    description : for screen readers
    on_event : called before the rerun with what the person did
    """
    message = {
        "items": [asdict(item) for item in items],
        "images": images,
        "description": description,
    }
    mount("contact_sheet", key, message, count=count, on_event=on_event)
