"""A page runs within app.py, which draws the links between pages and shows errors of the user."""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager


def mark_started() -> None:
    """Record that app.py runs the page."""
    st.session_state.is_started = True


def ensure_started_from_app() -> None:
    """Rerun through app.py if it does not run the page that calls this first.

    If the first visit to a new server is to a page's own URL, as after a restart, Streamlit takes
    the folder pages/ for the older kind of multipage app and runs the page alone. `st.navigation`
    in app.py turns that off for all sessions; here the same is done before it runs.
    """
    if "is_started" not in st.session_state:
        PagesManager.uses_pages_directory = False
        st.rerun()
