"""Placing new vectors into a layout that exists, without moving it.

A layout that is linear in the vectors, as PCA is, gives its own projection: new vectors are
projected by it. On other layouts a vector is placed at the weighted mean of the positions of its
nearest items. The weights are the affinities of t-SNE (van der Maaten and Hinton, Visualizing data
using t-SNE, 2008): exp(-d^2 / 2 s^2) over the nearest 15 items, where the width s of each vector's
kernel gives its weights a perplexity of 5. These are the perplexity and the number of neighbors of
openTSNE's `transform` (Poličar, Stražar and Zupan, Embedding to reference t-SNE space addresses
batch effects in single-cell classification, 2019), which optimizes the positions further. A vector
that equals an item is placed on it.
"""

from dataclasses import dataclass

import numpy as np

from embeddings.blocks import row_blocks
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.layouts.layout import Layout
from embeddings.layouts.space import layout_metric, points
from embeddings.metrics import inverse_norms, row_norms
from embeddings.neighbors import query_vectors
from embeddings.progress import NullProgress, Progress

PERPLEXITY = 5.0
NEIGHBORS = 15  # three times the perplexity, as in t-SNE
BY_PROJECTION = "placed by the layout's projection"
BY_NEIGHBORS = "placed by their nearest neighbors"

_BLOCK_PRODUCTS = (
    4_000_000_000  # of a block of vectors with all items, after which progress is reported
)
_EQUAL = 1e-6  # distance of vectors that are equal but for rounding, by cosine
_WIDTH_STEPS = 60  # halvings of the interval in which the width of a kernel is searched
_TESTED_ROWS = 1_000
_ROUNDING = 1e-30  # so that points at one place are a projection, too
_TOLERANCE = 1e-3  # largest error of a projection, in standard deviations of the layout


@dataclass(frozen=True, eq=False)
class NearestItems:
    """The items near each of m vectors, and their weights.

    Attributes
    ----------
    rows : int32, shape (m, k), nearest first
    weights : float64, shape (m, k); each row sums to 1
    """

    rows: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, eq=False)
class Placement:
    """Where vectors are on a layout.

    Attributes
    ----------
    coordinates : float32, shape (m, 2) or (m, 3)
    how : BY_PROJECTION or BY_NEIGHBORS, a phrase for the screen
    """

    coordinates: np.ndarray
    how: str


def place(
    embedding_set: EmbeddingSet,
    layout: Layout,
    vectors: np.ndarray,
    progress: Progress = NullProgress(),  # noqa: B008 (stateless)
) -> Placement:
    """Place vectors into the layout of a set; this is deterministic, and the layout stays as it is.

    Parameters
    ----------
    layout : of the set
    vectors : float32, shape (m, d), in the set's space

    Raises
    ------
    EmbeddingError
        if the layout has another number of items, or as check_new_vectors does
    """
    projected = project(embedding_set, layout, vectors)
    if projected is not None:
        return projected
    return place_by_neighbors(layout, nearest_items(embedding_set, vectors, progress))


def project(embedding_set: EmbeddingSet, layout: Layout, vectors: np.ndarray) -> Placement | None:
    """Place vectors by the projection that made the layout; None if it is not linear.

    The parameters and errors are those of `place`.
    """
    if len(layout.coordinates) != len(embedding_set):
        raise EmbeddingError(
            f"a layout of {len(layout.coordinates):,} items for a set of {len(embedding_set):,}"
        )
    vectors = check_new_vectors(embedding_set, vectors)
    if layout.method != "pca":
        return None
    projected = _project(embedding_set, layout.coordinates, vectors)
    return None if projected is None else Placement(projected, BY_PROJECTION)


def place_by_neighbors(layout: Layout, nearest: NearestItems) -> Placement:
    """Place vectors at the weighted means of their nearest items, which `nearest_items` found."""
    weights = nearest.weights[:, :, None]
    coordinates = (layout.coordinates[nearest.rows] * weights).sum(axis=1)
    return Placement(coordinates.astype(np.float32), BY_NEIGHBORS)


