"""A process that calls functions within limits, one after another.

A reading worker forks it, so that it has all modules of the worker, and watches it. It is used
again for the next call, which is faster than another fork; after one that was ended, or has grown,
the next call has a new one.
"""

import os
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from embeddings.errors import EmbeddingError
from embeddings.supervision import watched_process
from embeddings.supervision.limited_command import limited_files
from embeddings.supervision.read_limits import ReadLimits
from embeddings.supervision.watched_process import Child, explain_end

T = TypeVar("T")

MOST_IDLE = 256 * 2**20
"""Bytes of memory that the process may hold between two calls."""


class ReaderFault(RuntimeError):
    """A programming error in a reader: "KeyError: 'a'"; `details` is the traceback of the child."""

    def __init__(self, message: str, details: str) -> None:
        super().__init__(message, details)
        self.details = details

    def __str__(self) -> str:
        return str(self.args[0])


class LimitedProcess:
    """Calls functions in a child process; for one thread, which must live as long as it."""

    def __init__(self) -> None:
        self._child: Child | None = None

    def call(
        self,
        function: Callable[..., T],
        *args: Any,
        limits: ReadLimits,
        name: str,
        temporary: Path,
    ) -> T:
        """Return function(*args); arguments and result are pickled.

        Parameters
        ----------
        name : what is read, for messages
        temporary : folder for temporary files, which the caller removes: the process may be killed

        Raises
        ------
        EmbeddingError
            the function raises it, a limit is exceeded, or the process was killed
        ReaderFault
            the function raises any other exception
        """
        child, self._child = self._child or _fork(), None
        child.send((function, args, limits, name, temporary))
        child.watch(limits, name)
        outcome = child.receive()
        if outcome is None:
            raise EmbeddingError(f"{name}: {explain_end(child.wait())}")
        child.watch(None)
        self._child = child
        if child.memory > MOST_IDLE:
            self.close()
        result, error = outcome
        if error is not None:
            raise error
        return result

    def close(self) -> None:
        """End the process, if there is one."""
        if self._child is not None:
            self._child.end()
        self._child = None


def _fork() -> Child:
    child = Child.fork()
    if child is None:
        _serve()
    return child


def _serve() -> NoReturn:
    """Answer the calls of the parent until it closes the pipe."""
    assert watched_process.to_parent is not None
    try:
        while True:
            watched_process.to_parent.send(_outcome(*watched_process.to_parent.recv()))
    except (EOFError, OSError):
        pass
    finally:
        os._exit(0)  # what the parent would clean up at its end is the parent's


def _outcome(
    function: Callable[..., Any],
    args: Sequence[Any],
    limits: ReadLimits,
    name: str,
    temporary: Path,
) -> tuple[Any, Exception | None]:
    """Call a function; return its result, or None and the error."""
    os.environ["EMBEDDING_MAX_BYTES"] = str(limits.max_bytes)  # as the server has it now
    tempfile.tempdir = str(temporary)
    try:
        with limited_files(limits, name):
            return function(*args), None
    except EmbeddingError as error:
        return None, error
    except MemoryError:
        return None, EmbeddingError(f"{name}: {limits.memory_message}")
    except BaseException as error:  # the boundary of the process: the parent logs it
        summary = f"{type(error).__name__}: {error}"
        return None, ReaderFault(summary, traceback.format_exc())
