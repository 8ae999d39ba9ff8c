"""The list of trainers, shown before the first run."""

import streamlit as st

from pages.common.text import plain
from pages.train.selected_run import PageState
from trainers.catalog import descriptions


def draw(page: PageState) -> None:
    """Draw a line for each trainer; a click on its name selects it."""
    st.markdown(
        "Choose a trainer, its data and settings on the left, and start it. Every trainer comes "
        "with sample data. Progress and results appear here."
    )
    with st.container(key="trainers"):
        for name, description in descriptions().items():
            left, right = st.columns([0.14, 0.86], vertical_alignment="center")
            left.button(name, key=f"choose-{name}", width="stretch",
                        on_click=page.choose_trainer, args=(name,))  # fmt: skip
            right.markdown(plain(description))
