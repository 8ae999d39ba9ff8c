"""The process of a run: started apart from the app, observed through files, stopped on request.

    process.json    the latest start
    alive           locked as long as a process of the run is alive; holds its process group, too
    asked_to_stop   present once a stop has been requested
    exit            the exit code, once the command has ended
    stdout.txt, stderr.txt

A disk that was full, a power cut or a person may have damaged any of these files: `status` reports
which one, and raises nothing.

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
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from embeddings.errors import EmbeddingError
from embeddings.files.atomic import atomic_path

OUTPUT, LOG = "stdout.txt", "stderr.txt"
STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)
"""Exit codes of a command that a signal has stopped in an orderly way."""

KILLED = 128 + signal.SIGKILL

_PROCESS, _ALIVE, _STOP, _EXIT = "process.json", "alive", "asked_to_stop", "exit"
_TAIL_BYTES = 2**16

_LATEST_TIME = 32_503_680_000.0
"""The year 3000, in seconds of Unix time: a later time is damaged."""

_COMMAND = """trap : INT TERM
ended="$1"
shift
nice -n 5 "$@"
code=$?
exec 2>/dev/null
echo $code > "$0.part" && mv "$0.part" "$0"
echo >> "$ended"
"""
"""For sh: run the command at a lower priority than the app, write its exit code atomically to $0,
then append a line to the file $1. On a full disk there is no exit code, rather than an empty one,
and the log ends with what the command said.
Signals to the process group are for the command; the shell ignores them and waits."""


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
    damage : str
        Which file is damaged, and how; "" if none is.
    """

    is_alive: bool
    stop_requested: bool
    exit_code: int | None
    seconds: float
    damage: str = ""


@dataclass(frozen=True)
class _Start:
    """The latest start, process.json.

    Attributes
    ----------
    group : int
        The process group.
    started : float
        Unix time in seconds.
    before : float
        Seconds that the run took up to then.
    """

    group: int
    started: float
    before: float


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
        try:
            os.write(alive, f"{process.pid}\n".encode())
            write_json(folder / _PROCESS, asdict(_Start(process.pid, started, previous)))
        except OSError:  # a full disk: nobody could find the process
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
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
    exit_code, damage = _exit_code(folder)
    is_alive = exit_code is None and _is_locked(folder / _ALIVE)
    if not is_alive:
        exit_code, damage = _exit_code(folder)  # it may have ended between the two calls
    seconds = 0.0
    try:
        start = _read_start(folder)
    except EmbeddingError as error:
        damage = damage or str(error)
    else:
        if start is not None:
            end = time.time() if is_alive else _last_change(folder)
            seconds = start.before + max(0.0, end - start.started)
    for name in (OUTPUT, LOG, _ALIVE, _STOP):
        if (folder / name).is_dir():
            damage = damage or f"{name} is damaged (a folder)"
    return ProcessStatus(is_alive, (folder / _STOP).exists(), exit_code, seconds, damage)


def stop(folder: Path, force: bool = False) -> None:
    """Ask the process to save and stop; `force` kills it. Does nothing if it has ended.

    Raises
    ------
    EmbeddingError
        The process cannot be found, because both files that name it are damaged.
    """
    if not status(folder).is_alive:
        return
    group = _process_group(folder)
    (folder / _STOP).touch()
    with contextlib.suppress(ProcessLookupError):  # it has just ended
        os.killpg(group, signal.SIGKILL if force else signal.SIGTERM)


def tail(path: Path) -> str:
    """Return the last 64 KiB of a text file; "" if there is no such file."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        return file.read().decode(errors="replace")


def read_json(path: Path) -> dict[str, Any]:
    """Read an object that `write_json` wrote.

    Raises
    ------
    EmbeddingError
        The file is damaged: it cannot be read, or is not a JSON object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise EmbeddingError(f"{path.name} is damaged ({type(error).__name__})") from None
    if not isinstance(found, dict):
        raise EmbeddingError(f"{path.name} is damaged (expected a JSON object)")
    return found


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write an object atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(values, default=str))


def is_time(value: object) -> bool:
    """Return whether a value is a time or a duration in seconds, up to the year 3000."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= _LATEST_TIME


def _read_start(folder: Path) -> _Start | None:
    """Return the latest start; None before the first one.

    Raises
    ------
    EmbeddingError
        process.json is damaged.
    """
    if not (folder / _PROCESS).exists():
        return None
    values = read_json(folder / _PROCESS)
    group: Any = values.get("group")
    started: Any = values.get("started")
    before: Any = values.get("before")
    is_group = isinstance(group, int) and not isinstance(group, bool) and group > 0
    if not (is_group and is_time(started) and is_time(before)):
        raise EmbeddingError(f"{_PROCESS} is damaged (expected group, started and before)")
    return _Start(group, started, before)


def _process_group(folder: Path) -> int:
    """Return the process group of a folder whose process is alive.

    Raises
    ------
    EmbeddingError
        Neither process.json nor `alive` names it.
    """
    try:
        start = _read_start(folder)
        if start is not None:
            return start.group
        damage = f"{_PROCESS} is missing"
    except EmbeddingError as error:
        damage = str(error)
    content = (folder / _ALIVE).read_bytes()[:20].strip()
    if content.isdigit() and int(content) > 1:
        return int(content)
    raise EmbeddingError(
        f"{damage}, so the process cannot be found here; on the server, "
        f"`fuser -k {folder / _ALIVE}` ends it"
    )


def _is_locked(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _exit_code(folder: Path) -> tuple[int | None, str]:
    """Return the exit code, if there is one, and how its file is damaged, or "".

    An empty file does not count as damaged: a full disk or a power cut has lost the code.
    """
    try:
        text = (folder / _EXIT).read_text(encoding="utf-8").strip()
        return (int(text) if text else None), ""
    except FileNotFoundError:  # alive, just being restarted, or killed
        return None, ""
    except (OSError, ValueError) as error:
        return None, f"{_EXIT} is damaged ({type(error).__name__})"


def _last_change(folder: Path) -> float:
    """Return when the process ended: the time of its exit code, or of its last output."""
    files = [folder / name for name in (_EXIT, LOG, OUTPUT)]
    return max((path.stat().st_mtime for path in files if path.exists()), default=0.0)
