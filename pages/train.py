"""The Train screen: choose a trainer and data, watch it learn, open the result, compare runs."""

import streamlit as st

from pages.common import navigation_guard
from pages.train import form, overview, run_history, run_view, selected_run
from server.runs import records as runs
from trainers.catalog import TRAINERS


def main() -> None:
    """Draw the form on the left, the selected run and all runs beside it."""
    known = [run for run in runs.list_runs() if run.trainer in TRAINERS]
    with st.sidebar:
        form.draw(known)
    with st.container(key="train"):
        run = selected_run.current(known)
        if run is not None:
            run_view.draw(run)
        else:
            overview.draw()
        run_history.draw(known)


navigation_guard.ensure_started_from_app()
main()
