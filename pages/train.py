"""The Train screen: choose a trainer and data, watch it learn, open the result, compare runs."""

import streamlit as st

from embeddings import runs
from pages.parts import frame
from pages.parts.train import form, menu, overview, past, shown, watch


def main() -> None:
    """Draw the form on the left; the run, and all runs, beside it."""
    known = [run for run in runs.list_runs(runs.runs_folder()) if run.trainer in menu.sentences()]
    with st.sidebar:
        form.draw(known)
    with st.container(key="train"):
        run = shown.current(known)
        if run is not None:
            watch.draw(run)
        else:
            overview.draw()
        past.draw(known)


frame.require()
main()
