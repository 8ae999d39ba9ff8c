"""Limits on what is read into memory, and the file's name in every error about it."""

import io
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import numpy as np

from embeddings.errors import EmbeddingError
from embeddings.supervision.limited_command import has_supervisor, limited
from embeddings.supervision.read_limits import ReadLimits

DEFAULT_MAX_BYTES = 4 * 2**30
"""Size limit in bytes of a file, and of its decoded content: 4 GiB."""

DEFAULT_OPEN_FILES = 1_024
"""Limit on files that are open at the same time."""

MAX_COLUMNS = 2**16
"""Maximum number of columns of a table: each takes a fraction of a millisecond, and kilobytes."""

_ROW_BYTES = 64  # that a label takes in memory, at least: a string, and a reference to it
_MEMORY_FRACTION = 0.8  # of the free memory, which reading may take
_EXPANSION = 32

_BASE_MEMORY = 256 * 2**20  # bytes that the interpreter takes with its libraries
_TRUSTED_EXPANSION = 3  # content of a file that the person at the machine named, by its size
_COPIES = 3  # that a reader may hold of the content: as bytes, as a table, as vectors
_LEAST_MEMORY = 512 * 2**20

_BASE_SECONDS = 5.0
_SECONDS_PER_FILE = 0.005  # a small image is decoded in less than 0.5 ms
BYTES_PER_SECOND = 2 * 2**20
"""Speed of reading: JSON Lines of two numbers are read at 3.4 MiB/s, long ones at 20."""

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
    return from_environment("EMBEDDING_MAX_BYTES", "bytes, such as 4294967296") or DEFAULT_MAX_BYTES


def from_environment(name: str, unit: str) -> int | None:
    """Return the limit that an environment variable sets, or None.

    Parameters
    ----------
    unit : what it counts, for the error

    Raises
    ------
    EmbeddingError
        the environment variable is not a whole number above 0
    """
    text = os.environ.get(name, "")
    if not text:
        return None
    if not text.isdecimal() or int(text) == 0:
        raise EmbeddingError(f"{name} is {text!r}; expected a number of {unit}")
    return int(text)


@contextmanager
def raised_size_limit(paths: Sequence[Path]) -> Iterator[None]:
    """Raise the limit to the memory that is free, for files that the person at the machine named.

    Beyond the configured limit, nothing may take more than 32 times the bytes of its file: content
    that claims more is damaged, or a decompression bomb.
    """
    token = _raised.set(min(free_memory(), _EXPANSION * total_size(paths)))
    try:
        yield
    finally:
        _raised.reset(token)


def read_limits(
    paths: Sequence[Path], trusted: bool, bytes_per_second: float = BYTES_PER_SECOND
) -> ReadLimits:
    """Return the limits on reading some files: as configured, or else according to their size.

    The sizes that a file states are checked before anything is made of them; these limits hold for
    whatever escapes such checks. See embeddings/supervision/.

    Parameters
    ----------
    trusted : True for files that the person at the machine named; see `raised_size_limit`
    bytes_per_second : slowest speed at which sound files of the kind are read

    Raises
    ------
    EmbeddingError
        one of the environment variables is not a whole number above 0
    """
    further = _SECONDS_PER_FILE * max(0, len(paths) - 1)
    memory = from_environment("EMBEDDING_MAX_MEMORY", "bytes, such as 8589934592")
    seconds = from_environment("EMBEDDING_MAX_SECONDS", "seconds, such as 60")
    open_files = from_environment("EMBEDDING_MAX_OPEN_FILES", "files, such as 4096")
    size = total_size(paths)
    if memory is None:
        content = max(configured_max_bytes(), _TRUSTED_EXPANSION * size if trusted else 0)
        needed = _BASE_MEMORY + _COPIES * content
        memory = max(_LEAST_MEMORY, min(needed, free_memory()))
    return ReadLimits(
        memory,
        seconds or _BASE_SECONDS + further + size / bytes_per_second,
        open_files or DEFAULT_OPEN_FILES,
        configured_max_bytes(),
    )


@contextmanager
def limited_reading(
    paths: Sequence[Path], name: str = "", bytes_per_second: float = BYTES_PER_SECOND
) -> Iterator[None]:
    """Limit what a command spends on reading files of its user; see supervision.limited.

    Everything that reads such files does so within this block. It has no effect in a server, whose
    files are read by processes with limits of their own (server/reading/), and in a program that
    uses this library.

    Parameters
    ----------
    name : what is read, for messages; default: the name of the first file
    bytes_per_second : see read_limits

    Raises
    ------
    EmbeddingError
        more files are open than the limit allows; one of the environment variables is not a whole
        number above 0
    """
    if not has_supervisor():
        yield
        return
    limits = read_limits(paths, trusted=True, bytes_per_second=bytes_per_second)
    with limited(limits, name or paths[0].name):
        yield


def free_memory() -> int:
    """Return the bytes of memory that reading may take without crowding out other programs."""
    import psutil  # only here: every import of `embeddings` would wait for it

    return int(_MEMORY_FRACTION * psutil.virtual_memory().available)


def total_size(paths: Sequence[Path]) -> int:
    """Return the bytes of files, and of all files in folders; 0 for a path that does not exist."""
    return sum(_size(path) for path in paths)


def _size(path: Path) -> int:
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


LONGEST_READ = 2**24
"""Bytes that a list of members, or one name in a tar, may take."""


class LimitedReads(io.FileIO):
    """A file that refuses to read absurd lengths in one call, which damaged archives ask for."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return at most `size` bytes; raise EmbeddingError for more than LONGEST_READ."""
        if size is not None and size > LONGEST_READ:
            raise EmbeddingError(
                f"its list of members claims to take {size:,} bytes; expected at most "
                f"{LONGEST_READ:,}: pack fewer files, or pack them again"
            )
        return super().read(size) or b""


def check_rows(rows: int, row_bytes: int = 0) -> None:
    """Raise EmbeddingError if so many rows, with a label each, exceed the limit.

    A file may state any number of rows that take no bytes of it: rows of no numbers, equal or
    missing values. So the number is checked before anything of that length is made.

    Parameters
    ----------
    row_bytes : bytes that a row takes beside its label
    """
    check_bytes(rows * (_ROW_BYTES + row_bytes), f"its {rows:,} rows, with a label each, take")


def check_columns(count: int) -> None:
    """Raise EmbeddingError for more columns than can be looked at one by one."""
    if count > MAX_COLUMNS:
        raise EmbeddingError(
            f"{count:,} columns; expected at most {MAX_COLUMNS:,}: write the vectors as one column "
            "of lists"
        )


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
