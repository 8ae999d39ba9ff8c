"""The forces of t-SNE in 2D: repulsion by a grid, attraction by a sparse matrix; and the step.

The gradient of the divergence is 4 (attraction - repulsion / Z), with the Student kernel
K(r) = 1 / (1 + r^2). The 4 is left to the learning rate, as in openTSNE.

    attraction_i = sum_j p_ij K_ij (y_i - y_j)        over its nearest neighbors
    repulsion_i  = sum_j K_ij^2 (y_i - y_j)           over all points
    Z            = sum of K_ij over all pairs i != j

The repulsion is -1/2 of the gradient of the potential phi(y) = sum_j K(|y - y_j|), and Z is the sum
of phi(y_i) - 1, so that one potential gives both. It is interpolated on a grid (Linderman et al.,
Fast interpolation-based t-SNE, 2019) by cubic B-splines, as in the particle-mesh Ewald method
(Essmann et al., 1995): points are spread to the grid, convolved with the kernel by one FFT and its
inverse, and gathered from the grid. The splines' own transform is divided out of the kernel's.

A layout is the same, bit for bit, for any number of threads: each row is computed by one thread in
a fixed order, and what is summed over rows is summed by one thread. Where the compiler may reorder
(`fastmath`), the loop is that over the neighbors of one row, which no thread splits.
"""

import math

import numpy as np
from numba import njit, prange
from scipy import fft

SPACING = 0.5
"""Distance of neighboring nodes of the grid, in units of the layout; see GridRepulsion."""

_FEWEST_CELLS = 64  # along the longer side: the kernel is then as smooth as the layout is small
_MOST_CELLS = 2048  # along a side; the FFT then takes some 200 MB
_SHORTEST = 1e-20  # longer side of a layout: shorter ones count as this long
_ROOM = 1.03  # a grid is made so much larger than needed, and kept while the layout fits
_MOST_IDLE = 0.9  # a new grid is made when less of it is needed
_LEAST_POTENTIAL = 1e-5  # of a point: float32 does not resolve less beside its own of 1

_ONE, _HALF = np.float32(1), np.float32(0.5)
_TWO, _THREE, _FOUR = np.float32(2), np.float32(3), np.float32(4)
_SIXTH = np.float32(1 / 6)
_GAIN_RISE, _GAIN_FALL, _LEAST_GAIN = np.float32(0.2), np.float32(0.8), np.float32(0.01)
_LONGEST_STEP = np.float32(5)


class GridRepulsion:
    """The repulsion of points in 2D, by a grid whose size follows the layout.

    The spacing is SPACING, halved as often as the layout has fewer than 64 cells along its longer
    side, doubled as often as it has more than 2,048. The transform of the kernel is kept while
    spacing and size stay.
    """

    def __init__(self) -> None:
        self._shape = (0, 0)
        self._spacing = 0.0
        self._transform = np.empty((0, 0), np.float32)
        self._own = np.empty((4, 4), np.float32)
        self._constant = 0.0

    def __call__(self, points: np.ndarray, repulsion: np.ndarray) -> float:
        """Fill `repulsion`, and return Z, which is at least 1e-5 n.

        Points so far from each other that Z is less are repelled too little, and so drawn together.

        Parameters
        ----------
        points, repulsion : float32, shape (n, 2)
        """
        low, high = _bounds(points)
        self._fit(high - low)
        spacing = np.float32(self._spacing)
        low -= 2 * spacing  # the nodes that a point reaches are up to 2 away
        grid = np.zeros(self._shape, np.float32)
        _spread(points, low, spacing, grid)
        potential = np.empty(len(points), np.float32)
        coefficients = self._convolve(grid)
        _gather(points, low, spacing, coefficients, self._own, potential, repulsion)
        count = len(points)
        total = float(potential.sum(dtype=np.float64)) + self._constant * count * (count - 1)
        return max(total, _LEAST_POTENTIAL * count)

    def _fit(self, extent: np.ndarray) -> None:
        """Choose spacing and size for a layout of these side lengths."""
        longest = max(float(extent.max()), _SHORTEST)
        halvings = math.ceil(math.log2(_FEWEST_CELLS * SPACING / longest))
        doublings = math.ceil(math.log2(longest / (_MOST_CELLS * SPACING)))
        spacing = SPACING * 2.0 ** (max(doublings, 0) - max(halvings, 0))
        needed = [int(side / spacing) + 6 for side in extent]  # two more at each end, and rounding
        fits = all(
            _MOST_IDLE * size <= cells <= size
            for size, cells in zip(self._shape, needed, strict=True)
        )
        if spacing == self._spacing and fits:
            return
        self._spacing = spacing
        rows, columns = (fft.next_fast_len(int(_ROOM * cells) + 1) for cells in needed)
        self._shape = rows, columns
        transform, self._constant = _kernel_transform(rows, columns, spacing)
        self._transform = transform.astype(np.float32)
        self._own = fft.idctn(transform, type=1)[:4, :4].astype(np.float32)

    def _convolve(self, grid: np.ndarray) -> np.ndarray:
        """Return the coefficients of the potential: float32, of the grid's shape.

        Lines that hold only zeros are not transformed, nor are those that nobody reads.
        """
        rows, columns = grid.shape
        spectrum = fft.rfft(grid, 2 * columns, axis=1)
        spectrum = fft.fft(spectrum, 2 * rows, axis=0, overwrite_x=True)
        spectrum[: rows + 1] *= self._transform
        spectrum[rows + 1 :] *= self._transform[rows - 1 : 0 : -1]
        spectrum = fft.ifft(spectrum, axis=0, overwrite_x=True)[:rows]
        return fft.irfft(spectrum, 2 * columns, axis=1, overwrite_x=True)


