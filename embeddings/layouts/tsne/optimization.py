"""t-SNE with affinities from the set's neighbor graph, initialized by PCA.

van der Maaten and Hinton, Visualizing data using t-SNE (2008). The initialization by PCA and the
learning rate n / exaggeration follow Kobak and Berens (2019) and Belkina et al. (2019); gains,
momentum and the two phases are those of openTSNE.

In 2D the forces are our own (forces.py); in 3D openTSNE computes them by Barnes-Hut. Either
way the layout is the same, bit for bit, for any number of threads. Measured on GloVe, CPU seconds
of 750 iterations in 2D at 500 / 1,000 / 2,000 / 5,000 points: ours 0.6 / 0.9 / 1.1 / 2.0,
openTSNE's Barnes-Hut 0.7 / 1.7 / 4.1 / 15.
"""

import time
from typing import TYPE_CHECKING

import numpy as np

from embeddings.embedding_set import EmbeddingSet
from embeddings.layouts.compiled import numba_threads
from embeddings.layouts.params import TsneParams, thread_count
from embeddings.layouts.pca import pca
from embeddings.layouts.space import points
from embeddings.neighbors.graph import NeighborGraph
from embeddings.progress import NullProgress, Progress

if TYPE_CHECKING:
    from embeddings.layouts.tsne.affinities import Affinities

EARLY_ITERATIONS = 250

_MOMENTUM = 0.8
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
    graph : by the layout's metric, with at least min(n - 1, 2 perplexity) neighbors per point

    Returns
    -------
    coordinates : float32, shape (n, dims), with their mean at the origin
    notes : a lowered perplexity
    """
    from embeddings.layouts.tsne.affinities import graph_affinities  # numba takes long to import

    perplexity, notes = _usable_perplexity(params.perplexity, len(embedding_set))
    # any number of threads is reproducible
    threads = thread_count(params.threads)
    progress("affinities")
    with numba_threads(threads):
        nearest = graph.first(min(graph.k, max(1, int(2 * perplexity))))
        affinities = graph_affinities(nearest, perplexity)
        start = _initial_coordinates(embedding_set, dims, seed, progress)
        if dims == 2:
            return _optimize(start, affinities, params, progress), notes
        return _optimize_by_open_tsne(start, affinities, params, threads, progress), notes


def _usable_perplexity(perplexity: float, count: int) -> tuple[float, tuple[str, ...]]:
    """Return the perplexity, limited to (n - 1) / 3, and a note if it was lowered."""
    highest = (count - 1) / 3
    if perplexity <= highest:
        return perplexity, ()
    return highest, (
        f"perplexity lowered from {perplexity:g} to {highest:.3g}, the limit for {count:,} points",
    )


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


def _phases(params: TsneParams) -> tuple[tuple[int, float], tuple[int, float]]:
    """Return iterations and exaggeration of the early phase and of the main one."""
    return (
        (EARLY_ITERATIONS, params.early_exaggeration),
        (params.iterations, params.exaggeration),
    )


def _optimize(
    start: np.ndarray, affinities: "Affinities", params: TsneParams, progress: Progress
) -> np.ndarray:
    """Return the layout in 2D by our own forces."""
    from embeddings.layouts.tsne import forces  # numba takes long to import

    count = len(start)
    repel = forces.GridRepulsion()
    report = _Reporter(progress, params)
    items = np.arange(count)  # the item of each point
    layout = np.ascontiguousarray(start, np.float32)
    updates, gains = np.zeros_like(layout), np.ones_like(layout)
    attraction, repulsion = np.empty_like(layout), np.empty_like(layout)
    done = 0
    for iterations, exaggeration in _phases(params):
        order = _in_strips(layout)  # what is near in the layout is near in memory
        items, layout, updates, gains = (each[order] for each in (items, layout, updates, gains))
        affinities = affinities.reordered(order)
        edges = affinities.starts, affinities.neighbors, affinities.values
        rate = count / exaggeration if params.learning_rate == "auto" else params.learning_rate
        for _ in range(iterations):
            forces.center(layout)
            total = repel(layout, repulsion)
            forces.attract(layout, *edges, attraction)
            done += 1
            if done % _REPORT_EVERY == 0:
                stress = forces.stress(layout, *edges)
                report(done, affinities.negative_entropy + stress + np.log(total), layout, items)
            forces.step(
                layout, updates, gains, attraction, repulsion,
                *map(np.float32, (exaggeration, 1.0 / total, rate, _MOMENTUM)),
            )  # fmt: skip
    forces.center(layout)
    return _in_order(layout, items)


def _in_strips(layout: np.ndarray) -> np.ndarray:
    """Return the points strip by strip, and from one end of a strip to the other.

    Of 400,000 points with 60 neighbors each, attraction takes a third of the time in this order.
    """
    strips = max(1, round(np.sqrt(len(layout)) / 8))
    strip = np.empty(len(layout), np.int32)
    strip[np.argsort(layout[:, 0], kind="stable")] = np.arange(len(layout)) * strips // len(layout)
    return np.lexsort((layout[:, 1], strip))


def _in_order(layout: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Return the coordinates of items 0 to n - 1: float32, shape (n, dims)."""
    coordinates = np.empty(layout.shape, np.float32)
    coordinates[items] = layout
    return coordinates


def _optimize_by_open_tsne(
    start: np.ndarray,
    affinities: "Affinities",
    params: TsneParams,
    threads: int,
    progress: Progress,
) -> np.ndarray:
    """Return the layout in 3D by openTSNE."""
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PrecomputedAffinities

    report = _Reporter(progress, params)
    items = np.arange(len(start))
    embedding = TSNEEmbedding(
        start,
        PrecomputedAffinities(affinities.matrix()),
        negative_gradient_method="bh",
        n_jobs=threads,
    )
    before = 0
    for iterations, exaggeration in _phases(params):
        embedding = embedding.optimize(
            n_iter=iterations,
            exaggeration=exaggeration,
            learning_rate=params.learning_rate,
            momentum=_MOMENTUM,
            inplace=True,
            callbacks=lambda done, error, layout, before=before: report(
                before + done, error, layout, items
            ),
            callbacks_every_iters=_REPORT_EVERY,
        )
        before += iterations
    return np.array(embedding, dtype=np.float32)


class _Reporter:
    """Reports the progress of the optimization and, every second, a frame."""

    def __init__(self, progress: Progress, params: TsneParams) -> None:
        self._progress = progress
        self._total = EARLY_ITERATIONS + params.iterations
        self._shown = time.monotonic()

    def __call__(self, done: int, error: float, layout: np.ndarray, items: np.ndarray) -> None:
        """Report the iterations done, the divergence, and the layout with each point's item."""
        note = f"iteration {done} of {self._total}, KL error {error:.3f}"
        self._progress("t-SNE", done / self._total, note)
        if time.monotonic() - self._shown >= _FRAME_SECONDS:
            self._shown = time.monotonic()
            self._progress.frame(_in_order(layout, items))
