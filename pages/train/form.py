"""The form on the left: a trainer, its data, its settings, and the button that starts a run."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from embeddings import EmbeddingError
from pages.common.text import error_box, plain
from pages.train import catalog, files, selected_run
from pages.train.catalog import Setting, Trainer
from pages.train.files import Given
from server.runs import records as runs
from server.runs.records import Run


def draw(past: Sequence[Run]) -> None:
    """Draw the form; `past` are all runs, the latest first."""
    sentences = catalog.sentences()
    name = st.selectbox("Trainer", list(sentences), key="trainer", persist_state="session")
    st.caption(plain(sentences[name]))
    trainer = catalog.trainer(name)
    given = files.choose(trainer, past)
    values = _settings(trainer)
    reason = given.missing or runs.refusal(runs.runs_folder())
    with st.container(key="start"):
        if st.session_state.get("start_error"):
            error_box(st.session_state.start_error)
        # No callback, whose arguments would be those of the run before a value just typed
        if st.button(
            "Start",
            type="primary",
            key="start_run",
            width="stretch",
            disabled=bool(reason),
        ):
            _start(trainer, values, given)
            st.rerun()
        if reason:
            st.caption(plain(reason[:1].upper() + reason[1:]))


def _start(trainer: Trainer, values: Mapping[str, Any], given: Given) -> None:
    """Start a run, and show it."""
    st.session_state.start_error = ""
    folder = runs.new_folder(runs.runs_folder()).absolute()
    paths = given.put(folder)
    managed = [
        f"--out={folder / _result_name(trainer, paths)}",
        f"--run-dir={folder / runs.TRAINING}",
    ]
    arguments = [*trainer.arguments({**values, **paths}), *managed]
    try:
        run = runs.start(folder, trainer.name, arguments, values, given.text)
    except EmbeddingError as error:
        st.session_state.start_error = str(error)
        return
    selected_run.show(run.id)


def _result_name(trainer: Trainer, paths: Mapping[str, Path]) -> str:
    """Name the file to come after what it is learned from."""
    path = paths.get(trainer.files[0].name)
    stem = trainer.name if path is None or path.is_dir() else path.name.split(".")[0]
    return f"{re.sub(r'[^-0-9A-Za-z_]+', '-', stem) or trainer.name}.embedding.parquet"


def _settings(trainer: Trainer) -> dict[str, Any]:
    """Draw the settings, the basic ones first and the others folded away; return their values."""
    given = [setting for setting in trainer.settings if setting.type != "path"]
    values = {}
    with st.container(key="settings"):
        for setting in given:
            if not setting.advanced:
                values[setting.name] = _setting(trainer, setting)
        with st.expander("More settings"):
            for setting in given:
                if setting.advanced:
                    values[setting.name] = _setting(trainer, setting)
    return values


def _setting(trainer: Trainer, setting: Setting) -> Any:
    """Draw one setting; return its value, None where it is left empty."""
    key = f"train-{trainer.name}-{setting.name}"
    shared: dict[str, Any] = {"key": key, "help": setting.help, "persist_state": "session"}
    empty = "automatic" if setting.optional else None
    if setting.choices:
        index = setting.choices.index(setting.default) if setting.default is not None else None
        return st.selectbox(
            setting.title, setting.choices, index=index, placeholder="automatic", **shared
        )
    if setting.type == "bool":
        return st.checkbox(setting.title, setting.default, **shared)
    if setting.type == "str":
        text = st.text_input(setting.title, setting.default or "", placeholder=empty, **shared)
        return text or (None if setting.optional else text)
    number = st.number_input(
        setting.title,
        value=setting.default,
        step=1 if setting.type == "int" else _step(setting.default),
        format=None if setting.type == "int" else "%.6g",
        placeholder=empty,
        **shared,
    )
    return number if number is not None or setting.optional else setting.default


def _step(default: float | None) -> float:
    """Return the power of ten of a number, by which + and - change it."""
    return 10.0 ** math.floor(math.log10(default)) if default else 0.01
