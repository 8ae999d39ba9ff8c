"""A page that Streamlit runs alone is run again through app.py; a page that was left stays away."""

from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests
from streamlit.testing.v1 import AppTest

from pages.common import navigation_guard


def script() -> None:  # app.py runs around the page only from the second run on
    import streamlit as st
    from streamlit.runtime.pages_manager import PagesManager

    from pages.common.navigation_guard import ensure_started_from_app, mark_started

    st.session_state.runs = st.session_state.get("runs", 0) + 1
    if st.session_state.runs == 1:
        PagesManager.uses_pages_directory = True  # as Streamlit has found the folder pages/
    else:
        mark_started()
    ensure_started_from_app()
    st.write(f"drawn by run {st.session_state.runs}")


def test_a_page_alone_draws_nothing_and_runs_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PagesManager, "uses_pages_directory", None)  # restored at the end
    app = AppTest.from_function(script).run()
    assert [text.value for text in app.markdown] == ["drawn by run 2"]
    assert PagesManager.uses_pages_directory is False
    assert [text.value for text in app.run().markdown] == ["drawn by run 3"]  # at once


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Correct Streamlit for one test."""
    for owner, name in ((ScriptRequests, "_request_rerun_locked"), (ScriptRunner, "_run_script")):
        monkeypatch.setattr(owner, name, getattr(owner, name))  # restored at the end
    navigation_guard.ignore_other_pages()


@pytest.mark.usefixtures("guarded")
def test_a_poll_of_the_last_page_does_not_undo_a_click_on_a_link() -> None:
    requests = ScriptRequests()
    requests.request_rerun(RerunData(page_script_hash="evaluate", page_name="Evaluate"))
    poll = RerunData("set=1", page_script_hash="explore", fragment_id="map", is_auto_rerun=True)
    assert requests.request_rerun(poll)
    run = requests.on_scriptrunner_ready().rerun_data
    assert (run.page_script_hash, run.page_name) == ("evaluate", "Evaluate")
    assert (run.query_string, run.fragment_id_queue) == ("", [])


@pytest.mark.usefixtures("guarded")
def test_a_click_on_the_page_keeps_its_address() -> None:
    requests = ScriptRequests()
    requests.request_rerun(RerunData("set=1", page_script_hash="explore"))
    requests.request_rerun(RerunData("set=2", page_script_hash="explore", fragment_id="map"))
    assert requests.on_scriptrunner_ready().rerun_data.query_string == "set=2"


def test_a_fragment_that_is_gone_starts_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(ScriptRequests, "_request_rerun_locked", lambda requests, new: True)
    monkeypatch.setattr(
        ScriptRunner, "_run_script", lambda runner, data: ran.append(data.fragment_id_queue)
    )
    navigation_guard.ignore_other_pages()
    storage = MemoryFragmentStorage()
    storage.register("table", lambda: None)
    runner: Any = SimpleNamespace(_fragment_storage=storage)
    for wanted in (["map"], ["table"], ["map", "table"], []):
        ScriptRunner._run_script(runner, RerunData(fragment_id_queue=wanted))
    assert ran == [["table"], ["map", "table"], []]