def _kernel_transform(rows: int, columns: int, spacing: float) -> tuple[np.ndarray, float]:
    """Return the kernel's transform divided by the squared one of the splines, and a constant.

    The kernel is taken without a constant, its value at the far corner of the grid: what is left is
    small where the layout is, and float32 resolves its differences.

    Returns
    -------
    transform : float64, shape (rows + 1, columns + 1), of a kernel that is even and has a period
        of 2 rows x 2 columns
    constant : what is to be added to the kernel
    """
    squares = np.add.outer(
        (spacing * np.arange(rows + 1.0)) ** 2, (spacing * np.arange(columns + 1.0)) ** 2
    )
    farthest = squares[-1, -1]
    kernel = (farthest - squares) / ((1.0 + squares) * (1.0 + farthest))
    transform = fft.dctn(kernel, type=1, overwrite_x=True)
    for axis, size in enumerate((rows, columns)):
        spline = (2.0 + np.cos(np.pi * np.arange(size + 1) / size)) / 3.0
        transform /= np.expand_dims(spline**2, 1 - axis)
    return transform, 1.0 / (1.0 + farthest)


@njit(inline="always")
def _weights(part):
    """Return the cubic B-spline at the four nodes around a point: `part` of a cell after one."""
    rest = _ONE - part
    return (
        _SIXTH * rest * rest * rest,
        _SIXTH * (part * part * (_THREE * part - _TWO * _THREE) + _FOUR),
        _SIXTH * (rest * rest * (_THREE * rest - _TWO * _THREE) + _FOUR),
        _SIXTH * part * part * part,
    )


@njit(inline="always")
def _slopes(part):
    """Return the derivative of `_weights` by `part`."""
    rest = _ONE - part
    return (
        -_HALF * rest * rest,
        _HALF * part * (_THREE * part - _FOUR),
        -_HALF * rest * (_THREE * rest - _FOUR),
        _HALF * part * part,
    )


@njit(inline="always")
def _overlaps(one, two):
    """Return the sums of one[a] two[b] over nodes a and b that are 0, 1, 2 and 3 cells apart."""
    return (
        one[0] * two[0] + one[1] * two[1] + one[2] * two[2] + one[3] * two[3],
        one[0] * two[1] + one[1] * two[2] + one[2] * two[3]
        + one[1] * two[0] + one[2] * two[1] + one[3] * two[2],
        one[0] * two[2] + one[1] * two[3] + one[2] * two[0] + one[3] * two[1],
        one[0] * two[3] + one[3] * two[0],
    )  # fmt: skip


@njit(cache=True, nogil=True)
def center(points):
    """Move points, float32, shape (n, 2), so that their mean is the origin.

    There float32 is finest, so that points that come very close to each other stay apart.
    """
    for axis in range(2):
        total = 0.0
        for i in range(points.shape[0]):
            total += points[i, axis]
        mean = np.float32(total / points.shape[0])
        for i in range(points.shape[0]):
            points[i, axis] -= mean


@njit(cache=True, nogil=True)
def _bounds(points):
    """Return the lowest and the highest coordinates: float32, shape (2,) each."""
    low, high = points[0].copy(), points[0].copy()
    for i in range(points.shape[0]):
        for axis in range(2):
            low[axis] = min(low[axis], points[i, axis])
            high[axis] = max(high[axis], points[i, axis])
    return low, high


@njit(cache=True, nogil=True)
def _spread(points, low, spacing, grid):
    """Add each point to the 4 x 4 nodes around it, weighted by the spline."""
    for i in range(points.shape[0]):
        x = (points[i, 0] - low[0]) / spacing
        y = (points[i, 1] - low[1]) / spacing
        row, column = np.uint32(x), np.uint32(y)
        in_rows = _weights(x - np.float32(row))
        in_columns = _weights(y - np.float32(column))
        for a in range(4):
            line = grid[row + a - 1]
            for b in range(4):
                line[column + b - 1] += in_rows[a] * in_columns[b]


