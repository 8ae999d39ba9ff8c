"""Models of runs that answer the app: one process of `python -m trainers encode RUN --serve` each.

Such a process prints a line of JSON once its model is loaded, then answers each line of its
standard input with a line (trainers/commands/encode_decode.py). It is kept for further requests
and ends when its standard input is closed: with the app, however that ends.
"""

import json
import queue
import subprocess
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from embeddings.errors import EmbeddingError
from server.modules import module_command, module_environment
from server.runs.contract import ERROR_PREFIX, Request, Response

MAX_IDLE = 2
"""Idle processes that stay for further requests; each occupies some hundred MB."""

TIMEOUT = 120.0
"""Seconds that a response may take; the first one includes loading the model."""


def encode_command(run: Path) -> list[str]:
    """Return the command that serves the model of a run."""
    return module_command("trainers", "encode", str(run), "--serve")


class EncoderPool:
    """The processes by their runs; any thread may send requests, which are answered in turn.

    Parameters
    ----------
    command : callable
        Returns the command to start for the folder of a run.
    """

    def __init__(self, command: Callable[[Path], Sequence[str]] = encode_command) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._processes: OrderedDict[Path, _EncoderProcess] = OrderedDict()  # by last use

    def request(self, run: Path, request: Request, timeout: float = TIMEOUT) -> Response:
        """Return the response of a run's model.

        Parameters
        ----------
        run : Path
            The folder with the weights.
        request : Request
            {"text": ...}, {"image": path} or {"vector": [...]}.
        timeout : float
            Seconds.

        Raises
        ------
        EmbeddingError
            The model rejects the request, its process has ended, or the time is over.
        """
        with self._lock:
            process = self._processes.get(run)
            if process is None or not process.is_alive:
                process = self._processes[run] = _EncoderProcess(self._command(run))
            self._processes.move_to_end(run)
            process.pending += 1
            self._end_idle_processes()
        try:
            return process.request(request, timeout)
        finally:
            with self._lock:
                process.pending -= 1

    def _end_idle_processes(self) -> None:
        """End the least recently used processes without requests, down to MAX_IDLE processes."""
        idle = [run for run, process in self._processes.items() if not process.pending]
        for run in idle[: max(0, len(self._processes) - MAX_IDLE)]:
            self._processes.pop(run).end()

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            for process in self._processes.values():
                process.end()
            self._processes.clear()


class _EncoderProcess:
    """One process, which handles one request at a time.

    Attributes
    ----------
    pending : int
        Requests in progress or waiting for their turn.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.pending = 0
        self._turn = threading.Lock()
        self._is_ready = False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the process lives)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=module_environment(),
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._input = self._process.stdin
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        reader = threading.Thread(
            target=_read_lines, args=(self._process.stdout, self._lines), daemon=True
        )
        reader.start()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def request(self, request: Request, timeout: float) -> Response:
        deadline = time.monotonic() + timeout
        with self._turn:
            if not self._is_ready:
                self._next_line(deadline)
                self._is_ready = True
            try:
                self._input.write(json.dumps(request).encode() + b"\n")
                self._input.flush()
            except BrokenPipeError as error:
                raise self._end_error() from error
            response: Response = json.loads(self._next_line(deadline))
        if "error" in response:
            raise EmbeddingError(response["error"])
        return response

    def _next_line(self, deadline: float) -> bytes:
        """Return the next line of output."""
        try:
            line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            self.end()
            raise EmbeddingError("the model did not respond in time; try again") from None
        if not line.endswith(b"\n"):  # the output has ended
            raise self._end_error()
        return line

    def _end_error(self) -> EmbeddingError:
        """Return why the process has ended: the last line of its standard error."""
        self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        status = f"exit status {self._process.returncode}"
        reason = lines[-1].removeprefix(ERROR_PREFIX) if lines else status
        return EmbeddingError(f"the model cannot be used: {reason}")

    def end(self) -> None:
        """Kill the process."""
        self._process.kill()
        self._process.wait()


def _read_lines(output: IO[bytes], lines: "queue.SimpleQueue[bytes]") -> None:
    """Queue the lines of a process, then b""; the body of a thread."""
    for line in output:
        lines.put(line)
    lines.put(b"")
