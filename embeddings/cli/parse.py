"""Parsing: a command line becomes a dataclass of settings, by tyro."""

import contextlib
import dataclasses
import inspect
import io
import itertools
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from annotated_types import Unit

from embeddings.errors import EmbeddingError
from embeddings.settings import POSITIONAL, Alias, Domain, Metavar, flag, hints

_SWITCH = ("yes", "no")
"""The choices of a field that may be switched on and off: `--header` and `--no-header`."""

C = TypeVar("C")


def parse(config: type[C], arguments: Sequence[str], program: str, add_help: bool = True) -> C:
    """Make a dataclass of settings from the command line; `--help` prints and exits.

    Each field is a flag, or an argument where it is POSITIONAL. The class may have presets: a
    ClassVar PRESETS, which maps a value of `--preset` to flags that come before those given.

    Parameters
    ----------
    config : the dataclass, which calls `check` in `__post_init__`
    arguments : the command line, without the program
    program : its name in messages
    add_help : whether there is a flag `--help`

    Raises
    ------
    EmbeddingError
        an unknown or missing flag, or a value that does not fit, in one line
    """
    import tyro  # not needed to list or describe settings

    messages = io.StringIO()
    try:
        with contextlib.redirect_stderr(messages):
            values = tyro.cli(
                _for_tyro(config), prog=program, description=inspect.getdoc(config),
                args=_with_values([*_preset(config, arguments), *arguments], config),
                add_help=add_help,
            )  # fmt: skip
    except SystemExit as stop:
        if stop.code in (0, None):
            raise
        message = _first_paragraph(messages.getvalue())
        message = message.replace(f"Missing from {program}:", "missing:")
        hint = f"; see {program} --help" if add_help else ""
        raise EmbeddingError(message + hint) from None
    given = {field.name: getattr(values, field.name) for field in dataclasses.fields(values)}
    return config(**given)


def _for_tyro(config: type) -> type[Any]:
    """Return a dataclass of the same fields for tyro, without the checks.

    tyro splits the command line. A text that is no value of its field stays as it is, so that
    the config refuses it, with the message that `check` has for all callers.
    """
    fields = [
        (
            field.name,
            Annotated[hint, *notes, *_markers(field, hint, notes)],
            dataclasses.field(default=field.default),
        )
        for field in dataclasses.fields(config)
        for hint, notes in [hints(config)[field.name]]
    ]
    return dataclasses.make_dataclass(config.__name__, fields, kw_only=True)


def _markers(field: dataclasses.Field[Any], hint: Any, notes: tuple[Any, ...]) -> list[Any]:
    """Return how tyro is to read a field and to show it in the help."""
    import tyro

    metavar = next((note.text for note in notes if isinstance(note, Metavar)), None)
    markers: list[Any] = [
        tyro.conf.arg(
            metavar=metavar,
            aliases=[note.flag for note in notes if isinstance(note, Alias)] or None,
            help_behavior_hint="" if field.default in (None, ()) else None,
        )
    ]
    if POSITIONAL in notes:
        markers.append(tyro.conf.Positional)
    domain = Domain.of(hint)
    unit = next((f" ({note.unit})" for note in notes if isinstance(note, Unit)), "")
    if domain is not None and domain.type is not bool:
        markers.append(
            tyro.constructors.PrimitiveConstructorSpec(
                nargs=1,
                metavar=metavar or domain.metavar + unit,
                instance_from_str=lambda texts: domain.parse(texts[0]),
                is_instance=lambda value: True,
                str_from_instance=lambda value: [str(value)],
            )
        )
    return markers


def _with_values(arguments: Sequence[str], config: type) -> list[str]:
    """Return the arguments with `--x` as `--x=yes` and `--no-x` as `--x=no` for yes-no fields."""
    names = [
        name
        for name, (hint, _) in hints(config).items()
        if (domain := Domain.of(hint)) is not None and domain.choices == _SWITCH
    ]
    switches = {flag(f"no_{name}"): f"{flag(name)}=no" for name in names}
    found = []
    for argument, following in itertools.zip_longest(arguments, arguments[1:], fillvalue=""):
        if argument in map(flag, names) and following not in _SWITCH:
            argument = f"{argument}=yes"
        found.append(switches.get(argument, argument))
    return found


def _preset(config: type, arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the flags that `--preset NAME` among the arguments stands for."""
    presets: dict[str, tuple[str, ...]] = getattr(config, "PRESETS", {})
    words = [word for argument in arguments for word in argument.split("=", 1)]
    names = [name for word, name in itertools.pairwise(words) if word == "--preset"]
    return presets.get(names[-1], ()) if names else ()


def _first_paragraph(box: str) -> str:
    """Return the first paragraph in a box of tyro's, on one line.

    A box has a title, paragraphs between rules, and a frame if standard output is UTF-8.
    """

    def is_rule(line: str) -> bool:
        return not line.strip("─-╰╯")

    lines = [line.strip("│ ") for line in box.splitlines()[1:]]
    text = itertools.dropwhile(is_rule, lines)
    paragraph = itertools.takewhile(lambda line: not is_rule(line), text)
    return " ".join(paragraph).rstrip(".") or box.strip()
