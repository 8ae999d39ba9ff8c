"""Learning curves by step: a small chart for each quantity, with several lines."""

import itertools
from collections.abc import Iterable, Mapping, Sequence

import streamlit as st

from components import Chart, Line, line_charts
from embeddings.palette import COLORS
from pages.train.titles import quantity_title
from server.runs.contract import EPOCH, TRAIN
from server.runs.metrics import Curve

SMOOTHING = 0.8
"""Weight of the values before in the average of smoothed curves: that of about five values."""

_KINDS = {TRAIN: "during training", EPOCH: "each epoch"}


def draw(curves: Sequence[Curve]) -> None:
    """Draw the curves of one run, with a color for each stage."""
    stages = list(dict.fromkeys(curve.stage for curve in curves))
    lines: dict[str, list[Line]] = {}
    for curve in curves:
        name = ", ".join(part for part in (_KINDS[curve.kind], curve.stage) if part)
        color = COLORS[stages.index(curve.stage) % len(COLORS)]
        lines.setdefault(curve.quantity, []).append(_line(curve, name, color))
    _draw("curves", lines)


def compare(curves_by_run: Mapping[str, Sequence[Curve]]) -> None:
    """Draw the curves of several runs together, with a color for each run."""
    lines: dict[str, list[Line]] = {}
    colors = itertools.cycle(COLORS)
    for (run, curves), color in zip(curves_by_run.items(), colors, strict=False):
        for curve in _by_epoch(curves):
            name = f"{run}, {curve.stage}" if curve.stage else run
            lines.setdefault(curve.quantity, []).append(_line(curve, name, color))
    _draw("compared", lines)


def _draw(key: str, lines: Mapping[str, Sequence[Line]]) -> None:
    """Draw a chart for each quantity, below the switch that smooths them all."""
    with st.container(key=f"{key}_bar", horizontal=True, vertical_alignment="center"):
        st.markdown("**Curves**", width="stretch")
        smooth = st.toggle(
            "Smooth",
            key=f"{key}_smooth",
            help="An exponential moving average; what was measured is faint behind it",
            persist_state="session",
        )
    charts = [
        Chart(quantity_title(quantity), "Step", quantity_title(quantity), each)
        for quantity, each in lines.items()
    ]
    line_charts(key=key, charts=charts, smoothing=SMOOTHING if smooth else 0.0)
    if not charts:
        st.caption("The curves appear here after the first steps.")


def _by_epoch(curves: Iterable[Curve]) -> list[Curve]:
    """Leave out values within epochs of quantities that are also logged for each epoch."""
    curves = list(curves)
    by_epoch = {(curve.quantity, curve.stage) for curve in curves if curve.kind == EPOCH}
    return [c for c in curves if c.kind == EPOCH or (c.quantity, c.stage) not in by_epoch]


def _line(curve: Curve, name: str, color: str) -> Line:
    return Line(name, color, curve.steps, curve.values, faint=curve.kind != EPOCH)
