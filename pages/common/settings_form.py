"""The form of settings: one widget for each field of a settings dataclass."""

import math
from collections.abc import Sequence
from typing import Any

import streamlit as st

from embeddings.settings import SettingError, SettingField

AUTOMATIC = "automatic"
"""Placeholder of a setting that is left empty."""


def draw_setting(field: SettingField, key: str) -> Any:
    """Draw a setting with its default value; return the value chosen.

    Bounds are not checked here: the dataclass checks them, and the page shows its message.

    Parameters
    ----------
    field : the setting
    key : the widget's key in the session state

    Returns
    -------
    The value. An empty widget stands for the default where that is None or a keyword, for None
    where the setting is optional, and else for the default.
    """
    shared: dict[str, Any] = {"key": key, "help": field.help, "persist_state": "session"}
    choices = field.choices or (field.keywords if len(field.keywords) > 1 else None)
    if choices:
        index = choices.index(field.default) if field.default is not None else None
        return st.selectbox(field.label, choices, index=index, placeholder=AUTOMATIC, **shared)
    if field.type == "bool":
        return st.checkbox(field.label, field.default, **shared)
    placeholder = AUTOMATIC if field.optional or field.keywords else None
    if field.type in ("str", "path"):
        text = st.text_input(field.label, field.default or "", placeholder=placeholder, **shared)
        return text or (None if field.optional else text)
    is_whole = field.type == "int"
    default = None if field.default in field.keywords else field.default
    number = st.number_input(
        field.label,
        value=default,
        step=1 if is_whole else _step(default),
        format=None if is_whole else "%.6g",
        placeholder=placeholder,
        **shared,
    )
    return number if number is not None or field.optional else field.default


def explain(error: SettingError, fields: Sequence[SettingField]) -> str:
    """Return the message of an error with the setting named as on the form."""
    labels = {field.name: field.label for field in fields}
    label = labels.get(error.name, error.name.replace("_", " "))
    return f"{label} is {error.value}; expected {error.expected}"


def _step(default: float | None) -> float:
    """Return the step of a number's + and - keys: a tenth of its power of ten."""
    return 10.0 ** (math.floor(math.log10(default)) - 1) if default else 0.01
