"""The space that a layout shows: its metric, its points, and the way between it and the layout."""

import numpy as np

from embeddings.embedding_set import EmbeddingSet
from embeddings.metrics import Metric, inverse_norms

_TOLERANCE = 1e-3  # largest error of an affine map, in standard deviations of the target


def layout_metric(embedding_set: EmbeddingSet) -> Metric:
    """Return the metric by which a set is laid out: its own, but cosine for dot.

    The dot product is no distance: long vectors are close to everything, and a point need not be
    its own nearest neighbor.
    """
    metric = embedding_set.provenance.metric
    return "cosine" if metric == "dot" else metric


def points(embedding_set: EmbeddingSet) -> np.ndarray:
    """Return the vectors as the layout's metric compares them: float32, shape (n, d).

    For cosine they are the vectors scaled to unit length (zero rows stay zero). The squared
    euclidean distance of two such points is 2 - 2 cos, so that euclidean methods apply.
    """
    if layout_metric(embedding_set) != "cosine":
        return embedding_set.vectors
    scale = inverse_norms(embedding_set.norms).astype(np.float32)
    return embedding_set.vectors * scale[:, None]


def affine_transfer(
    source: np.ndarray, target: np.ndarray, position: np.ndarray | tuple[float, ...]
) -> np.ndarray | None:
    """Map a position among some points to the position among the same points elsewhere.

    This leads from a layout to the vectors, or back, if they have equally many dimensions and one
    is an invertible affine map of the other; PCA by euclidean distance of 2D vectors is an example.

    Parameters
    ----------
    source, target : float32, shape (n, d); row i is point i
    position : d numbers, in the space of `source`

    Returns
    -------
    float32, shape (d,), in the space of `target`; None if no affine map leads from one to the other
    """
    if source.shape[1] != target.shape[1]:
        return None
    ones = np.ones((len(source), 1))
    left = np.hstack([source.astype(np.float64), ones])
    solution, _, rank, _ = np.linalg.lstsq(left, target.astype(np.float64), rcond=None)
    error = np.abs(left @ solution - target).max()
    if rank < left.shape[1] or error > _TOLERANCE * target.std():
        return None
    return (np.array([*position, 1.0]) @ solution).astype(np.float32)
