"""The run on display: the one started or selected last, the one in the URL, or the latest."""

from collections.abc import Sequence

import streamlit as st

from embeddings import EmbeddingError
from pages.common import url_state
from pages.common.text import error_box
from server.runs import records as runs
from server.runs.metrics import RunMetrics
from server.runs.records import RunRecord


def show(run_id: str | None) -> None:
    """Show another run; None means the latest."""
    st.session_state.selected_run = run_id


def current(past: Sequence[RunRecord]) -> RunRecord | None:
    """Return the run to show and write it into the URL; `past` are all runs, latest first."""
    state = st.session_state
    if "selected_run" not in state:
        state.selected_run = st.query_params.get("run")
    run = past[0] if past else None
    if state.selected_run is not None:
        try:
            run = runs.find(state.selected_run)
        except EmbeddingError as error:
            error_box(str(error))
            state.selected_run = None
    url_state.update(run=run.id if run else None)
    return run


def metrics(run: RunRecord) -> RunMetrics:
    """Return the session's reader of a run's metrics."""
    readers: dict[str, RunMetrics] = st.session_state.setdefault("run_metrics", {})
    return readers.setdefault(run.id, RunMetrics(run.training))
