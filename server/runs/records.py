"""Runs of trainers: each a process in a folder of its own, found again at any time.

A run's folder is named by its id and contains

    run.json        what was started, written once
    data/           files that the run learns from
    training/       the trainer's own folder (--run-dir), see contract.py
    NAME.embedding.parquet, or whatever else the command writes

and the files of process.py. Nothing else is known about a run, so that a restarted app, or a
second one, sees the same. A run with a damaged file, or without run.json, is listed as damaged and
can be deleted; no function raises for it what would hide the other runs.
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock
from platformdirs import user_data_path

from embeddings.cache import default_folder
from embeddings.errors import EmbeddingError
from server.modules import module_command, module_environment
from server.runs import process
from server.runs.contract import ERROR_PREFIX, LAST_CHECKPOINT, RESULT_PATTERN
from server.runs.process import ProcessStatus
from server.runs.run_record import RECORD, RunRecord, read_record, write_record

RunState = Literal["running", "stopping", "done", "stopped", "failed", "damaged"]

MAX_CONCURRENT = 2
"""Runs that may be in progress at the same time."""

ENDED = ".ended"
"""File beside the runs: it grows by one line whenever a run ends."""

_STARTING_SECONDS = 600.0
"""How long a folder may be without run.json, while its files are copied and its process starts."""

_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")


@dataclass(frozen=True)
class RunStatus:
    """The current status of a run.

    Attributes
    ----------
    state : RunState
        "stopping" between the request to stop and the end of the process; "damaged" if one of
        the files is damaged, so that nothing can be done with the run but delete it.
    error : str
        Why the run failed, or which file is damaged; "" otherwise.
    seconds : float
        Running time, without the time between a stop and a resume.
    metrics : mapping
        The last line of the command's output; empty until the run is done.
    results : tuple of Path
        Embedding files, that of --out first; empty until the run is done.
    resumable : bool
        Whether `resume` continues from a saved state instead of starting over.
    """

    state: RunState
    error: str
    seconds: float
    metrics: Mapping[str, Any]
    results: tuple[Path, ...]
    resumable: bool

    @property
    def is_active(self) -> bool:
        """Whether a process of the run is alive."""
        return self.state in ("running", "stopping")


def runs_folders() -> tuple[Path, ...]:
    """Return the folders of runs; new runs go into the first.

    $EMBEDDING_RUNS is the only one if it is set. Otherwise runs are in the user's data folder;
    those of releases before 0.2, which are in the cache folder, are listed as well.
    """
    if chosen := os.environ.get("EMBEDDING_RUNS"):
        return (Path(chosen).absolute(),)
    current = user_data_path("embedding-explorer", appauthor=False) / "runs"
    return (current, default_folder().absolute() / "runs")


@contextlib.contextmanager
def explain_write_errors() -> Iterator[None]:
    """Turn an error of the file system inside the block into one for the user.

    Raises
    ------
    EmbeddingError
        The disk of the runs is full, or cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise EmbeddingError(
            f"the folder of training runs, {runs_folders()[0]}, cannot be written "
            f"({error.strerror or error}); free space on its disk or make it writable, or set "
            "EMBEDDING_RUNS to another folder"
        ) from error


def new_folder() -> Path:
    """Create the folder of a new run; files may be put into its data folder before the start."""
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
    folder = runs_folders()[0] / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700)  # data of a person, not for other users of the machine
    return folder


def start(
    folder: Path, trainer: str, arguments: Sequence[str], settings: Mapping[str, Any], data: str
) -> RunRecord:
    """Start `python -m trainers TRAINER ARGUMENTS` in a folder that `new_folder` created.

    Raises
    ------
    EmbeddingError
        Too many runs are in progress, or the disk is full; the folder is removed.
    """
    run = RunRecord(folder, trainer, tuple(arguments), dict(settings), data, time.time())
    try:
        with explain_write_errors():
            _launch(run, run.arguments)
    except EmbeddingError:
        with contextlib.suppress(EmbeddingError):  # the process is dead that could not be recorded
            process.stop(folder, force=True)
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return run


def resume(run: RunRecord) -> None:
    """Continue a run that has ended from its saved state; start over if there is none.

    Raises
    ------
    EmbeddingError
        The run is in progress, or too many others are, or the disk is full.
    """
    more = ["--resume=auto"] if _is_saved(run) else []
    with explain_write_errors():
        _launch(run, [*run.arguments, *more])


def stop(run: RunRecord, force: bool = False) -> None:
    """Ask a run to save and stop; `force` kills it. Does nothing if the run has ended.

    Raises
    ------
    EmbeddingError
        The process of the run cannot be found, because a file is damaged.
    """
    process.stop(run.folder, force)


