"""Text files as UTF-8: encoding detection and decompression in one place.

The encoding is UTF-8, with or without a byte order mark, or UTF-16 with one; any other text is
read as Windows-1252, and a note says so, unless the user states its encoding.
"""

import codecs
import io
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise, takewhile
from pathlib import Path
from typing import IO, cast

import numpy as np
import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.compression import (
    STREAM_DAMAGE,
    compression_of,
    open_compressed,
    read_decompressed,
)
from embeddings.files.damage import damaged
from embeddings.files.limits import check_bytes, max_bytes
from embeddings.files.options import Note

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEAD_BYTES = 2**20  # of a stream, by which its encoding is detected
CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1f]")  # which no text has; \x00 is looked for before
_LINES_BYTES = 2**20  # of text that is split into lines in one step
_PART = 2**23  # bytes that one thread checks in one step

LONGEST_LINE = 2**24
"""Bytes that a line of a table may have."""

_NEWLINE = ord("\n")
_STEP = 2**16  # small pieces stay in the processor's cache
_MOST_UTF8 = 3  # bytes of UTF-8 for a byte of another encoding


def is_text(head: bytes) -> bool:
    """Return True if a file that starts with `head` is text: UTF-16, or without zero bytes."""
    return head.startswith(_UTF16) or b"\0" not in head


def decode_text(content: bytes, note: Note) -> str:
    """Return the text that is encoded in `content`, without a byte order mark.

    Raises
    ------
    EmbeddingError
        damaged UTF-16
    """
    return _as_utf8(pa.py_buffer(content), note)[0].to_pybytes().decode()


def read_text(path: Path, note: Note, validate: bool = True) -> pa.Buffer:
    """Read a text file as UTF-8, up to the end of its last line that is not blank.

    Parameters
    ----------
    note : receives a sentence where the text is not UTF-8
    validate : False for a parser that copes with bytes that are not UTF-8

    Raises
    ------
    EmbeddingError
        only blank lines, damaged UTF-16 or a damaged compressed file, or more bytes than the limit
    """
    return read_encoded_text(path, note, None, validate)[0]


def read_encoded_text(
    path: Path, note: Note, encoding: str | None, validate: bool = True
) -> tuple[pa.Buffer, str]:
    """Read a text file as read_text does; return it in UTF-8, and the encoding that it had.

    Parameters
    ----------
    encoding : Python's name of the encoding; None to detect it

    Raises
    ------
    EmbeddingError
        as read_text does, and for a text that is not in the encoding
    """
    content = read_decompressed(path)
    if encoding is None or (encoding == "utf-8" and _is_utf8(content)):
        buffer, encoding = _as_utf8(content, note, validate)
    else:
        buffer = _decoded(content, encoding)
    end = buffer.size
    while end and buffer[end - 1 : end].to_pybytes() in b"\r\n":
        end -= 1
    if end == 0:
        raise EmbeddingError("the file is empty, or holds blank lines only")
    if buffer.slice(end, min(2, buffer.size - end)).to_pybytes() == b"\r\n":
        end += 1
    return buffer.slice(0, min(end + 1, buffer.size)), encoding


@contextmanager
def open_text(path: Path, note: Note) -> Iterator[IO[bytes]]:
    """Open a text file of any length as a stream of UTF-8, decompressed.

    The first MiB decides on the encoding. A byte order mark of UTF-8 is left in place, and so are
    bytes further on that are not UTF-8.

    Raises
    ------
    EmbeddingError
        no text, or a damaged compressed file; or a text to be converted of more bytes than the
        limit
    """
    kind = compression_of(path)
    with open_compressed(path, kind) if kind else path.open("rb", buffering=0) as stream:
        checked = _DamageReported(stream, kind) if kind else stream
        buffered = io.BufferedReader(cast(io.RawIOBase, checked), _HEAD_BYTES)
        head = buffered.peek()
        if not is_text(head):
            raise EmbeddingError("not text: it holds zero bytes; expected a text file in UTF-8")
        if not head.startswith(_UTF16) and _begins_as_utf8(head):
            yield buffered
            return
        content = buffered.read(max_bytes() + 1)
    check_bytes(len(content), "the text has at least")
    yield io.BytesIO(_as_utf8(pa.py_buffer(content), note)[0].to_pybytes())


class _DamageReported(io.RawIOBase):
    """A stream that is decompressed; damage is an EmbeddingError where it is met."""

    def __init__(self, stream: IO[bytes], kind: str):
        self._stream, self._kind = stream, kind

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with damaged(self._kind, *STREAM_DAMAGE, advice="copy the file again"):
            content = self._stream.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)


