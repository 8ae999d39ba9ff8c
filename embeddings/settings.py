"""Settings: frozen dataclasses whose annotations say what a field means and what it may be.

    @dataclass(frozen=True)
    class TsneParams:
        perplexity: Annotated[float, Doc("Effective number of neighbors"), Gt(1)] = 30.0

        def __post_init__(self) -> None:
            check(self)

The annotations are read in three places: `check` validates the values, `describe` returns what a
page needs to draw a form, and `embeddings.cli.parse` makes the command line. A field's type is int,
float, str, bool, Path, a Literal, or a union of one of these with a Literal, None or both. The type
is followed by a `Doc`, and where useful by `Ge`, `Gt`, `Le`, `Lt` and `Unit` of annotated_types and
by `Label`, `Group`, `ADVANCED`, `POSITIONAL`, `Metavar` and `Alias`.
"""

import dataclasses
import functools
import math
import operator
import os
import types
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt, Unit
from typing_extensions import Doc

from embeddings.errors import EmbeddingError

ADVANCED = "advanced"
"""Marks a setting that a form folds away."""

POSITIONAL = "positional"
"""Marks a setting that the command line takes by its position, without a flag."""

Bound = Ge | Gt | Le | Lt

_COMPARISONS: dict[type[Bound], tuple[str, Callable[[Any, Any], bool]]] = {
    Ge: ("at least", operator.ge),
    Gt: ("above", operator.gt),
    Le: ("at most", operator.le),
    Lt: ("below", operator.lt),
}
_NOUNS = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "true or false",
    Path: "a path",
}
_TYPE_NAMES = {int: "int", float: "float", str: "str", bool: "bool", Path: "path"}


@dataclass(frozen=True)
class Label:
    """The name of a setting on a form, where the field's name does not read well.

    The last one counts, so that a field may differ from the alias of its type.
    """

    text: str


@dataclass(frozen=True)
class Group:
    """The heading under which a form shows a setting. The last one counts, as with Label."""

    title: str


@dataclass(frozen=True)
class Metavar:
    """The name of a setting's value in the help of the command line: "FILE"."""

    text: str


@dataclass(frozen=True)
class Alias:
    """A second flag: "-k"."""

    flag: str


class SettingError(EmbeddingError):
    """A setting has a value that it may not have.

    Attributes
    ----------
    name : the field's name
    value : what was given
    expected : what may be given, as a phrase: "a number above 0"
    """

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(name, value, expected)  # the arguments, so that the error can be pickled
        self.name, self.value, self.expected = name, value, expected

    def __str__(self) -> str:
        return f"{self.name} = {self.value!r}; expected {self.expected}"

    @property
    def for_command_line(self) -> str:
        """The message with the setting named by its flag."""
        return f"{flag(self.name)} {self.value}: expected {self.expected}"


@dataclass(frozen=True)
class SettingField:
    """The description of one setting, ready for JSON.

    Attributes
    ----------
    name : the field's name
    label : the name on a form, with the unit
    group : the heading that a form shows it under; "" if none
    flag : the name on the command line
    type : "int", "float", "str", "bool" or "path"
    choices : the values of a Literal; None if other values are allowed
    keywords : words that may be given in place of a number
    default : None if there is none
    required : whether a value must be given
    optional : whether None is allowed
    advanced : whether a form folds the setting away
    help : what the setting means
    """

    name: str
    label: str
    group: str
    flag: str
    type: Literal["int", "float", "str", "bool", "path"]
    choices: list[Any] | None
    keywords: list[str]
    default: Any
    required: bool
    optional: bool
    advanced: bool
    help: str


