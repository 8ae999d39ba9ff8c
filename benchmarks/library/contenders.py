"""The contenders of layouts.py, each in a process of its own: main() runs the one named.

A contender yields its runs one by one; coordinates go to a folder, seconds to standard output.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.library import data

Seconds = dict[str, float]
Run = tuple[str, Seconds, np.ndarray]
"""Name, seconds of each part ("wall s", "CPU s", ...), and coordinates: float32, shape (n, 2)."""


def main() -> None:
    """Run a contender: its name, a number of rows, and an empty folder are the arguments."""
    name, rows, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    for number, (run, seconds, coordinates) in enumerate(CONTENDERS[name](rows, folder)):
        path = folder / f"{number}.npy"
        np.save(path, np.asarray(coordinates, dtype=np.float32))
        print(json.dumps({"run": run, "coordinates": str(path), "seconds": seconds}), flush=True)


def scikit_learn(rows: int, folder: Path) -> Iterator[Run]:
    """t-SNE of scikit-learn as it comes."""
    clock = Clock()
    from sklearn.manifold import TSNE

    yield _fit("scikit-learn TSNE()", lambda it: TSNE().fit_transform(it), rows, clock)


def open_tsne(rows: int, folder: Path) -> Iterator[Run]:
    """t-SNE of openTSNE as it comes, but with all cores."""
    clock = Clock()
    from openTSNE import TSNE

    cores = len(os.sched_getaffinity(0))
    name = f"openTSNE TSNE(n_jobs={cores})"
    yield _fit(name, lambda it: TSNE(n_jobs=cores).fit(it), rows, clock)


def ours(rows: int, folder: Path) -> Iterator[Run]:
    """See our_layouts.py, which the other contenders' processes do not import."""
    from benchmarks.library.our_layouts import runs

    yield from runs(rows, folder)


def umap(rows: int, folder: Path) -> Iterator[Run]:
    """UMAP as it comes, in a fresh process and again in the same."""
    clock = Clock()
    from umap import UMAP

    yield _fit("UMAP(), fresh process", lambda it: UMAP().fit_transform(it), rows, clock)
    yield _fit("UMAP(), warm process", lambda it: UMAP().fit_transform(it), rows)


CONTENDERS: dict[str, Callable[[int, Path], Iterator[Run]]] = {
    "ours": ours,
    "scikit-learn": scikit_learn,
    "openTSNE": open_tsne,
    "umap-learn": umap,
}
"""Contenders by name."""


class Clock:
    """Seconds since it was made: by the wall, and of this process on all cores."""

    def __init__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def read(self) -> Seconds:
        """Return the seconds."""
        wall, cpu = time.perf_counter() - self._start[0], time.process_time() - self._start[1]
        return {"wall s": wall, "CPU s": cpu}


def _fit(
    name: str, fit: Callable[[np.ndarray], np.ndarray], rows: int, importing: Clock | None = None
) -> Run:
    """Time a peer's fit; `importing` runs since before its import, where that was the first."""
    imported = {"import s": importing.read()["wall s"]} if importing else {}
    vectors = data.vectors(rows)
    clock = Clock()
    coordinates = fit(vectors)
    return name, {**clock.read(), **imported}, coordinates
