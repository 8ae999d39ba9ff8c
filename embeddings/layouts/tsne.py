"""t-SNE by openTSNE, with affinities from the set's neighbor graph, initialized by PCA.

van der Maaten and Hinton, Visualizing data using t-SNE (2008). The initialization by PCA and the
learning rate n / exaggeration follow Kobak and Berens (2019) and Belkina et al. (2019).

The repulsive forces are computed by Barnes-Hut in 3D and below 10,000 points, by interpolation
(FFT) in 2D from 10,000 points. Measured on GloVe, CPU seconds of 750 iterations at 500 / 2,000 /
5,000 / 10,000 points: 2D Barnes-Hut 0.6 / 3.6 / 13 / 29, FFT 4.5 / 8.8 / 18 / 23; 3D Barnes-Hut
0.9 / 6.2 / 27 / 66. Two threads halve the time of Barnes-Hut, not that of FFT, and move the
crossover to about 12,000. scikit-learn's defaults took 6 CPU s at 2,000 points in 2D and 18 in 3D:
it was never faster.
"""

import time
from collections.abc import Callable

import numpy as np

from embeddings.embedding_set import EmbeddingSet
from embeddings.layouts.params import TsneParams, thread_count
from embeddings.layouts.pca import pca
from embeddings.layouts.space import points
from embeddings.neighbors.graph import NeighborGraph
from embeddings.progress import NullProgress, Progress

EARLY_ITERATIONS = 250
_FFT_FROM = 10_000  # points from which, in 2D, interpolation is faster than Barnes-Hut
_REPORT_EVERY = 10  # iterations
_FRAME_SECONDS = 1.0
_INITIAL_STD = 1e-4


def tsne_layout(
    embedding_set: EmbeddingSet,
    graph: NeighborGraph,
    params: TsneParams,
    dims: int,
    seed: int,
    progress: Progress,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Lay a set out by t-SNE.

    For cosine, distances are those of the unit vectors, sqrt(2 - 2 cos).

    Parameters
    ----------
    graph : by the layout's metric, with at least min(n - 1, 3 perplexity) neighbors per point

    Returns
    -------
    coordinates : float32, shape (n, dims)
    notes : a lowered perplexity, and that several threads are not reproducible
    """
    from openTSNE import TSNEEmbedding

    count = len(embedding_set)
    perplexity, notes = _usable_perplexity(params.perplexity, count)
    threads = thread_count(params.threads)
    if threads > 1:
        notes += ("computed with several threads: not reproducible",)
    progress("affinities")
    affinities = _affinities(graph, perplexity, threads)
    embedding = TSNEEmbedding(
        _initial_coordinates(embedding_set, dims, seed, progress),
        affinities,
        negative_gradient_method="fft" if dims == 2 and count >= _FFT_FROM else "bh",
        n_jobs=threads,
        random_state=seed,
    )
    total = EARLY_ITERATIONS + params.iterations
    for first, iterations, exaggeration in (
        (0, EARLY_ITERATIONS, params.early_exaggeration),
        (EARLY_ITERATIONS, params.iterations, params.exaggeration),
    ):
        embedding = embedding.optimize(
            n_iter=iterations,
            exaggeration=exaggeration,
            learning_rate=params.learning_rate,
            momentum=0.8,
            inplace=True,
            callbacks=_callback(progress, first, total),
            callbacks_every_iters=_REPORT_EVERY,
        )
    return np.array(embedding, dtype=np.float32), notes


def _usable_perplexity(perplexity: float, count: int) -> tuple[float, tuple[str, ...]]:
    """Return the perplexity, limited to (n - 1) / 3, and a note if it was lowered."""
    highest = (count - 1) / 3
    if perplexity <= highest:
        return perplexity, ()
    return highest, (
        f"perplexity lowered from {perplexity:g} to {highest:.3g}, the limit for {count:,} points",
    )


def _affinities(graph: NeighborGraph, perplexity: float, threads: int):  # type: ignore[no-untyped-def]
    """Return openTSNE's affinities, from the 3 x perplexity nearest neighbors."""
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    graph = graph.first(min(graph.k, max(1, int(3 * perplexity))))
    values = graph.values.copy()
    if graph.metric == "cosine":
        values = np.sqrt(np.maximum(2.0 - 2.0 * values, 0.0))
    mean = values.mean()
    if mean > 0:  # openTSNE's search for the width of each kernel starts at 1
        values /= mean
    index = PrecomputedNeighbors(graph.rows, values)
    return PerplexityBasedNN(perplexity=perplexity, knn_index=index, n_jobs=threads)


def _initial_coordinates(
    embedding_set: EmbeddingSet,
    dims: int,
    seed: int,
    progress: Progress = NullProgress(),  # noqa: B008 (stateless)
) -> np.ndarray:
    """Return the PCA scaled to a standard deviation of 1e-4: float64, shape (n, dims).

    Noise separates duplicates, which the forces alone would not.
    """
    coordinates = pca(points(embedding_set), dims, progress)[0].astype(np.float64)
    deviation = coordinates[:, 0].std()
    if deviation > 0:
        coordinates *= _INITIAL_STD / deviation
    noise = np.random.default_rng(seed).normal(scale=0.01 * _INITIAL_STD, size=coordinates.shape)
    return coordinates + noise


def _callback(
    progress: Progress, first: int, total: int
) -> Callable[[int, float, np.ndarray], None]:
    """Return openTSNE's callback, which reports the progress and, every second, a frame."""
    shown = time.monotonic()

    def report(iteration: int, error: float, embedding: np.ndarray) -> None:
        nonlocal shown
        done = first + iteration
        progress("t-SNE", done / total, f"iteration {done} of {total}, KL error {error:.3f}")
        if time.monotonic() - shown >= _FRAME_SECONDS:
            shown = time.monotonic()
            progress.frame(np.array(embedding, dtype=np.float32))

    return report
