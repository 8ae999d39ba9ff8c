"""Starting a comparison, finding it again by the page's address, and the earlier ones."""

import shutil
from pathlib import Path

import streamlit as st

from embeddings import EmbeddingError
from pages.common import url_state
from pages.common.text import error_box, plain
from pages.evaluate import form, table
from pages.evaluate.form import ComparisonSpec
from pages.evaluate.table import BUILT_IN, Given
from server.runs import records as runs
from server.runs.contract import DATA_FOLDER, TRAINING_FOLDER
from server.runs.records import RunRecord

TRAINER = "evaluate"
ZIP = "comparison.zip"


def current() -> RunRecord | None:
    """Return the run to show, and write it into the address: the one started or chosen last.

    At first it is that of the address, and the controls begin as it was started.
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
    if run is not None and state.recall:
        _recall(run)
    state.recall = False
    return run


def show(run_id: str | None, recall: bool = True) -> None:
    """Show a run, or none; `recall`: let the controls begin as it was started."""
    st.session_state.comparison = run_id
    st.session_state.recall = recall


def choose_earlier(run: RunRecord | None) -> None:
    """Offer all comparisons, the latest first, if there are any; and the table alone."""
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
        format_func=lambda each: titles.get(each, "A new comparison"),
        key="comparisons",
        on_change=lambda: show(st.session_state.comparisons or None),
        label_visibility="collapsed",
    )


def offer(given: Given, spec: ComparisonSpec) -> None:
    """Offer to start, or say what is in the way."""
    problem = spec.problem or runs.blocked_reason()
    with st.container(key="start"):
        if st.session_state.get("comparison_error"):
            error_box(st.session_state.comparison_error)
        # No callback: its arguments would be those of the rerun before the value just typed
        if st.button(
            "Compare", type="primary", key="compare", width="stretch", disabled=bool(problem)
        ):
            _start(given, spec)
            st.rerun()
        if problem:
            st.caption(plain(problem[:1].upper() + problem[1:]))


def _start(given: Given, spec: ComparisonSpec) -> None:
    """Start a comparison and show it; what stands in its way is kept, to be said."""
    st.session_state.comparison_error = ""
    try:
        run = _started(given, spec)
    except EmbeddingError as error:
        st.session_state.comparison_error = str(error)
        return
    show(run.id, recall=False)


def _started(given: Given, spec: ComparisonSpec) -> RunRecord:
    """Start a comparison in a folder of its own, with the table in it."""
    if given.place != BUILT_IN and not Path(given.place).exists():
        raise EmbeddingError(f"{given.title} is no longer kept on the server; upload it again")
    folder = runs.new_folder()
    arguments = [*spec.flags, f"--run-dir={folder / TRAINING_FOLDER}"]
    if "entity" in spec.settings["features"]:
        arguments += [f"--out={folder / ZIP}", "--files"]
    if given.place != BUILT_IN:
        data = folder / DATA_FOLDER / Path(given.place).name
        data.parent.mkdir()
        shutil.copyfile(given.place, data)
        arguments.insert(0, str(data))
    return runs.start(folder, TRAINER, arguments, spec.settings, given.title)


def begin_anew(run: RunRecord) -> None:
    """Start a run that has ended once more."""
    st.session_state.comparison_error = ""
    try:
        runs.resume(run)
    except EmbeddingError as error:
        st.session_state.comparison_error = str(error)


def delete(run: RunRecord) -> None:
    """Remove a run with all its files."""
    st.session_state.comparison_error = ""
    try:
        runs.delete(run)
    except EmbeddingError as error:
        st.session_state.comparison_error = str(error)
        return
    show(None)
    table.forget(run.folder)


def _recall(run: RunRecord) -> None:
    """Let the controls begin as a run was started, on its own table."""
    files = sorted((run.folder / DATA_FOLDER).glob("*"))
    place = str(files[0]) if files else BUILT_IN
    table.know(place, run.data)
    form.recall(place, run.settings)
