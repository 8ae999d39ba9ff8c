"""UMAP: time and neighbor preservation, ours against umap-learn, same graph and start

Each contender runs in its own process on all cores; the contenders take turns. All of them get the
same exact neighbors, start from the same PCA and run umap-learn's default number of epochs. "First"
is the first layout of a process: ours after the warm-up of the app's workers, umap-learn's with its
import, as a script runs it; "warm" is the second one. "Epochs only" starts from the same fuzzy
graph as well, with everything compiled. One function evaluates all layouts, with the exact graph.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks import report
from benchmarks.library import data
from embeddings import neighbors
from embeddings.layouts import UmapParams, quality
from embeddings.progress import NullProgress

RUN = "from benchmarks.library.umap import contend; contend()"
NEIGHBORS = 15
Run = tuple[str, dict[str, float], np.ndarray]
"""Name, "wall s" and "CPU s", and coordinates: float32, shape (n, 2)."""


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, report.SizeOptions((10_000, 37_000), repeat=3))
    started = report.hardware()
    results, targets = [], []
    for size in options.sizes:
        embedding_set = data.embedding_set(size)
        graph = neighbors.build_graph(embedding_set)
        runs: dict[str, list[dict[str, float]]] = {}
        with TemporaryDirectory() as folder:
            np.savez(Path(folder) / "graph.npz", rows=graph.rows, values=graph.values)
            for number in range(options.repeat):
                for name in CONTENDERS:
                    report.print_progress(f"{name} at {size:,}, run {number + 1}")
                    for run, seconds, path in _measure(name, size, number, folder):
                        found = quality.evaluate_layout(embedding_set, graph, np.load(path))
                        metrics = ("neighbor_preservation", "trustworthiness")
                        values = {metric: found[metric] for metric in metrics}
                        runs.setdefault(run, []).append({**seconds, **values})
        medians = {
            run: {
                name: round(float(np.median([each[name] for each in found])), 4)
                for name in found[0]
            }
            for run, found in runs.items()
        }
        results += [{"contender": run, "rows": size, **found} for run, found in medians.items()]
        targets += _targets(medians, size)
    shapes = data.describe(*options.sizes)
    report.show(__doc__, started, shapes, results, targets, ("umap-learn", "numba", "scipy"))


def contend() -> None:
    """Run a contender; the arguments are its name, the number of rows, the seed and a folder."""
    name, rows, seed, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    for number, (run, seconds, coordinates) in enumerate(CONTENDERS[name](rows, seed, folder)):
        path = folder / f"{name}-{number}.npy"
        np.save(path, coordinates)
        print(json.dumps([run, seconds, str(path)]), flush=True)


def ours(rows: int, seed: int, folder: Path) -> Iterator[Run]:
    """Our UMAP in a process that has warmed up as the app's workers do."""
    from embeddings.layouts.umap import umap_layout
    from server.jobs import tasks

    tasks.warm_up()
    embedding_set, graph = data.embedding_set(rows), _graph(rows, folder)
    for name in ("ours, first", "ours, warm"):
        clock = report.Clock()
        coordinates, _ = umap_layout(embedding_set, graph, UmapParams(), 2, seed, NullProgress())
        yield name, clock.read(), coordinates


def umap_learn(rows: int, seed: int, folder: Path) -> Iterator[Run]:
    """umap-learn's UMAP with our neighbors and start, in a fresh process and again."""
    from embeddings.layouts.umap import _initial_coordinates

    embedding_set, graph = data.embedding_set(rows), _graph(rows, folder)
    itself = np.arange(rows, dtype=np.int32)[:, None]  # which umap-learn expects first
    distances = np.hstack([np.zeros((rows, 1)), 1.0 - graph.values]).astype(np.float32)
    knn = np.hstack([itself, graph.rows])[:, :NEIGHBORS], distances[:, :NEIGHBORS]
    start = _initial_coordinates(embedding_set, 2, seed)
    for name in ("umap-learn, first", "umap-learn, warm"):
        clock = report.Clock()
        from umap import UMAP

        umap = UMAP(metric="cosine", precomputed_knn=knn, init=start.copy())
        coordinates = umap.fit_transform(embedding_set.vectors)
        yield name, clock.read(), coordinates


def epochs(rows: int, seed: int, folder: Path) -> Iterator[Run]:
    """Both optimizations of one fuzzy graph, compiled before the clock starts."""
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import find_ab_params, make_epochs_per_sample

    from embeddings.layouts.umap import _fuzzy_edges, _initial_coordinates
    from embeddings.layouts.umap_epochs import Optimization

    total = 500 if rows <= 10_000 else 200
    edges = _fuzzy_edges(_graph(rows, folder), NEIGHBORS, total)
    start = _initial_coordinates(data.embedding_set(rows), 2, seed)
    a, b = find_ab_params(1.0, 0.1)
    states = np.random.default_rng(seed).integers(-(2**31), 2**31, 3)

    def theirs(count: int) -> np.ndarray:
        coordinates, every = start.copy(), make_epochs_per_sample(edges.data, total)
        optimize_layout_euclidean(
            coordinates, coordinates, edges.row, edges.col, count, rows, every, a, b, states,
            parallel=True, move_other=True,
        )  # fmt: skip
        return coordinates

    def our_own(count: int) -> np.ndarray:
        optimization = Optimization(edges, start, a, b, total, seed)
        optimization.run(count)
        return optimization.coordinates

    for name, run in (("umap-learn, epochs only", theirs), ("ours, epochs only", our_own)):
        run(2)
        clock = report.Clock()
        coordinates = run(total)
        yield name, clock.read(), coordinates


CONTENDERS = {"ours": ours, "umap-learn": umap_learn, "epochs": epochs}
"""Contenders by name."""


def _graph(rows: int, folder: Path) -> neighbors.NeighborGraph:
    with np.load(folder / "graph.npz") as stored:
        return neighbors.NeighborGraph(stored["rows"], stored["values"], "cosine", "")


def _measure(name: str, rows: int, seed: int, folder: str) -> list[tuple[str, dict, str]]:
    """Run a contender in a fresh process; return name, times and file of each of its runs."""
    command = [sys.executable, "-c", RUN, name, str(rows), str(seed), folder]
    # threads of OpenMP would spin while they wait, and count as CPU time
    environment = {**os.environ, "NUMBA_THREADING_LAYER": "workqueue"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _targets(medians: dict[str, dict[str, float]], size: int) -> list[dict[str, Any]]:
    """Compare times and neighbor preservation with the targets."""
    pairs = [
        ("ours, first", "umap-learn, first", 0.2),
        ("ours, warm", "umap-learn, warm", 0.35),
        ("ours, epochs only", "umap-learn, epochs only", 0.35),
    ]
    found = [
        report.target(
            f"{kind} at {size:,}, {run} / {peer}",
            medians[run][kind] / medians[peer][kind],
            at_most=bound,
        )
        for run, peer, bound in pairs
        for kind in ("wall s", "CPU s")
    ]
    metric = "neighbor_preservation"
    for run, peer, _ in pairs:
        difference = medians[run][metric] - medians[peer][metric]
        what = f"neighbor preservation at {size:,}, {run} - {peer}"
        found.append(report.target(what, difference, at_least=-0.005))
    return found


if __name__ == "__main__":
    main()
