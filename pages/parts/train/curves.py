"""Curves of runs by step: one small chart a quantity, several lines in each."""

import itertools
from collections.abc import Iterable, Mapping, Sequence

import plotly.graph_objects as go
import streamlit as st

from embeddings.run_metrics import EPOCH, Curve
from map_component.palette import COLORS

HEIGHT = 210  # px
IN_A_ROW = 3

_KINDS = {"train": "as it trains", "epoch": "each epoch"}
_FAINT = 0.45


def draw(curves: Sequence[Curve], key: str) -> None:
    """Draw the curves of one run."""
    charts: dict[str, list[go.Scatter]] = {}
    for curve in curves:
        name = ", ".join(part for part in (_KINDS[curve.kind], curve.stage) if part)
        charts.setdefault(curve.quantity, []).append(_line(curve, name, COLORS[0]))
    _charts(charts, key)


def compare(curves_by_run: Mapping[str, Sequence[Curve]], key: str) -> None:
    """Draw the curves of several runs together, by their names: those of epochs where there are."""
    charts: dict[str, list[go.Scatter]] = {}
    colors = itertools.cycle(COLORS)
    for (run, curves), color in zip(curves_by_run.items(), colors, strict=False):
        for curve in _by_epoch(curves):
            name = f"{run}, {curve.stage}" if curve.stage else run
            charts.setdefault(curve.quantity, []).append(_line(curve, name, color))
    _charts(charts, key)


def _by_epoch(curves: Iterable[Curve]) -> list[Curve]:
    """Leave out what is told within epochs, where the same is told of epochs."""
    curves = list(curves)
    told = {(curve.quantity, curve.stage) for curve in curves if curve.kind == EPOCH}
    return [c for c in curves if c.kind == EPOCH or (c.quantity, c.stage) not in told]


def _line(curve: Curve, name: str, color: str) -> go.Scatter:
    few = curve.kind == EPOCH and len(curve.steps) <= 60
    return go.Scatter(
        x=curve.steps,
        y=curve.values,
        name=name,
        line_color=color,
        mode="lines+markers" if few else "lines",
        line_width=2 if curve.kind == EPOCH else 1.5,
        opacity=1 if curve.kind == EPOCH else _FAINT,
        marker_size=5,
        hovertemplate="%{y:.4g} at step %{x:,}",
    )


def _charts(charts: Mapping[str, Sequence[go.Scatter]], key: str) -> None:
    """Draw the charts in rows."""
    quantities = list(charts)
    for first in range(0, len(quantities), IN_A_ROW):
        columns = st.columns(IN_A_ROW)
        for column, quantity in zip(columns, quantities[first:], strict=False):
            figure = go.Figure(list(charts[quantity]))
            figure.update_layout(
                title={"text": _escape(quantity), "font_size": 13, "x": 0, "y": 0.98},
                height=HEIGHT,
                margin={"l": 8, "r": 8, "t": 30, "b": 8},
                showlegend=len(charts[quantity]) > 1,
                legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1,
                        "xanchor": "right", "font_size": 11},
                hovermode="x",
                xaxis={"nticks": 5, "tickformat": "~s"},
                yaxis={"nticks": 5},
            )  # fmt: skip
            with column:
                st.plotly_chart(figure, key=f"{key}-{quantity}", config={"displayModeBar": False})


def _escape(text: str) -> str:
    """Return text in which plotly reads no HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
