"""Widgets whose value the app changes: choices count, values that are out of date do not."""

import pytest
from streamlit.testing.v1 import AppTest

SCRIPT = """
import streamlit as st
from pages.common.choices import chosen, key_for

state = st.session_state
state.value = chosen("letter", state.get("value", "a"))
state.value = state.pop("from_the_app", state.value)
letters = ["a", "b", "c"]
if state.get("is_drawn", True):
    key = key_for("letter", state.value)
    st.selectbox("Letter", letters, index=letters.index(state.value), key=key)
"""


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_string(SCRIPT).run()


def test_a_choice_counts_and_the_widget_stays(app: AppTest) -> None:
    key = app.selectbox[0].key
    app.selectbox[0].select("b").run()
    assert app.session_state.value == "b"
    app.run()
    assert app.session_state.value == app.selectbox[0].value == "b"
    assert app.selectbox[0].key == key


def test_a_message_that_was_on_its_way_when_the_app_changed_the_value_is_no_choice(
    app: AppTest,
) -> None:
    on_its_way = app._tree.get_widget_states()
    app.session_state["from_the_app"] = "c"
    app.run()
    assert app.selectbox[0].value == "c"
    app._run(on_its_way)
    assert app.session_state.value == app.selectbox[0].value == "c"
    app.selectbox[0].select("a").run()
    assert app.session_state.value == "a"


def test_the_app_changes_the_value_after_a_choice(app: AppTest) -> None:
    app.selectbox[0].select("b").run()
    for value in ("a", "b", "c"):
        app.session_state["from_the_app"] = value
        app.run()
        app.run()
        assert app.session_state.value == app.selectbox[0].value == value


def test_a_widget_that_was_away_comes_back_with_the_value(app: AppTest) -> None:
    app.selectbox[0].select("b").run()
    app.session_state["is_drawn"] = False
    app.run()
    assert app.session_state.value == "b" and not app.selectbox
    app.session_state["is_drawn"] = True
    app.run()
    assert app.session_state.value == app.selectbox[0].value == "b"
