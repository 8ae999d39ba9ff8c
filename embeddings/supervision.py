"""Reading in a child process, which its parent ends when it exceeds its limits.

Only another process can do this: a regular expression holds Python's lock, so that no thread or
signal handler of its own process runs until it has finished. The system's limit on the address
space (RLIMIT_AS) is of no use here, since it counts mapped files, the stacks of threads and what
libraries reserve without using it. So the parent looks at the child's memory and at the clock
every POLL_SECONDS; the number of open files is limited by the system (RLIMIT_NOFILE).

The child is forked, not started as a new program, so it has the parent's modules already imported.
The parent must not have threads that hold locks when it forks: a command has no threads yet, and a
reading worker (server/reading/) has one that only waits for messages.

A command imports this module before it forks, so it imports nothing that is slow to import.
"""

import ctypes
import errno
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

from embeddings.errors import EmbeddingError
from embeddings.read_limits import ReadLimits

POLL_SECONDS = 0.02
"""Interval of the looks at a child. Memory grows by some 50 MB within it."""

_FATAL = (
    signal.SIGKILL,
    signal.SIGSEGV,
    signal.SIGBUS,
    signal.SIGABRT,
    signal.SIGFPE,
    signal.SIGILL,
)
_PR_SET_PDEATHSIG = 1  # linux/prctl.h

to_parent: Connection | None = None
"""The pipe to the parent, in a child."""


def run_command(command: Callable[[], int], report: Callable[[EmbeddingError], None]) -> int:
    """Run a command in a child process, whose reading is limited where it calls `limited`.

    Parameters
    ----------
    report : shows the error when a limit is exceeded

    Returns
    -------
    the exit status: the command's, or 2 if a limit is exceeded
    """
    temporary = Path(tempfile.mkdtemp(prefix="embedding-"))
    child = Child.fork()
    if child is None:
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
    return code if code >= 0 else 128 - code


@contextmanager
def limited(limits: ReadLimits, name: str) -> Iterator[None]:
    """Have the parent of a command, if it has one, limit the reading within the block.

    Parameters
    ----------
    name : what is read, for messages

    Raises
    ------
    EmbeddingError
        more files are open than the limit allows
    """
    if to_parent is None:
        yield
        return
    to_parent.send((limits, name))
    try:
        with limited_files(limits, name):
            yield
    finally:
        to_parent.send((None, ""))


class Child:
    """The parent's end of a child process, which shares a pipe with it.

    Attributes
    ----------
    limits : those that apply now, or None
    name : what the child reads now, for messages
    """

    def __init__(self, pid: int, connection: Connection, inherited: int) -> None:
        self.limits: ReadLimits | None = None
        self.name = ""
        self._pid, self._connection, self._inherited = pid, connection, inherited
        self._started = 0.0

    @classmethod
    def fork(cls) -> "Child | None":
        """Fork this process; return the child in the parent, and None in the child."""
        global to_parent
        ours, theirs = Pipe()
        parent = os.getpid()
        inherited = _memory(parent)
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            theirs.close()
            return cls(pid, ours, inherited)
        ours.close()
        _end_with(parent)
        to_parent = theirs
        return None

    def send(self, message: Any) -> None:
        """Send a message; ignored if the child has ended, which `receive` returns."""
        with suppress(OSError):
            self._connection.send(message)

    def watch(self, limits: ReadLimits | None, name: str = "") -> None:
        """Apply limits from now on; None for none."""
        self.limits, self.name, self._started = limits, name, time.monotonic()

    def receive(self) -> Any:
        """Return the next message of the child; None after its end.

        Raises
        ------
        EmbeddingError
            the child has exceeded a limit, and was killed
        """
        try:
            while not self._connection.poll(POLL_SECONDS if self.limits else None):
                self._check()
            return self._connection.recv()
        except (EOFError, OSError):  # perhaps in the middle of a message
            return None

    def _check(self) -> None:
        assert self.limits is not None
        exceeded = self.limits.exceeded(self.memory, time.monotonic() - self._started)
        if exceeded:
            self.end()
            raise EmbeddingError(f"{self.name}: {exceeded}")

    @property
    def memory(self) -> int:
        """The bytes of memory that the child has taken since the fork, without mapped files."""
        return max(0, _memory(self._pid) - self._inherited)

    def send_signal(self, number: int) -> None:
        """Pass a signal on to the child."""
        os.kill(self._pid, number)

    def end(self) -> None:
        """Kill the child."""
        os.kill(self._pid, signal.SIGKILL)
        self.wait()

    def wait(self) -> int:
        """Wait for the end of the child; return its exit code, or minus the signal's number."""
        self._connection.close()
        _, status = os.waitpid(self._pid, 0)
        return os.waitstatus_to_exitcode(status)


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


def explain_end(code: int) -> str:
    """Describe why a process ended without a result, and what to do."""
    if code == -signal.SIGKILL:
        return (
            "the process that read it was killed, most likely because memory ran out; close other "
            "programs or give a smaller file"
        )
    if code < 0:
        return (
            f"the process that read it crashed ({signal.Signals(-code).name}); the file is damaged,"
            " or of a kind that its library cannot read: write it again, or in another format"
        )
    return f"the process that read it ended with exit code {code}; try again"


def _memory(pid: int) -> int:
    """Return the bytes of memory that a process has to itself, mapped files not included."""
    if sys.platform == "linux":
        try:
            _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            return 0
        return (int(resident) - int(shared)) * resource.getpagesize()
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _end_with(parent: int) -> None:
    """Have Linux kill this process when its parent ends, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it has ended already
            os._exit(1)
