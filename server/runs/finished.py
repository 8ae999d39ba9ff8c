"""The finished runs, listed again only after a run was started or deleted, or has ended."""

import functools
from itertools import islice

from server.runs.records import ENDED, RunRecord, list_runs, runs_folders, status

Version = tuple[tuple[str, int, int], ...]


def version() -> Version:
    """Return what changes when a run is started or deleted (the folders) or ends (ENDED)."""
    paths = [path for folder in runs_folders() for path in (folder, folder / ENDED)]
    stats = [(path, path.stat()) for path in paths if path.exists()]
    return tuple((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats)


def latest(count: int) -> tuple[RunRecord, ...]:
    """Return at most `count` finished runs with embedding files, the latest first."""
    return _latest(count, version())


@functools.lru_cache(maxsize=1)
def _latest(count: int, version: Version) -> tuple[RunRecord, ...]:
    return tuple(islice((run for run in list_runs() if status(run).results), count))
