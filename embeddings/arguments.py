"""The arguments of the command line: commands, flags of the layout methods, choices of a file."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import NoReturn

from embeddings import layouts
from embeddings.errors import EmbeddingError
from embeddings.files.options import CHOICE_NAMES, ChoiceName
from embeddings.metrics import METRICS
from embeddings.settings import describe

_DESCRIPTION = "Open, judge and convert embedding files; lay them out; find neighbors and clusters."

FLAGS = {what: "label-column" if what == "label" else what for what in CHOICE_NAMES}

_CHOICE_HELP: dict[ChoiceName, str] = {
    "vector": "column, array, tensor or obsm entry of the vectors; or columns, with commas",
    "label": "column or array of the labels",
    "split": "part of a data set: train, test, ...",
    "dimensions": "length of a vector, where the file holds bare numbers",
}


class _Parser(argparse.ArgumentParser):
    """Wrong arguments are the user's errors like any other: one line, status 2."""

    def error(self, message: str) -> NoReturn:
        raise EmbeddingError(f"{message}; see {self.prog} --help")


def parser(
    functions: Mapping[str, Callable[[argparse.Namespace], None]],
) -> argparse.ArgumentParser:
    """Return the parser of `python -m embeddings`.

    Parameters
    ----------
    functions : what runs each command; the first line of its docstring is the help
    """
    top = _Parser(prog="python -m embeddings", description=_DESCRIPTION, allow_abbrev=False)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str) -> argparse.ArgumentParser:
        run = functions[name]
        added = commands.add_parser(
            name, help=run.__doc__, description=run.__doc__, allow_abbrev=False
        )
        added.set_defaults(run=run)
        return added

    added = command("inspect")
    added.add_argument("files", metavar="FILE", nargs="+", help="several: the parts of one set")
    _add_choices(added)
    _add_json(added)

    added = command("convert")
    added.add_argument("source", metavar="IN", nargs="+", help="several: the parts of one set")
    added.add_argument("target", metavar="OUT")
    _add_choices(added)

    added = command("neighbors")
    added.add_argument("file", metavar="FILE")
    _add_choices(added)
    added.add_argument("label", metavar="LABEL", nargs="?")
    added.add_argument("--row", type=int, help="row number instead of a label, from 0")
    added.add_argument("-k", type=int, default=10, help="how many (10)")
    added.add_argument("--metric", choices=METRICS, help="the set's own by default")
    _add_json(added)

    added = command("layout")
    added.add_argument("file", metavar="FILE")
    _add_choices(added)
    _add_method(added)
    added.add_argument("--out", required=True, metavar="OUT.parquet")

    added = command("quality")
    added.add_argument("file", metavar="FILE")
    _add_choices(added)
    added.add_argument("layout", metavar="LAYOUT.parquet")
    _add_json(added)

    added = command("cluster")
    added.add_argument("file", metavar="FILE")
    _add_choices(added)
    added.add_argument("--out", required=True, metavar="OUT.parquet")
    added.add_argument("--layout", metavar="LAYOUT.parquet", help="find the clusters of this one")
    _add_method(added)
    added.add_argument("--fineness", type=float, default=0.5, help="0 coarse to 1 fine (0.5)")
    _add_json(added)
    return top


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def _add_choices(parser: argparse.ArgumentParser) -> None:
    choices = parser.add_argument_group("what to read from the file, where it leaves a choice")
    for what in CHOICE_NAMES:
        choices.add_argument(
            f"--{FLAGS[what]}", dest=f"choose_{what}", metavar="NAME", help=_CHOICE_HELP[what]
        )
    choices.add_argument(
        "--leave-out", action="store_true", help="leave out rows that hold NaN or inf"
    )


def _add_method(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--method",
        choices=(*layouts.METHODS, *layouts.ALIASES),
        default="umap",
        help="umap by default",
    )
    parser.add_argument("--dims", type=int, choices=(2, 3), default=2)
    parser.add_argument("--seed", type=int, default=0)
    for name, help_text in _param_help().items():
        spellings = dict.fromkeys((f"--{name.replace('_', '-')}", f"--{name}"))
        parser.add_argument(*spellings, dest=name, type=_value, help=help_text)


def method_params(options: argparse.Namespace) -> layouts.Params:
    """Return the method's parameters from the options that were given."""
    kind = layouts.find_method(options.method).params
    known = {field.name for field in fields(kind)}
    given = {name: getattr(options, name) for name in _param_help()}
    given = {name: value for name, value in given.items() if value is not None}
    for name in given.keys() - known:
        owners = [
            method.name
            for method in layouts.METHODS.values()
            if name in {field.name for field in fields(method.params)}
        ]
        raise EmbeddingError(
            f"--{name.replace('_', '-')} is a parameter of {' and '.join(owners)}, "
            f"not of {options.method}; leave it out or choose another method"
        )
    return kind(**given)


def _param_help() -> dict[str, str]:
    """Return the help of every method parameter, by name."""
    return {
        field.name: field.help
        for method in layouts.METHODS.values()
        for field in describe(method.params)
    }


def _value(text: str) -> int | float | str:
    """Return a parameter as a number where it is one; its dataclass checks it."""
    for convert_to in (int, float):
        try:
            return convert_to(text)
        except ValueError:
            continue
    return text
