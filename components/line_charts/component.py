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
    """Lines of one quantity; the titles of one mount's charts differ."""

    title: str
    lines: Sequence[Line]


def line_charts(*, key: str, charts: Sequence[Chart]) -> None:
    """Mount charts side by side; those that change are drawn again in place.

    (Streamlit's own chart is made anew whenever its data change, and blinks.)
    """
    mount("line_charts", key, {"charts": [asdict(chart) for chart in charts]})
