"""The table of all runs: select one to show it, several to compare them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from pages.common.formatting import duration
from pages.train import curves as charts
from pages.train import selected_run
from pages.train.run_view import as_text, draw_table, flattened
from pages.train.selected_run import PageState
from server.runs import records as runs
from server.runs.metrics import curves
from server.runs.records import RunRecord

MAIN_METRICS = 6
"""Maximum number of metrics in the table; a comparison has all."""


def selected_rows(page: PageState, past: Sequence[RunRecord]) -> list[int]:
    """Return the selected rows of the table; show the run if exactly one has just been selected."""
    selection = st.session_state.get(_key(past), {}) if past else {}
    rows: list[int] = selection.get("selection", {}).get("rows", [])
    if rows != page.selected_rows:
        page.selected_rows = rows
        if len(rows) == 1:
            page.show(past[rows[0]].id)
    return rows


def draw(past: Sequence[RunRecord], rows: Sequence[int]) -> None:
    """Draw the table of all runs, latest first, and the comparison of the selected `rows`."""
    if not past:
        return
    st.markdown("**All runs**")
    st.dataframe(
        table(past),
        hide_index=True,
        height="content" if len(past) <= 8 else 318,
        key=_key(past),
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            "started": st.column_config.DatetimeColumn(format="D MMM HH:mm", width="small")
        },
    )
    if len(rows) < 2:
        st.caption("Select a run to show it, or several to compare them.")
        return
    _compare([past[row] for row in rows])


def _key(past: Sequence[RunRecord]) -> str:
    """Return the key of the table; once rows have moved it is a new one, and none is selected."""
    return f"past-{past[0].id}-{len(past)}"


def table(past: Sequence[RunRecord]) -> pd.DataFrame:
    """Return one row a run: trainer, data, state, start, duration, main metrics."""
    rows: list[dict[str, Any]] = []
    names: dict[str, int] = {}
    for run in past:
        status = runs.status(run)
        metrics = {name: value for name, value in status.metrics.items() if _is_main(name, value)}
        for name in metrics:
            names[name] = names.get(name, 0) + 1
        rows.append(
            {
                "trainer": run.trainer or run.id,
                "data": run.data,
                "state": status.state,
                "started": datetime.fromtimestamp(run.created, UTC).astimezone(),
                "duration": duration(status.seconds) if not status.is_active else "",
                **metrics,
            }
        )
    main = sorted(names, key=lambda name: -names[name])[:MAIN_METRICS]
    return pd.DataFrame(rows, columns=["trainer", "data", "state", "started", "duration", *main])


def _is_main(name: str, value: object) -> bool:
    """Return True for a metric of quality, not of time or size."""
    return isinstance(value, float) and "seconds" not in name and "per_second" not in name


def _compare(chosen: Sequence[RunRecord]) -> None:
    """Draw the curves of several runs together, the settings that differ, and the results."""
    names = {run.id: f"{number}: {run.trainer}" for number, run in enumerate(chosen, start=1)}
    st.markdown("**Comparison**")
    charts.compare({names[run.id]: curves(selected_run.metrics(run).read()) for run in chosen})
    left, right = st.columns(2)
    with left:
        st.markdown("Different settings")
        settings = [{"run": run.title, "data": run.data, **run.settings} for run in chosen]
        _side_by_side("setting", settings, list(names.values()), only_different=True)
    with right:
        st.markdown("Results")
        metrics = [flattened(runs.status(run).metrics) for run in chosen]
        _side_by_side("metric", metrics, list(names.values()))


def _side_by_side(
    what: str, values: Sequence[dict[str, Any]], names: Sequence[str], only_different: bool = False
) -> None:
    """Draw a table with a column for each run."""
    frame = side_by_side(what, values, names, only_different)
    if len(frame):
        draw_table(frame)
    else:
        st.caption("none")


def side_by_side(
    what: str, values: Sequence[dict[str, Any]], names: Sequence[str], only_different: bool = False
) -> pd.DataFrame:
    """Return a table of text with a column for each run, optionally of differing rows only."""
    rows = []
    for key in dict.fromkeys(key for each in values for key in each):
        cells = [as_text(each.get(key)) for each in values]
        if not only_different or len(set(cells)) > 1:
            rows.append([key.replace("_", " "), *cells])
    return pd.DataFrame(rows, columns=[what, *names])
