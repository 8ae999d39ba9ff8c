"""What a config dataclass is to the outside: JSON from which a page makes a form, and flags."""

import contextlib
import dataclasses
import inspect
import io
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeVar

import tyro

from embeddings.errors import EmbeddingError
from embeddings.settings import describe
from server.runs.contract import capabilities

C = TypeVar("C")


def schema(name: str, config: type) -> dict[str, Any]:
    """Describe a trainer for JSON: its name, description, capabilities and settings.

    `encodes` lists what its models make vectors of ("text", "image"); `decodes` tells whether they
    draw an image of a vector.
    """
    return {
        "name": name,
        "description": inspect.getdoc(config),
        **dataclasses.asdict(capabilities(name)),
        "fields": [dataclasses.asdict(field) for field in describe(config)],
    }


def parse(name: str, config: type[C], arguments: Sequence[str]) -> C:
    """Make a config from the command line; `--help` prints and exits.

    Raises
    ------
    EmbeddingError
        an unknown or missing flag, or a value that does not fit, in one line
    """
    program = f"python -m trainers {name}"
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            given = [*_preset(config, arguments), *arguments]  # of a flag given twice, the last
            values: Any = tyro.cli(_unchecked(config), prog=program, args=given)
    except SystemExit as stop:
        if stop.code in (0, None):
            raise
        message = _one_line(said.getvalue()).removeprefix(f"Error parsing {config.__name__}: ")
        raise EmbeddingError(f"{message}; see {program} --help") from None
    return config(
        **{field.name: getattr(values, field.name) for field in dataclasses.fields(values)}
    )


def _unchecked(config: type) -> type:
    """Return the class without its checks, whose errors tyro would take for its own."""
    return type(
        config.__name__, (config,), {"__doc__": config.__doc__, "__post_init__": lambda _: None}
    )


def _preset(config: type, arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the flags that `--preset NAME` among the arguments stands for."""
    presets: dict[str, tuple[str, ...]] = getattr(config, "PRESETS", {})
    words = [word for argument in arguments for word in argument.split("=", 1)]
    names = [name for flag, name in pairwise(words) if flag == "--preset"]
    return presets.get(names[-1], ()) if names else ()


def _one_line(box: str) -> str:
    """Return what a box of tyro's says before its first rule, without the frame."""
    lines = []
    for line in box.splitlines()[1:]:
        text = line.strip("│ ")
        if not text.strip("─╰╯"):
            break
        lines.append(text)
    return " ".join(lines).rstrip(".") or box.strip()
