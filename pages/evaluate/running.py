"""A comparison under way: its stage, how far it is, the way to cancel it; or why it ended early."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.common.text import duration, error_box, plain
from pages.evaluate import run_control
from pages.train import selected_run
from pages.train.run_view import BADGES, LOG_LINES, POLL_SECONDS
from server.runs import records as runs
from server.runs.contract import FEATURES, METRICS, MODELS, SCORED, ZIP_STARTED
from server.runs.metrics import progress
from server.runs.records import RunRecord, RunStatus

_LATEST = 8
"""Judgments that are listed."""


def show(run: RunRecord) -> None:
    """Show how far a run is, and look again by itself, until it has ended."""
    st.fragment(_draw, run_every=POLL_SECONDS)(run)


def _draw(run: RunRecord) -> None:
    status = runs.status(run)
    if not status.is_active:
        st.rerun()  # the whole page: the result is there
    by_stage = selected_run.metrics(run).read()
    far = progress(by_stage)
    events = by_stage.get("", [])
    folds = run.settings["folds"]
    stage = stage_of(events[-1], folds) if events else "Reading the table"
    text = f"{stage} · {duration(status.seconds)}"
    if far and far.seconds_left is not None and events[-1].get("fold", folds) > 1:
        text += f", about {duration(far.seconds_left)} left"
    with st.container(key="comparing", horizontal=True, vertical_alignment="center"):
        st.progress(far.fraction if far else 0.0, text=plain(text))
        stopping = status.state == "stopping"
        st.button("Cancelling…" if stopping else "Cancel", key="cancel", disabled=stopping,
                  on_click=runs.stop, args=(run,))  # fmt: skip
    judged = [judgment_of(event) for event in events if event["event"] == SCORED]
    for line in judged[: -_LATEST - 1 : -1]:
        st.caption(plain(line))


def stage_of(event: Mapping[str, Any], folds: int) -> str:
    """Say what is under way after an event of the log."""
    if event["event"] == ZIP_STARTED:
        return "Learning embeddings from all rows, for the zip"
    if "fold" not in event:
        return "Making the folds"
    place = f"Fold {event['fold']} of {folds}: {FEATURES[event['features']]}"
    if "model" in event:
        return f"{place}, {MODELS[event['model']]}"
    return f"{place}, being learned" if event["features"] == "entity" else place


def judgment_of(event: Mapping[str, Any]) -> str:
    """Say what was judged in one fold: its first metric."""
    metric = next(name for name in METRICS if name in event)
    return (
        f"Fold {event['fold']}: {MODELS[event['model']]} on {FEATURES[event['features']]}, "
        f"{METRICS[metric]} {event[metric]:,.4g}"
    )


def show_end(run: RunRecord, status: RunStatus) -> None:
    """Say why a run ended without a result, with its log."""
    icon, word = BADGES[status.state]
    with st.container(key="status_bar", horizontal=True, vertical_alignment="center"):
        st.markdown(f"{icon} {word}, {duration(status.seconds)}", width="stretch")
        st.button("Begin anew", type="primary", key="again", on_click=run_control.begin_anew,
                  args=(run,))  # fmt: skip
        offer_to_delete(run)
    if status.error:
        error_box(status.error)
    show_log(run)


def offer_to_delete(run: RunRecord) -> None:
    """Draw the button that removes a run."""
    with st.popover("Delete"):
        st.markdown("This comparison with its table and its files")
        st.button("Delete it", key="delete", on_click=run_control.delete, args=(run,))


def show_log(run: RunRecord) -> None:
    """Show, folded away, the command and what it said."""
    with st.expander("Log and command"):
        st.code(run.command, language="sh", wrap_lines=True)
        log = runs.log_tail(run, LOG_LINES) or "nothing was said"
        st.code(log, language=None, height=260)
