"""Start a comparison, restore one from the URL, choose an earlier one."""

import shutil
from pathlib import Path

import streamlit as st

from embeddings import EmbeddingError
from embeddings.files.delimited.text_options import TEXT_OPTION_NAMES, TextOptions
from embeddings.text import split_names
from pages.common import url_state
from pages.common.choices import chosen, distinct, key_for
from pages.common.formatting import error_box, plain
from pages.evaluate import form
from pages.evaluate.form import ComparisonSpec
from pages.evaluate.page_state import BUILT_IN, PageState
from pages.evaluate.table_source import TableSource
from server.runs import records as runs
from server.runs.contract import DATA_FOLDER, TRAINING_FOLDER
from server.runs.records import RunRecord

TRAINER = "evaluate"
ZIP = "comparison.zip"


def current(page: PageState) -> RunRecord | None:
    """Return the run to show, the one started or chosen last, and write it into the URL.

    At first it is the one in the URL, and the controls are set as for that run.
    """
    picked = chosen("comparisons", page.run_id or "")
    if picked != (page.run_id or ""):
        page.show(picked or None)
    run = None
    if page.run_id is not None:
        try:
            run = runs.find(page.run_id)
            if run.damage:
                raise EmbeddingError(f"{run.id}: {run.damage}; delete this run on the Train page")
            if run.trainer != TRAINER:
                raise EmbeddingError(f"{run.id} is a run of {run.trainer}; see the Train page")
        except EmbeddingError as error:
            error_box(str(error))
            run = page.run_id = None
    url_state.update(run=run.id if run else None)
    if run is not None and page.restores_controls:
        _restore_controls(page, run)
        page.restores_controls = False
    return run


def choose_earlier(page: PageState, run: RunRecord | None) -> None:
    """Draw the choice among all comparisons, latest first, and a new one."""
    past = runs.list_runs()
    titles = {
        each.id: f"{each.settings.get('target')}: {each.title.removeprefix(f'{TRAINER}, ')}"
        for each in past
        if each.trainer == TRAINER
    }
    if not titles:
        return
    current = run.id if run else ""
    titles = distinct(titles)
    ids = ["", *titles]
    st.selectbox(
        "Comparison",
        ids,
        index=ids.index(current),
        format_func=lambda each: titles.get(each, "New comparison"),
        key=key_for("comparisons", current),
        label_visibility="collapsed",
    )


def draw_start(page: PageState, source: TableSource, spec: ComparisonSpec) -> None:
    """Draw the button that starts, or what prevents it."""
    problem = spec.problem or runs.blocked_reason()
    with st.container(key="start"):
        if page.error:
            error_box(page.error)
        # The callback only notes the press, which a rerun that interrupts would else drop. Its
        # arguments would be those of the rerun before the value just typed.
        st.button(
            "Compare",
            type="primary",
            key="compare",
            width="stretch",
            disabled=bool(problem),
            on_click=page.request_start,
        )
        if page.is_start_requested:
            page.is_start_requested = False  # no call of Streamlit until the run is on the page
            if not problem:
                _start(page, source, spec)
            st.rerun()
        if problem:
            st.caption(plain(problem[:1].upper() + problem[1:]))


def _start(page: PageState, source: TableSource, spec: ComparisonSpec) -> None:
    """Start a comparison and show it; an error is shown in the next rerun."""
    page.error = ""
    try:
        run = _launch(source, spec)
    except EmbeddingError as error:
        page.error = str(error)
        return
    page.show(run.id, restore_controls=False)


def _launch(source: TableSource, spec: ComparisonSpec) -> RunRecord:
    """Start a comparison in a folder of its own that holds a copy of the table."""
    if source.place != BUILT_IN and not Path(source.place).exists():
        raise EmbeddingError(f"{source.title} is no longer on the server; upload it again")
    with runs.explain_write_errors():
        folder = runs.new_folder()
    arguments = [*spec.flags, f"--run-dir={folder / TRAINING_FOLDER}"]
    if "entity" in spec.settings["features"]:
        arguments += [f"--out={folder / ZIP}", "--files"]
    if source.place != BUILT_IN:
        data = folder / DATA_FOLDER / Path(source.place).name
        arguments.insert(0, str(data))
        with runs.explain_write_errors():
            try:
                data.parent.mkdir()
                shutil.copyfile(source.place, data)
            except OSError:
                shutil.rmtree(folder, ignore_errors=True)
                raise
    return runs.start(folder, TRAINER, arguments, spec.settings, source.title)


def rerun(page: PageState, run: RunRecord) -> None:
    """Start a run that has ended again."""
    page.error = ""
    try:
        runs.resume(run)
    except EmbeddingError as error:
        page.error = str(error)


def stop(page: PageState, run: RunRecord) -> None:
    """Ask a run in progress to stop."""
    page.error = ""
    try:
        runs.stop(run)
    except EmbeddingError as error:
        page.error = str(error)


def delete(page: PageState, run: RunRecord) -> None:
    """Delete a run with all its files."""
    page.error = ""
    try:
        runs.delete(run)
    except EmbeddingError as error:
        page.error = str(error)
        return
    page.show(None)
    page.forget_tables(run.folder)


def _restore_controls(page: PageState, run: RunRecord) -> None:
    """Set the controls as for a run, with its own table."""
    files = sorted((run.folder / DATA_FOLDER).glob("*"))
    place = str(files[0]) if files else BUILT_IN
    if not form.is_complete(run.settings):
        page.error = "run.json of this comparison is damaged: its settings are incomplete"
        return
    form.recall(place, run.settings, page.form + 1)
    page.choose_table(place, run.data)
    names = run.settings.get("names")
    page.names[place] = split_names(names) if isinstance(names, str) else ()
    stated = {name: run.settings.get(name) for name in TEXT_OPTION_NAMES}
    try:
        page.reading[place] = TextOptions.of(
            {name: value for name, value in stated.items() if isinstance(value, str)}
        )
    except EmbeddingError as error:
        page.error = str(error)
    page.form += 1
