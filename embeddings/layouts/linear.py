"""Layouts that are a linear picture of as many dimensions: each place is that of one vector."""

import numpy as np

_TOLERANCE = 1e-3  # of the vectors' deviation


def vector_at(
    coordinates: np.ndarray, vectors: np.ndarray, place: tuple[float, ...]
) -> np.ndarray | None:
    """Return the vector that lies at a place of a layout: float32, shape (d,).

    None unless the layout is an affine picture of the vectors, one to one: as PCA is, by euclidean
    distance, of vectors of 2 numbers in 2D.

    Parameters
    ----------
    coordinates : float32, shape (n, dims)
    vectors : float32, shape (n, d)
    place : dims numbers
    """
    if coordinates.shape[1] != vectors.shape[1] or len(place) != coordinates.shape[1]:
        return None
    ones = np.ones((len(coordinates), 1))
    left = np.hstack([coordinates.astype(np.float64), ones])
    solution, _, rank, _ = np.linalg.lstsq(left, vectors.astype(np.float64), rcond=None)
    off = np.abs(left @ solution - vectors).max()
    if rank < left.shape[1] or off > _TOLERANCE * vectors.std():
        return None
    return (np.array([*place, 1.0]) @ solution).astype(np.float32)
