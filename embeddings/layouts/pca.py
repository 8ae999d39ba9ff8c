"""PCA, by the smallest matrix that has the answer: the first layout, and the start of the others.

- Up to 2,000 dimensions, and at least as many rows: the covariance, a (d, d) matrix.
- Up to 2,000 rows, and more dimensions: the products of the rows, an (n, n) matrix, which has the
  same eigenvalues.
- Beyond both: Lanczos' method (ARPACK), which needs only products with the vectors.

Memory besides the vectors is linear in n x d at most. All three compute in float64 and agree.
"""

from collections.abc import Callable, Iterator

import numpy as np

from embeddings.blocks import row_blocks
from embeddings.embedding_set import EmbeddingSet
from embeddings.layouts.params import PcaParams
from embeddings.layouts.space import points
from embeddings.neighbors.graph import NeighborGraph
from embeddings.progress import NullProgress, Progress

_BLOCK_ROWS = 65_536  # few blocks: the covariance of each is a matrix product
_BLOCK_NUMBERS = 8_000_000  # of a block in float64: 64 MB
_LARGEST_MATRIX = 2_000  # rows of a matrix whose eigenvectors take 2 s at most
_BASIS = 64  # vectors of Lanczos' method: more memory, fewer restarts
_RESTARTS = 1_000
_PRECISION = 1e-10  # relative, of an eigenvalue by Lanczos' method
_EIGENVECTORS = 10  # times m**3 products for the eigenvectors of an (m, m) matrix, about
_PRODUCTS_PER_SECOND = 2e10
_SAMPLED_ROWS, _FEWEST_SAMPLED, _SAMPLED_PRODUCTS = 500, 50, 2e9
_ROUNDING = float(np.finfo(np.float64).eps)


def pca(
    vectors: np.ndarray,
    dims: int,
    progress: Progress = NullProgress(),  # noqa: B008 (stateless)
) -> tuple[np.ndarray, np.ndarray]:
    """Project rows on the directions of largest variance.

    This is deterministic. The sign of a direction is chosen so that its largest component is
    positive.

    Parameters
    ----------
    vectors : float32, shape (n, d)
    dims : number of directions; coordinates beyond min(n, d) are zero

    Returns
    -------
    coordinates : float32, shape (n, dims)
    explained : float64, shape (dims,), fraction of the total variance along each direction
    """
    mean, directions, variances, total = _principal_directions(vectors, dims, progress)
    explained = np.zeros(dims)
    if total > 0:
        explained[: len(variances)] = np.maximum(variances, 0.0) / total
    return _project(vectors, mean, directions, dims), explained


def sampled_pca(vectors: np.ndarray, dims: int) -> tuple[np.ndarray, int]:
    """Project all rows on the directions of largest variance of a random sample of them.

    Its time is linear in n x d.

    Returns
    -------
    coordinates : float32, shape (n, dims)
    sampled : number of rows of the sample, 500 at most
    """
    count, width = vectors.shape
    size = min(count, _SAMPLED_ROWS, max(_FEWEST_SAMPLED, int(np.sqrt(_SAMPLED_PRODUCTS / width))))
    rows = np.sort(np.random.default_rng(0).choice(count, size, replace=False))
    mean, directions, _, _ = _principal_directions(vectors[rows], dims, NullProgress())
    return _project(vectors, mean, directions, dims), size


def takes_seconds(rows: int, dimensions: int) -> bool:
    """Return True if the PCA of so many vectors takes more than about a second."""
    smaller, larger = sorted((rows, dimensions))
    if smaller > _LARGEST_MATRIX:  # how many steps it takes depends on the spectrum
        return True
    products = larger * smaller**2 + _EIGENVECTORS * smaller**3
    return products > _PRODUCTS_PER_SECOND


