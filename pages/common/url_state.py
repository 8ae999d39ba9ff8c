"""The URL holds the state of the view, so that a reload or a shared link restores it."""

import streamlit as st

_STATE = {"method": str, "dims": int, "color": str, "layer": str}


def restore() -> None:
    """Take method, dimensions, color and layer from the URL when a session begins."""
    if "is_restored" in st.session_state:
        return
    st.session_state.is_restored = True
    for name, read in _STATE.items():
        text = st.query_params.get(name, "")
        if text and (read is str or text.isdecimal()):
            st.session_state[name] = read(text)


def row() -> int | None:
    """Return the row in the URL, or None."""
    text = st.query_params.get("row", "")
    return int(text) if text.isdecimal() else None


def update(**values: str | int | None) -> None:
    """Write values into the URL; None removes one."""
    for name, value in values.items():
        if value is None:
            if name in st.query_params:
                del st.query_params[name]
        elif st.query_params.get(name) != str(value):
            st.query_params[name] = str(value)
