"""A page runs within app.py, which draws the links between pages and shows errors of the user; and
what is left of another page does not take its place."""

from dataclasses import replace
from functools import wraps
from typing import Any

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests, ScriptRequestType


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


def ignore_other_pages() -> None:
    """Ignore fragments of the last page that the browser draws again while it opens another one.

    The panels of Explore poll while work runs. A poll on its way when a person opens another page
    carries the name of the last page, and Streamlit 1.67 takes it as a request for that page:

    - If the script of the new page has not begun, it merges the two requests under the last page's
      name, and the click on the link is lost.
    - If it has begun, the fragment is to be drawn after it. It does not exist any more, so nothing
      is drawn, but the browser takes it for a run of the last page and removes the new one.

    The correction applies to the whole server process.
    """
    request: Any = ScriptRequests._request_rerun_locked
    run: Any = ScriptRunner._run_script
    if hasattr(request, "__wrapped__"):
        return

    @wraps(request)
    def request_for_page(requests: ScriptRequests, new: RerunData) -> bool:
        waiting = requests._rerun_data
        is_page_waiting = (
            requests._state == ScriptRequestType.RERUN and not waiting.fragment_id_queue
        )
        if is_page_waiting and new.fragment_id and new.page_script_hash != waiting.page_script_hash:
            new = replace(
                new,
                page_script_hash=waiting.page_script_hash,
                page_name=waiting.page_name,
                query_string=waiting.query_string,
            )
        accepted: bool = request(requests, new)
        return accepted

    @wraps(run)
    def run_what_exists(runner: ScriptRunner, data: RerunData) -> None:
        wanted = data.fragment_id_queue
        if not wanted or any(map(runner._fragment_storage.contains, wanted)):
            run(runner, data)

    ScriptRequests._request_rerun_locked = request_for_page  # type: ignore[assignment, method-assign]
    ScriptRunner._run_script = run_what_exists  # type: ignore[assignment, method-assign]
