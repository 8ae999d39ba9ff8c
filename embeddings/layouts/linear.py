"""Linear layouts of as many dimensions as the vectors: each place is that of one vector."""

import numpy as np

_TOLERANCE = 1e-3  # of the deviation of what is met


def carried(
    source: np.ndarray, target: np.ndarray, place: np.ndarray | tuple[float, ...]
) -> np.ndarray | None:
    """Return where a place among some points lies among the same points elsewhere: float32, (d,).

    From a layout to the vectors or back. None unless one is an affine picture of the other, one to
    one: as PCA is, by euclidean distance, of vectors of 2 numbers in 2D.

    Parameters
    ----------
    source, target : float32, shape (n, d); row i is point i
    place : d numbers
    """
    if source.shape[1] != target.shape[1]:
        return None
    ones = np.ones((len(source), 1))
    left = np.hstack([source.astype(np.float64), ones])
    solution, _, rank, _ = np.linalg.lstsq(left, target.astype(np.float64), rcond=None)
    off = np.abs(left @ solution - target).max()
    if rank < left.shape[1] or off > _TOLERANCE * target.std():
        return None
    return (np.array([*place, 1.0]) @ solution).astype(np.float32)
