"""The URL holds the state of the view, so that a reload or a shared link restores it."""

import streamlit as st

_STATE = {"method": str, "dims": int, "color": str, "layer": str}


def controls() -> dict[str, str | int]:
    """Return the method, dimensions, color and layer in the URL, as far as it has them."""
    texts = {name: st.query_params.get(name, "") for name in _STATE}
    return {
        name: read(texts[name])
        for name, read in _STATE.items()
        if texts[name] and (read is str or _is_whole(texts[name]))
    }


def row() -> int | None:
    """Return the row in the URL, or None."""
    text = st.query_params.get("row", "")
    return int(text) if _is_whole(text) else None


def update(**values: str | int | None) -> None:
    """Write values into the URL; None removes one."""
    for name, value in values.items():
        if value is None:
            if name in st.query_params:
                del st.query_params[name]
        elif st.query_params.get(name) != str(value):
            st.query_params[name] = str(value)


def _is_whole(text: str) -> bool:
    """Return True for a whole number that is not absurdly long, which int() would refuse."""
    return text.isdecimal() and len(text) <= 18
