"""Showing text that came from users or their files: never read as markdown or HTML."""

import re

import streamlit as st

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$&])")


def plain(text: str) -> str:
    """Escape text for Streamlit's markdown, which would load remote images and make links."""
    return _MARKDOWN.sub(r"\\\1", text.replace("\n", " "))


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
