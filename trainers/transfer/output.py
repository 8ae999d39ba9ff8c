"""The output of transfer: its results as a table and as a plot, and the embedding set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa
from plotly.subplots import make_subplots

from embeddings.embedding_set import EmbeddingSet
from embeddings.files.atomic import atomic_path
from trainers.data.pairs.output import pair_embeddings
from trainers.transfer.data import Surfaces

FROM_SCRATCH = "from scratch"

COLORS = {
    "popularity": "#8A94A0",
    FROM_SCRATCH: "#D55E00",
    "frozen": "#009E73",
    "warm start": "#0072B2",
}
METRICS = ("ndcg@10", "recall@10")
"""The metrics in the table and in the plot."""


@dataclass(frozen=True)
class Row:
    """Results of one way to train on one fraction of the clicks on ads.

    Attributes
    ----------
    way : popularity, from scratch, frozen or warm start
    percent : of the training clicks
    clicks : their number
    metrics : of the test clicks
    best_epoch : the epoch whose weights were evaluated; 0: the last
    validated : the validation metric that chose the epoch, if there was one
    """

    way: str
    percent: float
    clicks: int
    metrics: Mapping[str, float]
    best_epoch: int = 0
    validated: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the row as one flat JSON object."""
        return {"way": self.way, "percent": self.percent, "clicks": self.clicks,
                "best_epoch": self.best_epoch, **self.metrics}  # fmt: skip


def results_table(rows: Sequence[Row]) -> list[str]:
    """Return the lines of a table with a metric and way per line and a percentage per column."""
    clicks = {row.percent: row.clicks for row in rows}
    lines = [
        f"{'training clicks':24}" + "".join(f"{f'{percent:g} %':>9}" for percent in clicks),
        f"{'clicks on ads':24}" + "".join(f"{count:9,}" for count in clicks.values()),
    ]
    for metric in METRICS:
        for way in dict.fromkeys(row.way for row in rows):
            values = [row.metrics[metric] for row in rows if row.way == way]
            name = f"{metric}, {way}"
            lines.append(f"{name:24}" + "".join(f"{value:9.4f}" for value in values))
    return lines


def write_plot(rows: Sequence[Row], name: str, path: Path) -> None:
    """Write an HTML page that plots the metrics over the number of clicks; it works offline."""
    figure = make_subplots(cols=len(METRICS), subplot_titles=["NDCG@10", "Recall@10"])
    for column, metric in enumerate(METRICS, start=1):
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
        figure.update_xaxes(title="training clicks on ads", type="log", col=column, row=1)
        figure.update_yaxes(rangemode="tozero", col=column, row=1)
    title = f"{name}: clicks on ads, all ads ranked"
    figure.update_layout(title=title, template="plotly_white", height=480)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        temporary.write_text(figure.to_html(include_plotlyjs=True, full_html=True))


def surface_embeddings(
    data: Surfaces,
    left: np.ndarray,
    right: np.ndarray,
    way: str,
    settings: dict[str, Any],
    metrics: dict[str, Any],
) -> EmbeddingSet:
    """Return the set of users, items of the feed and ads, with their kind in the column `role`.

    Users and items have the names of their columns as roles, ads have `ad`. A set trained from
    scratch has no vectors of the feed's items.

    Parameters
    ----------
    data : the surfaces
    left, right : float32, shapes (users, dim) and (items, dim)
    way : how they were trained
    settings : all settings that influence the vectors
    metrics : results
    """
    whole = pair_embeddings(data.pairs, left, right, settings, metrics, trainer="transfer")
    is_ad = np.concatenate(
        [np.zeros(len(left), bool), np.isin(np.arange(len(right)), data.catalogue)]
    )  # (users + items,)
    columns = whole.metadata
    role = np.where(is_ad, "ad", columns["role"].to_numpy())
    columns = columns.set_column(columns.column_names.index("role"), "role", pa.array(role))
    rows = np.arange(len(whole))
    if way == FROM_SCRATCH:
        rows = np.flatnonzero(is_ad | (np.arange(len(is_ad)) < len(left)))
    labels = tuple(whole.labels[row] for row in rows)
    roles = f"{data.pairs.left.role}, {data.pairs.right.role}, ad"
    made = replace(whole.provenance, role=roles)
    return EmbeddingSet(whole.vectors[rows], labels, columns.take(rows), made)
