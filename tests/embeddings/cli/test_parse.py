"""Parsing: flags, arguments, presets, and the one line for what does not fit."""

import io
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import pytest
from annotated_types import Ge, Unit
from typing_extensions import Doc

from embeddings import EmbeddingError
from embeddings.cli.arguments import InspectArguments, reading_flags
from embeddings.cli.parse import parse
from embeddings.settings import POSITIONAL, Alias, Metavar, SettingError, check


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """Do something with a file."""

    file: Annotated[Path, POSITIONAL, Metavar("FILE"), Doc("File to read")]
    label: Annotated[str | None, POSITIONAL, Metavar("[LABEL]"), Doc("Label")] = None
    count: Annotated[int, Alias("-k"), Ge(1), Doc("How many")] = 10
    limit: Annotated[int | None, Unit("rows"), Doc("At most so many; default: no limit")] = None
    step: Annotated[float | Literal["auto"], Doc("How far")] = "auto"
    kind: Annotated[Literal["big", "small"], Doc("Which")] = "big"
    name: Annotated[str | None, Doc("Name")] = None
    fast: Annotated[bool, Doc("Hurry")] = False
    header: Annotated[Literal["yes", "no"] | None, Doc("First row")] = None
    preset: Annotated[Literal["none", "quick"], Doc("Flags by name")] = "none"

    PRESETS: ClassVar[dict[str, tuple[str, ...]]] = {"quick": ("--fast", "--count", "3")}

    def __post_init__(self) -> None:
        check(self)


def parsed(*arguments: str) -> Arguments:
    return parse(Arguments, arguments, "program")


def test_flags_and_arguments_become_values():
    flags = ("-k", "2", "--limit=7", "--step", "0.5", "--kind", "small", "--name", "n", "--fast")
    assert parsed("f", "a", *flags) == Arguments(
        file=Path("f"), label="a", count=2, limit=7, step=0.5, kind="small", name="n", fast=True
    )
    assert parsed(*flags, "f", "a") == parsed("f", *flags, "a") == parsed("f", "a", *flags)
    assert parsed("f", "--step", "auto", "--no-fast") == Arguments(file=Path("f"))


@pytest.mark.parametrize(
    ("flags", "value"),
    [
        ([], None),
        (["--header"], "yes"),
        (["--no-header"], "no"),
        (["--header", "no"], "no"),
        (["--header=no"], "no"),
        (["--header", "--fast"], "yes"),
    ],
)
def test_yes_and_no_are_flags_too(flags, value):
    assert parsed(*flags, "f").header == value
    assert parsed("f", *flags).header == value


def test_the_flags_of_choices_are_read_back():
    made = {"vector": "a, b", "label": "-x", "separator": " ", "header": "no", "decimal": ",",
            "ignore": '"a,b",c'}  # fmt: skip
    found = parse(InspectArguments, [*reading_flags(made, True), "x.csv"], "inspect")
    assert found.selections == made and found.leave_out and found.files == (Path("x.csv"),)
    assert "--no-header" in reading_flags(made)


def test_any_text_is_a_text():
    assert parsed("f", "None", "--name", "None") == Arguments(
        file=Path("f"), label="None", name="None"
    )
    assert parsed("f", "-5").label == "-5"


def test_a_preset_comes_before_the_flags_that_are_given():
    quick = parsed("f", "--count", "5", "--preset=quick")
    assert (quick.fast, quick.count, quick.preset) == (True, 5, "quick")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--count", "many"], "--count many: expected a whole number of at least 1"),
        (["-k", "0"], "--count 0: expected a whole number of at least 1"),
        (["--limit", "None"], "--limit None: expected a whole number"),
        (["--step", "fast"], "--step fast: expected auto or a number"),
        (["--kind", "medium"], "--kind medium: expected one of big, small"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_the_dataclass(arguments, message):
    with pytest.raises(SettingError) as refused:
        parsed("f", *arguments)
    assert refused.value.for_command_line == message


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "missing: FILE File to read (required); see program --help"),
        (["f", "a", "--cuont"], "Unrecognized options: --cuont; see program --help"),
        (["f", "a", "b"], "Unrecognized options: b; see program --help"),
        (["f", "--count"], "Missing value for argument '-k/--count'. Expected 1 values"),
    ],
)
def test_other_mistakes_are_one_line(monkeypatch, encoding, arguments, message):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    with pytest.raises(EmbeddingError) as refused:
        parsed(*arguments)
    assert str(refused.value).startswith(message) and "\n" not in str(refused.value)


def test_help_has_the_texts_the_units_and_the_defaults(capsys):
    with pytest.raises(SystemExit) as stop:
        parsed("--help")
    shown = " ".join(capsys.readouterr().out.split())
    assert stop.value.code == 0
    assert "usage: program [-h] [OPTIONS] FILE [LABEL]" in shown
    assert "Do something with a file." in shown and "-k INT, --count INT" in shown
    assert "How many (default: 10)" in shown and "default: None" not in shown
    assert "--limit INT (rows)" in shown


def test_without_help_the_flag_is_unknown():
    with pytest.raises(EmbeddingError, match=r"^Unrecognized options: --help$"):
        parse(Arguments, ["f", "--help"], "program", add_help=False)
