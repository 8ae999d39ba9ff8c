"""The Train screen: choose a trainer and data, watch it learn, open the result, compare runs."""

import streamlit as st

from pages.common import navigation_guard
from pages.explore import opening
from pages.train import form, run_history, run_view, selected_run
from server.runs import records as runs
from trainers.catalog import TRAINERS


def main() -> None:
    """Draw the form on the left, the selected run and all runs beside it."""
    opening.follow_request()
    page = selected_run.page_state()
    known = [run for run in runs.list_runs() if run.trainer in TRAINERS or run.damage]
    with st.sidebar:
        form.draw(page, known)
    with st.container(key="train"):
        selected = run_history.selected_rows(page, known)
        run = selected_run.current(page, known)
        if run is not None:
            run_view.draw(run)
        else:
            form.draw_overview(page)
        run_history.draw(known, selected)


navigation_guard.ensure_started_from_app()
main()
