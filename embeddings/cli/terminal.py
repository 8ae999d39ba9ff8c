"""Output of the command line: results to standard output, everything else to standard error.

Labels and other text of files are escaped: they never command a terminal.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from embeddings.errors import EmbeddingError
from embeddings.settings import SettingError
from embeddings.text import printable

if TYPE_CHECKING:
    import numpy as np

ERROR_PREFIX = "error: "
"""The start of the line on standard error that explains a user's mistake."""

USER_ERROR = 2
"""The exit status for a user's mistake."""

CLOSED_PIPE = 141  # 128 + SIGPIPE
"""The exit status when the reader of standard output, such as head, has closed it."""

_CLEAR_LINE = "\r\033[K"


def write(text: str) -> None:
    """Write a text and a line end to standard output."""
    sys.stdout.write(printable(text.rstrip("\n"), lines=True) + "\n")


def abandon_output() -> int:
    """Write no more to standard output, which its reader has closed; return the exit status."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())  # else Python's own flush at the end fails again
    return CLOSED_PIPE


def print_error(error: EmbeddingError | OSError) -> None:
    """Write the one line for a user's mistake to standard error; a setting is named by its flag."""
    message = error.for_command_line if isinstance(error, SettingError) else str(error)
    sys.stderr.write(f"{ERROR_PREFIX}{printable(' '.join(message.split()))}\n")


def note(*texts: str) -> None:
    """Write what was assumed, chosen or left out to standard error, one line for each."""
    sys.stderr.writelines(printable(text, lines=True) + "\n" for text in texts)


def print_result(result: Any, as_json: bool) -> None:
    """Print one JSON document, or a line for each entry, nested ones below their name."""
    text = json.dumps(result, ensure_ascii=False) if as_json else "\n".join(_lines(result, ""))
    write(text)


def _lines(result: dict[str, Any], indent: str) -> Iterator[str]:
    """Yield an aligned line for each value; nested values follow, so that columns stay together."""
    nested = {name: value for name, value in result.items() if _is_nested(value)}
    plain = {name: value for name, value in result.items() if name not in nested}
    width = max(map(len, plain), default=0)
    for name, value in plain.items():
        shown = ", ".join(map(_text, value)) if isinstance(value, list | tuple) else _text(value)
        yield f"{indent}{name.replace('_', ' '):<{width}}  {shown or '-'}"
    for name, value in nested.items():
        yield indent + name.replace("_", " ")
        yield from (_lines if isinstance(value, dict) else _table)(value, indent + "  ")


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and bool(value) and isinstance(value[0], dict)
    )


def _table(entries: list[dict[str, Any]], indent: str) -> Iterator[str]:
    """Yield the names of the columns and a line for each entry, numbers to the right."""
    names = list(entries[0])
    lines = [[name.replace("_", " ") for name in names]]
    lines += [[_text(entry[name]) for name in names] for entry in entries]
    right = [not any(isinstance(entry[name], str) for entry in entries) for name in names]
    yield from (indent + line for line in text_table(lines, right).splitlines())


def text_table(lines: Sequence[Sequence[str]], right: Sequence[bool] = ()) -> str:
    """Return lines of cells as text with aligned columns.

    Parameters
    ----------
    lines : cells, with the same number in each line; the first line is the header. A line end in
        a cell is escaped
    right : for each column, whether it is aligned to the right; none is by default
    """
    lines = [[printable(cell) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    sides = [">" if is_right else "<" for is_right in right or [False] * len(widths)]
    return "\n".join(
        "  ".join(
            f"{cell:{side}{width}}" for cell, side, width in zip(line, sides, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return " ".join(value.split())
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


class TerminalProgress:
    """Progress on standard error: a terminal sees one line rewritten, a file one line per phase."""

    def __init__(self) -> None:
        self._phase = ""

    def __enter__(self) -> "TerminalProgress":
        return self

    def __exit__(self, *_: object) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(_CLEAR_LINE)

    def __call__(self, phase: str, fraction: float | None = None, note: str = "") -> None:
        """Show the phase, the fraction done and the note."""
        if sys.stderr.isatty():
            percent = "" if fraction is None else f" {fraction:.0%}"
            sys.stderr.write(f"{_CLEAR_LINE}{printable(f'{phase}{percent} {note}')}")
            sys.stderr.flush()
        elif phase != self._phase:
            sys.stderr.write(printable(phase) + "\n")
        self._phase = phase

    def frame(self, coordinates: "np.ndarray") -> None:
        """Do nothing: a terminal does not draw layouts."""