def _principal_directions(
    vectors: np.ndarray, dims: int, progress: Progress
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Return the mean, (d,); the directions, (d, found); their variances; the total variance."""
    count, width = vectors.shape
    total = np.zeros(width)
    for block in _blocks(count, width):
        total += vectors[block].sum(axis=0, dtype=np.float64)
    mean = total / count
    found = min(dims, count, width)
    route = _route(count, width)
    directions, variances, total_variance = route(vectors, mean, found, progress)
    strongest = np.abs(directions).argmax(axis=0)
    signs = np.sign(directions[strongest, np.arange(found)])
    return mean, directions * signs, variances, total_variance


def _project(
    vectors: np.ndarray, mean: np.ndarray, directions: np.ndarray, dims: int
) -> np.ndarray:
    """Return the coordinates of the rows along the directions: float32, shape (n, dims)."""
    coordinates = np.zeros((len(vectors), dims), dtype=np.float32)
    for block in _blocks(*vectors.shape):
        coordinates[block, : directions.shape[1]] = (vectors[block] - mean) @ directions
    return coordinates


_Route = Callable[
    [np.ndarray, np.ndarray, int, Progress], tuple[np.ndarray, np.ndarray, float]
]  # (vectors, mean, found, progress) -> directions, variances, total variance


def _route(count: int, width: int) -> _Route:
    """Return the fastest way to the principal directions of so many rows and dimensions."""
    if width <= min(count, _LARGEST_MATRIX):
        return _by_covariance
    return _by_row_products if count <= _LARGEST_MATRIX else _by_lanczos


def _by_covariance(
    vectors: np.ndarray, mean: np.ndarray, found: int, progress: Progress
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the eigenvectors of the covariance: float64, (d, found), and their eigenvalues.

    All three routes return this, and the sum of all eigenvalues. The covariance is not divided by
    the number of rows.
    """
    covariance = np.zeros((len(mean), len(mean)))
    for block in _blocks(*vectors.shape):
        centered = vectors[block] - mean
        covariance += centered.T @ centered
    variances, directions = np.linalg.eigh(covariance)
    total = float(np.trace(covariance))
    return directions[:, ::-1][:, :found], variances[::-1][:found], total


def _by_row_products(
    vectors: np.ndarray, mean: np.ndarray, found: int, progress: Progress
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the directions from the eigenvectors of the rows' products; see _by_covariance."""
    count, width = vectors.shape
    products = np.zeros((count, count))
    for columns in row_blocks(width, count, _BLOCK_NUMBERS):
        centered = vectors[:, columns] - mean[columns]
        products += centered @ centered.T
        progress("PCA", columns.stop / width)
    variances, weights = np.linalg.eigh(products)
    variances, weights = variances[::-1][:found], weights[:, ::-1][:, :found]
    total = float(np.trace(products))
    # a variance of 0 has no direction that rounding errors do not decide
    lengths = np.sqrt(np.where(variances > count * _ROUNDING * total, variances, np.inf))
    directions = np.empty((width, found))
    for columns in row_blocks(width, count, _BLOCK_NUMBERS):
        centered = vectors[:, columns] - mean[columns]
        directions[columns] = (centered.T @ weights) / lengths
    return directions, variances, total


def _by_lanczos(
    vectors: np.ndarray, mean: np.ndarray, found: int, progress: Progress
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the eigenvectors of the covariance without the matrix itself; see _by_covariance."""
    from scipy.sparse.linalg import LinearOperator, eigsh

    count, width = vectors.shape
    total = 0.0
    for block in _blocks(count, width):
        centered = vectors[block] - mean
        total += float(np.einsum("ij,ij->", centered, centered))
    if total == 0:
        return np.zeros((width, found)), np.zeros(found), 0.0
    steps = 0

    def covariance_times(vector: np.ndarray) -> np.ndarray:
        nonlocal steps
        steps += 1
        progress("PCA", note=f"step {steps}")
        product = np.zeros(width)
        for block in _blocks(count, width):
            rows = vectors[block].astype(np.float64)
            lengths = rows @ vector - mean @ vector
            product += lengths @ rows - lengths.sum() * mean
        return product

    operator = LinearOperator((width, width), matvec=covariance_times, dtype=np.float64)
    start = np.random.default_rng(0).normal(size=width)
    variances, directions = eigsh(
        operator, k=found, v0=start, ncv=_BASIS, maxiter=_RESTARTS, tol=_PRECISION
    )
    order = np.argsort(-variances)
    return directions[:, order], variances[order], total


def _blocks(count: int, width: int) -> Iterator[slice]:
    """Yield blocks of rows, of 65,536 rows and 64 MB in float64 at most."""
    return row_blocks(count, width, min(_BLOCK_ROWS * width, _BLOCK_NUMBERS))


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
    coordinates, explained = pca(points(embedding_set), dims, progress)
    return coordinates, (f"explains {explained.sum():.0%} of the variance".replace("%", " %"),)
