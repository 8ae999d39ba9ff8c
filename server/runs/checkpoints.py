"""The weights that an embedding file comes from, found among the runs by their content.

A file names the sha256 of a checkpoint, never a path: who made the file cannot say what is loaded.
"""

import functools
import hashlib
from pathlib import Path

from server.runs.records import list_runs

CHECKPOINT = "checkpoint_sha256"
"""The setting of a file that names the checkpoint."""

WEIGHTS = "best.pt"
"""The checkpoint, in Run.training or in the folder of a stage there."""


def find_weights(runs: Path, sha256: str) -> Path | None:
    """Return the folder whose checkpoint has this sha256, of the latest run; None: there is none.

    Parameters
    ----------
    runs : the folder of all runs, as runs_folder() returns it
    sha256 : 64 hexadecimal digits
    """
    for run in list_runs(runs):
        for path in (run.training / WEIGHTS, *sorted(run.training.glob(f"*/{WEIGHTS}"))):
            if path.is_file():
                found = path.stat()
                if _known_sha256(path, found.st_mtime_ns, found.st_size) == sha256:
                    return path.parent
    return None


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, read piece by piece: 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.lru_cache(maxsize=1_000)
def _known_sha256(path: Path, modified: int, size: int) -> str:
    """Return the sha256 of a file, computed once until it changes; modified: ns, size: bytes."""
    return sha256_of(path)
