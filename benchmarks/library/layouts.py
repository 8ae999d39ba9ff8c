"""2D layouts: time and neighbor preservation, ours against scikit-learn, openTSNE and umap-learn

Each contender runs in its own process on all cores; the contenders take turns. All t-SNE runs take
750 iterations. UMAP runs take umap-learn's default epochs; ours starts from PCA, umap-learn from a
spectral layout. Ours runs as in the app, in a warm worker, and is timed from the request until the
server has the final coordinates; quality is evaluated afterwards and not timed. Peers run with
their own neighbors, then with ours. One function computes the quality of all layouts, with an exact
graph.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks import report
from benchmarks.library import data
from benchmarks.library.contenders import CONTENDERS
from embeddings import EmbeddingSet, neighbors
from embeddings.layouts import quality

RUN = "from benchmarks.library.contenders import main; main()"
METRICS = ("neighbor_preservation", "trustworthiness")
MARGIN, TSNE_MARGIN = 0.01, 0.005  # by which ours may preserve fewer neighbors than a peer
Medians = dict[str, dict[str, float]]


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, report.SizeOptions((10_000, 37_000), repeat=3))
    started = report.hardware()
    results, targets = [], []
    for size in options.sizes:
        embedding_set = data.embedding_set(size)
        graph = neighbors.build_graph(embedding_set)
        runs: dict[str, list[dict[str, float]]] = {}
        for number in range(options.repeat):
            for name in CONTENDERS:
                report.print_progress(f"{name} at {size:,}, run {number + 1}")
                for run, found in contend(name, embedding_set, graph):
                    runs.setdefault(run, []).append(found)
        medians = {run: median(found) for run, found in runs.items()}
        results += [{"contender": run, "rows": size, **found} for run, found in medians.items()]
        targets += targets_of(medians, size)
    libraries = ("scikit-learn", "openTSNE", "umap-learn", "pynndescent", "numba", "scipy")
    shapes = data.describe(*options.sizes)
    report.show(__doc__, started, shapes, results, targets, libraries)


def contend(
    name: str, embedding_set: EmbeddingSet, graph: neighbors.NeighborGraph
) -> list[tuple[str, dict[str, float]]]:
    """Run a contender in a fresh process; return times and quality of each of its runs."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-c", RUN, name, str(len(embedding_set)), folder]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found = []
        for line in done.stdout.splitlines():
            run = json.loads(line)
            coordinates = np.load(Path(run["coordinates"]))
            measured = quality.evaluate_layout(embedding_set, graph, coordinates)
            metrics = {metric: measured[metric] for metric in METRICS}
            found.append((run["run"], {**run["seconds"], **metrics}))
    return found


def median(runs: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each value, and the number of runs."""
    values = {name: float(np.median([run[name] for run in runs])) for name in runs[0]}
    return {name: round(value, 4) for name, value in values.items()} | {"runs": len(runs)}


def targets_of(medians: Medians, size: int) -> list[dict[str, Any]]:
    """Compare times and neighbor preservation with the targets for this size."""
    first, again, tsne = (run for run in medians if run.startswith("ours"))
    scikit_learn, open_tsne, tsne_with_graph, fresh, warm, umap_with_graph = (
        run for run in medians if not run.startswith("ours")
    )
    both = f"{tsne} and graph"  # as the peers that find the neighbors themselves
    with_graph = medians[tsne]["wall s"] + medians[first]["graph s (included)"]
    medians = {**medians, both: {"wall s": with_graph}}
    faster = min(scikit_learn, open_tsne, key=lambda run: medians[run]["wall s"])
    bounds = {
        10_000: [
            ("wall s", both, faster, 0.5), ("CPU s", tsne, tsne_with_graph, 0.3),
            ("wall s", again, warm, 1.1), ("wall s", again, umap_with_graph, 1.1),
            ("wall s", first, fresh, 0.5),
        ],
        37_000: [
            ("wall s", both, scikit_learn, 0.12), ("wall s", both, open_tsne, 0.35),
            ("CPU s", tsne, tsne_with_graph, 0.3), ("wall s", again, warm, 1.25),
            ("wall s", again, umap_with_graph, 1.1), ("wall s", first, fresh, 0.5),
        ],
    }  # fmt: skip
    targets = [
        report.target(
            f"{time} at {size:,}, {run} / {peer}",
            medians[run][time] / medians[peer][time],
            at_most=bound,
        )
        for time, run, peer, bound in bounds.get(size, [])
    ]
    for run, peer, margin in (
        (tsne, scikit_learn, TSNE_MARGIN), (tsne, open_tsne, TSNE_MARGIN),
        (tsne, tsne_with_graph, TSNE_MARGIN), (first, warm, MARGIN), (again, warm, MARGIN),
    ):  # fmt: skip
        preserved = [medians[each]["neighbor_preservation"] for each in (run, peer)]
        what = f"neighbor preservation at {size:,}, {run} - {peer}"
        targets.append(report.target(what, preserved[0] - preserved[1], at_least=-margin))
    return targets


if __name__ == "__main__":
    main()
