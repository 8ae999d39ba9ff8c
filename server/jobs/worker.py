"""The worker process of server/jobs/pool.py, and the server's end of the pipes to it.

The process (`python -m server.jobs.worker`) runs one job after another. It receives pickled
messages on its stdin and sends them on its stdout; what a job prints goes to stderr. Nothing of the
server is inherited or executed again, so that a script without a `__main__` guard, such as any
Streamlit script, can be the server.

The server sends bytes: first the pickled warm-up function (or None), then one pickled
(function, args) per job, after the previous one has finished. The worker sends tuples:
("ready", traceback of the warm-up or ""), ("progress", phase, fraction, note),
("frame", coordinates), and at the end of a job ("done", pickled result) or
("failed", message, traceback).
"""

import contextlib
import ctypes
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import numpy as np

from embeddings.errors import EmbeddingError
from server.modules import module_command, module_environment

NICENESS = 5
"""Added to the niceness of a worker by default, so that clicks are answered first."""

_GRACE = 5.0  # s within which a process must end after its last message
_PR_SET_PDEATHSIG = 1  # linux/prctl.h

Message = tuple[Any, ...]
Post = Callable[[Message], None]


class Worker:
    """The server's end: starts a worker process, which finds the same modules as the server.

    On Linux the process dies with the thread that creates this object, so use a permanent thread.

    Parameters
    ----------
    niceness : int
        Added to that of the server.
    """

    def __init__(self, niceness: int = NICENESS) -> None:
        self._process = subprocess.Popen(
            module_command("server.jobs.worker", str(niceness)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # OpenMP threads that spin while they wait would take the cores from the server; numba's
            # own threads do not spin, and need only that one thread at a time calls its functions
            env=module_environment(OMP_WAIT_POLICY="passive", NUMBA_THREADING_LAYER="workqueue"),
        )
        assert self._process.stdin and self._process.stdout
        self._inbox, self._answers = self._process.stdin, self._process.stdout

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, payload: bytes) -> None:
        """Send one message; ignored if the process has ended, which ends messages() as well."""
        with contextlib.suppress(BrokenPipeError):
            pickle.dump(payload, self._inbox)
            self._inbox.flush()

    def messages(self) -> Iterator[Message]:
        """Yield the messages of the worker until its process ends, perhaps within a message."""
        with contextlib.suppress(EOFError, pickle.UnpicklingError):
            while True:
                yield pickle.load(self._answers)

    def kill(self) -> None:
        """Kill the process without waiting for its end."""
        self._process.kill()

    def end(self) -> str:
        """Wait for the end of the process, at most a few seconds; return why it ended."""
        try:
            code = self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:  # it has closed its end of the pipe and continues
            self._process.kill()
            code = self._process.wait()
        self._answers.close()
        with contextlib.suppress(BrokenPipeError):
            self._inbox.close()
        return _reason(code)


def importable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function; raise ValueError if workers cannot import it, as it is in the script."""
    if function.__module__ == "__main__":
        raise ValueError(f"{function!r} is in the script; move it to a module that can be imported")
    return function


def _reason(code: int) -> str:
    """Describe the exit code of a process."""
    if code < 0 and code == -signal.SIGKILL:
        return "it was killed, most likely because memory ran out; try fewer items"
    if code < 0:
        return f"it crashed ({signal.Signals(-code).name})"
    return f"it ended with exit code {code}"


class PipeProgress:
    """Progress that is sent to the server's JobPool; may be called from any thread."""

    def __init__(self, post: Post) -> None:
        self._post = post

    def __call__(self, phase: str, fraction: float | None = None, note: str = "") -> None:
        """Send the phase, the fraction done (held between 0 and 1) and the note."""
        done = None if fraction is None else min(max(float(fraction), 0.0), 1.0)
        self._post(("progress", str(phase), done, str(note)))

    def frame(self, coordinates: np.ndarray) -> None:
        """Send an intermediate layout: float32, shape (n, dims)."""
        self._post(("frame", np.asarray(coordinates, dtype=np.float32)))


def main() -> None:
    """Warm up, then run jobs until the server closes the pipe or kills the process."""
    inbox, outbox = _claim_streams()
    _die_with_server()
    if hasattr(os, "nice"):
        os.nice(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is meant for the server

    tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(inbox, tasks), daemon=True).start()
    lock = threading.Lock()

    def post(message: Message) -> None:
        with lock:
            pickle.dump(message, outbox, protocol=pickle.HIGHEST_PROTOCOL)
            outbox.flush()

    post(("ready", _warm_up(tasks.get())))
    while True:
        post(_run(tasks.get(), PipeProgress(post)))


def _warm_up(payload: bytes) -> str:
    """Run the pickled warm-up function, if any; return its traceback, or "" if it succeeded."""
    try:
        warm_up = pickle.loads(payload)
        if warm_up is not None:
            warm_up()
    except Exception:  # it only saves time: jobs run without it, and the server logs this
        return traceback.format_exc()
    return ""


def _run(payload: bytes, progress: PipeProgress) -> Message:
    """Run one job; return ("done", pickled result) or ("failed", message, traceback)."""
    try:
        function, args = pickle.loads(payload)
        return "done", pickle.dumps(function(*args, progress=progress))
    except EmbeddingError as error:
        return "failed", str(error), ""
    except MemoryError:
        message = "there is not enough memory; try fewer items"
        return "failed", message, traceback.format_exc()
    except Exception as error:  # the boundary of the process: the server logs the traceback
        message = f"unexpected error ({type(error).__name__}: {error})"
        return "failed", message, traceback.format_exc()


def _claim_streams() -> tuple[BinaryIO, BinaryIO]:
    """Reserve stdin and stdout for messages; the job then reads nothing, and prints to stderr."""
    inbox, outbox = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return inbox, outbox


def _read(inbox: BinaryIO, tasks: "queue.SimpleQueue[Any]") -> None:
    """Queue what the server sends; end the process, even within a job, when the server is gone."""
    try:
        while True:
            tasks.put(pickle.load(inbox))
    except (EOFError, OSError, pickle.UnpicklingError):
        os._exit(0)


def _die_with_server() -> None:
    """Have Linux kill this process when the thread that started it ends, even by SIGKILL.

    On other systems the closed pipe ends it as soon as the job lets another thread run.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
