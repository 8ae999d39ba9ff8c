"""The process of a run: started apart from the app, watched through its folder, ended when asked.

    process.json    the latest start
    alive           locked as long as a process of the run lives
    asked_to_stop   there once somebody asked the run to stop
    exit            the exit status, once the command has ended
    stdout.txt, stderr.txt

Whether a run lives is told by its lock, which its processes inherit and the system takes away with
the last of them: neither a restart of the app nor a reused process id can mislead.
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
KILLED = 128 + signal.SIGKILL

_PROCESS, _ALIVE, _STOP, _EXIT = "process.json", "alive", "asked_to_stop", "exit"
_END = 2**16  # bytes

_COMMAND = 'trap : INT TERM; nice -n 5 "$@"; echo $? > "$0.part"; mv "$0.part" "$0"'
"""For sh: run the command, a little behind the app; write its exit status, whole or not at all.

A signal to the group is for the command; the shell only notes it and waits.
"""


@dataclass(frozen=True)
class Life:
    """Whether the process of a folder lives, and how it ended.

    Attributes
    ----------
    asked : whether somebody asked it to stop
    status : the exit status; None while it lives, and if it was ended from outside
    seconds : how long it has run, in all its starts
    """

    lives: bool
    asked: bool
    status: int | None
    seconds: float


def launch(folder: Path, command: Sequence[str], place: Path) -> None:
    """Start a command in the working folder `place`, in a process group of its own.

    The lock comes before the marks of an earlier start go: never does it seem to have failed.
    """
    before = life(folder).seconds
    shell = ["/bin/sh", "-c", _COMMAND, str(folder.absolute() / _EXIT), *command]
    with (
        atomic_lock(folder / _ALIVE) as alive,
        (folder / OUTPUT).open("wb") as output,
        (folder / LOG).open("ab") as log,
    ):
        for name in (_EXIT, _STOP):
            (folder / name).unlink(missing_ok=True)
        started = time.time()
        process = subprocess.Popen(
            shell,
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=log,
            pass_fds=[alive],
            start_new_session=True,
        )
        write_json(folder / _PROCESS, {"group": process.pid, "started": started, "before": before})
    threading.Thread(target=process.wait, daemon=True).start()  # else it stays as a zombie


@contextlib.contextmanager
def atomic_lock(path: Path) -> Iterator[int]:
    """Put a locked file in place; yield its descriptor, for processes to inherit the lock."""
    temporary = path.with_suffix(".new")
    with temporary.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        temporary.replace(path)
        yield file.fileno()


def life(folder: Path) -> Life:
    """Return how the process of a folder is at this moment."""
    status = _exit_status(folder)
    lives = status is None and _is_locked(folder / _ALIVE)
    if not lives:
        status = _exit_status(folder)  # it may have ended between the two looks
    about = read_json(folder / _PROCESS) if (folder / _PROCESS).exists() else None
    seconds = 0.0
    if about is not None:
        ended = time.time() if lives else _last_sign(folder)
        seconds = about["before"] + max(0.0, ended - about["started"])
    return Life(lives, (folder / _STOP).exists(), status, seconds)


def end(folder: Path, at_once: bool = False) -> None:
    """Ask the process, if it lives, to save and end; `at_once` ends it without asking."""
    if not life(folder).lives:
        return
    (folder / _STOP).touch()
    group = read_json(folder / _PROCESS)["group"]
    with contextlib.suppress(ProcessLookupError):  # it ended just now
        os.killpg(group, signal.SIGKILL if at_once else signal.SIGTERM)


def tail(path: Path) -> str:
    """Return the end of a text file; "" where there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END))
        return file.read().decode(errors="replace")


def read_json(path: Path) -> dict[str, Any]:
    """Read an object that `write_json` wrote."""
    return json.loads(path.read_text())


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write an object, whole or not at all."""
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


def _exit_status(folder: Path) -> int | None:
    path = folder / _EXIT
    try:
        return int(path.read_text())
    except FileNotFoundError:  # it lives, is started again just now, or was ended from outside
        return None


def _last_sign(folder: Path) -> float:
    """Return when the process ended: when its exit status was written, or else its last word."""
    files = [folder / name for name in (_EXIT, LOG, OUTPUT)]
    return max(path.stat().st_mtime for path in files if path.exists())
