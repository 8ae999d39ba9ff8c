"""The parameters of a page's URL."""

from streamlit.testing.v1 import AppTest


def test_a_value_is_written_once_and_none_removes_it() -> None:
    def script() -> None:
        from pages.common import url_state

        url_state.update(row=7, method="pca", color=None, absent=None)

    app = AppTest.from_function(script)
    app.query_params["color"] = "kind"
    app.run()
    assert not app.exception
    assert app.query_params == {"row": "7", "method": "pca"}
