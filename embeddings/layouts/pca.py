"""PCA by the covariance matrix: the first layout shown, and the start of t-SNE and UMAP."""

import numpy as np

from embeddings.blocks import row_blocks
from embeddings.embedding_set import EmbeddingSet
from embeddings.layouts.params import PcaParams
from embeddings.layouts.space import points
from embeddings.neighbors.graph import NeighborGraph
from embeddings.progress import Progress

_BLOCK_ROWS = 65_536  # few blocks: the covariance of each is a matrix product


def pca(vectors: np.ndarray, dims: int) -> tuple[np.ndarray, np.ndarray]:
    """Project rows on the directions of largest variance.

    The mean and the covariance are summed in float64; the directions are the eigenvectors of the
    covariance, a (d, d) matrix. This is exact, deterministic, and fast up to a few thousand
    dimensions. The sign of a direction is chosen so that its largest component is positive.

    Parameters
    ----------
    vectors : float32, shape (n, d)
    dims : number of directions; coordinates beyond min(n, d) are zero

    Returns
    -------
    coordinates : float32, shape (n, dims)
    explained : float64, shape (dims,), fraction of the total variance along each direction
    """
    count, width = vectors.shape
    total = np.zeros(width)
    for block in row_blocks(count, 1, _BLOCK_ROWS):
        total += vectors[block].sum(axis=0, dtype=np.float64)
    mean = total / count
    covariance = np.zeros((width, width))
    for block in row_blocks(count, 1, _BLOCK_ROWS):
        centred = vectors[block] - mean
        covariance += centred.T @ centred
    variances, directions = np.linalg.eigh(covariance)
    found = min(dims, width)
    directions = directions[:, ::-1][:, :found]
    variances = np.maximum(variances[::-1][:found], 0.0)
    strongest = np.abs(directions).argmax(axis=0)
    directions = directions * np.sign(directions[strongest, np.arange(found)])
    coordinates = np.zeros((count, dims), dtype=np.float32)
    explained = np.zeros(dims)
    for block in row_blocks(count, 1, _BLOCK_ROWS):
        coordinates[block, :found] = (vectors[block] - mean) @ directions
    total_variance = np.trace(covariance)
    if total_variance > 0:
        explained[:found] = variances / total_variance
    return coordinates, explained


def pca_layout(
    embedding_set: EmbeddingSet,
    graph: NeighborGraph | None,
    params: PcaParams,
    dims: int,
    seed: int,
    progress: Progress,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Lay a set out by PCA, of its unit vectors for cosine and dot, of its vectors otherwise.

    Returns
    -------
    coordinates : float32, shape (n, dims)
    notes : the fraction of the variance that they explain
    """
    progress("PCA")
    coordinates, explained = pca(points(embedding_set), dims)
    return coordinates, (f"explains {explained.sum():.0%} of the variance".replace("%", " %"),)
