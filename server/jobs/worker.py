"""The worker process of server/jobs/pool.py, and the server's end of the pipes to it.

The process (`python -m server.jobs.worker`) does one job after another. Pickled messages come in on
its stdin and go out on its stdout; what the work itself prints goes to stderr. Nothing of the
server is inherited or executed again, so a script without a `__main__` guard (every Streamlit
script) is a safe server.

The server sends bytes: first the pickled warm-up function (or None), then one pickled
(function, args) per job, when the last is finished. The worker sends tuples:
("ready", traceback of the warm-up or ""), ("progress", stage, done, note), ("frame", coordinates),
and at the end of a job ("done", pickled result) or ("failed", message, traceback).
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

NICENESS = 5
"""Added to the worker's niceness, so that the server answers clicks first."""

_GRACE = 5.0  # s that a process may take to end after its last message
_PR_SET_PDEATHSIG = 1  # linux/prctl.h

Message = tuple[Any, ...]
Post = Callable[[Message], None]


class Worker:
    """The server's end: starts a worker process that finds the same modules as the server.

    On Linux the process dies with the thread that makes this object: make it in one that stays.
    """

    def __init__(self) -> None:
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "server.jobs.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # OpenMP threads that spin while they wait take the cores from the server
            env={"OMP_WAIT_POLICY": "passive", **os.environ, "PYTHONPATH": path},
        )
        assert self._process.stdin and self._process.stdout
        self._inbox, self._answers = self._process.stdin, self._process.stdout

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, payload: bytes) -> None:
        """Send one message; where the process is gone, messages() ends, which tells more."""
        with contextlib.suppress(BrokenPipeError):
            pickle.dump(payload, self._inbox)
            self._inbox.flush()

    def messages(self) -> Iterator[Message]:
        """Yield what the worker says, until its process ends (perhaps in mid-sentence)."""
        with contextlib.suppress(EOFError, pickle.UnpicklingError):
            while True:
                yield pickle.load(self._answers)

    def kill(self) -> None:
        """End the process at once; does not wait for it."""
        self._process.kill()

    def end(self) -> str:
        """Wait until the process has ended, a few seconds at most; return why it ended."""
        try:
            code = self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:  # it closed its end of the pipe and went on
            self._process.kill()
            code = self._process.wait()
        self._answers.close()
        with contextlib.suppress(BrokenPipeError):
            self._inbox.close()
        return _reason(code)


def _reason(code: int) -> str:
    """Say in words what the exit code of a process means."""
    if code < 0 and code == -signal.SIGKILL:
        return "it was killed, most likely because memory ran out; try it with fewer items"
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
    """Warm up, then work until the server closes the pipe or ends the process."""
    inbox, outbox = _claim_streams()
    _die_with_the_server()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is for the server

    tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(inbox, tasks), daemon=True).start()
    lock = threading.Lock()

    def post(message: Message) -> None:
        with lock:
            pickle.dump(message, outbox, protocol=pickle.HIGHEST_PROTOCOL)
            outbox.flush()

    post(("ready", _warm_up(tasks.get())))
    while True:
        post(_work(tasks.get(), PipeProgress(post)))


def _warm_up(payload: bytes) -> str:
    """Run the pickled warm-up function, if any; return its traceback, or "" when all went well."""
    try:
        warm_up = pickle.loads(payload)
        if warm_up is not None:
            warm_up()
    except Exception:  # warming up only saves time: the jobs can do without, the server logs it
        return traceback.format_exc()
    return ""


def _work(payload: bytes, progress: PipeProgress) -> Message:
    """Do one job; return ("done", pickled result) or ("failed", message, traceback)."""
    try:
        function, args = pickle.loads(payload)
        return "done", pickle.dumps(function(*args, progress=progress))
    except EmbeddingError as error:
        return "failed", str(error), ""
    except MemoryError:
        message = "there is not enough memory for this; try it with fewer items"
        return "failed", message, traceback.format_exc()
    except Exception as error:  # the boundary of the process: the server logs the traceback
        message = f"an unexpected error ended the work ({type(error).__name__}: {error})"
        return "failed", message, traceback.format_exc()


def _claim_streams() -> tuple[BinaryIO, BinaryIO]:
    """Take stdin and stdout for messages; reads then see nothing, prints go to stderr."""
    inbox, outbox = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return inbox, outbox


def _read(inbox: BinaryIO, tasks: "queue.SimpleQueue[Any]") -> None:
    """Queue what the server sends; end the process in the midst of its work when that is gone."""
    try:
        while True:
            tasks.put(pickle.load(inbox))
    except (EOFError, OSError, pickle.UnpicklingError):
        os._exit(0)


def _die_with_the_server() -> None:
    """Have Linux kill this process when the thread that started it ends, even by SIGKILL.

    Elsewhere the end of the pipe does it as soon as the work lets another thread run.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
