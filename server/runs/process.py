"""The process of a run: started apart from the app, observed through files, stopped on request.

    process.json    the latest start
    alive           locked as long as a process of the run is alive
    asked_to_stop   present once a stop has been requested
    exit            the exit code, once the command has ended
    stdout.txt, stderr.txt

Whether a run is alive is decided by its lock, which its processes inherit and the system releases
with the last of them: neither a restart of the app nor a reused process id can mislead.

POSIX only: it relies on inherited flock locks, process groups and a shell.
"""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embeddings.files.atomic import atomic_path

OUTPUT, LOG = "stdout.txt", "stderr.txt"
STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)
"""Exit codes of a command that a signal has stopped in an orderly way."""

KILLED = 128 + signal.SIGKILL

_PROCESS, _ALIVE, _STOP, _EXIT = "process.json", "alive", "asked_to_stop", "exit"
_TAIL_BYTES = 2**16

_COMMAND = """trap : INT TERM
ended="$1"
shift
nice -n 5 "$@"
echo $? > "$0.part"
mv "$0.part" "$0"
echo >> "$ended"
"""
"""For sh: run the command at a lower priority than the app, write its exit code atomically to $0,
then append a line to the file $1. Signals to the process group are for the command; the shell
ignores them and waits."""


@dataclass(frozen=True)
class ProcessStatus:
    """Whether the process of a folder is alive, and how it ended.

    Attributes
    ----------
    is_alive : bool
        False before the first start, too.
    stop_requested : bool
        Whether a stop has been requested since the latest start.
    exit_code : int or None
        None while the process is alive, and if it was killed together with its shell.
    seconds : float
        Running time over all starts.
    """

    is_alive: bool
    stop_requested: bool
    exit_code: int | None
    seconds: float


def launch(
    folder: Path, command: Sequence[str], environment: Mapping[str, str], ended: Path
) -> None:
    """Start a command in a process group of its own, with `folder` as the working folder.

    The lock is acquired before the marks of an earlier start are removed, so that the run never
    seems to have failed in between.

    Parameters
    ----------
    ended : Path
        A line is appended to this file when the command has ended.
    """
    folder = folder.absolute()
    previous = status(folder).seconds
    shell = ["/bin/sh", "-c", _COMMAND, str(folder / _EXIT), str(ended.absolute()), *command]
    with (
        _locked_file(folder / _ALIVE) as alive,
        (folder / OUTPUT).open("wb") as output,
        (folder / LOG).open("ab") as log,
    ):
        for name in (_EXIT, _STOP):
            (folder / name).unlink(missing_ok=True)
        started = time.time()
        process = subprocess.Popen(
            shell,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=log,
            pass_fds=[alive],
            start_new_session=True,
        )
        about = {"group": process.pid, "started": started, "before": previous}
        write_json(folder / _PROCESS, about)
    threading.Thread(target=process.wait, daemon=True).start()  # or it would become a zombie


@contextlib.contextmanager
def _locked_file(path: Path) -> Iterator[int]:
    """Replace a file by a locked one; yield the descriptor that passes the lock to processes."""
    temporary = path.with_suffix(".new")
    with temporary.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        temporary.replace(path)
        yield file.fileno()


def status(folder: Path) -> ProcessStatus:
    """Return the current status of the process of a folder.

    A command that has written its exit code has ended, even if one of its child processes still
    holds the lock.
    """
    exit_code = _exit_code(folder)
    is_alive = exit_code is None and _is_locked(folder / _ALIVE)
    if not is_alive:
        exit_code = _exit_code(folder)  # it may have ended between the two calls
    about = read_json(folder / _PROCESS) if (folder / _PROCESS).exists() else None
    seconds = 0.0
    if about is not None:
        end = time.time() if is_alive else _last_change(folder)
        seconds = about["before"] + max(0.0, end - about["started"])
    return ProcessStatus(is_alive, (folder / _STOP).exists(), exit_code, seconds)


def stop(folder: Path, force: bool = False) -> None:
    """Ask the process to save and stop; `force` kills it. Does nothing if it has ended."""
    if not status(folder).is_alive:
        return
    (folder / _STOP).touch()
    group = read_json(folder / _PROCESS)["group"]
    with contextlib.suppress(ProcessLookupError):  # it has just ended
        os.killpg(group, signal.SIGKILL if force else signal.SIGTERM)


def tail(path: Path) -> str:
    """Return the last 64 KiB of a text file; "" if there is no such file."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        return file.read().decode(errors="replace")


def read_json(path: Path) -> dict[str, Any]:
    """Read an object that `write_json` wrote."""
    return json.loads(path.read_text())


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write an object atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(values, default=str))


def _is_locked(path: Path) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _exit_code(folder: Path) -> int | None:
    path = folder / _EXIT
    try:
        return int(path.read_text())
    except FileNotFoundError:  # alive, just being restarted, or killed
        return None


def _last_change(folder: Path) -> float:
    """Return when the process ended: the time of its exit code, or of its last output."""
    files = [folder / name for name in (_EXIT, LOG, OUTPUT)]
    return max(path.stat().st_mtime for path in files if path.exists())
