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
    width = max(map(len, result), default=0)
    for name, value in result.items():
        title = indent + name.replace("_", " ")
        if isinstance(value, dict):
            yield title
            yield from _lines(value, indent + "  ")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield title
            yield from (f"{indent}  {', '.join(map(_text, entry.values()))}" for entry in value)
        else:
            shown = ", ".join(map(_text, value)) if isinstance(value, list) else _text(value)
            yield f"{title:<{len(indent) + width}}  {shown}".rstrip()


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


class Progress:
    """A Report for standard error: on a terminal one line kept up to date, else a line a stage."""

    def __init__(self) -> None:
        self._stage = ""

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(_CLEAR_LINE)

    def __call__(self, stage: str, done: float | None = None, note: str = "") -> None:
        """Show stage, share and note."""
        if sys.stderr.isatty():
            share = "" if done is None else f" {done:.0%}"
            sys.stderr.write(f"{_CLEAR_LINE}{stage}{share} {note}")
            sys.stderr.flush()
        elif stage != self._stage:
            sys.stderr.write(stage + "\n")
        self._stage = stage

    def frame(self, coordinates: np.ndarray) -> None:
        """Do nothing: a terminal shows no pictures."""
