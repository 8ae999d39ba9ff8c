"""The frame around a page: app.py, which draws the way between pages and shows users' errors."""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager


def enter() -> None:
    """Note that app.py runs around the page."""
    st.session_state.framed = True


def require() -> None:
    """See to it that app.py runs around the page that calls this first.

    Where the first visit to a new server is to the address of a page, as when a person reloads one
    after a restart, Streamlit takes the folder pages/ for its older kind of app and runs the page
    alone. `st.navigation` in app.py ends that for all sessions; here the same is done before it.
    """
    if "framed" not in st.session_state:
        PagesManager.uses_pages_directory = False
        st.rerun()
