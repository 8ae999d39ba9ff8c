"""The Train screen: choose a trainer and data, watch it learn, open the result, compare runs."""

import streamlit as st

from pages.common import navigation_guard
from pages.explore import opening
from pages.train import form, run_history, run_view, selected_run
from server.runs import records as runs
from trainers.catalog import TRAINERS


def main() -> None:
    """Draw the form on the left; beside it all runs, and below them a run or the trainers."""
    opening.follow_request()
    page = selected_run.page_state()
    if page.opens_form:  # on a phone it covers the page, so that it is closed at first
        page.opens_form = False
        st.set_page_config(initial_sidebar_state="expanded")
    known = [run for run in runs.list_runs() if run.trainer in TRAINERS or run.damage]
    with st.sidebar:
        form.draw(page, known)
    with st.container(key="train"):
        selected = run_history.draw(page, known)
        run = selected_run.current(page)
        if len(selected) > 1:
            run_history.compare(selected)
        elif run is not None:
            run_view.draw(run)
        else:
            form.draw_cards(page)


navigation_guard.ensure_started_from_app()
main()