def delete(run: RunRecord) -> None:
    """Remove a run with all its files.

    Raises
    ------
    EmbeddingError
        The run is in progress.
    """
    if process.status(run.folder).is_alive:
        raise EmbeddingError(f"{run.title}: the run is in progress; stop it first")
    shutil.rmtree(run.folder)


def list_runs() -> list[RunRecord]:
    """Return all runs, the latest first."""
    found = [
        read_record(path / RECORD)
        for folder in runs_folders()
        for path in folder.glob("*")
        if _is_run(path)
    ]
    return sorted(found, key=lambda run: run.created, reverse=True)


def find(run_id: str) -> RunRecord:
    """Return a run by its id.

    Raises
    ------
    EmbeddingError
        The id is not that of a run on this server.
    """
    if _ID.fullmatch(run_id):
        for folder in runs_folders():
            if _is_run(folder / run_id):
                return read_record(folder / run_id / RECORD)
    raise EmbeddingError(f"{run_id}: no such run; it was deleted, or belongs to another server")


def blocked_reason() -> str:
    """Return why no further run can be started now; "" if one can."""
    active = sum(process.status(run.folder).is_alive for run in list_runs())
    if active < MAX_CONCURRENT:
        return ""
    return f"{active} runs are already in progress (the limit); stop one or wait for one to finish"


def status(run: RunRecord) -> RunStatus:
    """Return the current status of a run."""
    process_status = process.status(run.folder)
    damage = run.damage or process_status.damage
    is_damaged = bool(damage) and not process_status.is_alive
    state = "damaged" if is_damaged else _state(process_status)
    is_done = state == "done"
    error = _error(run, process_status.exit_code) if state == "failed" else ""
    if is_damaged:
        error = f"{damage}; this run cannot be shown or resumed, only deleted"
    return RunStatus(
        state=state,
        error=error,
        seconds=process_status.seconds,
        metrics=_last_line(run.folder / process.OUTPUT) if is_done else {},
        results=_results(run) if is_done else (),
        resumable=_is_saved(run),
    )


def log_tail(run: RunRecord, lines: int) -> str:
    """Return the last lines of what the run has written to standard error."""
    return "\n".join(process.tail(run.folder / process.LOG).splitlines()[-lines:])


def _is_run(folder: Path) -> bool:
    """Return whether a folder is that of a run which has been started, even if run.json is lost."""
    if (folder / RECORD).exists():
        return True
    try:
        age = time.time() - folder.stat().st_mtime
    except OSError:  # no such folder, or just deleted
        return False
    return bool(_ID.fullmatch(folder.name)) and folder.is_dir() and age > _STARTING_SECONDS


def _launch(run: RunRecord, arguments: Sequence[str]) -> None:
    """Start the process of a run, unless it is alive or too many others are."""
    runs = runs_folders()[0]
    runs.mkdir(parents=True, exist_ok=True)
    with FileLock(runs / ".starting.lock"):
        if process.status(run.folder).is_alive:
            raise EmbeddingError("the run is in progress; stop it first")
        if reason := blocked_reason():
            raise EmbeddingError(reason)
        command = module_command("trainers", run.trainer, *arguments)
        process.launch(run.folder, command, module_environment(), run.folder.parent / ENDED)
        write_record(run)


def _state(process_status: ProcessStatus) -> RunState:
    stop_requested, exit_code = process_status.stop_requested, process_status.exit_code
    if process_status.is_alive:
        return "stopping" if stop_requested else "running"
    if exit_code == 0:
        return "done"
    stopped = exit_code in process.STOPPED or (exit_code is None and stop_requested)
    return "stopped" if stopped else "failed"


def _error(run: RunRecord, exit_code: int | None) -> str:
    """Return why a run failed: the error that it printed, or what the exit code means."""
    last = log_tail(run, 1)
    if last.startswith(ERROR_PREFIX):
        return last.removeprefix(ERROR_PREFIX)
    if exit_code in (None, process.KILLED):
        return (
            "the process was killed (restart or out of memory); resume it, or reduce the batch "
            "size or the length of the vectors"
        )
    return f"the trainer crashed (exit status {exit_code}); see the log"


def _is_saved(run: RunRecord) -> bool:
    return any(run.training.rglob(LAST_CHECKPOINT))


def _results(run: RunRecord) -> tuple[Path, ...]:
    """Return the embedding files, that of --out first: the names of all others extend its name."""
    found = run.folder.glob(RESULT_PATTERN)
    return tuple(sorted(found, key=lambda path: (len(path.name), path.name)))


def _last_line(path: Path) -> dict[str, Any]:
    """Return the JSON object in the last line of a file; empty if there is none."""
    lines = process.tail(path).splitlines()
    try:
        found = json.loads(lines[-1]) if lines else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
