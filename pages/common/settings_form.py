"""The form of settings: one widget for each field of a settings dataclass."""

import math
from collections.abc import Sequence
from typing import Any

import streamlit as st

from embeddings.settings import SettingError, SettingField


def draw_setting(field: SettingField, key: str, placeholder: str = "automatic") -> Any:
    """Draw a setting; return the value chosen.

    The widget starts with the default, or with what the session state has under its key. Bounds
    are not its own: the settings' dataclass checks them, and the page shows the message.

    Parameters
    ----------
    field : the setting
    key : the widget's key in the session state
    placeholder : what an empty widget shows, if it may be empty

    Returns
    -------
    The value. An empty widget means None if the setting is optional, and else the default, which
    is a keyword.
    """
    may_be_empty = field.optional or bool(field.keywords)
    is_new = key not in st.session_state  # else its value is there, and comes before a default
    shared: dict[str, Any] = {"key": key, "help": help_text(field), "persist_state": "session"}
    choices = field.choices or (field.keywords if len(field.keywords) > 1 else None)
    if choices:
        if field.default is None:
            return st.selectbox(field.label, choices, None, placeholder=placeholder, **shared)
        index = choices.index(field.default) if is_new else 0
        return st.selectbox(field.label, choices, index, **shared)
    if field.type == "bool":
        return st.checkbox(field.label, field.default if is_new else False, **shared)
    shared["placeholder"] = placeholder if may_be_empty else None
    if field.type in ("str", "path"):
        text = st.text_input(field.label, (field.default or "") if is_new else "", **shared)
        return text or (None if field.optional else text)
    start = None if field.default in field.keywords else field.default
    if may_be_empty and is_new:
        st.session_state[key] = start
    number = st.number_input(
        field.label,
        value=None if may_be_empty else start if is_new else "min",
        step=1 if field.type == "int" else _step(start),
        format=None if field.type == "int" else "%.6g",
        **shared,
    )
    return number if number is not None or field.optional else field.default


def help_text(field: SettingField) -> str:
    """Return what a setting means, with its flag on the command line, as markdown."""
    return f"{field.help}\n\n`{field.flag}`"


def explain(error: SettingError, fields: Sequence[SettingField]) -> str:
    """Return the message of an error with the setting named as on the form."""
    labels = {field.name: field.label for field in fields}
    label = labels.get(error.name, error.name.replace("_", " "))
    return f"{label} is {error.value}; expected {error.expected}"


def _step(default: float | None) -> float:
    """Return the step of a number's + and - keys: a tenth of its power of ten."""
    return 10.0 ** (math.floor(math.log10(default)) - 1) if default else 0.01
