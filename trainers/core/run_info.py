"""The provenance of an embedding file: settings, libraries, time, and the id of its space."""

import dataclasses
import datetime
import hashlib
import json
import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from server.runs.contract import CHECKPOINT_SETTING
from trainers.catalog import Config

_IRRELEVANT_SETTINGS = (
    "data",
    "out",
    "run_dir",
    "resume",
    "tensorboard",
    "dry_run",
    "quiet",
    "one_file",
    "preset",
    "baselines",
)


def settings(config: Config, **resolved: Any) -> dict[str, Any]:
    """Return the settings that affect the vectors; `resolved` replaces automatic values."""
    values = {**dataclasses.asdict(config), **resolved}
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in values.items()
        if name not in _IRRELEVANT_SETTINGS
    }


def space_id(trainer: str, settings: Mapping[str, Any], source: Mapping[str, str]) -> str:
    """Return the id of the space of some data and settings: only its vectors are comparable."""
    text = json.dumps([trainer, dict(settings), dict(source)], sort_keys=True)
    return f"{trainer}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def fields(
    trainer: str,
    settings: Mapping[str, Any],
    source: Mapping[str, str],
    metrics: Mapping[str, Any],
    *packages: str,
    checkpoint: str | None = None,
) -> dict[str, Any]:
    """Return the fields of Provenance that describe how a trainer made a set.

    Parameters
    ----------
    settings : mapping
        All settings that affect the vectors.
    source : mapping
        Name and content hash of the data.
    packages : str
        Distributions to list beside torch and numpy.
    checkpoint : str, optional
        The sha256 of the run's best.pt, if its model can encode or decode.
    """
    return {
        "space": space_id(trainer, settings, source),
        "trainer": trainer,
        "config": {**settings, **({} if checkpoint is None else {CHECKPOINT_SETTING: checkpoint})},
        "metrics": dict(metrics),
        "seed": settings["seed"],
        "created": created(),
        "source": dict(source),
        "libraries": libraries("torch", "numpy", *packages),
    }


def created() -> str:
    """Return the current time in UTC to the second, or $SOURCE_DATE_EPOCH if it is set."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    utc = datetime.UTC
    now = datetime.datetime.fromtimestamp(int(epoch), utc) if epoch else datetime.datetime.now(utc)
    return now.isoformat(timespec="seconds")


def libraries(*names: str) -> dict[str, str]:
    """Return the installed version of each distribution."""
    return {name: version(name) for name in names}
