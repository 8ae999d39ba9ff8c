"""What to compare: target and columns of the table, features, models, folds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from embeddings.settings import SettingError, describe, flag
from embeddings.text import join_names
from pages.common.formatting import plain
from pages.common.settings_form import draw_setting, explain
from pages.evaluate.table_source import TableSource
from server.runs.contract import FEATURES, MODELS
from trainers.evaluate.config import EvaluateConfig

_FEATURES = {name: name for name in FEATURES}
_MODELS = {"knn": "k-NN", "linear": "linear", "boosting": "boosting"}

_SETTINGS = {setting.name: setting for setting in describe(EvaluateConfig)}
_ADVANCED = ("epochs", "dim", "neighbors", "seed")
_LISTS = ("categorical", "numeric", "features", "models")


@dataclass(frozen=True)
class ComparisonSpec:
    """The comparison that the controls describe.

    Attributes
    ----------
    settings : settings of the command evaluate by name; `categorical`, `numeric`, `features` and
        `models` are lists, `numeric` being the columns used as they are
    """

    settings: Mapping[str, Any]

    @property
    def problem(self) -> str:
        """Why the comparison cannot be started, or ""."""
        if not self.settings["categorical"]:
            return "Choose at least one categorical column; features are built from its levels."
        if not self.settings["features"] or not self.settings["models"]:
            return "Choose at least one kind of features and one model."
        if self.settings["features"] == ["native"] and "boosting" not in self.settings["models"]:
            return "Native categories work with boosting only; add it to the models."
        try:
            EvaluateConfig(**self._values)
        except SettingError as error:
            return explain(error, list(_SETTINGS.values()))
        return ""

    @property
    def roles(self) -> dict[str, str]:
        """The chosen columns and what each is used as."""
        categorical = dict.fromkeys(self.settings["categorical"], "category")
        numeric = dict.fromkeys(self.settings["numeric"], "number")
        return {self.settings["target"]: "target", **categorical, **numeric}

    @property
    def flags(self) -> list[str]:
        """The settings as flags of the command evaluate."""
        return [f"{flag(name)}={value}" for name, value in self._values.items()
                if value is not None]  # fmt: skip

    @property
    def _values(self) -> dict[str, Any]:
        """The settings as the command takes them: lists as text."""
        chosen = [*self.settings["categorical"], *self.settings["numeric"]]
        given = {name: value for name, value in self.settings.items() if name != "numeric"}
        return {
            name: join_names(value) if isinstance(value, list) else value
            for name, value in {**given, "columns": chosen}.items()
        }


def choose(source: TableSource, number: int) -> ComparisonSpec | None:
    """Draw the controls; return None, and show why, if no column can be the target.

    Parameters
    ----------
    number : part of the controls' keys: after `recall` they are new ones. Were their values set
        while they are on screen, a message of the browser on its way could set them back.
    """
    columns = source.columns
    targets = [name for name in columns if columns[name]["tasks"]]
    if not targets:
        st.warning("No usable target: every column is constant or contains lists.")
        return None
    suggested = source.about["target"] if source.about["target"] in targets else targets[-1]
    target = st.selectbox(
        "Target",
        targets,
        key=_begin(f"target {source.place} {number}", suggested),
        help=_SETTINGS["target"].help,
        persist_state="session",
    )
    place = f"{target} {source.place} {number}"
    others = {name: column for name, column in columns.items() if name != target}
    categorical = _columns(
        f"categorical {place}", "Categorical columns", others, "category",
        lambda column: bool(column["kind"]),
        "Columns whose levels are encoded in different ways, which are compared",
    )  # fmt: skip
    numeric = _columns(
        f"numeric {place}", "Numeric columns", others, "number", lambda column: column["number"],
        "Passed to the model unchanged, next to the encoded categories. A column that is also "
        "chosen above is categorical",
    )  # fmt: skip
    return ComparisonSpec(
        {
            "target": target,
            "categorical": categorical,
            "numeric": [name for name in numeric if name not in categorical],
            "task": _task(columns[target], place),
            **source.options.stated,
            **({"names": join_names(source.names)} if source.names else {}),
            "features": _several(f"features {number}", "Features", _FEATURES, FEATURES),
            "models": _several(f"models {number}", "Models", _MODELS, MODELS),
            **_numbers(source, number),
        }
    )


def is_complete(settings: Mapping[str, Any]) -> bool:
    """Return whether the settings of a run, read from its record, are those that `recall` sets."""
    lists = all(isinstance(settings.get(name), list) for name in _LISTS)
    texts = all(isinstance(settings.get(name), str) for name in ("target", "task"))
    numbers = (settings.get(name, "") for name in ("folds", "rows", *_ADVANCED))
    return lists and texts and all(each is None or isinstance(each, int) for each in numbers)


def recall(place: str, settings: Mapping[str, Any], number: int) -> None:
    """Set the controls of this number to the settings that a run was started with."""
    state = st.session_state
    state[f"target {place} {number}"] = settings["target"]
    for name in ("categorical", "numeric", "task"):
        state[f"{name} {settings['target']} {place} {number}"] = settings[name]
    for name in ("features", "models", "folds", *_ADVANCED):
        state[f"{name} {number}"] = settings[name]
    state[f"rows {place} {number}"] = settings["rows"]


def _begin(key: str, value: object) -> str:
    """Set a control to a value unless it has one; return its key."""
    st.session_state.setdefault(key, value)
    return key


def _columns(
    key: str,
    label: str,
    columns: Mapping[str, Mapping[str, Any]],
    kind: str,
    fits: Callable[[Mapping[str, Any]], bool],
    about: str,
) -> list[str]:
    """Draw the choice of columns of one kind."""
    usual = [name for name, each in columns.items() if each["chosen"] and each["kind"] == kind]
    options = [name for name, each in columns.items() if fits(each)]
    return st.multiselect(
        label, options, key=_begin(key, usual), help=about, persist_state="session",
        placeholder="None" if options else "No such column", disabled=not options,
    )  # fmt: skip


def _several(
    key: str, label: str, short: Mapping[Any, str], titles: Mapping[Any, str]
) -> list[str]:
    """Draw a choice of several of a few options, by their short names."""
    chosen = st.pills(
        label, list(short), selection_mode="multi", format_func=short.__getitem__,
        key=_begin(key, list(short)), help=", ".join(titles.values()), persist_state="session",
    )  # fmt: skip
    return [name for name in short if name in chosen]


def _task(target: Mapping[str, Any], place: str) -> str:
    """Draw the task, which starts with the one inferred from the target."""
    options = target["tasks"]
    found = f"{target['values']:,} values, {target['type']}"
    chosen = st.segmented_control(
        f"Task ({plain(found)})",
        options,
        format_func=str.capitalize,
        key=_begin(f"task {place}", options[0]),
        required=True,
        width="stretch",
        help="Inferred from the target: text and integers with at most 10 values are classes",
        persist_state="session",
    )
    return chosen or options[0]


def _numbers(source: TableSource, number: int) -> dict[str, int | None]:
    """Draw the number of folds and, folded away, the advanced numbers."""
    rows = replace(_SETTINGS["rows"], default=source.about["draw"], help="Sampled at random")
    with st.container(key="settings"):
        values = {"folds": draw_setting(_SETTINGS["folds"], key=f"folds {number}")}
        with st.expander("More settings"):
            values["rows"] = draw_setting(rows, f"rows {source.place} {number}", placeholder="all")
            values |= {
                name: draw_setting(_SETTINGS[name], key=f"{name} {number}") for name in _ADVANCED
            }
    return values
