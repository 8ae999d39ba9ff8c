"""A comparison in progress, or one that ended without a result."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.common.formatting import duration, error_box, plain
from pages.evaluate import run_control
from pages.evaluate.page_state import page_state
from pages.train import selected_run
from pages.train.run_view import BADGES, LOG_LINES, POLL_SECONDS
from server.runs import records as runs
from server.runs.contract import FEATURES, METRICS, MODELS, SCORED, ZIP_STARTED
from server.runs.metrics import progress
from server.runs.records import RunRecord, RunStatus

_LATEST = 8
"""Scores that are listed."""


def show(run: RunRecord) -> None:
    """Show the progress of a run every POLL_SECONDS until it has ended."""
    st.fragment(_draw, run_every=POLL_SECONDS)(run)


def _draw(run: RunRecord) -> None:
    status = runs.status(run)
    if not status.is_active:
        st.rerun()  # the whole page: the result is there
    by_stage = selected_run.metrics(run).read()
    reached = progress(by_stage)
    events = by_stage.get("", [])
    folds = run.settings.get("folds") or 0
    stage = stage_of(events[-1], folds) if events else "Reading the table"
    text = f"{stage} · {duration(status.seconds)}"
    fold = events[-1].get("fold") or folds if events else 0
    if reached and reached.seconds_left is not None and fold > 1:
        text += f", about {duration(reached.seconds_left)} left"
    with st.container(key="comparing", horizontal=True, vertical_alignment="center"):
        st.progress(reached.fraction if reached else 0.0, text=plain(text))
        stopping = status.state == "stopping"
        st.button("Cancelling…" if stopping else "Cancel", key="cancel", disabled=stopping,
                  on_click=run_control.stop, args=(page_state(), run))  # fmt: skip
    if page_state().error:
        error_box(page_state().error)
    scores = [score_text(event) for event in events if event["event"] == SCORED]
    for line in scores[: -_LATEST - 1 : -1]:
        st.caption(plain(line))


def stage_of(event: Mapping[str, Any], folds: int) -> str:
    """Return what is in progress after an event of the log."""
    if event["event"] == ZIP_STARTED:
        return "Learning embeddings from all rows for the zip"
    features: Any = str(event.get("features"))
    model: Any = str(event.get("model"))
    if features not in FEATURES:
        return "Splitting into folds"
    place = f"Fold {event.get('fold')} of {folds}: {FEATURES[features]}"
    if model in MODELS:
        return f"{place}, {MODELS[model]}"
    return f"{place}, training" if features == "entity" else place


def score_text(event: Mapping[str, Any]) -> str:
    """Return the first metric of features and model in one fold."""
    found = (name for name in METRICS if isinstance(event.get(name), int | float))
    metric = next(found, None)
    value = "no score" if metric is None else f"{METRICS[metric]} {event[metric]:,.4g}"
    model: Any = str(event.get("model"))
    features: Any = str(event.get("features"))
    return (
        f"Fold {event.get('fold')}: {MODELS.get(model, model)} on "
        f"{FEATURES.get(features, features)}, {value}"
    )


def show_end(run: RunRecord, status: RunStatus) -> None:
    """Show why a run ended without a result, and its log."""
    icon, word = BADGES[status.state]
    with st.container(key="status_bar", horizontal=True, vertical_alignment="center"):
        st.markdown(f"{icon} {word}, {duration(status.seconds)}", width="stretch")
        if status.state != "damaged":
            st.button("Start over", type="primary", key="again", on_click=run_control.rerun,
                      args=(page_state(), run))  # fmt: skip
        draw_delete(run)
    if status.error:
        error_box(status.error)
    show_log(run)


def draw_delete(run: RunRecord) -> None:
    """Draw the button that deletes a run."""
    with st.popover("Delete"):
        st.markdown("Delete this comparison with its table and files?")
        st.button(
            "Delete comparison",
            key="delete",
            type="primary",
            on_click=run_control.delete,
            args=(page_state(), run),
        )


def show_log(run: RunRecord) -> None:
    """Show the command and its output, folded away."""
    with st.expander("Log and command"):
        st.code(run.command, language="sh", wrap_lines=True)
        log = runs.log_tail(run, LOG_LINES) or "no output"
        st.code(log, language=None, height=260)
