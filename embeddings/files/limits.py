"""Limits on what is read into memory, and the file's name in every error about it."""

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import numpy as np

from embeddings.errors import EmbeddingError

DEFAULT_MAX_BYTES = 4 * 2**30
"""Size limit in bytes of a file, and of its decoded content: 4 GiB."""

_ROW_BYTES = 64  # that a label takes in memory, at least: a string, and a reference to it
_MEMORY_FRACTION = 0.8  # of the free memory, which a trusted file may take
_EXPANSION = 32

_raised: ContextVar[int] = ContextVar("raised limit", default=0)


def max_bytes() -> int:
    """Return the size limit in bytes: the configured one, or more inside `raised_size_limit`."""
    return max(configured_max_bytes(), _raised.get())


def configured_max_bytes() -> int:
    """Return $EMBEDDING_MAX_BYTES, or 4 GiB.

    Raises
    ------
    EmbeddingError
        the environment variable is not a whole number above 0
    """
    text = os.environ.get("EMBEDDING_MAX_BYTES", "")
    if not text:
        return DEFAULT_MAX_BYTES
    if not text.isdecimal() or int(text) == 0:
        raise EmbeddingError(
            f"EMBEDDING_MAX_BYTES is {text!r}; expected a number of bytes, such as 4294967296"
        )
    return int(text)


@contextmanager
def raised_size_limit(paths: Sequence[Path]) -> Iterator[None]:
    """Raise the limit to the memory that is free, for files that the person at the machine named.

    Beyond the configured limit, nothing may take more than 32 times the bytes of its file: content
    that claims more is damaged, or a decompression bomb.
    """
    import psutil  # only here: every import of `embeddings` would wait for it

    size = sum(_size(path) for path in paths)
    free = int(_MEMORY_FRACTION * psutil.virtual_memory().available)
    token = _raised.set(min(free, _EXPANSION * size))
    try:
        yield
    finally:
        _raised.reset(token)


def _size(path: Path) -> int:
    """Return the bytes of a file, or of all files of a folder; 0 if there is no such path."""
    if path.is_dir():
        return sum(each.lstat().st_size for each in path.rglob("*"))
    return path.stat().st_size if path.exists() else 0


def check_bytes(size: int, what: str) -> None:
    """Raise EmbeddingError if `size` bytes exceed the limit.

    Parameters
    ----------
    what : subject and verb of the error, such as "the file has"
    """
    limit = max_bytes()
    if size > limit:
        raise EmbeddingError(
            f"{what} {size:,} bytes, more than the limit of {limit:,}; "
            "raise EMBEDDING_MAX_BYTES if the machine has the memory"
        )


def check_rows(rows: int, row_bytes: int = 0) -> None:
    """Raise EmbeddingError if so many rows, with a label each, exceed the limit.

    A file may state any number of rows that take no bytes of it: rows of no numbers, equal or
    missing values. So the number is checked before anything of that length is made.

    Parameters
    ----------
    row_bytes : bytes that a row takes beside its label
    """
    check_bytes(rows * (_ROW_BYTES + row_bytes), f"its {rows:,} rows, with a label each, take")


def padded_size(shape: Sequence[int]) -> int:
    """Return how many numbers an array holds, an axis of length 0 counted as 1.

    An array of shape (2**40, 0) holds no number, but nobody can work with so many rows.
    """
    return math.prod(max(1, length) for length in shape)


@contextmanager
def error_context(path: Path) -> Iterator[None]:
    """Put the file's name before the message of every EmbeddingError raised inside."""
    try:
        yield
    except EmbeddingError as error:
        error.args = (f"{path.name}: {error}",)
        raise


def first_line(error: BaseException) -> str:
    """Return the first line of a library's error message, cut to 200 characters, to quote it."""
    return str(error).strip().split("\n")[0][:200] or type(error).__name__


def as_float32(array: np.ndarray) -> np.ndarray:
    """Return a matrix of numbers as read-only C-contiguous float32, copied at most once.

    The result may share the memory of `array`, which nobody may write to any more. Being read-only
    is what lets EmbeddingSet share it without a copy.
    """
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes inf, which the set refuses
        result = np.ascontiguousarray(array, dtype=np.float32)
    result.flags.writeable = False
    return result
