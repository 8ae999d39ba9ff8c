"""The run that an embedding file was made by, found by the content of its checkpoint.

A file names the sha256 of a checkpoint, never a path: who made the file cannot say what is loaded.
"""

import functools
import hashlib
from pathlib import Path

from embeddings.runs import Run, list_runs

CHECKPOINT = "checkpoint_sha256"
"""The setting of a file that names the checkpoint."""

_FILE = "best.pt"  # in Run.training: the weights that the vectors come from


def find_run_by_checkpoint(runs: Path, sha256: str) -> Run | None:
    """Return the run whose checkpoint has this sha256, the latest of several; None: there is none.

    Parameters
    ----------
    runs : the folder of all runs, as runs_folder() returns it
    sha256 : 64 hexadecimal digits
    """
    for run in list_runs(runs):
        path = run.training / _FILE
        if path.is_file():
            found = path.stat()
            if _known_sha256(path, found.st_mtime_ns, found.st_size) == sha256:
                return run
    return None


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, read piece by piece: 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.lru_cache(maxsize=1_000)
def _known_sha256(path: Path, modified: int, size: int) -> str:
    """Return the sha256 of a file, computed once until it changes; modified: ns, size: bytes."""
    return sha256_of(path)
