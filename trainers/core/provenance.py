"""What a file tells about how it was made: time, libraries, settings, the id of its space."""

import dataclasses
import datetime
import hashlib
import json
import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from server.runs.checkpoints import CHECKPOINT
from trainers.catalog import Config

_NOT_ABOUT_CONTENT = (
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
    """Return the settings that bear on the vectors, with those that were automatic filled in."""
    given = {**dataclasses.asdict(config), **resolved}
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in given.items()
        if name not in _NOT_ABOUT_CONTENT
    }


def space_id(trainer: str, settings: Mapping[str, Any], source: Mapping[str, str]) -> str:
    """Return an id that equal data and settings share: only their vectors may be compared."""
    text = json.dumps([trainer, dict(settings), dict(source)], sort_keys=True)
    return f"{trainer}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def made(
    trainer: str,
    settings: Mapping[str, Any],
    source: Mapping[str, str],
    metrics: Mapping[str, Any],
    *beside: str,
    checkpoint: str | None = None,
) -> dict[str, Any]:
    """Return the fields of Provenance that tell how a trainer has made a set.

    Parameters
    ----------
    settings : all that bear on the vectors
    source : name and content hash of the data
    beside : libraries beside torch and numpy
    checkpoint : sha256 of the run's best.pt, where the run can be used again
    """
    return {
        "space": space_id(trainer, settings, source),
        "trainer": trainer,
        "config": dict(settings) if checkpoint is None else {**settings, CHECKPOINT: checkpoint},
        "metrics": dict(metrics),
        "seed": settings["seed"],
        "created": created(),
        "source": dict(source),
        "libraries": libraries("torch", "numpy", *beside),
    }


def created() -> str:
    """Return the time now, in UTC to the second, or that of $SOURCE_DATE_EPOCH if it is set."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    utc = datetime.UTC
    now = datetime.datetime.fromtimestamp(int(epoch), utc) if epoch else datetime.datetime.now(utc)
    return now.isoformat(timespec="seconds")


def libraries(*names: str) -> dict[str, str]:
    """Return the installed version of each distribution."""
    return {name: version(name) for name in names}
