"""Showing text that came from users or their files: never read as markdown or HTML."""

import html
import re

import streamlit as st

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$&/])")

_REPLACED = re.compile(
    r"(?<=:)(?=[\w/+-]+:|//)|(?<=www)(?=\.)|(?<=@)(?=\w)"
    r"|(?:(?<=\s[<>~-])|(?<=^[<>~-]))(?=[>=-](?:\s|$))|(?<=<)(?=->(?:\s|$))"
)
"""Places in what Streamlit replaces in escaped text too: icons, emojis, addresses, arrows."""

_WORD_JOINER = "\u2060"  # of no width


def plain(text: str) -> str:
    """Escape text for Streamlit's markdown, which would load remote images and make links.

    What Streamlit would replace all the same is broken up by a character of no width; text that a
    person may want to copy is drawn by `show_text` instead.
    """
    joined = _REPLACED.sub(_WORD_JOINER, text.replace("\n", " "))
    return _MARKDOWN.sub(r"\\\1", joined)


def show_text(*lines: str) -> None:
    """Show lines of text exactly as they are."""
    st.html(f"<p>{'<br>'.join(map(html.escape, lines))}</p>")


def error_box(message: str) -> None:
    """Show what a user got wrong, as it is written."""
    st.error(plain(message), icon=":material/error:")


def number(value: float) -> str:
    """Write a number for the screen: whole ones as they are, others with six digits."""
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def duration(seconds: float) -> str:
    """Write a time for the screen: 42 s, 3 min 20 s."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"
