"""The dot plot of a comparison: a panel for each model, with features as dots and error bars."""

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from pages.evaluate.comparison import Comparison
from server.runs.contract import FEATURES, METRICS, MODELS, MetricName, ModelName

BEST, OTHER, FOLD = "#0072B2", "#8A94A0", "rgba(138, 148, 160, 0.45)"
"""Colors visible on light and dark backgrounds."""

_ROW, _FRAME = 22, 74  # px of a row, and of the margins
_GAP = 28  # px between panels, for their titles


def dot_plot(comparison: Comparison, metric: MetricName) -> go.Figure:
    """Draw means as dots, standard errors as bars, and single folds as faint dots."""
    models, features = comparison.models, comparison.features
    lines = [len(comparison.under(model, metric)) for model in models]
    height = _FRAME + sum(lines) * _ROW + (len(models) - 1) * _GAP
    figure = make_subplots(
        rows=len(models),
        shared_xaxes=True,
        subplot_titles=[_title(model) for model in models],
        vertical_spacing=_GAP / (height - _FRAME) if len(models) > 1 else 0,
        row_heights=lines,
    )
    for row, model in enumerate(models, start=1):
        for trace in _traces(comparison, model, metric):
            figure.add_trace(trace, row=row, col=1)
        order = [FEATURES[name] for name in reversed(features)]
        figure.update_yaxes(categoryorder="array", categoryarray=order, row=row, col=1)
    better = comparison.better[metric]
    figure.update_xaxes(title=f"{METRICS[metric]} ({better} is better)", row=len(models), col=1)
    figure.update_annotations(x=0, xanchor="left", font_size=13)
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 12, "t": 30, "b": 44},
        showlegend=False,
        dragmode=False,
        hoverlabel_align="left",
    )
    return figure


def _title(model: ModelName) -> str:
    name = MODELS[model]
    return name if model == "knn" else name.capitalize()


def _traces(comparison: Comparison, model: ModelName, metric: MetricName) -> list[go.Scatter]:
    """Return the traces of one model: single folds, then means."""
    scores = comparison.under(model, metric)
    values = [(value, FEATURES[each.features]) for each in scores for value in each.folds[metric]]
    names = [FEATURES[each.features] for each in scores]
    return [
        go.Scatter(
            x=[value for value, _ in values],
            y=[name for _, name in values],
            mode="markers",
            marker={"size": 5, "color": FOLD},
            hovertemplate="a fold: %{x:.4g}<extra></extra>",
        ),
        go.Scatter(
            x=[each.means[metric] for each in scores],
            y=names,
            mode="markers",
            marker={"size": 10, "color": [BEST, *[OTHER] * (len(scores) - 1)]},
            error_x={
                "type": "data",
                "array": [each.errors[metric] for each in scores],
                "color": OTHER,
                "thickness": 1.5,
                "width": 4,
            },
            text=[each.text(metric) for each in scores],
            hovertemplate="%{y}<br>%{text}<extra></extra>",
        ),
    ]
