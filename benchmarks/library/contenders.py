"""The contenders of layouts.py, each in its own process: main() runs the one named.

A contender yields its runs one by one; coordinates go to a folder, times to standard output. All
t-SNE runs take ITERATIONS steps in total, 250 of them with early exaggeration, and all UMAP runs
use umap-learn's default number of epochs. "with our graph" means that the neighbors were computed
before the clock started, as in the app when they are cached.
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.library import data
from benchmarks.report import Clock, cores

Seconds = dict[str, float]
Run = tuple[str, Seconds, np.ndarray]
"""Name, times by kind ("wall s", "CPU s", ...), and coordinates: float32, shape (n, 2)."""

ITERATIONS = 750
PERPLEXITY = 30
UMAP_NEIGHBORS = 15


def main() -> None:
    """Run a contender; the arguments are its name, the number of rows, and an empty folder."""
    name, rows, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    for number, (run, seconds, coordinates) in enumerate(CONTENDERS[name](rows, folder)):
        path = folder / f"{number}.npy"
        np.save(path, np.asarray(coordinates, dtype=np.float32))
        print(json.dumps({"run": run, "coordinates": str(path), "seconds": seconds}), flush=True)


def scikit_learn(rows: int, folder: Path) -> Iterator[Run]:
    """scikit-learn's t-SNE, with as many iterations as the others."""
    clock = Clock()
    from sklearn.manifold import TSNE

    yield _fit(
        "scikit-learn TSNE",
        lambda vectors: TSNE(max_iter=ITERATIONS).fit_transform(vectors),
        rows,
        importing=clock,
    )


def open_tsne(rows: int, folder: Path) -> Iterator[Run]:
    """openTSNE on all cores, with its own neighbors, then with ours."""
    clock = Clock()
    from openTSNE import TSNE, TSNEEmbedding, initialization
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    def with_graph(vectors: np.ndarray, nearest: np.ndarray, distances: np.ndarray) -> Any:
        index = PrecomputedNeighbors(nearest, distances)
        affinities = PerplexityBasedNN(perplexity=PERPLEXITY, knn_index=index, n_jobs=cores())
        embedding = TSNEEmbedding(initialization.pca(vectors), affinities, n_jobs=cores())
        embedding.optimize(n_iter=250, exaggeration=12, momentum=0.8, inplace=True)
        return embedding.optimize(n_iter=ITERATIONS - 250, momentum=0.8, inplace=True)

    yield _fit("openTSNE", lambda vectors: TSNE(n_jobs=cores()).fit(vectors), rows, importing=clock)
    yield _fit_with_graph("openTSNE, with our graph", with_graph, rows, 3 * PERPLEXITY)


def umap(rows: int, folder: Path) -> Iterator[Run]:
    """umap-learn in a fresh process, again in the same process, and with our neighbors."""
    clock = Clock()
    from umap import UMAP

    def with_graph(vectors: np.ndarray, nearest: np.ndarray, distances: np.ndarray) -> Any:
        itself = np.arange(len(vectors), dtype=np.int32)[:, None]  # which umap-learn expects first
        knn = (
            np.hstack([itself, nearest]),
            np.hstack([np.zeros((len(vectors), 1)), distances]).astype(np.float32),
        )
        return UMAP(precomputed_knn=knn).fit_transform(vectors)

    plain = lambda vectors: UMAP().fit_transform(vectors)  # noqa: E731
    yield _fit("umap-learn, fresh process", plain, rows, importing=clock)
    yield _fit("umap-learn, warm process", plain, rows)
    name = "umap-learn, warm process, with our graph"
    yield _fit_with_graph(name, with_graph, rows, UMAP_NEIGHBORS - 1)


def ours(rows: int, folder: Path) -> Iterator[Run]:
    """Our layouts, in a module that the processes of the other contenders do not import."""
    from benchmarks.library.our_layouts import runs

    yield from runs(rows, folder)


CONTENDERS: dict[str, Callable[[int, Path], Iterator[Run]]] = {
    "ours": ours,
    "scikit-learn": scikit_learn,
    "openTSNE": open_tsne,
    "umap-learn": umap,
}
"""Contenders by name."""


def _fit(
    name: str, fit: Callable[[np.ndarray], Any], rows: int, importing: Clock | None = None
) -> Run:
    """Time a peer's fit; `importing` was started before its library was imported, if just now."""
    imported = {"import s": importing.read()["wall s"]} if importing else {}
    vectors = data.vectors(rows)
    clock = Clock()
    coordinates = fit(vectors)
    return name, {**clock.read(), **imported}, coordinates


def _fit_with_graph(
    name: str, fit: Callable[[np.ndarray, np.ndarray, np.ndarray], Any], rows: int, k: int
) -> Run:
    """Time a peer's fit that is given each point's k nearest: rows and distances, shape (n, k)."""
    from embeddings import EmbeddingSet, neighbors

    vectors = data.vectors(rows)
    graph = neighbors.build_graph(EmbeddingSet.of(vectors, normalized=True), k)
    chords = np.sqrt(np.maximum(2.0 - 2.0 * graph.values.astype(np.float64), 0.0))
    clock = Clock()
    coordinates = fit(vectors, graph.rows, chords)
    return name, clock.read(), coordinates


if __name__ == "__main__":
    main()
