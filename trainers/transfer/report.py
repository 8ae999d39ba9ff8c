"""What transfer tells: a table of every way and share, and the same as a plot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from embeddings.files.atomic import atomic_path

COLORS = {
    "popularity": "#8A94A0",
    "from scratch": "#D55E00",
    "frozen": "#009E73",
    "warm start": "#0072B2",
}
SHOWN = ("ndcg@10", "recall@10")


@dataclass(frozen=True)
class Row:
    """How one way did with one share of the clicks on ads.

    Attributes
    ----------
    way : popularity, from scratch, frozen or warm start
    percent : of the clicks that may be learned
    clicks : as a number
    metrics : of the clicks withheld
    best_epoch : whose weights were judged; 0: the last
    validated : the metric by which the epoch was chosen, where one was
    """

    way: str
    percent: float
    clicks: int
    metrics: Mapping[str, float]
    best_epoch: int = 0
    validated: float | None = None

    def flat(self) -> dict[str, Any]:
        """Return it as one JSON object."""
        return {"way": self.way, "percent": self.percent, "clicks": self.clicks,
                "best_epoch": self.best_epoch, **self.metrics}  # fmt: skip


def table(rows: Sequence[Row]) -> list[str]:
    """Return lines of a table: metrics and ways down, shares across."""
    clicks = {row.percent: row.clicks for row in rows}
    lines = [
        f"{'learned from':24}" + "".join(f"{f'{percent:g} %':>9}" for percent in clicks),
        f"{'clicks on ads':24}" + "".join(f"{count:9,}" for count in clicks.values()),
    ]
    for metric in SHOWN:
        for way in dict.fromkeys(row.way for row in rows):
            values = [row.metrics[metric] for row in rows if row.way == way]
            name = f"{metric}, {way}"
            lines.append(f"{name:24}" + "".join(f"{value:9.4f}" for value in values))
    return lines


def plot(rows: Sequence[Row], name: str, path: Path) -> None:
    """Write a page that draws the metrics over the number of clicks; it needs no network."""
    figure = make_subplots(cols=len(SHOWN), subplot_titles=["NDCG@10", "Recall@10"])
    for column, metric in enumerate(SHOWN, start=1):
        for way in dict.fromkeys(row.way for row in rows):
            own = [row for row in rows if row.way == way]
            line = go.Scatter(
                x=[row.clicks for row in own],
                y=[row.metrics[metric] for row in own],
                text=[f"{row.percent:g} %" for row in own],
                name=way,
                legendgroup=way,
                showlegend=column == 1,
                line={"color": COLORS[way], "dash": "dot" if way == "popularity" else "solid"},
                hovertemplate="%{text}, %{x:,} clicks: %{y:.4f}",
            )
            figure.add_trace(line, col=column, row=1)
        figure.update_xaxes(title="clicks on ads learned from", type="log", col=column, row=1)
        figure.update_yaxes(rangemode="tozero", col=column, row=1)
    figure.update_layout(title=f"{name}: ads, all ranked", template="plotly_white", height=480)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        temporary.write_text(figure.to_html(include_plotlyjs=True, full_html=True))
