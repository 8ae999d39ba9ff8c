"""Finds the checkpoint that an embedding file comes from, by its content.

A file identifies its checkpoint by a sha256, never by a path: its author cannot choose what is
loaded.
"""

import logging
import threading
from pathlib import Path

from server.runs import process
from server.runs.contract import (
    BEST_CHECKPOINT,
    CAPABILITIES,
    read_checkpoint_hash,
    record_checkpoint_hash,
)
from server.runs.finished import Version, version
from server.runs.records import ENDED, RunRecord, list_runs

_log = logging.getLogger(__name__)


class CheckpointIndex:
    """Checkpoints by their sha256, as recorded beside them when a run ends.

    The records are read again only after a run has been started or deleted, or has ended; no
    checkpoint is read. `find` may be called from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version: Version | None = None
        self._folders: dict[str, Path] = {}

    def find(self, sha256: str) -> Path | None:
        """Return the folder whose best.pt has this sha256, of the latest run; None if no run has.

        Parameters
        ----------
        sha256 : str
            64 hexadecimal digits.
        """
        with self._lock:
            current = version()
            if current != self._version:
                self._folders = _recorded_checkpoints()
                self._version = current
            folder = self._folders.get(sha256)
        return folder if folder and read_checkpoint_hash(folder) == sha256 else None


def record_missing_hashes() -> None:
    """Hash the checkpoints of ended runs that have no record: those of releases before 0.2."""
    for run in list_runs():
        if run.trainer in CAPABILITIES and not process.status(run.folder).is_alive:
            for folder in _checkpoint_folders(run):
                if read_checkpoint_hash(folder) is None:
                    try:
                        record_checkpoint_hash(folder)
                    except OSError as error:  # a full disk, or a damaged run
                        _log.warning("%s: no sha256 of its checkpoint: %s", run.id, error)
                        continue
                    with (run.folder.parent / ENDED).open("a") as file:
                        file.write("\n")  # as if the run had ended now: the index is out of date


def _recorded_checkpoints() -> dict[str, Path]:
    """Return the folder of each recorded sha256; the latest run wins."""
    found: dict[str, Path] = {}
    for run in list_runs():
        if run.trainer in CAPABILITIES:
            for folder in _checkpoint_folders(run):
                if sha256 := read_checkpoint_hash(folder):
                    found.setdefault(sha256, folder)
    return found


def _checkpoint_folders(run: RunRecord) -> list[Path]:
    """Return the folders of a run with a best.pt: the trainer's own, and those of its stages."""
    own = run.training / BEST_CHECKPOINT
    stages = sorted(run.training.glob(f"*/{BEST_CHECKPOINT}"))
    return [path.parent for path in (own, *stages) if path.is_file()]
