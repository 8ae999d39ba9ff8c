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

from trainers.configs import Config

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


def created() -> str:
    """Return the time now, in UTC to the second, or that of $SOURCE_DATE_EPOCH if it is set."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    utc = datetime.UTC
    now = datetime.datetime.fromtimestamp(int(epoch), utc) if epoch else datetime.datetime.now(utc)
    return now.isoformat(timespec="seconds")


def libraries(*names: str) -> dict[str, str]:
    """Return the installed version of each distribution."""
    return {name: version(name) for name in names}
