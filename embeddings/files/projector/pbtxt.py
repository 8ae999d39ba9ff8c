"""TensorBoard's projector_config.pbtxt, in protobuf's text format, read as the Projector's JSON.

The language is described in https://protobuf.dev/reference/protobuf/textformat-spec, the messages
in tensorboard/plugins/projector/projector_config.proto.
"""

import re
from collections.abc import Iterator
from typing import Any

from embeddings.errors import EmbeddingError
from embeddings.text import shorten

_REPEATED = ("embeddings", "tensorShape", "singleImageDim")
_DEPTH = 20
_END = "the end of the file"
_TOKEN = re.compile(
    r"""(?P<space>(?:\s|\#[^\n]*)+)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<word>[-+.\w]+)
    |(?P<sign>[:{}<>\[\],;])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|(.))", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b", b"f": b"\f",
            b"v": b"\v"}  # fmt: skip
_MESSAGE = re.compile(
    r"(?:\s|#[^\n]*(?:\n|$))*(?:model_checkpoint_\w+\s*:|embeddings\s*(?::\s*)?[{<])"
)

_Token = tuple[str, str, int]  # kind, text, line


def is_pbtxt(head: bytes) -> bool:
    """Return True if a file that starts with `head` is a Projector's config in text format."""
    return _MESSAGE.match(head.decode("utf-8", "replace").removeprefix("\ufeff")) is not None


def parse(text: str) -> dict[str, Any]:
    """Return a config in the form of the JSON config: {"embeddings": [{"tensorName": ...}, ...]}.

    Raises
    ------
    EmbeddingError
        the text is not in protobuf's text format; the message names the line
    """
    tokens = list(_tokens(text.removeprefix("\ufeff")))
    tokens.append(("end", _END, text.count("\n") + 1))
    return _message(tokens, 0, _END, 0)[0]


def _tokens(text: str) -> Iterator[_Token]:
    place, line = 0, 1
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _error(line, f"{shorten(text[place : place + 10])!r} is not part of the language")
        kind = match.lastgroup or ""
        if kind != "space":
            yield kind, match[0], line
        line += match[0].count("\n")
        place = match.end()


def _message(tokens: list[_Token], i: int, end: str, depth: int) -> tuple[dict[str, Any], int]:
    """Read `name: value` and `name { ... }` from token `i` up to the sign `end`.

    Returns
    -------
    the values by name, and the position of the token after `end`
    """
    if depth > _DEPTH:
        raise _error(tokens[i][2], f"messages nested more than {_DEPTH} deep")
    found: dict[str, Any] = {}
    while tokens[i][1] != end:
        kind, name, line = tokens[i]
        if kind != "word":
            raise _error(line, f"{shorten(name)!r} where the name of a field is expected")
        i += 1
        has_colon = tokens[i][1] == ":"
        i += has_colon
        if not has_colon and tokens[i][1] not in ("{", "<"):
            raise _error(line, f"no `:` after {shorten(name)}")
        value, i = _value(tokens, i, depth)
        key = re.sub(r"_([a-z])", lambda match: match[1].upper(), name)
        if key in _REPEATED:
            found.setdefault(key, []).extend(value if isinstance(value, list) else [value])
        else:
            found[key] = value
        i += tokens[i][1] in (",", ";")
    return found, i + 1


def _value(tokens: list[_Token], i: int, depth: int) -> tuple[Any, int]:
    kind, text, line = tokens[i]
    if text in ("{", "<"):
        return _message(tokens, i + 1, "}" if text == "{" else ">", depth + 1)
    if text == "[":
        return _list(tokens, i + 1, depth + 1)
    if kind == "word":
        return int(text) if re.fullmatch(r"[-+]?\d{1,18}", text) else text, i + 1
    parts = []
    while tokens[i][0] == "string":  # adjacent strings are one
        parts.append(_unescape(tokens[i][1][1:-1]))
        i += 1
    if not parts:
        raise _error(line, f"{shorten(text)!r} where a value is expected")
    return b"".join(parts).decode("utf-8", "replace"), i


def _list(tokens: list[_Token], i: int, depth: int) -> tuple[list[Any], int]:
    if depth > _DEPTH:
        raise _error(tokens[i][2], f"lists nested more than {_DEPTH} deep")
    values = []
    while tokens[i][1] != "]":
        value, i = _value(tokens, i, depth)
        values.append(value)
        if tokens[i][1] not in (",", "]"):
            raise _error(tokens[i][2], f"{shorten(tokens[i][1])!r} where `,` or `]` is expected")
        i += tokens[i][1] == ","
    return values, i + 1


def _unescape(text: str) -> bytes:
    def plain(match: re.Match[bytes]) -> bytes:
        octal, hexadecimal, letter = match.groups()
        if letter is not None:
            return _ESCAPED.get(letter, letter)
        return bytes([int(octal, 8) & 255 if octal else int(hexadecimal, 16)])

    return _ESCAPE.sub(plain, text.encode("utf-8", "replace"))


def _error(line: int, what: str) -> EmbeddingError:
    return EmbeddingError(f"line {line}: {what}; expected protobuf text, as TensorBoard writes it")
