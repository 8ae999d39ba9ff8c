"""A child process that its parent watches, and ends when it exceeds its limits.

The child is forked, not started as a new program, so it has the parent's modules already imported.
The parent must not have threads that hold locks when it forks: a command has no threads yet, and a
reading worker (server/reading/) has one that only waits for messages.

A command imports this module before it forks, so it imports nothing that is slow to import.
"""

import ctypes
import os
import resource
import select
import signal
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any

from embeddings.errors import EmbeddingError
from embeddings.supervision.read_limits import ReadLimits

POLL_SECONDS = 0.02
"""Interval of the looks at a child. Memory grows by some 50 MB within it."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h

to_parent: Connection | None = None
"""The pipe to the parent, in a child."""


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
        self._memory_before, self._processor_before, self._started = 0, 0.0, 0.0
        self._poller = select.poll()  # Connection.poll makes a new one each time
        self._poller.register(connection.fileno(), select.POLLIN)

    @classmethod
    def fork(cls) -> "Child | None":
        """Fork this process; return the child in the parent, and None in the child."""
        global to_parent
        ours, theirs = Pipe()
        parent = os.getpid()
        inherited = memory_of(parent)
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

    def watch(
        self,
        limits: ReadLimits | None,
        name: str = "",
        memory: int | None = None,
        processor: float | None = None,
        started: float | None = None,
    ) -> None:
        """Apply limits from now on; None for none.

        Parameters
        ----------
        memory : bytes from which its memory counts; by default those at the fork
        processor : seconds from which its processor time counts; by default those until now
        started : time from which wall-clock time counts, of the system's monotonic clock; by
            default now
        """
        self.limits, self.name = limits, name
        self._started = time.monotonic() if started is None else started
        self._memory_before = self._inherited if memory is None else memory
        if limits is not None:
            used = processor_seconds_of(self._pid) if processor is None else processor
            self._processor_before = used

    def receive(self) -> Any:
        """Return the next message of the child; None after its end.

        Raises
        ------
        EmbeddingError
            the child has exceeded a limit, and was killed
        """
        try:
            while not self._poller.poll(1_000 * POLL_SECONDS if self.limits else None):
                self._check()
            return self._connection.recv()
        except (EOFError, OSError):  # perhaps in the middle of a message
            return None

    def _check(self) -> None:
        assert self.limits is not None
        memory, elapsed = memory_of(self._pid) - self._memory_before, self._elapsed
        processor = 0.0  # of no interest while even the clock is within the limit
        if elapsed > self.limits.seconds:
            processor = processor_seconds_of(self._pid) - self._processor_before
        exceeded = self.limits.exceeded(memory, processor, elapsed)
        if exceeded:
            self.end()
            raise EmbeddingError(f"{self.name}: {exceeded}")

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._started

    @property
    def memory(self) -> int:
        """The bytes of memory that the child has taken since the fork, without mapped files."""
        return max(0, memory_of(self._pid) - self._inherited)

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


def _account(pid: int, name: str) -> bytes:
    """Return one of the kernel's accounts of a process (Linux)."""
    descriptor = os.open(f"/proc/{pid}/{name}", os.O_RDONLY)
    try:
        return os.read(descriptor, 4096)
    finally:
        os.close(descriptor)


def memory_of(pid: int) -> int:
    """Return the bytes of memory that a process has to itself, mapped files not included."""
    if sys.platform == "linux":
        try:
            _, resident, shared, *_ = _account(pid, "statm").split()
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            return 0
        return (int(resident) - int(shared)) * resource.getpagesize()
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def processor_seconds_of(pid: int) -> float:
    """Return the processor time of a process, all its threads together, in seconds."""
    if sys.platform == "linux":
        try:
            fields = _account(pid, "stat").rpartition(b")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # user, system
    import psutil

    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _end_with(parent: int) -> None:
    """Have Linux kill this process when its parent ends, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it has ended already
            os._exit(1)
