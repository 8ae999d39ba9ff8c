"""Reading in a child process, which its parent ends when it exceeds its limits.

Only another process can do this: a regular expression holds Python's lock, so that no thread or
signal handler of its own process runs until it has finished. The system's limit on the address
space (RLIMIT_AS) is of no use here, since it counts mapped files, the stacks of threads and what
libraries reserve without using it. So the parent looks at the child's memory and at the clock
every POLL_SECONDS; the number of open files is limited by the system (RLIMIT_NOFILE).

The child is forked, not started anew: it has the parent's modules, imported and warm. The parent
must not have threads that hold locks at that moment: a command has none yet, and a reading worker
(server/reading/) has one that only waits for messages.

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
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from embeddings.errors import EmbeddingError
from embeddings.read_limits import ReadLimits

T = TypeVar("T")

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

_to_parent: Connection | None = None
"""In a command that its parent watches: announces when reading begins and ends."""


class ReaderFault(RuntimeError):
    """A programming error in a reader: "KeyError: 'a'"; `details` is the traceback of the child."""

    def __init__(self, message: str, details: str) -> None:
        super().__init__(message, details)
        self.details = details

    def __str__(self) -> str:
        return str(self.args[0])


def call_limited(
    function: Callable[..., T], *args: Any, limits: ReadLimits, name: str, temporary: Path
) -> T:
    """Call a function in a child process; return its result, which is pickled.

    Parameters
    ----------
    name : what is read, for messages
    temporary : folder for temporary files, which the caller removes: the child may be killed

    Raises
    ------
    EmbeddingError
        the function raises it, a limit is exceeded, or the process was killed
    ReaderFault
        the function raises any other exception
    """
    child = _Child.fork(name, temporary)
    if child is None:
        _call_and_exit(function, args, limits, name)
    child.watch(limits)
    outcome = list(child.messages())
    code = child.wait()
    if not outcome:
        raise EmbeddingError(f"{name}: {_end(code)}")
    result, error = outcome[0]
    if error is not None:
        raise error
    return result


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
    child = _Child.fork("", temporary)
    if child is None:
        return command()  # the process goes on to its normal end
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the child as well, which decides
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: child.send_signal(number))
    try:
        for limits, name in child.messages():
            child.name = name
            child.watch(limits)
        is_reading, code = child.is_watched, child.wait()
        if is_reading and -code in _FATAL:
            raise EmbeddingError(f"{child.name}: {_end(code)}")
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
    if _to_parent is None:
        yield
        return
    _to_parent.send((limits, name))
    try:
        with _limited_files(limits, name):
            yield
    finally:
        _to_parent.send((None, ""))


class _Child:
    """The parent's end of a child process.

    Attributes
    ----------
    name : what it reads, for messages
    """

    def __init__(self, pid: int, connection: Connection, name: str) -> None:
        self.name = name
        self._pid, self._connection = pid, connection
        self._limits: ReadLimits | None = None
        self._started = 0.0

    @classmethod
    def fork(cls, name: str, temporary: Path) -> "_Child | None":
        """Fork this process; return the child in the parent, and None in the child.

        Parameters
        ----------
        temporary : folder for the child's temporary files
        """
        global _to_parent
        receiver, sender = Pipe(duplex=False)
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            sender.close()
            return cls(pid, receiver, name)
        receiver.close()
        _end_with(parent)
        _to_parent = sender
        tempfile.tempdir = str(temporary)
        return None

    @property
    def is_watched(self) -> bool:
        """Whether limits apply now."""
        return self._limits is not None

    def watch(self, limits: ReadLimits | None) -> None:
        """Apply limits from now on; None for none."""
        self._limits, self._started = limits, time.monotonic()

    def messages(self) -> Iterator[Any]:
        """Yield what the child sends until it closes the pipe.

        Raises
        ------
        EmbeddingError
            the child has exceeded a limit, and was killed
        """
        try:
            while True:
                while not self._connection.poll(POLL_SECONDS if self._limits else None):
                    self._check()
                yield self._connection.recv()
        except (EOFError, OSError):  # perhaps in the middle of a message
            return
        finally:
            self._connection.close()

    def _check(self) -> None:
        assert self._limits is not None
        seconds = time.monotonic() - self._started
        exceeded = self._limits.exceeded(_memory(self._pid), seconds)
        if exceeded:
            os.kill(self._pid, signal.SIGKILL)
            self.wait()
            raise EmbeddingError(f"{self.name}: {exceeded}")

    def send_signal(self, number: int) -> None:
        """Pass a signal on to the child."""
        os.kill(self._pid, number)

    def wait(self) -> int:
        """Wait for the end of the child; return its exit code, or minus the signal's number."""
        _, status = os.waitpid(self._pid, 0)
        return os.waitstatus_to_exitcode(status)


def _call_and_exit(
    function: Callable[..., Any], args: Sequence[Any], limits: ReadLimits, name: str
) -> NoReturn:
    """Call a function, send (result, error) to the parent, and end this process."""
    assert _to_parent is not None
    outcome: tuple[Any, Exception | None]
    try:
        os.environ["EMBEDDING_MAX_BYTES"] = str(limits.max_bytes)  # as the server has it now
        with _limited_files(limits, name):
            outcome = function(*args), None
    except EmbeddingError as error:
        outcome = None, error
    except MemoryError:
        outcome = None, EmbeddingError(f"{name}: {limits.memory_message}")
    except BaseException as error:  # the boundary of the process: the parent's caller logs it
        summary = f"{type(error).__name__}: {error}"
        outcome = None, ReaderFault(summary, traceback.format_exc())
    try:
        _to_parent.send(outcome)
    finally:
        os._exit(0)  # what the parent would clean up at its end is the parent's


@contextmanager
def _limited_files(limits: ReadLimits, name: str) -> Iterator[None]:
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


def _end(code: int) -> str:
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
