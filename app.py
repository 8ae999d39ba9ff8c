"""The frame of the app: page list, style, and the boundary where user errors are shown.

Start it with `make app`, `embedding-explorer`, or `streamlit run app.py`.
"""

from pathlib import Path

import streamlit as st

import pages
from embeddings import EmbeddingError
from pages.common import navigation_guard
from pages.common.formatting import error_box
from pages.common.message_queue import keep_finished_runs

FOLDER = Path(pages.__file__).parent  # not beside this file where the package is installed
ICON = FOLDER / "common" / "icon.png"  # a Material icon would be fetched from another server
STYLE = (FOLDER / "common" / "style.css").read_text()

PAGES = [
    st.Page(FOLDER / "explore.py", title="Explore", icon=":material/scatter_plot:", default=True),
    st.Page(FOLDER / "train.py", title="Train", icon=":material/model_training:"),
    st.Page(FOLDER / "evaluate.py", title="Evaluate", icon=":material/balance:"),
]


def main() -> None:
    """Draw the links between the pages, and the page that the URL names."""
    keep_finished_runs()
    st.set_page_config("Embedding Explorer", ICON, layout="wide")
    st.html(f"<style>{STYLE}</style>")
    page = st.navigation(PAGES, position="hidden")
    with st.sidebar, st.container(key="brand"):
        st.markdown("Embedding Explorer")
        with st.container(key="pages", horizontal=True):
            for each in PAGES:
                st.page_link(each)
    navigation_guard.mark_started()
    try:
        page.run()
    except EmbeddingError as error:
        error_box(str(error))


main()
