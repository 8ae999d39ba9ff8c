"""The trainers and their settings, as `python -m trainers` tells them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.common.trainers_cli import ask

MANAGED = {"out", "run_dir", "resume", "dry_run", "quiet"}
"""Settings that the page sees to itself."""


@dataclass(frozen=True)
class Setting:
    """A setting of a trainer; for the meaning of each, see trainers/core/schema.py."""

    name: str
    flag: str
    type: str
    choices: list[Any] | None
    default: Any
    required: bool
    optional: bool
    advanced: bool
    help: str

    @property
    def title(self) -> str:
        """How the form calls it."""
        return self.name.replace("_", " ")


@dataclass(frozen=True)
class Trainer:
    """A trainer, what it does in a sentence, and the settings that a person may choose."""

    name: str
    sentence: str
    settings: tuple[Setting, ...]

    @property
    def files(self) -> tuple[Setting, ...]:
        """The settings that are files to give."""
        return tuple(setting for setting in self.settings if setting.type == "path")

    def arguments(self, values: Mapping[str, Any]) -> list[str]:
        """Return the command line of settings, those left out that are at their defaults."""
        found = []
        for setting in self.settings:
            value = values.get(setting.name, setting.default)
            if value == setting.default:
                continue
            if setting.type == "bool":
                found.append(setting.flag if value else f"--no-{setting.flag[2:]}")
            else:
                found.append(f"{setting.flag}={value}")
        return found


@st.cache_resource(show_spinner="Looking for trainers…")
def sentences() -> dict[str, str]:
    """Return what each trainer does, by its name."""
    return {each["name"]: each["description"] for each in ask("--list", "--json")}


@st.cache_resource(show_spinner="Asking for its settings…")
def trainer(name: str) -> Trainer:
    """Return a trainer by its name."""
    said = ask(name, "--schema")
    settings = (Setting(**field) for field in said["fields"] if field["name"] not in MANAGED)
    return Trainer(name, said["description"], tuple(settings))
