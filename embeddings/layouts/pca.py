"""PCA by the covariance matrix: the first picture, and the start of t-SNE and UMAP."""

import numpy as np

from embeddings.embedding_set import EmbeddingSet
from embeddings.layouts.params import PcaParams
from embeddings.layouts.space import points
from embeddings.neighbors.search import NeighborGraph
from embeddings.progress import Progress

_BLOCK_ROWS = 65_536


def pca(vectors: np.ndarray, dims: int) -> tuple[np.ndarray, np.ndarray]:
    """Project rows on the directions of largest variance.

    One pass for mean and covariance in float64, then the eigenvectors of a (d, d) matrix: exact,
    deterministic, and fast while d is at most a few thousand. Each direction's sign is fixed by
    its largest component being positive.

    Parameters
    ----------
    vectors : float32, shape (n, d)
    dims : how many directions; those beyond min(n, d) are zero

    Returns
    -------
    coordinates : float32, shape (n, dims)
    explained : float64, shape (dims,), share of the total variance along each direction
    """
    count, width = vectors.shape
    total = np.zeros(width)
    for start in range(0, count, _BLOCK_ROWS):
        total += vectors[start : start + _BLOCK_ROWS].sum(axis=0, dtype=np.float64)
    mean = total / count
    covariance = np.zeros((width, width))
    for start in range(0, count, _BLOCK_ROWS):
        centred = vectors[start : start + _BLOCK_ROWS] - mean
        covariance += centred.T @ centred
    variances, directions = np.linalg.eigh(covariance)
    kept = min(dims, width)
    directions = directions[:, ::-1][:, :kept]
    variances = np.maximum(variances[::-1][:kept], 0.0)
    strongest = np.abs(directions).argmax(axis=0)
    directions = directions * np.sign(directions[strongest, np.arange(kept)])
    coordinates = np.zeros((count, dims), dtype=np.float32)
    explained = np.zeros(dims)
    for start in range(0, count, _BLOCK_ROWS):
        block = slice(start, start + _BLOCK_ROWS)
        coordinates[block, :kept] = (vectors[block] - mean) @ directions
    whole = np.trace(covariance)
    if whole > 0:
        explained[:kept] = variances / whole
    return coordinates, explained


def pca_layout(
    embedding_set: EmbeddingSet,
    graph: NeighborGraph | None,
    params: PcaParams,
    dims: int,
    seed: int,
    progress: Progress,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Lay a set out by PCA: of the unit rows for cosine and dot, of the vectors otherwise.

    Returns coordinates, float32 (n, dims), and a note with the share of variance explained.
    """
    progress("PCA")
    coordinates, explained = pca(points(embedding_set), dims)
    return coordinates, (f"explains {explained.sum():.0%} of the variance".replace("%", " %"),)
