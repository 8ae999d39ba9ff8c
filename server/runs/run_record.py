"""The record of a run, run.json: what was started, written once."""

import functools
import shlex
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from embeddings.errors import EmbeddingError
from server.runs import process
from server.runs.contract import TRAINING_FOLDER

RECORD = "run.json"


@dataclass(frozen=True)
class RunRecord:
    """What was started.

    Attributes
    ----------
    folder : Path
        Named by the run's id.
    trainer : str
        What follows `python -m trainers`.
    arguments : tuple of str
        What follows the trainer's name.
    settings : mapping
        All settings by name, including those left at their defaults.
    data : str
        What the run learns from, as a title for the screen.
    created : float
        Unix time in seconds.
    damage : str
        How run.json is damaged; "" if it is not. All else is then unknown.
    """

    folder: Path
    trainer: str
    arguments: tuple[str, ...]
    settings: Mapping[str, Any]
    data: str
    created: float
    damage: str = ""

    @property
    def id(self) -> str:
        """The name of the run in addresses."""
        return self.folder.name

    @property
    def title(self) -> str:
        """The title on the screen: "two_tower, visits.csv, 24 Nov 18:05"."""
        created = time.strftime("%d %b %H:%M", time.localtime(self.created))
        if self.damage:
            return f"{self.id}, {created}"
        return f"{self.trainer}, {self.data}, {created}"

    @property
    def command(self) -> str:
        """The command line, to be copied by a person."""
        return f"python -m trainers {shlex.join([self.trainer, *self.arguments])}"

    @property
    def training(self) -> Path:
        """The trainer's own folder."""
        return self.folder / TRAINING_FOLDER


def write_record(run: RunRecord) -> None:
    """Write run.json into the folder of a run."""
    values = asdict(run) | {"folder": run.id}
    del values["damage"]
    process.write_json(run.folder / RECORD, values)


def read_record(path: Path) -> RunRecord:
    """Read run.json, which is written again only when a run is resumed; it may be missing."""
    try:
        return _parsed(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        created = min(path.parent.stat().st_mtime, time.time())
        return RunRecord(path.parent, "", (), {}, "", created, damage=f"{RECORD} is missing")


@functools.lru_cache(maxsize=1_000)
def _parsed(path: Path, modified: int) -> RunRecord:
    try:
        return _record(path.parent, process.read_json(path))
    except EmbeddingError as error:
        created = min(modified / 1e9, time.time())
        return RunRecord(path.parent, "", (), {}, "", created, damage=str(error))


def _record(folder: Path, values: Mapping[str, Any]) -> RunRecord:
    """Return what run.json holds; fields that a newer version has added are ignored.

    Raises
    ------
    EmbeddingError
        A field is missing, or of another type.
    """
    names = ("trainer", "arguments", "settings", "data", "created")
    given: dict[str, Any] = {name: values.get(name) for name in names}
    arguments = given["arguments"]
    fits = {
        "trainer": isinstance(given["trainer"], str),
        "arguments": isinstance(arguments, list) and all(isinstance(a, str) for a in arguments),
        "settings": isinstance(given["settings"], dict),
        "data": isinstance(given["data"], str),
        "created": process.is_time(given["created"]),
    }
    wrong = [name for name, is_right in fits.items() if not is_right]
    if wrong:
        raise EmbeddingError(f"{RECORD} is damaged (no usable {', '.join(wrong)})")
    return RunRecord(folder, **given | {"arguments": tuple(arguments)})
