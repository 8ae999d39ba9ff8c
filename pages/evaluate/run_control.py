"""Start a comparison, restore one from the URL, choose an earlier one."""

import shutil
from pathlib import Path

import streamlit as st

from embeddings import EmbeddingError
from pages.common import url_state
from pages.common.text import error_box, plain
from pages.evaluate import form, table
from pages.evaluate.form import ComparisonSpec
from pages.evaluate.table import BUILT_IN, TableSource
from server.runs import records as runs
from server.runs.contract import DATA_FOLDER, TRAINING_FOLDER
from server.runs.records import RunRecord

TRAINER = "evaluate"
ZIP = "comparison.zip"


def current() -> RunRecord | None:
    """Return the run to show, the one started or chosen last, and write it into the URL.

    At first it is the one in the URL, and the controls are set as for that run.
    """
    state = st.session_state
    if "comparison" not in state:
        show(st.query_params.get("run"))
    run = None
    if state.comparison is not None:
        try:
            run = runs.find(state.comparison)
        except EmbeddingError as error:
            error_box(str(error))
            state.comparison = None
    url_state.update(run=run.id if run else None)
    if run is not None and state.restore_controls:
        _restore_controls(run)
    state.restore_controls = False
    return run


def show(run_id: str | None, restore_controls: bool = True) -> None:
    """Show a run, or none; `restore_controls` sets the controls as for that run."""
    st.session_state.comparison = run_id
    st.session_state.restore_controls = restore_controls


def choose_earlier(run: RunRecord | None) -> None:
    """Draw the choice among all comparisons, latest first, and a new one."""
    past = runs.list_runs()
    titles = {
        each.id: f"{each.settings['target']}: {each.title.removeprefix(f'{TRAINER}, ')}"
        for each in past
        if each.trainer == TRAINER
    }
    if not titles:
        return
    st.session_state.comparisons = run.id if run else ""
    st.selectbox(
        "Comparison",
        ["", *titles],
        format_func=lambda each: titles.get(each, "New comparison"),
        key="comparisons",
        on_change=lambda: show(st.session_state.comparisons or None),
        label_visibility="collapsed",
    )


def draw_start(source: TableSource, spec: ComparisonSpec) -> None:
    """Draw the button that starts, or what prevents it."""
    problem = spec.problem or runs.blocked_reason()
    with st.container(key="start"):
        if st.session_state.get("comparison_error"):
            error_box(st.session_state.comparison_error)
        # No callback: its arguments would be those of the rerun before the value just typed
        if st.button(
            "Compare", type="primary", key="compare", width="stretch", disabled=bool(problem)
        ):
            _start(source, spec)
            st.rerun()
        if problem:
            st.caption(plain(problem[:1].upper() + problem[1:]))


def _start(source: TableSource, spec: ComparisonSpec) -> None:
    """Start a comparison and show it; an error is kept for the next rerun."""
    st.session_state.comparison_error = ""
    try:
        run = _launch(source, spec)
    except EmbeddingError as error:
        st.session_state.comparison_error = str(error)
        return
    show(run.id, restore_controls=False)


def _launch(source: TableSource, spec: ComparisonSpec) -> RunRecord:
    """Start a comparison in a folder of its own that holds a copy of the table."""
    if source.place != BUILT_IN and not Path(source.place).exists():
        raise EmbeddingError(f"{source.title} is no longer on the server; upload it again")
    folder = runs.new_folder()
    arguments = [*spec.flags, f"--run-dir={folder / TRAINING_FOLDER}"]
    if "entity" in spec.settings["features"]:
        arguments += [f"--out={folder / ZIP}", "--files"]
    if source.place != BUILT_IN:
        data = folder / DATA_FOLDER / Path(source.place).name
        data.parent.mkdir()
        shutil.copyfile(source.place, data)
        arguments.insert(0, str(data))
    return runs.start(folder, TRAINER, arguments, spec.settings, source.title)


def rerun(run: RunRecord) -> None:
    """Start a run that has ended again."""
    st.session_state.comparison_error = ""
    try:
        runs.resume(run)
    except EmbeddingError as error:
        st.session_state.comparison_error = str(error)


def delete(run: RunRecord) -> None:
    """Delete a run with all its files."""
    st.session_state.comparison_error = ""
    try:
        runs.delete(run)
    except EmbeddingError as error:
        st.session_state.comparison_error = str(error)
        return
    show(None)
    table.forget(run.folder)


def _restore_controls(run: RunRecord) -> None:
    """Set the controls as for a run, with its own table."""
    files = sorted((run.folder / DATA_FOLDER).glob("*"))
    place = str(files[0]) if files else BUILT_IN
    table.know(place, run.data)
    form.recall(place, run.settings)
