"""The choice of a trainer, its data and settings: the form on the left, a card for each trainer."""

import html
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from embeddings import EmbeddingError, gallery
from embeddings.settings import SettingField
from pages.common.choices import chosen, key_for
from pages.common.formatting import error_box, plain
from pages.common.settings_form import draw_setting
from pages.train import files, trainer_settings
from pages.train.files import DataSource
from pages.train.selected_run import PageState
from pages.train.titles import trainer_title
from pages.train.trainer_settings import Trainer
from server.runs import records as runs
from server.runs.contract import TRAINING_FOLDER
from server.runs.records import RunRecord
from trainers.catalog import ABOUT, GROUP_TITLES, TRAINERS, descriptions

_CHOSEN = "light-dark(#0B6BCB, #5AA9F5)"
"""The border of the chosen trainer's card, on light and dark pages."""


def draw(page: PageState, past: Sequence[RunRecord]) -> None:
    """Draw the form; `past` are all runs, the latest first."""
    page.trainer = chosen("trainer", page.trainer)
    names = list(TRAINERS)
    key = key_for("trainer", page.trainer)
    st.selectbox("Trainer", names, names.index(page.trainer), format_func=trainer_title, key=key)
    trainer = trainer_settings.trainer(page.trainer)
    st.caption(f"{plain(trainer.description)}\n\n`python -m trainers {trainer.name}`")
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
    """Draw the settings by group, advanced ones folded away; return their values."""
    values: dict[str, Any] = {}
    with st.container(key="settings"):
        values |= _draw_groups(trainer, advanced=False)
        with st.expander("More settings"):
            values |= _draw_groups(trainer, advanced=True)
    return values


def _draw_groups(trainer: Trainer, advanced: bool) -> dict[str, Any]:
    """Draw the settings that are advanced, or those that are not, each group below its title."""
    groups: dict[str, list[SettingField]] = {title: [] for title in GROUP_TITLES}
    for setting in trainer.settings:
        if setting.type != "path" and setting.advanced is advanced:
            groups.setdefault(setting.group, []).append(setting)
    values = {}
    for title, settings in groups.items():
        if settings:
            st.caption(f"**{title}**")
        for setting in settings:
            key = f"train-{trainer.name}-{setting.name}"
            values[setting.name] = draw_setting(setting, key)
    return values


def draw_cards(page: PageState) -> None:
    """Draw a card for each trainer; a click chooses the trainer for the form."""
    st.markdown(
        "Choose a trainer, its data and settings on the left, and start it. Every trainer comes "
        "with sample data."
    )
    sentences = descriptions()
    with st.container(key="cards"):
        for name, about in ABOUT.items():
            with st.container(key=f"card-{name}", border=True):
                title = f"**{about.title}**: {about.learns}"
                st.image(str(gallery.map_path(about.map_name)), alt="", width="stretch")
                st.button(title, key=f"choose-{name}", type="tertiary",
                          on_click=page.choose_trainer, args=(name,))  # fmt: skip
                example = html.escape("\n".join(about.example))
                st.html(
                    f"<p>{html.escape(sentences[name])}</p>"
                    f"<p><b>Data</b> {html.escape(about.data)}</p><pre>{example}</pre>"
                )
    # its key stays, so that the card, and with it the focus, does too
    st.html(f"<style>.st-key-card-{page.trainer} {{ border-color: {_CHOSEN}; }}</style>")
