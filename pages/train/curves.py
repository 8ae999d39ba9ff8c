"""Learning curves by step: a small chart for each quantity, with several lines."""

import itertools
from collections.abc import Iterable, Mapping, Sequence

from components import Chart, Line, line_charts
from components.palette import COLORS
from server.runs.contract import EPOCH, TRAIN
from server.runs.metrics import Curve

_KINDS = {TRAIN: "during training", EPOCH: "each epoch"}


def draw(curves: Sequence[Curve]) -> None:
    """Draw the curves of one run, with a color for each stage."""
    stages = list(dict.fromkeys(curve.stage for curve in curves))
    charts: dict[str, list[Line]] = {}
    for curve in curves:
        name = ", ".join(part for part in (_KINDS[curve.kind], curve.stage) if part)
        color = COLORS[stages.index(curve.stage) % len(COLORS)]
        charts.setdefault(curve.quantity, []).append(_line(curve, name, color))
    line_charts(key="curves", charts=[Chart(*chart) for chart in charts.items()])


def compare(curves_by_run: Mapping[str, Sequence[Curve]]) -> None:
    """Draw the curves of several runs together, with a color for each run."""
    charts: dict[str, list[Line]] = {}
    colors = itertools.cycle(COLORS)
    for (run, curves), color in zip(curves_by_run.items(), colors, strict=False):
        for curve in _by_epoch(curves):
            name = f"{run}, {curve.stage}" if curve.stage else run
            charts.setdefault(curve.quantity, []).append(_line(curve, name, color))
    line_charts(key="compared", charts=[Chart(*chart) for chart in charts.items()])


def _by_epoch(curves: Iterable[Curve]) -> list[Curve]:
    """Leave out values within epochs of quantities that are also logged for each epoch."""
    curves = list(curves)
    by_epoch = {(curve.quantity, curve.stage) for curve in curves if curve.kind == EPOCH}
    return [c for c in curves if c.kind == EPOCH or (c.quantity, c.stage) not in by_epoch]


def _line(curve: Curve, name: str, color: str) -> Line:
    return Line(name, color, curve.steps, curve.values, faint=curve.kind != EPOCH)
