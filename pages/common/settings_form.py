"""The form of settings: one widget for each field of a settings dataclass."""

import math
from collections.abc import Sequence
from typing import Any

import streamlit as st

from embeddings.settings import SettingError, SettingField

AUTOMATIC = "automatic"
"""Placeholder of a setting that is left empty."""


def draw_setting(field: SettingField, key: str) -> Any:
    """Draw a setting; return the value chosen.

    The widget starts with the default, or with what the session state has under its key. Bounds
    are not its own: the settings' dataclass checks them, and the page shows the message.

    Parameters
    ----------
    field : the setting
    key : the widget's key in the session state

    Returns
    -------
    The value. An empty number means the default if that is a keyword, and None if the setting is
    optional; an empty text means None if the setting is optional.
    """
    is_automatic = field.default is None or field.default in field.keywords
    shared: dict[str, Any] = {"key": key, "help": field.help, "persist_state": "session"}
    choices = field.choices or (field.keywords if len(field.keywords) > 1 else None)
    if choices:
        st.session_state.setdefault(key, field.default)
        return st.selectbox(
            field.label, choices, index=None, placeholder=AUTOMATIC,
            required=field.default is not None, **shared,
        )  # fmt: skip
    if field.type == "bool":
        st.session_state.setdefault(key, field.default)
        return st.checkbox(field.label, **shared)
    placeholder = AUTOMATIC if is_automatic else None
    if field.type in ("str", "path"):
        st.session_state.setdefault(key, field.default or "")
        text = st.text_input(field.label, placeholder=placeholder, **shared)
        return text or (None if field.optional else text)
    is_whole = field.type == "int"
    start = None if is_automatic else field.default
    st.session_state.setdefault(key, start)
    number = st.number_input(
        field.label, value=None, step=1 if is_whole else _step(start),
        format=None if is_whole else "%.6g", placeholder=placeholder,
        required=not is_automatic, **shared,
    )  # fmt: skip
    return number if number is not None or field.optional else field.default


def explain(error: SettingError, fields: Sequence[SettingField]) -> str:
    """Return the message of an error with the setting named as on the form."""
    labels = {field.name: field.label for field in fields}
    label = labels.get(error.name, error.name.replace("_", " "))
    return f"{label} is {error.value}; expected {error.expected}"


def _step(default: float | None) -> float:
    """Return the step of a number's + and - keys: a tenth of its power of ten."""
    return 10.0 ** (math.floor(math.log10(default)) - 1) if default else 0.01
