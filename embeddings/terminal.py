"""What the command line writes: results to standard output, the rest to standard error."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

_CLEAR_LINE = "\r\033[K"


def note(*texts: str) -> None:
    """Say on standard error what was assumed, chosen or left out, a line each."""
    sys.stderr.writelines(text + "\n" for text in texts)


def print_result(result: Any, as_json: bool) -> None:
    """Print one JSON document, or a line for each entry, nested ones below their name."""
    text = json.dumps(result, ensure_ascii=False) if as_json else "\n".join(_lines(result, ""))
    sys.stdout.write(text + "\n")


def _lines(result: dict[str, Any], indent: str) -> Iterator[str]:
    """Yield a line for each value, aligned; what is nested follows, so that it parts no columns."""
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
    cells = [[name.replace("_", " ") for name in names]]
    cells += [[_text(entry[name]) for name in names] for entry in entries]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    right = [not any(isinstance(entry[name], str) for entry in entries) for name in names]
    for line in cells:
        padded = (
            f"{cell:>{width}}" if number else f"{cell:<{width}}"
            for cell, width, number in zip(line, widths, right, strict=True)
        )
        yield (indent + "  ".join(padded)).rstrip()


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
            sys.stderr.write(f"{_CLEAR_LINE}{phase}{percent} {note}")
            sys.stderr.flush()
        elif phase != self._phase:
            sys.stderr.write(phase + "\n")
        self._phase = phase

    def frame(self, coordinates: np.ndarray) -> None:
        """Do nothing: a terminal does not draw layouts."""
