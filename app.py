"""The frame of the app: page list, look, and the boundary where user errors are shown.

Start it with `make app`, or `streamlit run app.py`.
"""

from pathlib import Path

import streamlit as st

from embeddings import EmbeddingError
from pages.common import navigation_guard
from pages.common.text import error_box

STYLE = (Path(__file__).parent / "pages" / "common" / "style.css").read_text()

PAGES = [
    st.Page("pages/explore.py", title="Explore", icon=":material/scatter_plot:", default=True),
    st.Page("pages/train.py", title="Train", icon=":material/model_training:"),
    st.Page("pages/evaluate.py", title="Evaluate", icon=":material/balance:"),
]


def main() -> None:
    """Draw the way between the pages, and the page that the address names."""
    st.set_page_config("Embedding Explorer", ":material/scatter_plot:", layout="wide")
    st.html(f"<style>{STYLE}</style>")
    page = st.navigation(PAGES, position="hidden")
    with st.sidebar, st.container(key="brand"):
        st.markdown("Embedding Explorer")
        with st.container(key="pages", horizontal=True):
            for each in PAGES:
                st.page_link(each)
    navigation_guard.enter()
    try:
        page.run()
    except EmbeddingError as error:
        error_box(str(error))


main()
