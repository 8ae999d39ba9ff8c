"""Runs of trainers: each a process of its own in a folder of its own, found again at any time.

A run's folder, named by its id, holds

    run.json        what was asked for, written once
    data/           files that were given to it
    training/       the trainer's own folder (--run-dir): metrics.jsonl, last.pt, best.pt
    NAME.embedding.parquet, or whatever else the command writes

and the files of run_process.py. Nothing is known but from these files, so that an app that is
started again, or a second one, sees the same.
"""

import json
import os
import re
import secrets
import shlex
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from embeddings.cache import RUNS, default_folder
from embeddings.errors import EmbeddingError
from server.runs import process as run_process
from server.runs.contract import (
    ERROR_PREFIX,
    LAST_CHECKPOINT,
    RESULT_PATTERN,
    TRAINING_FOLDER,
)
from server.runs.process import Life

State = Literal["running", "stopping", "done", "stopped", "failed"]

AT_ONCE = 2
"""Runs that may be under way together; another one is refused."""

PROJECT = Path(__file__).parents[2]

_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
_ABOUT = "run.json"


@dataclass(frozen=True)
class Run:
    """What was asked for.

    Attributes
    ----------
    folder : named by the run's id
    trainer : what follows `python -m trainers`
    arguments : what follows the trainer's name
    settings : all settings by name, those left at their defaults too
    data : what it learns from, for a person to read
    created : seconds since 1970
    """

    folder: Path
    trainer: str
    arguments: tuple[str, ...]
    settings: Mapping[str, Any]
    data: str
    created: float

    @property
    def id(self) -> str:
        """The run's name in addresses."""
        return self.folder.name

    @property
    def title(self) -> str:
        """How the screen calls it: "two_tower, visits.csv, 24 Nov 18:05"."""
        made = time.strftime("%d %b %H:%M", time.localtime(self.created))
        return f"{self.trainer}, {self.data}, {made}"

    @property
    def command(self) -> str:
        """The command line, for a person to copy."""
        return f"python -m trainers {shlex.join([self.trainer, *self.arguments])}"

    @property
    def training(self) -> Path:
        """The trainer's own folder."""
        return self.folder / TRAINING_FOLDER


@dataclass(frozen=True)
class View:
    """How a run is at this moment.

    Attributes
    ----------
    error : why it failed, or ""
    seconds : how long it has run, pauses left out
    metrics : of the command's last line, once it is done
    results : embedding files, once it is done; that of --out first
    resumable : whether `resume` continues; else it begins anew
    """

    state: State
    error: str
    seconds: float
    metrics: Mapping[str, Any]
    results: tuple[Path, ...]
    resumable: bool

    @property
    def lives(self) -> bool:
        """Whether a process is at work."""
        return self.state in ("running", "stopping")


def runs_folder() -> Path:
    """Return $EMBEDDING_RUNS, or `runs` in the cache's folder, which the cache's limit spares."""
    given = os.environ.get("EMBEDDING_RUNS")
    return Path(given) if given else default_folder() / RUNS


def new_folder(runs: Path) -> Path:
    """Make the folder of a run to come; files may be put into its data/ before the start."""
    folder = runs / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
    folder.mkdir(parents=True)
    return folder


def start(
    folder: Path, trainer: str, arguments: Sequence[str], settings: Mapping[str, Any], data: str
) -> Run:
    """Start `python -m trainers TRAINER ARGUMENTS` in a folder that `new_folder` made.

    Raises
    ------
    EmbeddingError
        as many runs are under way as may be; the folder is removed
    """
    run = Run(folder.absolute(), trainer, tuple(arguments), dict(settings), data, time.time())
    try:
        _launch(run, run.arguments)
    except EmbeddingError:
        shutil.rmtree(folder)
        raise
    return run


def resume(run: Run) -> None:
    """Continue a run that has ended, from where it was saved; from the beginning if it never was.

    Raises
    ------
    EmbeddingError
        it is under way, or as many others are as may be
    """
    more = ["--resume=auto"] if _is_saved(run) else []
    _launch(run, [*run.arguments, *more])


