"""The parameters of a page's URL, so that a reload or a shared link restores what it showed."""

import streamlit as st


def update(**values: str | int | None) -> None:
    """Write values into the URL; None removes one."""
    for name, value in values.items():
        if value is None:
            if name in st.query_params:
                del st.query_params[name]
        elif st.query_params.get(name) != str(value):
            st.query_params[name] = str(value)
