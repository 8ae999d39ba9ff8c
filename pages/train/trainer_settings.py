"""The trainers on the Train screen: what each learns, and the settings that a person may choose."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embeddings import EmbeddingError
from embeddings.settings import SettingError, SettingField, describe
from pages.common.settings_form import explain
from trainers.catalog import TRAINERS, Config, descriptions

MANAGED = {"out", "run_dir", "resume", "dry_run", "quiet"}
"""Settings that the page chooses itself."""

COMMAND_LINE_ONLY = {("bert", "pretrained")}
"""Settings, by trainer, whose text names a folder of the server: a page must not open those."""


@dataclass(frozen=True)
class Trainer:
    """A trainer.

    Attributes
    ----------
    name : the name on the command line
    description : what it learns, in a sentence
    config : the dataclass of its settings
    settings : the settings that a person may choose
    """

    name: str
    description: str
    config: type[Config]
    settings: tuple[SettingField, ...]

    @property
    def files(self) -> tuple[SettingField, ...]:
        """The settings that are files to read."""
        return tuple(setting for setting in self.settings if setting.type == "path")

    def problem(self, values: Mapping[str, Any]) -> str:
        """Return what is wrong with the values of settings, as a message, or ""."""
        try:
            self.config(out=Path(f"{self.name}.embedding.parquet"), **values)
        except SettingError as error:
            return explain(error, self.settings)
        except EmbeddingError as error:
            return str(error)
        return ""

    def arguments(self, values: Mapping[str, Any]) -> list[str]:
        """Return the values as a command line, without those that are the default."""
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


def trainer(name: str) -> Trainer:
    """Return a trainer by its name."""
    settings = tuple(
        each
        for each in describe(TRAINERS[name])
        if each.name not in MANAGED and (name, each.name) not in COMMAND_LINE_ONLY
    )
    return Trainer(name, descriptions()[name], TRAINERS[name], settings)
