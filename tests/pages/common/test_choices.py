"""Titles of choices, which the browser sends back: each belongs to one key."""

from streamlit.testing.v1 import AppTest

from pages.common.choices import distinct


def test_titles_that_differ_stay() -> None:
    assert distinct({"a": "x", "b": "y"}) == {"a": "x", "b": "y"}


def test_equal_titles_are_numbered_from_the_last() -> None:
    titles = distinct({"new": "sold", "older": "sold", "other": "sold (2)", "first": "sold"})
    assert list(titles) == ["new", "older", "other", "first"]
    assert len(set(titles.values())) == 4
    assert titles["first"] == "sold"


def script() -> None:  # runs as a script of its own
    import streamlit as st

    from pages.common.choices import distinct

    titles = distinct({"new": "sold", "old": "sold"})
    st.session_state.picked = st.selectbox(
        "Run", list(titles), format_func=titles.__getitem__, key="run"
    )


def test_a_choice_between_equal_titles_is_the_one_that_was_made() -> None:
    app = AppTest.from_function(script).run()
    for key in ("old", "new"):
        app.selectbox(key="run").select(key).run()
        assert app.session_state.picked == key
