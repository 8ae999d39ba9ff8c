"""What a config dataclass is to the outside: JSON from which a page makes a form, and flags."""

import contextlib
import dataclasses
import inspect
import io
import types
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import tyro
from typing_extensions import Doc

from embeddings.errors import EmbeddingError
from trainers.core.settings import ADVANCED

C = TypeVar("C")

_TYPE_NAMES = {int: "int", float: "float", str: "str", bool: "bool", Path: "path"}


def schema(name: str, config: type) -> dict[str, Any]:
    """Describe a trainer: its name, description and fields.

    A field has `name`, `flag`, `type` (int, float, str, bool or path), `choices` (a list, or
    None), `default` (None where there is none), `required`, `optional` (may be left empty),
    `advanced` (to be folded away) and `help`.
    """
    hints = get_type_hints(config, include_extras=True)
    return {
        "name": name,
        "description": inspect.getdoc(config),
        "fields": [_field(field, hints[field.name]) for field in dataclasses.fields(config)],
    }


def _field(field: dataclasses.Field[Any], hint: Any) -> dict[str, Any]:
    kind, *notes = get_args(hint)  # Annotated[kind, Doc(...)]
    optional = get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind)
    if optional:
        (kind,) = (option for option in get_args(kind) if option is not type(None))
    choices = list(get_args(kind)) if get_origin(kind) is Literal else None
    required = field.default is dataclasses.MISSING
    return {
        "name": field.name,
        "flag": "--" + field.name.replace("_", "-"),
        "type": _TYPE_NAMES[type(choices[0]) if choices else kind],
        "choices": choices,
        "default": None if required else field.default,
        "required": required,
        "optional": optional,
        "advanced": ADVANCED in notes,
        "help": next(note.documentation for note in notes if isinstance(note, Doc)),
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
            return tyro.cli(config, prog=program, args=given)
    except SystemExit as stop:
        if stop.code in (0, None):
            raise
        message = _one_line(said.getvalue()).removeprefix(f"Error parsing {config.__name__}: ")
        raise EmbeddingError(f"{message}; see {program} --help") from None


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
