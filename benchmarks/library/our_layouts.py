"""Our contender of layouts.py: layouts computed as in the app, in a warm worker."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import report
from benchmarks.library import data
from benchmarks.report import Clock
from embeddings import layouts
from embeddings.cache import Cache
from embeddings.layouts import LayoutSpec, TsneParams, UmapParams
from embeddings.progress import Progress
from server.jobs import tasks
from server.jobs.pool import JobPool

Seconds = dict[str, float]
Run = tuple[str, Seconds, np.ndarray]

EVALUATION = "quality"  # the phase of layouts.compute that no peer has


def runs(rows: int, folder: Path) -> Iterator[Run]:
    """Our layouts as the app computes them: in a warm worker, with quality evaluated afterwards.

    There is one worker instead of the app's two: the other would be idle.
    """
    embedding_set = data.embedding_set(rows)
    cache = Cache(folder / "cache")
    with JobPool(workers=1, warm_up=tasks.warm_up) as pool:
        pool.submit("ready", nothing, client="benchmark")
        ready = pool.wait("ready")
        report.print_progress(f"warm-up of the worker: {ready.state}")
        umap_params, tsne_params = UmapParams(), TsneParams()
        for name, spec in (
            ("ours: first UMAP, including the graph", LayoutSpec("umap", 2, umap_params, 0)),
            ("ours: UMAP, cached graph", LayoutSpec("umap", 2, umap_params, 1)),
            ("ours: t-SNE, cached graph", LayoutSpec("tsne", 2, tsne_params, 0)),
        ):
            clock = Clock()
            vectors = tasks.share_vectors(embedding_set, cache)
            metric = embedding_set.provenance.metric
            pool.submit(name, lay_out, vectors, metric, spec, cache.folder, client="benchmark")
            pool.wait(name, until=lambda job: job.is_finished or job.phase == EVALUATION)
            wall = clock.read()["wall s"]
            job = pool.wait(name)
            if job.state != "done":
                raise SystemExit(f"error: {name}: {job.error}\n{job.traceback}")
            evaluation, graph = job.result.pop(EVALUATION), job.result.get("neighbors")
            cpu = sum(phase["CPU s"] for phase in job.result.values())
            seconds = {"wall s": wall, "CPU s": cpu, "evaluation s": evaluation["wall s"]}
            if graph:
                seconds["graph s (included)"] = graph["wall s"]
            found = layouts.load_cached(embedding_set, spec, cache=cache)
            assert found is not None, "the job is done but its layout is not in the cache"
            yield name, seconds, found.coordinates


def lay_out(*args: Any, progress: Progress) -> dict[str, Seconds]:
    """Run tasks.lay_out(*args); return the times of each phase that it reports."""
    clock = PhaseClock(progress)
    tasks.lay_out(*args, progress=clock)
    clock("end")
    return clock.phases


def nothing(progress: Progress) -> None:
    """Do nothing: it finishes when the worker is ready."""


class PhaseClock:
    """Progress that forwards everything and sums the times of each phase."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._clock, self._phase = progress, Clock(), "start"
        self.phases: dict[str, Seconds] = {}

    def __call__(self, phase: str, fraction: float | None = None, note: str = "") -> None:
        """Record when a phase begins."""
        if phase != self._phase:
            before = self.phases.get(self._phase, {"wall s": 0.0, "CPU s": 0.0})
            elapsed = self._clock.read()
            self.phases[self._phase] = {name: before[name] + elapsed[name] for name in elapsed}
            self._clock, self._phase = Clock(), phase
        self._progress(phase, fraction, note)

    def frame(self, coordinates: np.ndarray) -> None:
        """Forward a frame."""
        self._progress.frame(coordinates)
