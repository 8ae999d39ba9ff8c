"""Text files as bytes to be parsed: UTF-8, without byte order mark and trailing blank lines."""

import codecs
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.limits import check_bytes
from embeddings.files.options import Note

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_STEP = 2**16  # small pieces stay in the processor's cache


def is_text(head: bytes) -> bool:
    """Say whether a file that starts with `head` is text: it has no zero bytes."""
    return head.startswith(_UTF16) or b"\0" not in head


def read_text(path: Path, note: Note, checked: bool = True) -> pa.Buffer:
    """Map a text file into memory, up to the end of its last line that is not blank.

    A text that is not UTF-8 is converted and said to be so.

    Parameters
    ----------
    checked : False where the parser copes with bytes that are not UTF-8

    Raises
    ------
    EmbeddingError
        nothing but blank lines, or UTF-16 that is damaged
    """
    size = path.stat().st_size
    buffer = pa.memory_map(str(path)).read_buffer() if size else pa.py_buffer(b"")
    start = bytes(buffer[:4])
    if start.startswith(_UTF16):
        check_bytes(2 * size, "as UTF-8 it may take")
        try:
            buffer = pa.py_buffer(buffer.to_pybytes().decode("utf-16").encode())
        except UnicodeError as error:
            raise EmbeddingError(f"damaged UTF-16 text ({error}); save it as UTF-8") from error
    elif start.startswith(codecs.BOM_UTF8):
        buffer = buffer.slice(len(codecs.BOM_UTF8))
    if checked and not _is_utf8(buffer):
        note("it is not UTF-8: read as Windows-1252 (Western European); save it as UTF-8")
        buffer = pa.py_buffer(buffer.to_pybytes().decode("cp1252", "replace").encode())
    end = buffer.size
    while end and buffer[end - 1 : end].to_pybytes() in b"\r\n":
        end -= 1
    if end == 0:
        raise EmbeddingError("the file is empty, or holds blank lines only")
    if buffer.slice(end, min(2, buffer.size - end)).to_pybytes() == b"\r\n":
        end += 1
    return buffer.slice(0, min(end + 1, buffer.size))


def lines(buffer: pa.Buffer) -> Iterator[bytes]:
    """Yield the lines without their ends; only \\n and \\r\\n end a line."""
    for line in buffer.to_pybytes().split(b"\n"):
        yield line.removesuffix(b"\r")


def contains(buffer: pa.Buffer, character: bytes) -> bool:
    """Say whether a one-byte character is anywhere in the text."""
    raw = np.frombuffer(buffer, dtype=np.uint8)
    blocks = (raw[start : start + _STEP] for start in range(0, len(raw), _STEP))
    return any((block == character[0]).any() for block in blocks)


def _is_utf8(buffer: pa.Buffer) -> bool:
    """Say whether bytes are UTF-8, which pyarrow checks fastest, here as those of one string."""
    offsets = pa.array([0, buffer.size], pa.int64()).buffers()[1]
    try:
        pa.LargeStringArray.from_buffers(1, offsets, buffer).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
