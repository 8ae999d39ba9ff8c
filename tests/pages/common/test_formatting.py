"""Text on the screen."""

import pytest
from streamlit.testing.v1 import AppTest

from pages.common.formatting import duration, number, plain


@pytest.mark.parametrize("text", ["![x](http://a)", "<b>", "$x$", ":red[x]", "# a", "a | b"])
def test_markdown_is_escaped(text: str) -> None:
    escaped = plain(text).replace("\u2060", "")
    assert escaped.replace("\\", "") == text
    assert all(escaped[i - 1] == "\\" for i, c in enumerate(escaped) if c in "![]()<>$:#|")


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("a :material/home: b", "a :|material/home: b"),
        (":material_home:", ":|material_home:"),
        (":smile:", ":|smile:"),
        (":streamlit:", ":|streamlit:"),
        ("http://a.org", "http:|//a.org"),
        ("www.a.org", "www|.a.org"),
        ("me@a.org", "me@|a.org"),
        ("a -> b", "a -|> b"),
        ("a <-> b", "a <|-> b"),
        (">= 3", ">|= 3"),
        ("a -- b", "a -|- b"),
        ("--row N -k 3: 12:30, a<-b", "--row N -k 3: 12:30, a<-b"),
    ],
)
def test_what_streamlit_replaces_in_escaped_text_is_broken_up(text: str, broken: str) -> None:
    assert plain(text).replace("\\", "") == broken.replace("|", "\u2060")


def test_text_is_shown_exactly() -> None:
    def script() -> None:
        from pages.common.formatting import show_text

        show_text("<b> & :smile:", "http://a.org")

    (drawn,) = AppTest.from_function(script).run().get("html")
    assert drawn.proto.body == "<p>&lt;b&gt; &amp; :smile:<br>http://a.org</p>"


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
    assert box.value == "\\!\\[x\\]\\(http\\:\u2060\\/\\/a\\)\\: \\<b\\>"
