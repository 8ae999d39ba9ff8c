"""What to compare: target and columns of the table, features, models, folds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.common.text import plain
from pages.evaluate.comparison import FEATURES, MODELS
from pages.evaluate.table import Given

_FEATURES = {name: name for name in FEATURES}
_MODELS = {"knn": "k-NN", "linear": "linear", "boosting": "boosting"}

_NUMBERS: tuple[tuple[str, str, int, int, int, str], ...] = (
    ("epochs", "Epochs", 1, 1000, 20, "Of each training of entity embeddings, at most"),
    ("dim", "Longest vectors", 1, 1000, 50, "A column of n levels has (n + 1) / 2 numbers at most"),
    ("neighbors", "Neighbors of k-NN", 1, 1000, 10, "Whose mean, or vote, is the prediction"),
    ("seed", "Seed", 0, 2**31 - 1, 0, "Of folds, embeddings and boosting"),
)
"""Setting, label, least, most, default, help."""


@dataclass(frozen=True)
class Wanted:
    """What the controls ask for.

    Attributes
    ----------
    settings : of the command evaluate; `numeric` are the columns that are no categories
    """

    settings: Mapping[str, Any]

    @property
    def problem(self) -> str:
        """Why it cannot be started, or ""."""
        if not self.settings["categorical"]:
            return "Choose a categorical column: of its levels the features are made."
        if not self.settings["features"] or not self.settings["models"]:
            return "Choose at least one kind of features and one model."
        if self.settings["features"] == ["native"] and "boosting" not in self.settings["models"]:
            return "Native categories run under boosting only; choose it among the models."
        return ""

    @property
    def roles(self) -> dict[str, str]:
        """Column -> what it is chosen for."""
        categorical = dict.fromkeys(self.settings["categorical"], "category")
        numeric = dict.fromkeys(self.settings["numeric"], "number")
        return {self.settings["target"]: "target", **categorical, **numeric}

    @property
    def flags(self) -> list[str]:
        """The settings as flags of the command evaluate."""
        chosen = [*self.settings["categorical"], *self.settings["numeric"]]
        given = {name: value for name, value in self.settings.items() if name != "numeric"}
        texts = {
            name: _listed(value) if isinstance(value, list) else value
            for name, value in {**given, "columns": chosen}.items()
        }
        return [f"--{name}={value}" for name, value in texts.items() if value is not None]


def _listed(names: Sequence[str]) -> str:
    """Write names as the command reads a list of them."""
    return ",".join('"{}"'.format(name.replace('"', '""')) for name in names)


def choose(given: Given) -> Wanted | None:
    """Draw the controls; None, and why, if no column of the table can be predicted."""
    columns = given.columns
    targets = [name for name in columns if columns[name]["tasks"]]
    if not targets:
        st.warning("No column can be predicted: each holds one value only, or lists.")
        return None
    suggested = given.about["target"]
    target = st.selectbox(
        "Target",
        targets,
        key=_begin(f"target {given.place}", suggested if suggested in targets else targets[-1]),
        help="The column to predict",
        persist_state="session",
    )
    place = f"{target} {given.place}"
    others = {name: column for name, column in columns.items() if name != target}
    categorical = _columns(
        f"categorical {place}", "Categorical columns", others, "category",
        lambda column: bool(column["kind"]),
        "Their levels become vectors, indicators, codes, or means of the target",
    )  # fmt: skip
    numeric = _columns(
        f"numeric {place}", "Numeric columns", others, "number", lambda column: column["number"],
        "They stand beside the features. A column chosen above as well is a category",
    )  # fmt: skip
    return Wanted(
        {
            "target": target,
            "categorical": categorical,
            "numeric": [name for name in numeric if name not in categorical],
            "task": _task(columns[target], place),
            "features": _several("features", "Features", _FEATURES, FEATURES),
            "models": _several("models", "Models", _MODELS, MODELS),
            **_numbers(given),
        }
    )


def recall(place: str, settings: Mapping[str, Any]) -> None:
    """Let the controls begin with the settings that a run was started with."""
    state = st.session_state
    state[f"target {place}"] = settings["target"]
    for name in ("categorical", "numeric", "task"):
        state[f"{name} {settings['target']} {place}"] = settings[name]
    for name in ("features", "models", "folds", *(setting for setting, *_ in _NUMBERS)):
        state[name] = settings[name]
    state[f"rows {place}"] = settings["rows"]


def _begin(key: str, value: object) -> str:
    """Let a control begin with a value; return its key."""
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
        placeholder="None" if options else "There is none", disabled=not options,
    )  # fmt: skip


def _several(
    key: str, label: str, short: Mapping[str, str], titles: Mapping[str, str]
) -> list[str]:
    """Draw a choice of several out of few, called by short names."""
    chosen = st.pills(
        label, list(short), selection_mode="multi", format_func=short.__getitem__,
        key=_begin(key, list(short)), help=", ".join(titles.values()), persist_state="session",
    )  # fmt: skip
    return [name for name in short if name in chosen]


def _task(target: Mapping[str, Any], place: str) -> str:
    """Draw the task, inferred from the target; numbers may be classes too."""
    options = target["tasks"]
    found = f"{target['values']:,} values, {target['type']}"
    chosen = st.segmented_control(
        f"Task ({plain(found)})",
        options,
        format_func=str.capitalize,
        key=_begin(f"task {place}", options[0]),
        required=True,
        width="stretch",
        help="Inferred from the target: text and whole numbers of at most 10 values are classes",
        persist_state="session",
    )
    return chosen or options[0]


def _numbers(given: Given) -> dict[str, int | None]:
    """Draw the folds and, folded away, what is seldom changed."""
    with st.container(key="settings"):
        folds = st.number_input(
            "Folds", 2, 20, key=_begin("folds", 5), persist_state="session",
            help="Parts of the rows; each is predicted once, from all others",
        )  # fmt: skip
        more = st.expander("More settings")
    with more:
        rows = st.number_input(
            "Rows", 1, value=None, key=_begin(f"rows {given.place}", given.about["draw"]),
            placeholder="all", help="So many are drawn at random", persist_state="session",
        )  # fmt: skip
        others = {
            name: st.number_input(
                label, least, most, key=_begin(name, default), help=about, persist_state="session"
            )
            for name, label, least, most, default, about in _NUMBERS
        }
    return {"folds": folds, "rows": rows, **others}
