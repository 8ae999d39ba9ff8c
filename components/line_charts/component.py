"""Mounting small line charts."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from components.mount import mount


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

    (Streamlit's own chart is made anew whenever its data change, and blinks.)

    Parameters
    ----------
    smoothing : weight, below 1, of the values before in an exponential moving average, which is
        drawn in front of the lines; 0 for none
    """
    message = {"charts": [asdict(chart) for chart in charts], "smoothing": smoothing}
    mount("line_charts", key, message)
