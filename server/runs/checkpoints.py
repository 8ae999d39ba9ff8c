"""The weights that an embedding file comes from, found among the runs by their content.

A file names the sha256 of a checkpoint, never a path: who made the file cannot say what is loaded.
"""

import functools
from pathlib import Path

from server.runs.contract import BEST_CHECKPOINT, sha256_of
from server.runs.records import list_runs


def find_weights(runs: Path, sha256: str) -> Path | None:
    """Return the folder whose checkpoint has this sha256, of the latest run; None: there is none.

    Parameters
    ----------
    runs : the folder of all runs, as runs_folder() returns it
    sha256 : 64 hexadecimal digits
    """
    for run in list_runs(runs):
        for path in (
            run.training / BEST_CHECKPOINT,
            *sorted(run.training.glob(f"*/{BEST_CHECKPOINT}")),
        ):
            if path.is_file():
                found = path.stat()
                if _known_sha256(path, found.st_mtime_ns, found.st_size) == sha256:
                    return path.parent
    return None


@functools.lru_cache(maxsize=1_000)
def _known_sha256(path: Path, modified: int, size: int) -> str:
    """Return the sha256 of a file, computed once until it changes; modified: ns, size: bytes."""
    return sha256_of(path)
