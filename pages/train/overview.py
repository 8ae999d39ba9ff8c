"""What stands in the place of a run before there is one: what each trainer learns."""

import streamlit as st

from pages.common.text import plain
from pages.train import catalog


def draw() -> None:
    """Draw a line for each trainer; a click on its name chooses it."""
    st.markdown(
        "Choose a trainer, its data and settings on the left, and start it. Each has data built in "
        "to try it. Here you will see it learn, and open what it has made."
    )
    with st.container(key="trainers"):
        for name, sentence in catalog.sentences().items():
            left, right = st.columns([0.14, 0.86], vertical_alignment="center")
            left.button(name, key=f"choose-{name}", width="stretch", on_click=_choose, args=(name,))
            right.markdown(plain(sentence))


def _choose(name: str) -> None:
    st.session_state.trainer = name
