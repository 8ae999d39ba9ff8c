"""How a table of text is written, as far as the user states it: separator, header, encoding, ...

The fields are settings of every command that reads a table of text, and choices of a set that is
opened (see files/options.py); what is not stated is detected.
"""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Literal, get_args

from typing_extensions import Doc

from embeddings.errors import EmbeddingError
from embeddings.settings import ADVANCED, Group
from embeddings.text import shorten

YesNo = Literal["yes", "no"]
DecimalSign = Literal[".", ","]
Quotes = Literal["double", "single", "none"]

TABLE_FORMAT = Group("Format of tables of text")

Separator = Annotated[str | None, ADVANCED, TABLE_FORMAT, Doc(
    "Separator of the columns of text, such as ; or :: or tab or space; default: "
    "detected")]  # fmt: skip

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "space": " "}
"""The separators of one character that are detected, by name; a space stands for runs of blanks."""

QUOTE_CHARACTERS: dict[Quotes, str] = {"double": '"', "single": "'", "none": ""}

ENCODINGS = (
    "utf-8", "utf-16", "windows-1252", "iso-8859-1", "iso-8859-2", "windows-1250", "windows-1251",
    "koi8-r", "shift_jis", "euc-jp", "gb18030", "big5", "euc-kr", "cp437", "mac-roman",
)  # fmt: skip
"""Encodings that are offered; every other text encoding of Python's is accepted."""


@dataclass(frozen=True, kw_only=True)
class TextOptions:
    """How a table of text is written; what is None is detected."""

    # fmt: off

    separator: Separator = None
    header: Annotated[YesNo | None, ADVANCED, TABLE_FORMAT, Doc(
        "Whether the first row of a table of text names the columns: --header, or --no-header; "
        "default: detected")] = None
    encoding: Annotated[str | None, ADVANCED, TABLE_FORMAT, Doc(
        "Encoding of text, such as utf-8, windows-1252, shift_jis; default: detected")] = None
    decimal: Annotated[DecimalSign | None, ADVANCED, TABLE_FORMAT, Doc(
        "Decimal sign of numbers in a table of text; default: detected")] = None
    quotes: Annotated[Quotes | None, ADVANCED, TABLE_FORMAT, Doc(
        "Quotation marks around cells in a table of text; default: detected")] = None

    # fmt: on
    @property
    def text_options(self) -> "TextOptions":
        """These options alone, of a dataclass that has further settings."""
        return TextOptions(**{name: getattr(self, name) for name in TEXT_OPTION_NAMES})

    @property
    def stated(self) -> dict[str, str]:
        """The options that the user states, by name."""
        values = {name: getattr(self, name) for name in TEXT_OPTION_NAMES}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def codec(self) -> str | None:
        """The encoding, checked.

        Raises
        ------
        EmbeddingError
            no text encoding that Python knows
        """
        return None if self.encoding is None else check_encoding(self.encoding)

    @classmethod
    def of(cls, choices: Mapping[str, str]) -> "TextOptions":
        """Return the options among choices by name.

        Raises
        ------
        EmbeddingError
            a value that the option cannot have
        """
        for name, values in _ALLOWED.items():
            if choices.get(name, values[0]) not in values:
                raise EmbeddingError(
                    f"{name} {shorten(choices[name])!r}: expected one of {', '.join(values)}"
                )
        given = {name: choices[name] for name in TEXT_OPTION_NAMES if name in choices}
        return cls(**given)  # type: ignore[arg-type]  # checked above


TEXT_OPTION_NAMES = tuple(field.name for field in fields(TextOptions))

DETECTED = TextOptions()
"""Nothing is stated: everything is detected."""

_ALLOWED: dict[str, tuple[str, ...]] = {
    "header": get_args(YesNo),
    "decimal": get_args(DecimalSign),
    "quotes": get_args(Quotes),
}


def check_encoding(name: str) -> str:
    """Return Python's name of a text encoding.

    Raises
    ------
    EmbeddingError
        no such encoding
    """
    try:
        found = codecs.lookup(name)
        "a".encode(name)  # a LookupError for base64, zip and the like
    except (LookupError, ValueError):
        raise EmbeddingError(
            f"encoding {shorten(name)!r}: no such text encoding; expected one such as "
            f"{', '.join(ENCODINGS[:6])}"
        ) from None
    return found.name


def separator_name(separator: str) -> str:
    """Return what a separator is called in a sentence: "semicolon", or itself."""
    names = {character: name for name, character in SEPARATORS.items()}
    return names.get(separator, separator)
