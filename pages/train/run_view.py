"""One run: its progress, curves, map and results; stop, resume, open, download, delete.

What appears while the run goes on, and at its end, has its place from the beginning: nothing on
the page moves then.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from embeddings import EmbeddingError
from pages.common.formatting import duration, error_box, plain
from pages.common.polling import poll
from pages.common.sources import Source
from pages.explore import opening
from pages.train import curves as charts
from pages.train import run_map, selected_run
from pages.train.selected_run import PageState
from pages.train.titles import as_text, quantity_title, run_title, setting_label, value_text
from server.runs import records as runs
from server.runs.metrics import curves, progress
from server.runs.records import RunRecord, RunState, RunStatus

POLL_SECONDS, MAP_POLL_SECONDS = 1.0, 0.25
LOG_LINES = 300
TABLE_ROWS, TABLE_HEIGHT = 8, 282  # px

BADGES: dict[RunState, tuple[str, str]] = {
    "running": (":material/play_circle:", "running"),
    "stopping": (":material/pause_circle:", "stopping after the checkpoint is saved"),
    "done": (":material/check_circle:", "done"),
    "stopped": (":material/stop_circle:", "stopped"),
    "failed": (":material/error:", "failed"),
    "damaged": (":material/broken_image:", "damaged"),
}

_HIDDEN_METRICS = {"versions", "out", "run_dir"}


def draw(run: RunRecord) -> None:
    """Draw a run; while it is in progress, it is drawn again every POLL_SECONDS."""
    st.fragment(_draw)(run, runs.status(run).is_active)


def _draw(run: RunRecord, was_active: bool) -> None:
    opening.follow_request()  # of a button below: a callback itself cannot switch the page
    if not run.folder.exists():
        st.rerun()  # deleted, in this session or another
    status = runs.status(run)
    if status.is_active != was_active:
        st.rerun()  # the whole page: the table of runs changes, and perhaps another run can start
    page = selected_run.page_state()
    reader = selected_run.metrics(run)
    events = reader.read()
    _status_bar(page, run, status)
    with st.container(key="run_state"):  # as high as a line of progress
        for error in filter(None, (status.error, page.run_error)):
            error_box(error)
        if status.is_active:
            _progress(status, events)
        elif status.state == "done":
            _ending(events)
    left, right = st.columns([0.7, 0.3], gap="medium")
    with left:
        charts.draw(curves(events))
        if reader.damaged:
            st.caption(f"{reader.damaged:,} damaged lines of the log are left out.")
    with right:
        is_painting = run_map.draw(run, status)
    poll(POLL_SECONDS if status.is_active else MAP_POLL_SECONDS if is_painting else None)
    if run.damage:
        return  # neither its settings nor its command are known
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Settings**")
        draw_table(_settings(run))
    with right:
        st.markdown("**Result**")
        if status.metrics:
            draw_table(_result(status.metrics))
        else:
            st.caption("The results appear here when the run is done.")
    with st.expander("Log and command"):
        st.code(run.command, language="sh", wrap_lines=True)
        st.code(runs.log_tail(run, LOG_LINES) or "no output yet", language=None, height=260)


def _status_bar(page: PageState, run: RunRecord, status: RunStatus) -> None:
    """Show title and state in one line, with the buttons that apply."""
    icon, word = BADGES[status.state]
    with st.container(key="status_bar", horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"{icon} {plain(run_title(run))} · {word}, {duration(status.seconds)}",
            width="stretch",
        )
        if status.state == "running":
            st.button("Stop", key="stop", on_click=_stop, args=(page, run))
        elif status.state == "stopping":
            st.button("Stop now", key="end", on_click=_stop, args=(page, run, True))
        elif status.state in ("stopped", "failed"):
            verb = "Resume" if status.resumable else "Start over"
            st.button(verb, type="primary", key="resume", on_click=_resume, args=(page, run))
        if status.results:
            _result_buttons(run, status.results)
        if not status.is_active:
            with st.popover("Delete"):
                st.markdown("Delete this run with its data, curves and embedding file?")
                st.button("Delete run", key="delete", type="primary", on_click=_delete,
                          args=(page, run))  # fmt: skip


def _result_buttons(run: RunRecord, results: tuple[Path, ...]) -> None:
    """Draw the buttons that open the result in Explore and download its files."""
    st.button("Open in Explore", type="primary", key="open_result",
              on_click=opening.request, args=(Source("run", run.id).key,))  # fmt: skip
    with st.popover("Download"):
        for path in results:
            st.download_button(
                path.name,
                data=path.read_bytes,
                file_name=path.name,
                mime="application/vnd.apache.parquet",
                icon=":material/download:",
                key=f"download-{path.name}",
                on_click="ignore",
            )


def _stop(page: PageState, run: RunRecord, force: bool = False) -> None:
    page.run_error = ""
    try:
        runs.stop(run, force)
    except EmbeddingError as error:
        page.run_error = str(error)


def _resume(page: PageState, run: RunRecord) -> None:
    page.run_error = ""
    try:
        runs.resume(run)
    except EmbeddingError as error:
        page.run_error = str(error)


def _delete(page: PageState, run: RunRecord) -> None:
    page.run_error = ""
    try:
        runs.delete(run)
    except EmbeddingError as error:
        page.run_error = str(error)
        return
    page.show(None)


def _progress(status: RunStatus, events: Mapping[str, Any]) -> None:
    """Show how far the run is and how long it will take."""
    reached = progress(events)
    if reached is None:
        st.progress(0.0, text=f"Starting: reading the data, {duration(status.seconds)}")
        return
    parts = [reached.stage] if reached.stage else []
    parts.append(f"epoch {reached.epoch}")
    if reached.steps:
        parts.append(f"step {reached.step:,} of {reached.steps:,}")
    if reached.seconds_left is not None:
        parts.append(f"about {duration(reached.seconds_left)} left, less with early stopping")
    st.progress(reached.fraction, text=plain(", ".join(parts)))


def _ending(events: Mapping[str, Any]) -> None:
    """Say how far the run went, where its progress was."""
    reached = progress(events)
    if reached is not None:
        st.caption(f"Ended after epoch {reached.epoch:,}, step {reached.step:,}")


def _result(metrics: Mapping[str, Any]) -> pd.DataFrame:
    """Return the final metrics as text, one a row."""
    flat = flattened(metrics)
    return pd.DataFrame(
        {
            "Quantity": [quantity_title(name) for name in flat],
            "Value": [value_text(name, value) for name, value in flat.items()],
        }
    )


def draw_table(frame: pd.DataFrame) -> None:
    """Draw a table as high as its rows, at most TABLE_HEIGHT."""
    fits = len(frame) < TABLE_ROWS
    st.dataframe(frame, hide_index=True, height="content" if fits else TABLE_HEIGHT)


def flattened(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return metrics by name, nested ones as "group: name"."""
    found: dict[str, Any] = {}
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            inner = flattened(value).items() if name not in _HIDDEN_METRICS else ()
            found |= {f"{name}: {key}": each for key, each in inner}
        elif name not in _HIDDEN_METRICS:
            found[name] = value
    return found


def _settings(run: RunRecord) -> pd.DataFrame:
    """Return all settings as text, one a row."""
    values = [as_text(value) or "automatic" for value in run.settings.values()]
    labels = [setting_label(run.trainer, name) for name in run.settings]
    return pd.DataFrame({"Setting": labels, "Value": values})
