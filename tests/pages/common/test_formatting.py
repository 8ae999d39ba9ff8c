"""Text on the screen."""

import pytest
from streamlit.testing.v1 import AppTest

from pages.common.formatting import duration, number, plain


@pytest.mark.parametrize("text", ["![x](http://a)", "<b>", "$x$", ":red[x]", "# a", "a | b"])
def test_markdown_is_escaped(text: str) -> None:
    escaped = plain(text)
    assert escaped.replace("\\", "") == text
    assert all(escaped[i - 1] == "\\" for i, c in enumerate(escaped) if c in "![]()<>$:#|")


def test_a_line_break_is_a_blank() -> None:
    assert plain("a\nb") == "a b"


def test_numbers_and_times() -> None:
    assert number(1234567) == "1234567"
    assert number(0.12345678) == "0.123457"
    assert duration(42.4) == "42 s"
    assert duration(200) == "3 min 20 s"


def test_an_error_is_shown_as_it_is_written() -> None:
    def script() -> None:
        from pages.common.formatting import error_box

        error_box("![x](http://a): <b>")

    (box,) = AppTest.from_function(script).run().error
    assert box.value == r"\!\[x\]\(http\://a\)\: \<b\>"
