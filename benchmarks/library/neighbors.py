"""Exact nearest neighbors of one point: ours against faiss, numpy and scikit-learn

A query finds the 10 nearest rows to one row by cosine, on one thread. The contenders take turns,
row by row, and their results are compared. The vectors have unit length, so the dot product is the
cosine: numpy multiplies, partitions and sorts; faiss uses an IndexFlatIP; scikit-learn's brute
force normalizes all rows again for every query. A second table times the full graph of 100 nearest
neighbors at the smallest size, on all cores.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from benchmarks import report
from benchmarks.library import data
from embeddings import EmbeddingSet, neighbors
from embeddings.metrics import exact_values

QUERIES = 200
K = 10
GRAPH_K = 100
NEAR_TIE = 1e-6  # rows whose similarities differ by less may be in either order

Query = Callable[[int], np.ndarray]


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, report.SizeOptions((37_000, 400_000), repeat=3))
    started = report.hardware()
    results, targets = [], []
    for size in options.sizes:
        report.print_progress(f"{QUERIES} queries at {size:,}")
        embedding_set = data.embedding_set(size)
        with threadpool_limits(1):
            times, agreement = queries(embedding_set)
        medians = {name: float(np.median(each)) for name, each in times.items()}
        results += [
            {
                "contender": name, "rows": size, "k": K, "queries": len(each),
                **report.spread("ms", each), "ours / contender": round(medians["ours"] / median, 4),
                "results that match ours": agreement[name],
            }
            for (name, each), median in zip(times.items(), medians.values(), strict=True)
        ]  # fmt: skip
        targets += [
            report.target(f"time at {size:,}, ours / {name}", medians["ours"] / median, at_most=1.0)
            for name, median in medians.items()
            if name != "ours"
        ]
        worst = min(agreement.values()) / QUERIES
        what = f"fraction of matching results at {size:,}"
        targets.append(report.target(what, worst, at_least=1.0))
    results += graphs(data.embedding_set(min(options.sizes)), options.repeat)
    shapes = data.describe(*options.sizes)
    libraries = ("faiss-cpu", "scikit-learn", "numba")
    report.show(__doc__, started, shapes, results, targets, libraries)


def queries(embedding_set: EmbeddingSet) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Have every contender find the neighbors of the same rows.

    Returns
    -------
    times, agreement : by contender, the milliseconds of each query, and the number of results
        that list the same rows as ours, except for near-ties
    """
    finders = contenders(embedding_set)
    count = min(QUERIES, len(embedding_set))
    rows = np.random.default_rng(0).choice(len(embedding_set), count, replace=False)
    for find in finders.values():
        find(int(rows[0]))  # imports, and computes what the set caches: its norms
    times: dict[str, list[float]] = {name: [] for name in finders}
    agreement = dict.fromkeys(finders, 0)
    for row in map(int, rows):
        found = {name: _timed(times[name], find, row) for name, find in finders.items()}
        for name, near in found.items():
            agreement[name] += _agree(embedding_set, row, found["ours"], near)
    return times, agreement


def contenders(embedding_set: EmbeddingSet) -> dict[str, Query]:
    """Return functions by name: row number -> its K nearest rows, int, shape (K,)."""
    import faiss

    faiss.omp_set_num_threads(1)
    vectors = embedding_set.vectors  # at unit norm
    index = faiss.IndexFlatIP(embedding_set.dimensions)
    index.add(vectors)
    peer = NearestNeighbors(n_neighbors=K + 1, algorithm="brute", metric="cosine", n_jobs=1)
    peer.fit(vectors)

    def ours(row: int) -> np.ndarray:
        return neighbors.query(embedding_set, row, K).rows

    def by_faiss(row: int) -> np.ndarray:
        return _others(row, index.search(vectors[row : row + 1], K + 1)[1][0])

    def by_numpy(row: int) -> np.ndarray:
        scores = vectors @ vectors[row]
        nearest = np.argpartition(-scores, K + 1)[: K + 1]
        return _others(row, nearest[np.argsort(-scores[nearest])])

    def by_scikit_learn(row: int) -> np.ndarray:
        return _others(row, peer.kneighbors(vectors[row : row + 1])[1][0])

    return {
        "ours": ours,
        "faiss IndexFlatIP": by_faiss,
        "numpy": by_numpy,
        "scikit-learn brute force": by_scikit_learn,
    }


def _others(row: int, rows: np.ndarray) -> np.ndarray:
    """Return the K nearest rows except the row itself, which duplicates may displace."""
    return rows[rows != row][:K]


def _timed(times: list[float], find: Query, row: int) -> np.ndarray:
    started = time.perf_counter()
    rows = find(row)
    times.append(1000 * (time.perf_counter() - started))
    return rows


def _agree(embedding_set: EmbeddingSet, row: int, ours: np.ndarray, peers: np.ndarray) -> bool:
    """Return True if the exact similarities at each rank differ by no more than NEAR_TIE."""
    vectors, norms = embedding_set.vectors, embedding_set.norms
    exact = [
        exact_values("cosine", vectors[row], norms[row], vectors[rows], norms[rows])
        for rows in (ours, peers)
    ]
    return bool(np.abs(exact[0] - exact[1]).max() <= NEAR_TIE)


def graphs(embedding_set: EmbeddingSet, repeat: int) -> list[dict[str, Any]]:
    """Time the graph of GRAPH_K nearest neighbors on all cores; the contenders take turns."""
    import faiss

    faiss.omp_set_num_threads(report.hardware()["cores"])
    vectors = embedding_set.vectors
    index = faiss.IndexFlatIP(embedding_set.dimensions)
    index.add(vectors)
    peer = NearestNeighbors(algorithm="brute", metric="cosine").fit(vectors)
    neighbors.build_graph(EmbeddingSet.of(vectors[:500]))  # numba compiles, or loads its cache
    builds: dict[str, Callable[[], object]] = {
        "ours": lambda: neighbors.build_graph(embedding_set, GRAPH_K),
        "faiss IndexFlatIP": lambda: index.search(vectors, GRAPH_K + 1),
        "scikit-learn brute force": lambda: peer.kneighbors(vectors, GRAPH_K + 1),
    }
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in builds}
    for run in range(repeat):
        for name, build in builds.items():
            report.print_progress(f"{name}, full graph, run {run + 1}")
            wall, cpu = time.perf_counter(), time.process_time()
            build()
            seconds[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    medians = {name: np.median(each, axis=0) for name, each in seconds.items()}
    return [
        {
            "k-NN graph": name, "rows": len(vectors), "k": GRAPH_K, "wall s": round(wall, 2),
            "CPU s": round(cpu, 2), "ours / contender": round(medians["ours"][0] / wall, 4),
            "runs": repeat,
        }
        for name, (wall, cpu) in medians.items()
    ]  # fmt: skip


if __name__ == "__main__":
    main()
