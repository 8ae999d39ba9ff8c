"""The table of all runs: select one to show it, several to compare them.

It is the first on the page, so that it keeps its place whatever is drawn of a run.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from pages.common.formatting import duration
from pages.train import curves as charts
from pages.train import selected_run
from pages.train.run_view import draw_table, flattened
from pages.train.selected_run import PageState
from pages.train.titles import (
    as_text,
    quantity_title,
    run_title,
    setting_label,
    trainer_title,
    value_text,
)
from server.runs import records as runs
from server.runs.metrics import curves
from server.runs.records import RunRecord

MAIN_METRICS = 6
"""Maximum number of metrics in the table; a comparison has all."""

ROWS = 5
"""Rows of the table that are seen without scrolling."""


def draw(page: PageState, past: Sequence[RunRecord]) -> list[RunRecord]:
    """Draw the table of all runs, latest first; return the runs selected in it.

    If exactly one has just been selected, it becomes the run on the page.
    """
    if not past:
        return []
    rows = _selected_rows(page, past)
    with st.container(key="runs_bar", horizontal=True, vertical_alignment="center"):
        about = ":gray[Select one to show it, several to compare them]"
        st.markdown(f"**Runs** \u2003{about}", width="content")
        if page.run_id is not None or len(rows) > 1:
            st.button("All trainers", key="all_trainers", on_click=page.show_trainers)
    st.dataframe(
        table(past),
        hide_index=True,
        height="content" if len(past) <= ROWS else 37 + 35 * ROWS,
        key=_key(page, past),
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            "Started": st.column_config.DatetimeColumn(format="D MMM HH:mm", width="small")
        },
    )
    return [past[row] for row in rows]


def _selected_rows(page: PageState, past: Sequence[RunRecord]) -> list[int]:
    """Return the selected rows of the table; show the run if exactly one has just been selected."""
    selection = st.session_state.get(_key(page, past), {})
    rows: list[int] = selection.get("selection", {}).get("rows", [])
    if rows != page.selected_rows:
        page.selected_rows = rows
        if len(rows) == 1:
            page.show(past[rows[0]].id)
    return rows


def _key(page: PageState, past: Sequence[RunRecord]) -> str:
    """Return the key of the table; once rows have moved it is a new one, and none is selected."""
    return f"past-{past[0].id}-{len(past)}-{page.tables}"


def table(past: Sequence[RunRecord]) -> pd.DataFrame:
    """Return one row a run: trainer, data, state, start, duration, main metrics."""
    rows: list[dict[str, Any]] = []
    names: dict[str, int] = {}
    for run in past:
        status = runs.status(run)
        metrics = {
            quantity_title(name): value
            for name, value in status.metrics.items()
            if _is_main(name, value)
        }
        for name in metrics:
            names[name] = names.get(name, 0) + 1
        rows.append(
            {
                "Trainer": trainer_title(run.trainer) or run.id,
                "Data": run.data,
                "State": status.state,
                "Started": datetime.fromtimestamp(run.created, UTC).astimezone(),
                "Duration": duration(status.seconds) if not status.is_active else "",
                **metrics,
            }
        )
    main = sorted(names, key=lambda name: -names[name])[:MAIN_METRICS]
    return pd.DataFrame(rows, columns=["Trainer", "Data", "State", "Started", "Duration", *main])


def _is_main(name: str, value: object) -> bool:
    """Return True for a metric of quality, not of time or size."""
    return isinstance(value, float) and "seconds" not in name and "per_second" not in name


def compare(chosen: Sequence[RunRecord]) -> None:
    """Draw the curves of several runs together, the settings that differ, and the results."""
    names = {
        run.id: f"{number}: {trainer_title(run.trainer)}"
        for number, run in enumerate(chosen, start=1)
    }
    st.markdown("**Comparison**")
    charts.compare({names[run.id]: curves(selected_run.metrics(run).read()) for run in chosen})
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Different settings**")
        settings = [
            {"Run": run_title(run), "Data": run.data, **_labeled_settings(run)} for run in chosen
        ]
        _side_by_side("Setting", settings, list(names.values()), only_different=True)
    with right:
        st.markdown("**Results**")
        metrics = [
            {
                quantity_title(name): value_text(name, value)
                for name, value in flattened(runs.status(run).metrics).items()
            }
            for run in chosen
        ]
        _side_by_side("Quantity", metrics, list(names.values()))


def _labeled_settings(run: RunRecord) -> dict[str, Any]:
    return {setting_label(run.trainer, name): value for name, value in run.settings.items()}


def _side_by_side(
    what: str, values: Sequence[dict[str, Any]], names: Sequence[str], only_different: bool = False
) -> None:
    """Draw a table with a column for each run."""
    frame = side_by_side(what, values, names, only_different)
    if len(frame):
        draw_table(frame)
    else:
        st.caption("None")


def side_by_side(
    what: str, values: Sequence[dict[str, Any]], names: Sequence[str], only_different: bool = False
) -> pd.DataFrame:
    """Return a table of text with a column for each run, optionally of differing rows only."""
    rows = []
    for key in dict.fromkeys(key for each in values for key in each):
        cells = [as_text(each.get(key)) for each in values]
        if not only_different or len(set(cells)) > 1:
            rows.append([key, *cells])
    return pd.DataFrame(rows, columns=[what, *names])
