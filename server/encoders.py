"""Trained models at work for the app: a process of `python -m trainers encode RUN --serve` each.

The process prints a line of JSON once it is ready, then answers each line that it is given by a
line (trainers/commands/coding.py). It is kept for the next question; of many, the latest used
are. It ends when its standard input does: with the app, however that ends.
"""

import json
import os
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

from embeddings.errors import EmbeddingError
from server.runs.contract import ERROR_PREFIX, Request, Response
from server.runs.records import PROJECT

KEPT = 2
"""Processes that wait for a next question: each holds a library of some hundred MB."""

PATIENCE = 120.0
"""Seconds that an answer may take; the first one waits for the model to be read."""


def encode_command(run: Path) -> list[str]:
    """Return the command that answers questions to a run."""
    return [sys.executable, "-m", "trainers", "encode", str(run), "--serve"]


class Coders:
    """Processes by their runs; any thread may ask, and waits for its turn.

    Parameters
    ----------
    command : what to start for a run
    """

    def __init__(self, command: Callable[[Path], Sequence[str]] = encode_command) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._processes: OrderedDict[Path, _Process] = OrderedDict()

    def ask(self, run: Path, question: Request, patience: float = PATIENCE) -> Response:
        """Return the answer of a run's model to {"text"}, {"image": path} or {"vector": [...]}.

        Raises
        ------
        EmbeddingError
            what the model says is wrong; or its process ended, or took longer than `patience` (s)
        """
        with self._lock:
            process = self._processes.get(run)
            if process is None or not process.lives:
                process = self._processes[run] = _Process(self._command(run))
            self._processes.move_to_end(run)
            process.asked += 1
            self._end_the_idle()
        try:
            return process.ask(question, patience)
        finally:
            with self._lock:
                process.asked -= 1

    def _end_the_idle(self) -> None:
        """End those used longest ago that nobody waits for, while there are more than KEPT."""
        idle = [run for run, process in self._processes.items() if not process.asked]
        for run in idle[: max(0, len(self._processes) - KEPT)]:
            self._processes.pop(run).end()

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            for process in self._processes.values():
                process.end()
            self._processes.clear()


class _Process:
    """One process; one question at a time.

    Attributes
    ----------
    asked : questions that it answers or that wait for their turn
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.asked = 0
        self._turn = threading.Lock()
        self._ready = False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the process)
        self._process = subprocess.Popen(
            command,
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def ask(self, question: Request, patience: float) -> Response:
        until = time.monotonic() + patience
        with self._turn:
            if not self._ready:
                self._line(until)
                self._ready = True
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(json.dumps(question).encode() + b"\n")
                self._process.stdin.flush()
            except BrokenPipeError as error:
                raise self._ended() from error
            answer = json.loads(self._line(until))
        if "error" in answer:
            raise EmbeddingError(answer["error"])
        return answer

    def _line(self, until: float) -> bytes:
        """Return the next line of the process."""
        stdout = self._process.stdout
        assert stdout is not None
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, until - time.monotonic())):
                    self.end()
                    raise EmbeddingError("the model did not answer in time; ask again")
                piece = os.read(stdout.fileno(), 2**16)
                if not piece:
                    raise self._ended()
                line += piece
        return line

    def _ended(self) -> EmbeddingError:
        """Return why the process has ended: the last line that it said."""
        self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip().splitlines()
        reason = (
            said[-1].removeprefix(ERROR_PREFIX) if said else f"status {self._process.returncode}"
        )
        return EmbeddingError(f"the model cannot be used: {reason}")

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