def stop(run: Run, at_once: bool = False) -> None:
    """Ask a run to save and end; `at_once` ends it without asking. Nothing if it has ended."""
    run_process.end(run.folder, at_once)


def delete(run: Run) -> None:
    """Remove a run with all its files.

    Raises
    ------
    EmbeddingError
        it is under way
    """
    if run_process.life(run.folder).lives:
        raise EmbeddingError(f"{run.trainer}, {run.data}: the run is under way; stop it first")
    shutil.rmtree(run.folder)


def list_runs(runs: Path) -> list[Run]:
    """Return all runs, the latest first."""
    found = [_run(path.parent) for path in runs.glob(f"*/{_ABOUT}")]
    return sorted(found, key=lambda run: run.created, reverse=True)


def find(runs: Path, run_id: str) -> Run:
    """Return a run by its id; EmbeddingError where there is none."""
    if not _ID.fullmatch(run_id) or not (runs / run_id / _ABOUT).is_file():
        raise EmbeddingError(f"{run_id}: no such run; it was deleted, or made elsewhere")
    return _run(runs / run_id)


def refusal(runs: Path) -> str:
    """Say why no further run may start now; "" if one may."""
    living = sum(run_process.life(run.folder).lives for run in list_runs(runs))
    if living < AT_ONCE:
        return ""
    return (
        f"{living} runs are under way, and no more than {AT_ONCE} may be at once; stop one, or "
        "start when one has ended"
    )


def look(run: Run) -> View:
    """Return how a run is at this moment."""
    life = run_process.life(run.folder)
    state = _state(life)
    done = state == "done"
    return View(
        state=state,
        error=_error(run, life.status) if state == "failed" else "",
        seconds=life.seconds,
        metrics=_last_line(run.folder / run_process.OUTPUT) if done else {},
        results=_results(run) if done else (),
        resumable=_is_saved(run),
    )


def log_tail(run: Run, lines: int) -> str:
    """Return the last lines of what the run said on standard error."""
    return "\n".join(run_process.tail(run.folder / run_process.LOG).splitlines()[-lines:])


def _launch(run: Run, arguments: Sequence[str]) -> None:
    """Start the process of a run, unless it has one or too many others are at work."""
    runs = run.folder.parent
    with FileLock(runs / ".starting.lock"):
        if run_process.life(run.folder).lives:
            raise EmbeddingError("the run is under way; stop it first")
        if reason := refusal(runs):
            raise EmbeddingError(reason)
        command = [sys.executable, "-m", "trainers", run.trainer, *arguments]
        run_process.launch(run.folder, command, PROJECT)
        run_process.write_json(run.folder / _ABOUT, asdict(run) | {"folder": run.id})


def _state(life: Life) -> State:
    if life.lives:
        return "stopping" if life.asked else "running"
    if life.status == 0:
        return "done"
    stopped = life.status in run_process.STOPPED or (life.status is None and life.asked)
    return "stopped" if stopped else "failed"


def _error(run: Run, status: int | None) -> str:
    """Return why a run failed: its own words, or what the exit status means."""
    last = log_tail(run, 1)
    if last.startswith(ERROR_PREFIX):
        return last.removeprefix(ERROR_PREFIX)
    if status in (None, run_process.KILLED):
        return (
            "the process was ended from outside: the machine was restarted, or memory ran out; "
            "resume it, or give it less to do (a smaller batch size, shorter vectors)"
        )
    return f"the trainer broke down with exit status {status}; its log says where"


def _is_saved(run: Run) -> bool:
    return any(run.training.rglob(LAST_CHECKPOINT))


def _results(run: Run) -> tuple[Path, ...]:
    """Return the embedding files; that of --out, whose name is the beginning of all, first."""
    return tuple(
        sorted(run.folder.glob(RESULT_PATTERN), key=lambda path: (len(path.name), path.name))
    )


def _last_line(path: Path) -> dict[str, Any]:
    """Return the JSON object of a file's last line; empty where it is none."""
    lines = run_process.tail(path).splitlines()
    try:
        found = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _run(folder: Path) -> Run:
    about = run_process.read_json(folder / _ABOUT)
    return Run(**about | {"folder": folder, "arguments": tuple(about["arguments"])})