@dataclass(frozen=True)
class Domain:
    """The values that a setting may have.

    Attributes
    ----------
    type : the type of values that are not listed; None if all are
    choices : the values that are listed
    optional : whether None is a value
    bounds : limits of numbers
    """

    type: type | None
    choices: tuple[Any, ...]
    optional: bool
    bounds: tuple[Bound, ...] = ()

    @classmethod
    def of(cls, hint: Any, notes: tuple[Any, ...] = ()) -> "Domain | None":
        """Return the domain of a type hint without Annotated; None for a type not known here."""
        is_union = get_origin(hint) in (Union, types.UnionType)
        options = get_args(hint) if is_union else (hint,)
        literals = [option for option in options if get_origin(option) is Literal]
        others = [option for option in options if option not in (*literals, type(None))]
        if len(others) > 1 or not set(others) <= _NOUNS.keys():
            return None
        return cls(
            type=others[0] if others else None,
            choices=tuple(choice for literal in literals for choice in get_args(literal)),
            optional=type(None) in options,
            bounds=tuple(note for note in notes if isinstance(note, Bound)),
        )

    def canonical(self, value: Any) -> Any:
        """Return the value in the one form that stands for it; raise ValueError if it is none.

        Equal values come back as the same type, so that they are equal as keys, too: 30 as a
        float is 30.0, and a path that was given as text is a Path.
        """
        if value is None and self.optional:
            return None
        is_bool = isinstance(value, bool)
        if self.choices and not is_bool and value in self.choices:
            return self.choices[self.choices.index(value)]
        if self.type is bool and is_bool:
            return value
        if self.type is str and isinstance(value, str):
            return value
        if self.type is Path and isinstance(value, str | os.PathLike):
            return Path(value)
        if self.type is int and isinstance(value, Integral) and not is_bool:
            return self._within_bounds(int(value))
        if self.type is float and isinstance(value, Real) and not is_bool and math.isfinite(value):
            return self._within_bounds(float(value))
        raise ValueError(f"{value!r}; expected {self.expected}")

    def parse(self, text: str) -> Any:
        """Return the value that a text stands for, or the text itself, which `check` refuses."""
        for choice in self.choices:
            if str(choice) == text:
                return choice
        try:
            return text if self.type is None else self.type(text)
        except ValueError:
            return text

    @property
    def metavar(self) -> str:
        """The value in the help of the command line: "{auto}|FLOAT"."""
        listed = "{" + ",".join(map(str, self.choices)) + "}"
        parts = [listed] if self.choices else []
        return "|".join(parts + ([_TYPE_NAMES[self.type].upper()] if self.type else []))

    @property
    def expected(self) -> str:
        """What may be given, as a phrase: "a number above 0 or auto"."""
        listed = ", ".join(map(str, self.choices))
        if self.type is None:
            return f"one of {listed}"
        described = " ".join([_NOUNS[self.type], *_in_words(self.bounds)])
        if not self.choices:
            return described
        return f"{listed} or {described}"

    def _within_bounds(self, number: float) -> float:
        for bound in self.bounds:
            _, holds = _COMPARISONS[type(bound)]
            if not holds(number, _limit(bound)):
                raise ValueError(f"{number!r}; expected {self.expected}")
        return number


def check(config: Any) -> None:
    """Validate the fields of a dataclass and bring their values to canonical form.

    To be called in `__post_init__`. Fields of a type that this module does not know, such as
    tuples, are left to the class.

    Raises
    ------
    SettingError
        a value of another type, not a finite number, out of bounds, or not among the choices
    """
    for name, domain in _domains(type(config)).items():  # type: ignore[arg-type]
        if domain is None:
            continue
        value = getattr(config, name)
        try:
            canonical = domain.canonical(value)
        except ValueError:
            raise SettingError(name, value, domain.expected) from None
        object.__setattr__(config, name, canonical)


def describe(config: type) -> list[SettingField]:
    """Describe the fields of a dataclass of settings, in order."""
    found = hints(config)
    return [_described(field, *found[field.name]) for field in dataclasses.fields(config)]


def hints(config: type) -> dict[str, tuple[Any, tuple[Any, ...]]]:
    """Return each field's type and the annotations that follow it."""
    annotated = get_type_hints(config, include_extras=True)
    found = {}
    for field in dataclasses.fields(config):
        hint = annotated[field.name]
        is_annotated = hasattr(hint, "__metadata__")
        found[field.name] = (hint.__origin__, hint.__metadata__) if is_annotated else (hint, ())
    return found


def flag(name: str) -> str:
    """Return the name of a field on the command line: "--batch-size"."""
    return "--" + name.replace("_", "-")


def _described(field: dataclasses.Field[Any], hint: Any, notes: tuple[Any, ...]) -> SettingField:
    domain = Domain.of(hint)
    if domain is None:
        raise TypeError(f"{field.name}: {hint} is not a type of settings")
    doc = next((note.documentation for note in notes if isinstance(note, Doc)), None)
    if doc is None:
        raise TypeError(f"{field.name}: has no Doc")
    kind = domain.type or type(domain.choices[0])
    labels = [note.text for note in notes if isinstance(note, Label)]
    name = labels[-1] if labels else field.name.replace("_", " ").capitalize()
    unit = next((f" ({note.unit})" for note in notes if isinstance(note, Unit)), "")
    groups = [note.title for note in notes if isinstance(note, Group)]
    required = field.default is dataclasses.MISSING
    return SettingField(
        name=field.name,
        label=name + unit,
        group=groups[-1] if groups else "",
        flag=flag(field.name),
        type=_TYPE_NAMES[kind],  # type: ignore[arg-type]
        choices=list(domain.choices) if domain.type is None else None,
        keywords=list(domain.choices) if domain.type is not None else [],
        default=None if required else field.default,
        required=required,
        optional=domain.optional,
        advanced=ADVANCED in notes,
        help=doc,
    )


@functools.cache
def _domains(config: type) -> dict[str, Domain | None]:
    return {name: Domain.of(hint, notes) for name, (hint, notes) in hints(config).items()}


def _in_words(bounds: tuple[Bound, ...]) -> list[str]:
    """Return the bounds as one phrase, such as "of at least 0 and below 1"; none for no bounds."""
    phrases = [f"{_COMPARISONS[type(bound)][0]} {_limit(bound):,}" for bound in bounds]
    if phrases and phrases[0].startswith("at "):
        phrases[0] = f"of {phrases[0]}"
    return [" and ".join(phrases)] if phrases else []


def _limit(bound: Bound) -> Any:
    (limit,) = dataclasses.astuple(bound)
    return limit
