"""The state in the URL: what a person may have typed there is read or ignored."""

import pytest
from streamlit.testing.v1 import AppTest


def read() -> None:  # runs as a script of its own
    import streamlit as st

    from pages.common import url_state

    st.session_state.found = (url_state.controls(), url_state.row())


def found(**parameters: str) -> tuple[dict[str, str | int], int | None]:
    app = AppTest.from_function(read)
    for name, value in parameters.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    result: tuple[dict[str, str | int], int | None] = app.session_state.found
    return result


def test_the_controls_and_the_row_are_read() -> None:
    controls = {"method": "umap", "dims": 3, "color": "kind", "layer": "mix"}
    assert found(method="umap", dims="3", color="kind", layer="mix", row="7", set="x") == (
        controls, 7,
    )  # fmt: skip
    assert found() == ({}, None)


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", " 1", "²", "9" * 5_000])
def test_what_is_not_a_whole_number_is_ignored(text: str) -> None:
    assert found(dims=text, row=text) == ({}, None)


def test_a_value_is_written_once_and_none_removes_it() -> None:
    def script() -> None:
        from pages.common import url_state

        url_state.update(row=7, method="pca", color=None, absent=None)

    app = AppTest.from_function(script)
    app.query_params["color"] = "kind"
    app.run()
    assert not app.exception
    assert app.query_params == {"row": "7", "method": "pca"}