@njit(parallel=True, cache=True, nogil=True)
def _gather(points, low, spacing, coefficients, own, potential, repulsion):
    """Fill the potential of all others at each point, and -1/2 of its gradient.

    What a point itself contributes is not quite constant on a grid, and is the largest error where
    points are far apart. `own` has the coefficients that a point at a node leads to around it.
    """
    for i in prange(points.shape[0]):
        x = (points[i, 0] - low[0]) / spacing
        y = (points[i, 1] - low[1]) / spacing
        row, column = np.uint32(x), np.uint32(y)
        in_rows = _weights(x - np.float32(row))
        in_columns = _weights(y - np.float32(column))
        along_rows = _slopes(x - np.float32(row))
        along_columns = _slopes(y - np.float32(column))
        value = by_x = by_y = np.float32(0)
        for a in range(4):
            line = coefficients[row + a - 1]
            across = slope = np.float32(0)
            for b in range(4):
                across += in_columns[b] * line[column + b - 1]
                slope += along_columns[b] * line[column + b - 1]
            value += in_rows[a] * across
            by_x += along_rows[a] * across
            by_y += in_rows[a] * slope
        row_overlaps, row_slopes = _overlaps(in_rows, in_rows), _overlaps(along_rows, in_rows)
        column_overlaps = _overlaps(in_columns, in_columns)
        column_slopes = _overlaps(along_columns, in_columns)
        for a in range(4):
            across = slope = np.float32(0)
            for b in range(4):
                across += column_overlaps[b] * own[a, b]
                slope += column_slopes[b] * own[a, b]
            value -= row_overlaps[a] * across
            by_x -= row_slopes[a] * across
            by_y -= row_overlaps[a] * slope
        potential[i] = value
        repulsion[i, 0] = -_HALF * by_x / spacing
        repulsion[i, 1] = -_HALF * by_y / spacing


@njit(parallel=True, cache=True, nogil=True, fastmath=True)
def attract(points, starts, neighbors, affinities, attraction):
    """Fill the attraction of each point.

    Parameters
    ----------
    points, attraction : float32, shape (n, 2)
    starts, neighbors, affinities : int64, int32 and float32, a symmetric CSR matrix
    """
    for i in prange(points.shape[0]):
        to_x = to_y = np.float32(0)
        for at in range(starts[i], starts[i + 1]):
            j = neighbors[at]
            x = points[i, 0] - points[j, 0]
            y = points[i, 1] - points[j, 1]
            pull = affinities[at] / (_ONE + x * x + y * y)
            to_x += pull * x
            to_y += pull * y
        attraction[i, 0] = to_x
        attraction[i, 1] = to_y


def stress(
    points: np.ndarray, starts: np.ndarray, neighbors: np.ndarray, affinities: np.ndarray
) -> float:
    """Return the sum of p_ij log(1 + |y_i - y_j|^2); parameters as in `attract`.

    With the sum of p_ij log p_ij and log Z it makes the Kullback-Leibler divergence.
    """
    rows = np.empty(len(points), np.float32)
    _sum_stress(points, starts, neighbors, affinities, rows)
    return float(rows.sum(dtype=np.float64))


@njit(parallel=True, cache=True, nogil=True, fastmath=True)
def _sum_stress(points, starts, neighbors, affinities, rows):
    for i in prange(points.shape[0]):
        total = np.float32(0)
        for at in range(starts[i], starts[i + 1]):
            j = neighbors[at]
            x = points[i, 0] - points[j, 0]
            y = points[i, 1] - points[j, 1]
            total += affinities[at] * np.log(_ONE + x * x + y * y)
        rows[i] = total


@njit(parallel=True, cache=True, nogil=True)
def step(
    points, updates, gains, attraction, repulsion, exaggeration, repelling, learning_rate, momentum
):
    """Move the points against the gradient, with the gains and the momentum of openTSNE.

    Parameters
    ----------
    points, updates, gains : float32, shape (n, 2); changed
    attraction, repulsion : float32, shape (n, 2)
    exaggeration, repelling, learning_rate, momentum : float32; `repelling` is 1 / Z
    """
    for i in prange(points.shape[0]):
        for axis in range(2):
            slope = exaggeration * attraction[i, axis] - repelling * repulsion[i, axis]
            update = updates[i, axis]
            if (slope > 0) == (update > 0) and (slope < 0) == (update < 0):
                gains[i, axis] = _GAIN_FALL * gains[i, axis] + _LEAST_GAIN
            else:
                gains[i, axis] += _GAIN_RISE
            updates[i, axis] = momentum * update - learning_rate * gains[i, axis] * slope
        length = np.sqrt(updates[i, 0] * updates[i, 0] + updates[i, 1] * updates[i, 1])
        shorter = _ONE if length <= _LONGEST_STEP else _LONGEST_STEP / length
        for axis in range(2):
            updates[i, axis] *= shorter
            points[i, axis] += updates[i, axis]
