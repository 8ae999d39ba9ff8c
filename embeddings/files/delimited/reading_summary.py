"""How a set was read, as the reader's choices say: recorded for text, and as one line of words."""

import codecs
from collections.abc import Iterable

from embeddings.files.delimited.dialect import Dialect
from embeddings.files.delimited.table import TableText
from embeddings.files.delimited.text_options import (
    ENCODINGS,
    QUOTE_CHARACTERS,
    SEPARATORS,
    separator_name,
)
from embeddings.files.options import Choice, ChoiceName, ReadContext
from embeddings.text import listed, split_names

_COLUMN_WORDS: tuple[tuple[ChoiceName, str], ...] = (
    ("category", "categories"),
    ("number", "numbers"),
    ("text", "text"),
    ("ignore", "ignored"),
)
_LISTED = 5


def record_dialect(dialect: Dialect, text: TableText, context: ReadContext) -> None:
    """Record how a table of text is written, as choices that can be made otherwise."""
    separator = text.separator or dialect.delimiter
    record_text(
        context,
        separator if len(dialect.columns) > 1 else None,
        text.encoding,
        f"line {1 + text.skipped}" if dialect.header else "",
        dialect.style.decimal,
        next(name for name, sign in QUOTE_CHARACTERS.items() if sign == dialect.quote),
    )


def record_text(
    context: ReadContext,
    separator: str | None,
    encoding: str,
    header: str = "",
    decimal: str = ".",
    quotes: str = "none",
) -> None:
    """Record how text is written, as choices that can be made otherwise.

    Parameters
    ----------
    separator : of the columns; None for one column
    encoding : Python's name of it
    header : where the header is, in words; "" for none
    decimal, quotes : as TextOptions has them
    """
    found: tuple[tuple[ChoiceName, Iterable[str], str | None], ...] = (
        ("separator", SEPARATORS.values(), separator),
        ("header", ("yes", "no"), "yes" if header else "no"),
        ("encoding", ENCODINGS, _encoding_name(encoding)),
        ("decimal", (".", ","), decimal),
        ("quotes", QUOTE_CHARACTERS, quotes),
    )
    for name, candidates, selected in found:
        place = header if name == "header" else ""
        context.choices[name] = Choice(name, tuple(candidates), selected, True, place)


def _encoding_name(codec: str) -> str:
    """Return the name under which an encoding is offered, or else Python's."""
    return next((each for each in ENCODINGS if codecs.lookup(each).name == codec), codec)


def reading_summary(choices: Iterable[Choice]) -> str:
    """Return how a set was read, as one line without the file's name.

    Such as "semicolon-separated, header in line 1, UTF-8, decimal comma; label `name`; vectors
    `d0 to d49`"; "" if no choice came up.
    """
    by_name = {choice.name: choice for choice in choices}
    parts = [_written(by_name)] if "encoding" in by_name else []
    label, vector = by_name.get("label"), by_name.get("vector")
    if label is not None:
        parts.append(f"label `{label.selected}`" if label.selected else "no label")
    if vector is not None and vector.selected:
        parts.append(f"vectors `{vector.selected}`")
    for name, words in _COLUMN_WORDS:
        names = split_names(by_name[name].selected) if name in by_name else ()
        if names:
            parts.append(f"{words} {listed((f'`{each}`' for each in names), _LISTED)}")
    return "; ".join(parts)


def _written(choices: dict[ChoiceName, Choice]) -> str:
    """Return how a table of text is written."""
    separator = choices["separator"].selected
    name = separator_name(separator or "")
    between = "one column" if not separator else f"{name}-separated"
    if separator and name == separator:
        between = f"separated by `{separator}`"
    header = choices["header"]
    place = f" in {header.place}" if header.place else ""
    parts = [between, f"header{place}" if header.selected == "yes" else "no header"]
    parts.append((choices["encoding"].selected or "").upper())
    if choices["decimal"].selected == ",":
        parts.append("decimal comma")
    if choices["quotes"].selected == "single":
        parts.append("single quotes")
    return ", ".join(parts)
