"""A page that Streamlit runs alone is run again through app.py."""

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest


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
