"""Which run the page shows: the one started or chosen last, that of the address, or the latest."""

from collections.abc import Sequence

import streamlit as st

from embeddings import EmbeddingError
from pages.common import url_state
from pages.common.text import error_box
from server.runs import records as runs
from server.runs.metrics import RunMetrics
from server.runs.records import RunRecord


def show(run_id: str | None) -> None:
    """Show another run; None: the latest."""
    st.session_state.run_shown = run_id


def current(past: Sequence[RunRecord]) -> RunRecord | None:
    """Return the run to show, and write it into the address; `past` are all, the latest first."""
    state = st.session_state
    if "run_shown" not in state:
        state.run_shown = st.query_params.get("run")
    run = past[0] if past else None
    if state.run_shown is not None:
        try:
            run = runs.find(state.run_shown)
        except EmbeddingError as error:
            error_box(str(error))
            state.run_shown = None
    url_state.update(run=run.id if run else None)
    return run


def metrics(run: RunRecord) -> RunMetrics:
    """Return this session's reader of a run's logs."""
    readers: dict[str, RunMetrics] = st.session_state.setdefault("run_metrics", {})
    return readers.setdefault(run.id, RunMetrics(run.training))
