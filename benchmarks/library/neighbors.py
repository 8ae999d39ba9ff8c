"""Neighbors of one point, exact: ours against scikit-learn's brute force

Each query asks for the 10 nearest of one row by cosine; both answer it in turn, row after row, and
their answers are compared. Then every point's 100 nearest at the smallest size, for the record.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.neighbors import NearestNeighbors

from benchmarks import report
from benchmarks.library import data
from embeddings import EmbeddingSet, neighbors
from embeddings.metrics import exact_values

QUERIES = 200
K = 10
GRAPH_K = 100
NEAR_TIE = 1e-6  # rows whose similarities differ by less may change places
AT_MOST = 1 / 5


def main() -> None:
    """Measure and print."""
    options = report.arguments(__doc__, (37_000, 400_000), repeat=3)
    started = report.hardware()
    results, targets = [], []
    for size in options.sizes:
        report.say(f"{QUERIES} queries at {size:,}")
        ours, peer, agreement = queries(data.embedding_set(size))
        ratio = float(np.median(ours) / np.median(peer))
        shape = {"rows": size, "k": K, "queries": len(ours)}
        times, peer_times = report.spread("ms", ours), report.spread("ms", peer)
        results += [
            {"contender": "ours", **shape, **times, "ours / this": 1.0, **agreement},
            {"contender": "scikit-learn", **shape, **peer_times, "ours / this": round(ratio, 4)},
        ]
        targets += [
            report.target(f"time at {size:,} / scikit-learn's", ratio, at_most=AT_MOST),
            report.target(
                f"answers at {size:,} that agree", agreement["agree"] / len(ours), at_least=1.0
            ),
        ]
    results += graphs(data.embedding_set(min(options.sizes)), options.repeat)
    shapes = data.describe(*options.sizes)
    report.show(__doc__, started, shapes, results, targets, ("scikit-learn", "numba"))


def queries(embedding_set: EmbeddingSet) -> tuple[list[float], list[float], dict[str, int]]:
    """Ask both for the neighbors of the same rows.

    Returns
    -------
    milliseconds of each query, ours and the peer's; and how many answers have the same rows in the
    same order, and how many agree (the same rows but for near-ties)
    """
    vectors = embedding_set.vectors
    peer = NearestNeighbors(n_neighbors=K + 1, algorithm="brute", metric="cosine").fit(vectors)
    count = min(QUERIES, len(vectors))
    rows = np.random.default_rng(0).choice(len(vectors), count, replace=False)

    def ask_us(row: int) -> np.ndarray:
        return neighbors.query(embedding_set, row, K).rows

    def ask_peer(row: int) -> np.ndarray:
        rows = peer.kneighbors(vectors[row : row + 1])[1][0]
        return rows[rows != row][:K]  # itself; duplicates may have hidden it

    ask_us(0), ask_peer(0)  # imports, and the norms that the set computes once
    times: tuple[list[float], list[float]] = ([], [])
    same = agree = 0
    for row in map(int, rows):
        our_rows = _timed(times[0], ask_us, row)
        peer_rows = _timed(times[1], ask_peer, row)
        same += bool(np.array_equal(our_rows, peer_rows))
        agree += _agree(embedding_set, row, our_rows, peer_rows)
    return *times, {"same rows and order": same, "agree": agree}


def _timed(times: list[float], ask: Callable[[int], np.ndarray], row: int) -> np.ndarray:
    started = time.perf_counter()
    rows = ask(row)
    times.append(1000 * (time.perf_counter() - started))
    return rows


def _agree(embedding_set: EmbeddingSet, row: int, ours: np.ndarray, peers: np.ndarray) -> bool:
    """Say whether, place by place, both name rows of the same exact similarity but NEAR_TIE."""
    vectors, norms = embedding_set.vectors, embedding_set.norms
    exact = [
        exact_values("cosine", vectors[row], norms[row], vectors[rows], norms[rows])
        for rows in (ours, peers)
    ]
    return bool(np.abs(exact[0] - exact[1]).max() <= NEAR_TIE)


def graphs(embedding_set: EmbeddingSet, repeat: int) -> list[dict[str, Any]]:
    """Time every point's GRAPH_K nearest, in turn."""
    vectors = embedding_set.vectors
    peer = NearestNeighbors(algorithm="brute", metric="cosine").fit(vectors)
    neighbors.build_graph(EmbeddingSet.of(vectors[:500]))  # numba compiles, or reads what it has
    contenders: dict[str, Callable[[], object]] = {
        "ours, whole graph": lambda: neighbors.build_graph(embedding_set, GRAPH_K),
        "scikit-learn, whole graph": lambda: peer.kneighbors(vectors, GRAPH_K + 1),
    }
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for turn in range(repeat):
        for name, build in contenders.items():
            report.say(f"{name}, turn {turn + 1}")
            wall, cpu = time.perf_counter(), time.process_time()
            build()
            seconds[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    ours, peers = (np.median(seconds[name], axis=0) for name in contenders)
    return [
        {
            "contender": name, "rows": len(vectors), "k": GRAPH_K, "wall s": round(wall, 2),
            "CPU s": round(cpu, 2), "ours / this": round(ours[0] / wall, 4),
        }
        for name, (wall, cpu) in zip(contenders, (ours, peers), strict=True)
    ]  # fmt: skip


if __name__ == "__main__":
    main()
