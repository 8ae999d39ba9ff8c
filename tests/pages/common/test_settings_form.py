"""The form of settings: each kind of setting is a widget that starts with its default."""

from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Gt
from streamlit.testing.v1 import AppTest
from typing_extensions import Doc

from embeddings.settings import SettingError, check, describe
from pages.common.settings_form import explain


@dataclass(frozen=True)
class Settings:
    """One setting of each kind."""

    rate: Annotated[float, Doc("How fast"), Gt(0)] = 0.5
    count: Annotated[int, Doc("How many"), Ge(1)] = 3
    limit: Annotated[int | None, Doc("How many at most")] = None
    step: Annotated[float | Literal["auto"], Doc("How far")] = "auto"
    threads: Annotated[Literal["one", "all"] | int, Doc("How many threads")] = "all"
    metric: Annotated[Literal["dot", "cosine"], Doc("How to compare")] = "cosine"
    dims: Annotated[Literal[2, 3], Doc("How many dimensions")] = 2
    kind: Annotated[Literal["big", "small"] | None, Doc("Which kind")] = None
    name: Annotated[str | None, Doc("What it is called")] = None
    shares: Annotated[str, Doc("Which shares")] = "1,10"
    quiet: Annotated[bool, Doc("Whether to be quiet")] = True

    def __post_init__(self) -> None:
        check(self)


def script() -> None:  # a script of its own
    import streamlit as st

    from embeddings.settings import describe
    from pages.common.settings_form import draw_setting
    from tests.pages.common.test_settings_form import Settings

    st.session_state.values = {
        field.name: draw_setting(field, key=f"form-{field.name}") for field in describe(Settings)
    }


@pytest.fixture
def form() -> AppTest:
    app = AppTest.from_function(script).run()
    assert not app.exception
    return app


def test_a_form_starts_with_the_defaults(form: AppTest) -> None:
    assert Settings(**form.session_state["values"]) == Settings()
    assert repr(form.session_state["values"]["count"]) == "3"


def test_what_is_chosen_is_returned(form: AppTest) -> None:
    form.number_input(key="form-rate").set_value(2.0)
    form.number_input(key="form-limit").set_value(7)
    form.number_input(key="form-step").set_value(0.25)
    form.selectbox(key="form-threads").set_value("one")
    form.selectbox(key="form-dims").set_value(3)
    form.selectbox(key="form-kind").set_value("small")
    form.text_input(key="form-name").set_value("x")
    form.checkbox(key="form-quiet").set_value(False)
    form.run()
    changed = Settings(rate=2.0, limit=7, step=0.25, threads="one", dims=3, kind="small",
                       name="x", quiet=False)  # fmt: skip
    assert Settings(**form.session_state["values"]) == changed


def test_an_empty_widget_is_the_default_or_none(form: AppTest) -> None:
    form.number_input(key="form-step").set_value(1.0)
    form.number_input(key="form-limit").set_value(7)
    form.text_input(key="form-name").set_value("x")
    form.run()
    form.number_input(key="form-step").set_value(None)
    form.number_input(key="form-limit").set_value(None)
    form.text_input(key="form-name").set_value("")
    form.run()
    assert Settings(**form.session_state["values"]) == Settings()


def test_a_value_in_the_session_state_comes_first() -> None:
    app = AppTest.from_function(script)
    app.session_state["form-rate"] = 4.0
    app.session_state["form-metric"] = "dot"
    app.run()
    assert not app.exception
    assert app.session_state["values"]["rate"] == 4.0
    assert app.session_state["values"]["metric"] == "dot"


def test_an_error_names_the_label() -> None:
    with pytest.raises(SettingError) as refused:
        Settings(rate=-1)
    assert explain(refused.value, describe(Settings)) == "Rate is -1; expected a number above 0"
