"""Exact neighbors of one point: ours beside faiss, numpy and scikit-learn

Each query asks for the 10 nearest of one row by cosine, on one thread. All contenders answer it in
turn, row after row, and their answers are compared. They get unit vectors, so that a dot product is
the cosine: numpy multiplies, partitions and sorts; faiss has an IndexFlatIP; scikit-learn's brute
force normalizes all rows again at every query. Then every point's 100 nearest at the smallest
size, on all cores.
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
NEAR_TIE = 1e-6  # rows whose similarities differ by less may change places

Ask = Callable[[int], np.ndarray]


def main() -> None:
    """Measure and print."""
    options = report.arguments(__doc__, (37_000, 400_000), repeat=3)
    started = report.hardware()
    results, targets = [], []
    for size in options.sizes:
        report.say(f"{QUERIES} queries at {size:,}")
        embedding_set = data.embedding_set(size)
        with threadpool_limits(1):
            times, agreement = queries(embedding_set)
        medians = {name: float(np.median(each)) for name, each in times.items()}
        results += [
            {
                "contender": name, "rows": size, "k": K, "queries": len(each),
                **report.spread("ms", each), "ours / this": round(medians["ours"] / median, 4),
                "answers that agree with ours": agreement[name],
            }
            for (name, each), median in zip(times.items(), medians.values(), strict=True)
        ]  # fmt: skip
        targets += [
            report.target(f"time at {size:,} / {name}", medians["ours"] / median, at_most=1.0)
            for name, median in medians.items()
            if name != "ours"
        ]
        worst = min(agreement.values()) / QUERIES
        targets.append(report.target(f"answers at {size:,} that agree", worst, at_least=1.0))
    results += graphs(data.embedding_set(min(options.sizes)), options.repeat)
    shapes = data.describe(*options.sizes)
    libraries = ("faiss-cpu", "scikit-learn", "numba")
    report.show(__doc__, started, shapes, results, targets, libraries)


def queries(embedding_set: EmbeddingSet) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Ask every contender for the neighbors of the same rows.

    Returns
    -------
    milliseconds of each query, by contender; and, by contender, the number of answers that name
    the same rows as ours but for near-ties
    """
    asks = contenders(embedding_set)
    count = min(QUERIES, len(embedding_set))
    rows = np.random.default_rng(0).choice(len(embedding_set), count, replace=False)
    for ask in asks.values():
        ask(int(rows[0]))  # imports, and the norms that the set computes once
    times: dict[str, list[float]] = {name: [] for name in asks}
    agreement = dict.fromkeys(asks, 0)
    for row in map(int, rows):
        answers = {name: _timed(times[name], ask, row) for name, ask in asks.items()}
        for name, answer in answers.items():
            agreement[name] += _agree(embedding_set, row, answers["ours"], answer)
    return times, agreement


def contenders(embedding_set: EmbeddingSet) -> dict[str, Ask]:
    """Return, by name, functions of a row number that return its K nearest rows, int (K,)."""
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
    """Return the K nearest but the row itself, which duplicates may have pushed out."""
    return rows[rows != row][:K]


def _timed(times: list[float], ask: Ask, row: int) -> np.ndarray:
    started = time.perf_counter()
    rows = ask(row)
    times.append(1000 * (time.perf_counter() - started))
    return rows


def _agree(embedding_set: EmbeddingSet, row: int, ours: np.ndarray, peers: np.ndarray) -> bool:
    """Return True if, rank by rank, both rows have the same exact similarity within NEAR_TIE."""
    vectors, norms = embedding_set.vectors, embedding_set.norms
    exact = [
        exact_values("cosine", vectors[row], norms[row], vectors[rows], norms[rows])
        for rows in (ours, peers)
    ]
    return bool(np.abs(exact[0] - exact[1]).max() <= NEAR_TIE)


def graphs(embedding_set: EmbeddingSet, repeat: int) -> list[dict[str, Any]]:
    """Time every point's GRAPH_K nearest, in turn, on all cores."""
    import faiss

    faiss.omp_set_num_threads(report.hardware()["cores"])
    vectors = embedding_set.vectors
    index = faiss.IndexFlatIP(embedding_set.dimensions)
    index.add(vectors)
    peer = NearestNeighbors(algorithm="brute", metric="cosine").fit(vectors)
    neighbors.build_graph(EmbeddingSet.of(vectors[:500]))  # numba compiles, or reads what it has
    builds: dict[str, Callable[[], object]] = {
        "ours": lambda: neighbors.build_graph(embedding_set, GRAPH_K),
        "faiss IndexFlatIP": lambda: index.search(vectors, GRAPH_K + 1),
        "scikit-learn brute force": lambda: peer.kneighbors(vectors, GRAPH_K + 1),
    }
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in builds}
    for turn in range(repeat):
        for name, build in builds.items():
            report.say(f"{name}, whole graph, turn {turn + 1}")
            wall, cpu = time.perf_counter(), time.process_time()
            build()
            seconds[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    medians = {name: np.median(each, axis=0) for name, each in seconds.items()}
    return [
        {
            "whole graph": name, "rows": len(vectors), "k": GRAPH_K, "wall s": round(wall, 2),
            "CPU s": round(cpu, 2), "ours / this": round(medians["ours"][0] / wall, 4),
            "runs": repeat,
        }
        for name, (wall, cpu) in medians.items()
    ]  # fmt: skip


if __name__ == "__main__":
    main()
