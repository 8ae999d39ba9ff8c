"""t-SNE in 2D: time and neighbor preservation, ours against openTSNE, same graph and start

Each contender runs in its own process on all cores; the contenders take turns. Both get the same
exact neighbors, of which ours reads 2 x perplexity and openTSNE 3 x, as it does by default, start
from the same PCA and run 750 iterations, 250 of them with early exaggeration. Ours runs in a
process that has warmed up as the app's workers do. One function evaluates both layouts, with the
exact graph.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks import report
from benchmarks.library import data
from embeddings import neighbors
from embeddings.layouts import TsneParams, quality
from embeddings.progress import NullProgress

RUN = "from benchmarks.library.tsne import contend; contend()"
PERPLEXITY = 30
METRICS = ("neighbor_preservation", "trustworthiness")
Run = tuple[dict[str, float], np.ndarray]
""""wall s" and "CPU s", and coordinates: float32, shape (n, 2)."""


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, report.SizeOptions((10_000, 37_000), repeat=3))
    started = report.hardware()
    results, targets = [], []
    for size in options.sizes:
        embedding_set = data.embedding_set(size)
        graph = neighbors.build_graph(embedding_set)
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
        with TemporaryDirectory() as folder:
            np.savez(Path(folder) / "graph.npz", rows=graph.rows, values=graph.values)
            for number in range(options.repeat):
                for name, found in runs.items():
                    report.print_progress(f"{name} at {size:,}, run {number + 1}")
                    seconds, coordinates = _measure(name, size, number, folder)
                    measured = quality.evaluate_layout(embedding_set, graph, coordinates)
                    found.append({**seconds, **{metric: measured[metric] for metric in METRICS}})
        medians = {
            run: {
                name: round(float(np.median([each[name] for each in found])), 4)
                for name in found[0]
            }
            for run, found in runs.items()
        }
        results += [
            {"contender": run, "rows": size, **found, "runs": options.repeat}
            for run, found in medians.items()
        ]
        targets += _targets(medians, size)
    shapes = data.describe(*options.sizes)
    report.show(__doc__, started, shapes, results, targets, ("openTSNE", "numba", "scipy"))


def contend() -> None:
    """Run a contender; the arguments are its name, the number of rows, the seed and a folder."""
    name, rows, seed, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    with np.load(folder / "graph.npz") as stored:
        graph = neighbors.NeighborGraph(stored["rows"], stored["values"], "cosine", "")
    seconds, coordinates = CONTENDERS[name](rows, seed, graph)
    np.save(folder / "coordinates.npy", np.asarray(coordinates, dtype=np.float32))
    print(json.dumps(seconds))


def ours(rows: int, seed: int, graph: neighbors.NeighborGraph) -> Run:
    """Our t-SNE in a process that has warmed up as the app's workers do."""
    from embeddings.layouts.tsne import tsne_layout
    from server.jobs import tasks

    tasks.warm_up()
    embedding_set, params = data.embedding_set(rows), TsneParams(PERPLEXITY)
    clock = report.Clock()
    coordinates, _ = tsne_layout(embedding_set, graph, params, 2, seed, NullProgress())
    return clock.read(), coordinates


def open_tsne(rows: int, seed: int, graph: neighbors.NeighborGraph) -> Run:
    """openTSNE with our neighbors and start, imported before the clock starts."""
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    from embeddings.layouts.tsne.optimization import _initial_coordinates

    nearest = graph.first(3 * PERPLEXITY)
    distances = np.sqrt(np.maximum(2.0 - 2.0 * nearest.values, 0.0))
    embedding_set, cores = data.embedding_set(rows), report.cores()
    clock = report.Clock()
    index = PrecomputedNeighbors(nearest.rows, distances)
    affinities = PerplexityBasedNN(perplexity=PERPLEXITY, knn_index=index, n_jobs=cores)
    start = _initial_coordinates(embedding_set, 2, seed)
    embedding = TSNEEmbedding(start, affinities, n_jobs=cores)
    embedding.optimize(n_iter=250, exaggeration=12, momentum=0.8, inplace=True)
    coordinates = embedding.optimize(n_iter=500, momentum=0.8, inplace=True)
    return clock.read(), coordinates


CONTENDERS = {"ours": ours, "openTSNE": open_tsne}
"""Contenders by name."""


def _measure(name: str, rows: int, seed: int, folder: str) -> Run:
    """Run a contender in a fresh process; return its times and coordinates."""
    command = [sys.executable, "-c", RUN, name, str(rows), str(seed), folder]
    # threads of OpenMP would spin while they wait, and count as CPU time
    variables = {"NUMBA_THREADING_LAYER": "workqueue", "OMP_WAIT_POLICY": "passive"}
    environment = {**os.environ, **variables}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(done.stdout), np.load(Path(folder) / "coordinates.npy")


def _targets(medians: dict[str, dict[str, float]], size: int) -> list[dict[str, Any]]:
    """Compare times and neighbor preservation with the targets."""
    found = [
        report.target(
            f"{kind} at {size:,}, ours / openTSNE",
            medians["ours"][kind] / medians["openTSNE"][kind],
            at_most=0.3,
        )
        for kind in ("CPU s", "wall s")
    ]
    preserved = [medians[name]["neighbor_preservation"] for name in ("ours", "openTSNE")]
    what = f"neighbor preservation at {size:,}, ours - openTSNE"
    return [*found, report.target(what, preserved[0] - preserved[1], at_least=-0.005)]


if __name__ == "__main__":
    main()