def nearest_items(
    embedding_set: EmbeddingSet,
    vectors: np.ndarray,
    progress: Progress = NullProgress(),  # noqa: B008 (stateless)
) -> NearestItems:
    """Return the 15 items nearest to each vector by the layout's metric, and their weights.

    Parameters
    ----------
    vectors : float32, shape (m, d), in the set's space

    Raises
    ------
    EmbeddingError
        as check_new_vectors does
    """
    vectors = check_new_vectors(embedding_set, vectors)
    metric = layout_metric(embedding_set)
    if not len(vectors):
        return NearestItems(np.empty((0, 1), np.int32), np.empty((0, 1)))
    found = []
    for block in row_blocks(len(vectors), embedding_set.vectors.size, _BLOCK_PRODUCTS):
        progress("nearest items", block.start / len(vectors))
        found.append(query_vectors(embedding_set, vectors[block], NEIGHBORS, metric))
    rows = np.concatenate([each.rows for each in found])
    values = np.concatenate([each.values for each in found])
    is_cosine = metric == "cosine"
    distances = np.sqrt(np.maximum(2.0 - 2.0 * values, 0.0)) if is_cosine else values
    weights = _affinities(distances)
    equal = distances[:, 0] <= (_EQUAL if is_cosine else 0.0)
    weights[equal] = np.eye(1, weights.shape[1])
    return NearestItems(rows, weights)


def check_new_vectors(embedding_set: EmbeddingSet, vectors: np.ndarray) -> np.ndarray:
    """Return vectors to place as float32, shape (m, d).

    Raises
    ------
    EmbeddingError
        if the vectors do not have the set's number of dimensions, one is not finite, or, by cosine,
        one is zero
    """
    vectors = np.asarray(vectors, dtype=np.float32)
    if vectors.ndim != 2 or vectors.shape[1] != embedding_set.dimensions:
        raise EmbeddingError(
            f"new vectors of shape {vectors.shape}; the set has {embedding_set.dimensions:,} "
            "dimensions"
        )
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if bad.size:
        raise EmbeddingError(f"new vector {bad[0] + 1} has a number that is not finite")
    if layout_metric(embedding_set) == "cosine":
        zero = np.flatnonzero(row_norms(vectors) == 0)
        if zero.size:
            raise EmbeddingError(
                f"new vector {zero[0] + 1} is a zero vector, which has no direction to compare"
            )
    return vectors


def _affinities(distances: np.ndarray) -> np.ndarray:
    """Return t-SNE's weights of the nearest items: float64, (m, k), each row with a sum of 1.

    The width of each row's kernel is found by bisection. Where there are no more neighbors than the
    perplexity, their weights are all but equal.

    Parameters
    ----------
    distances : float64, shape (m, k), ascending
    """
    count = distances.shape[1]
    entropy = np.log(min(PERPLEXITY, max(1.0, count - 0.5)))
    squares = np.square(distances) - np.square(distances[:, :1])  # the nearest has weight exp(0)
    spread = squares.mean(axis=1, keepdims=True)
    squares = squares / np.where(spread > 0, spread, 1.0)
    low, high = np.full((len(squares), 1), -40.0), np.full((len(squares), 1), 40.0)
    weights = np.ones_like(squares)
    for _ in range(_WIDTH_STEPS):  # the logarithm of 1 / 2 s^2
        middle = (low + high) / 2
        exponents = np.exp(middle) * squares
        weights = np.exp(-exponents)
        total = weights.sum(axis=1, keepdims=True)
        found = np.log(total) + (exponents * weights).sum(axis=1, keepdims=True) / total
        is_wide = found > entropy
        low, high = np.where(is_wide, middle, low), np.where(is_wide, high, middle)
    normalized: np.ndarray = weights / weights.sum(axis=1, keepdims=True)
    return normalized


def _project(
    embedding_set: EmbeddingSet, coordinates: np.ndarray, vectors: np.ndarray
) -> np.ndarray | None:
    """Project vectors as a PCA did, also one that was rotated afterwards: float32, (m, dims).

    The directions follow from the coordinates C and the points X, both centered: they are
    X^T C (C^T C)^-1. Return None where they do not give the layout again, as for directions that
    are those of a sample.
    """
    known = points(embedding_set)
    mean = known.mean(axis=0, dtype=np.float64)
    center = coordinates.mean(axis=0, dtype=np.float64)
    centered = coordinates.astype(np.float64) - center
    products = np.zeros((known.shape[1], coordinates.shape[1]))
    for block in row_blocks(*known.shape):
        products += (known[block] - mean).T @ centered[block]
    directions = products @ np.linalg.pinv(centered.T @ centered)
    step = max(1, len(known) // _TESTED_ROWS)
    errors = np.abs((known[::step] - mean) @ directions - centered[::step])
    if errors.max() > _TOLERANCE * centered.std() + _ROUNDING:
        return None
    placed = vectors.astype(np.float64)
    if layout_metric(embedding_set) == "cosine":
        placed *= inverse_norms(row_norms(vectors))[:, None]
    projected: np.ndarray = ((placed - mean) @ directions + center).astype(np.float32)
    return projected
