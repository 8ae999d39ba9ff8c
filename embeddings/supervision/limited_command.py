"""Reading in a child process, which its parent ends when it exceeds its limits.

Only another process can do this: a regular expression holds Python's lock, so that no thread or
signal handler of its own process runs until it has finished. The system's limit on the address
space (RLIMIT_AS) is of no use here, since it counts mapped files, the stacks of threads and what
libraries reserve without using it. So the parent looks at the child's memory and at the clock
at short intervals; the number of open files is limited by the system (RLIMIT_NOFILE).
The clock is the child's processor time, so that no file is refused because the machine is busy.

A command imports this module before it forks, so it imports nothing that is slow to import.
"""

import errno
import math
import os
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from embeddings.errors import EmbeddingError
from embeddings.supervision import watched_process
from embeddings.supervision.read_limits import ReadLimits
from embeddings.supervision.watched_process import Child, explain_end, memory_of

_FATAL = (
    signal.SIGKILL,
    signal.SIGSEGV,
    signal.SIGBUS,
    signal.SIGABRT,
    signal.SIGFPE,
    signal.SIGILL,
)
_supervisor: Connection | None = None  # the pipe to it, in the child of a command


def run_command(command: Callable[[], int], report: Callable[[EmbeddingError], None]) -> int:
    """Run a command in a child process, whose reading is limited where it calls `limited`.

    Parameters
    ----------
    report : shows the error when a limit is exceeded

    Returns
    -------
    the exit status: the command's, or 2 if a limit is exceeded. If a signal ends the command, the
    same signal ends this process, so that a shell says so
    """
    global _supervisor
    temporary = Path(tempfile.mkdtemp(prefix="embedding-"))
    child = Child.fork()
    if child is None:
        _supervisor = watched_process.to_parent
        tempfile.tempdir = str(temporary)
        return command()  # the process goes on to its normal end
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the child as well, which decides
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: child.send_signal(number))
    try:
        while (message := child.receive()) is not None:
            child.watch(*message)
        code = child.wait()
        if child.limits is not None and -code in _FATAL:
            raise EmbeddingError(f"{child.name}: {explain_end(code)}")
    except EmbeddingError as error:
        report(error)
        return 2
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    if code < 0:
        with suppress(OSError):  # nobody can handle SIGKILL
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def has_supervisor() -> bool:
    """Return True in the child process of a command, where `limited` has an effect."""
    return _supervisor is not None


@contextmanager
def limited(limits: ReadLimits, name: str) -> Iterator[None]:
    """Have the parent of a command, if it has one, apply limits within the block.

    Memory and time count from the beginning of the block. Within another block, this one has an
    effect only if it allows less time.

    Parameters
    ----------
    name : what is read, for messages

    Raises
    ------
    EmbeddingError
        more files are open than the limit allows
    """
    global _watch
    outer = _watch
    if _supervisor is None or outer.seconds <= limits.seconds:
        yield
        return
    usage = memory_of(os.getpid()), time.process_time(), time.monotonic()
    _watch = _Watch(limits, name, *usage)
    _supervisor.send(_watch)
    try:
        with limited_files(limits, name):
            yield
    finally:
        _watch = outer
        _supervisor.send(outer)


class _Watch(NamedTuple):
    """What a supervisor is to do from now on: the arguments of Child.watch."""

    limits: ReadLimits | None = None
    name: str = ""
    memory: int = 0
    processor: float = 0.0
    started: float = 0.0

    @property
    def seconds(self) -> float:
        return math.inf if self.limits is None else self.limits.seconds


_watch = _Watch()  # what the supervisor does now


@contextmanager
def limited_files(limits: ReadLimits, name: str) -> Iterator[None]:
    """Limit the number of open files; explain the error over it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = limits.open_files if hard == resource.RLIM_INFINITY else min(limits.open_files, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    try:
        yield
    except Exception as error:
        if _needs_more_files(error):
            raise EmbeddingError(f"{name}: {limits.files_message}") from error
        raise
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _needs_more_files(error: BaseException | None) -> bool:
    """Return True if an error, or one that led to it, is over the number of open files."""
    while error is not None:
        if isinstance(error, OSError) and (
            error.errno in (errno.EMFILE, errno.ENFILE)
            or "too many open files" in str(error).lower()  # of HDF5, without a number
        ):
            return True
        error = error.__cause__ or error.__context__
    return False
