"""The page's address holds what is open and seen: a reload, or a link sent on, shows it again."""

import streamlit as st

_SEEN = {"method": str, "dims": int, "color": str, "layer": str}


def recall() -> None:
    """Take method, dimensions, color and layer from the address when a session begins."""
    if "recalled" in st.session_state:
        return
    st.session_state.recalled = True
    for name, read in _SEEN.items():
        text = st.query_params.get(name, "")
        if text and (read is str or text.isdecimal()):
            st.session_state[name] = read(text)


def row() -> int | None:
    """Return the row that the address names, if any."""
    text = st.query_params.get("row", "")
    return int(text) if text.isdecimal() else None


def note(**seen: str | int | None) -> None:
    """Write what is seen into the address; None removes it."""
    for name, value in seen.items():
        if value is None:
            if name in st.query_params:
                del st.query_params[name]
        elif st.query_params.get(name) != str(value):
            st.query_params[name] = str(value)