def lines(buffer: pa.Buffer) -> Iterator[bytes]:
    """Yield the lines without their ends; only \\n and \\r\\n end a line."""
    parts: list[bytes] = []  # of a line that began in an earlier block
    for start in range(0, buffer.size, _LINES_BYTES):
        block = buffer.slice(start, min(_LINES_BYTES, buffer.size - start)).to_pybytes()
        first, *others = block.split(b"\n")
        parts.append(first)
        if others:
            yield b"".join(parts).removesuffix(b"\r")
            parts = [others.pop()]
            for line in others:
                yield line.removesuffix(b"\r")
    yield b"".join(parts).removesuffix(b"\r")


def check_line_lengths(text: pa.Buffer) -> None:
    """Raise EmbeddingError for a line that is longer than any row of a table.

    Splitting it, or describing what is wrong with it, would take many times its bytes. Of each
    LONGEST_LINE bytes only the last ones are looked at, back to a newline.
    """
    end = 0  # of the last line known to be short enough
    while text.size - end > LONGEST_LINE:
        stop, found = end + LONGEST_LINE, -1
        while found < 0 and stop > end:
            start = max(end, stop - _STEP)
            found = text.slice(start, stop - start).to_pybytes().rfind(b"\n")
            stop = start
        if found < 0:
            number = 1 + int(np.count_nonzero(np.frombuffer(text, np.uint8, end) == _NEWLINE))
            raise EmbeddingError(
                f"line {number:,} is longer than {LONGEST_LINE:,} bytes; expected a row of a table "
                "in each line; write a matrix with numpy.save"
            )
        end = stop + found + 1


def contains(buffer: pa.Buffer, character: bytes) -> bool:
    """Return True if a one-byte character is anywhere in the text."""
    raw = np.frombuffer(buffer, dtype=np.uint8)
    blocks = (raw[start : start + _STEP] for start in range(0, len(raw), _STEP))
    return any((block == character[0]).any() for block in blocks)


def _as_utf8(buffer: pa.Buffer, note: Note, validate: bool = True) -> tuple[pa.Buffer, str]:
    """Return a text in UTF-8, without a byte order mark, and the encoding that it had.

    A text in UTF-8 is not copied.
    """
    start = bytes(buffer[:4])
    if start.startswith(_UTF16):
        check_bytes(2 * buffer.size, "as UTF-8 it may take")
        try:
            return pa.py_buffer(buffer.to_pybytes().decode("utf-16").encode()), "utf-16"
        except UnicodeError as error:
            raise EmbeddingError(f"damaged UTF-16 text ({error}); save it as UTF-8") from error
    if start.startswith(codecs.BOM_UTF8):
        buffer = buffer.slice(len(codecs.BOM_UTF8))
    if validate and not _is_utf8(buffer):
        if CONTROL.search(bytes(buffer[:_HEAD_BYTES])):
            raise EmbeddingError(
                "neither UTF-8 nor text of another encoding: it holds control characters; expected "
                "a text file in UTF-8"
            )
        note("it is not UTF-8: read as Windows-1252 (Western European); save it as UTF-8")
        text = buffer.to_pybytes().decode("cp1252", "replace")
        return pa.py_buffer(text.encode()), "windows-1252"
    return buffer, "utf-8"


def _decoded(buffer: pa.Buffer, encoding: str) -> pa.Buffer:
    """Return a text in UTF-8, without a byte order mark, that is in another encoding.

    Raises
    ------
    EmbeddingError
        it is not in that encoding, or exceeds the limit in UTF-8
    """
    check_bytes(_MOST_UTF8 * buffer.size, "as UTF-8 it may take")
    try:
        text = buffer.to_pybytes().decode(encoding)
    except UnicodeError as error:
        raise EmbeddingError(f"not {encoding} ({error}); choose another encoding") from error
    return pa.py_buffer(text.removeprefix("\ufeff").encode(errors="replace"))


def _is_utf8(buffer: pa.Buffer) -> bool:
    """Return True if bytes are UTF-8; they are checked in parts, by several threads."""
    if buffer.size <= _PART:
        return _is_part_utf8(buffer)
    starts = [0]
    while starts[-1] + _PART < buffer.size:
        start = starts[-1] + _PART
        ahead = bytes(buffer[start : min(start + 3, buffer.size)])  # of a character of 4 bytes
        starts.append(start + sum(1 for _ in takewhile(_is_continuation, ahead)))
    parts = [buffer.slice(start, end - start) for start, end in pairwise([*starts, buffer.size])]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return all(pool.map(_is_part_utf8, parts))


def _is_continuation(byte: int) -> bool:
    return byte & 0xC0 == 0x80


def _is_part_utf8(buffer: pa.Buffer) -> bool:
    """Return True if bytes are UTF-8, which pyarrow checks fastest, here as those of one string."""
    offsets = pa.array([0, buffer.size], pa.int64()).buffers()[1]
    try:
        pa.LargeStringArray.from_buffers(1, offsets, buffer).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _begins_as_utf8(head: bytes) -> bool:
    """Return True if the beginning of a text is UTF-8; its last character may be cut off."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True
