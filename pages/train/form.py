"""The form on the left: a trainer, its data, its settings, and the button that starts a run."""

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from embeddings import EmbeddingError
from pages.common.choices import chosen, key_for
from pages.common.formatting import error_box, plain
from pages.common.settings_form import draw_setting
from pages.train import files, trainer_settings
from pages.train.files import DataSource
from pages.train.selected_run import PageState
from pages.train.trainer_settings import Trainer
from server.runs import records as runs
from server.runs.contract import TRAINING_FOLDER
from server.runs.records import RunRecord
from trainers.catalog import TRAINERS, descriptions


def draw(page: PageState, past: Sequence[RunRecord]) -> None:
    """Draw the form; `past` are all runs, the latest first."""
    page.trainer = chosen("trainer", page.trainer)
    names = list(TRAINERS)
    key = key_for("trainer", page.trainer)
    st.selectbox("Trainer", names, index=names.index(page.trainer), key=key)
    trainer = trainer_settings.trainer(page.trainer)
    st.caption(plain(trainer.description))
    data = files.choose(trainer, past)
    values = _settings(trainer)
    problem = trainer.problem({**values, **data.placeholders})
    reason = data.missing or runs.blocked_reason()
    with st.container(key="start"):
        if problem or page.start_error:
            error_box(problem or page.start_error)
        # The callback only notes the press, which a rerun that interrupts would else drop. Its
        # arguments would be those of the rerun before the value just typed.
        st.button(
            "Start", type="primary", key="start_run", width="stretch",
            disabled=bool(reason or problem), on_click=page.request_start,
        )  # fmt: skip
        if page.is_start_requested:
            page.is_start_requested = False  # no call of Streamlit until the run is on the page
            if not (reason or problem):
                _start(page, trainer, values, data)
            st.rerun()
        if reason:
            st.caption(plain(reason[:1].upper() + reason[1:]))


def _start(page: PageState, trainer: Trainer, values: Mapping[str, Any], data: DataSource) -> None:
    """Start a run and show it, or keep what prevented it, to be shown."""
    page.start_error = ""
    try:
        with runs.explain_write_errors():
            folder = runs.new_folder()
            paths = _write(data, folder)
        managed = [
            f"--out={folder / _result_name(trainer, paths)}",
            f"--run-dir={folder / TRAINING_FOLDER}",
        ]
        arguments = [*trainer.arguments({**values, **paths}), *managed]
        run = runs.start(folder, trainer.name, arguments, values, data.title)
    except EmbeddingError as error:
        page.start_error = str(error)
        return
    page.show(run.id)


def _write(data: DataSource, folder: Path) -> dict[str, Path]:
    """Write the data of a run to its folder, which is removed if that fails."""
    try:
        return data.write(folder)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _result_name(trainer: Trainer, paths: Mapping[str, Path]) -> str:
    """Name the file to come after what it is learned from."""
    path = paths.get(trainer.files[0].name)
    stem = trainer.name if path is None or path.is_dir() else path.name.split(".")[0]
    return f"{re.sub(r'[^-0-9A-Za-z_]+', '-', stem) or trainer.name}.embedding.parquet"


def _settings(trainer: Trainer) -> dict[str, Any]:
    """Draw the settings, advanced ones folded away; return their values."""

    def drawn(advanced: bool) -> dict[str, Any]:
        return {
            setting.name: draw_setting(setting, key=f"train-{trainer.name}-{setting.name}")
            for setting in trainer.settings
            if setting.type != "path" and setting.advanced is advanced
        }

    with st.container(key="settings"):
        values = drawn(advanced=False)
        with st.expander("More settings"):
            values |= drawn(advanced=True)
    return values


def draw_overview(page: PageState) -> None:
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
