"""UMAP's optimization: stochastic gradient descent along the edges of the fuzzy graph, compiled.

It does what umap-learn does (McInnes, Healy and Melville, UMAP, 2018): an edge of weight w is
sampled in w / max(w) of the epochs. Each time its ends attract each other, and NEGATIVES random
points repel its head. The learning rate falls from 1 to 0. For speed, the coefficients of the
gradients are read from tables over the squared distance, and the random points of a sample repel
from the same position, so that the processor computes them side by side.

The result is the same, bit for bit, with any number of threads. Rows are dealt out to blocks. In
each round of an epoch the blocks form pairs, as the teams of a tournament do, and after all rounds
each block has met each other. A pair is a task for one thread, which moves the points of these two
blocks only, along the edges between them: no thread reads what another one writes. The random
points come from the same two blocks, which are random samples of all points.
"""

import numpy as np
import scipy.sparse
from numba import njit, prange

NEGATIVES = 5
"""Random points that repel the head of an edge, each time that the edge is sampled."""

# Half as many threads have work. On 37,000 words of GloVe .1445 of the neighbors are preserved with
# 1 block, .1438 with 4 and .1410 with 8 (umap-learn: .1460).
_BLOCKS = 4
_BLOCKS_FROM = 5_000  # points; fewer are one block, which one thread optimizes in a second
_LARGEST_MOVE = np.float32(4.0)  # along an axis, times the learning rate

# A table's index is the upper 17 bits of a float32: sign, exponent, first 8 bits of the fraction.
# So each bit pattern has an entry; those of negative numbers, infinity and NaN are 0.
_LOWER_BITS = 15
_ENTRIES = 2 ** (32 - _LOWER_BITS)

# Weights are fixed-point numbers with this many bits after the point; the largest weight is 1
_WEIGHT_BITS = np.uint64(31)

_ONE, _WORD = np.uint64(1), np.uint64(32)
_STRIDE = np.uint64(0x9E3779B97F4A7C15)  # of splitmix64 (Steele, Lea and Flood, 2014)
_MIX = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_MIX_SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)
_FACTOR, _ADDEND = np.uint64(6364136223846793005), np.uint64(1442695040888963407)


class Optimization:
    """The optimization of a layout, which runs epoch by epoch, on numba's number of threads.

    Parameters
    ----------
    edges : the fuzzy graph, symmetric, a scipy sparse array or matrix, shape (n, n)
    start : initial coordinates: float32, shape (n, 2) or (n, 3)
    a, b : of the curve 1 / (1 + a d^(2 b)), from umap_.find_ab_params
    epochs : in total
    seed : of the random points, from 0 to 2**64 - 1
    blocks : 1 or an even number; by default it depends on the number of points. With 1, the
        optimization takes one thread.
    """

    def __init__(
        self,
        edges: scipy.sparse.spmatrix,
        start: np.ndarray,
        a: float,
        b: float,
        epochs: int,
        seed: int,
        blocks: int | None = None,
    ) -> None:
        count = len(start)
        blocks = blocks or (_BLOCKS if count >= _BLOCKS_FROM else 1)
        place, self._rows, self._bounds = _deal(count, blocks)
        edges = edges.tocoo()
        block_of = np.searchsorted(self._bounds, place, side="right").astype(np.int64) - 1
        # the edges from place i to block j are segment j * count + i
        keys = (block_of[edges.col] * count + place[edges.row]) * count + place[edges.col]
        order = np.argsort(keys)
        segments = keys[order] // count
        self._starts = np.searchsorted(segments, np.arange(blocks * count + 1)).astype(np.uint32)
        self._tails = place[edges.col[order]].astype(np.uint32)
        self._weights = fixed_point_weights(edges.data[order])
        self._pairs = tournament(blocks)
        self._tables = coefficient_tables(a, b)
        self._positions = np.ascontiguousarray(start[self._rows], dtype=np.float32)
        self._epochs, self._seed, self._done = epochs, np.uint64(seed), 0

    def run(self, epochs: int) -> None:
        """Run the next epochs. How the epochs are divided into calls does not change the result."""
        stop = min(self._done + epochs, self._epochs)
        first = max(self._done, 1)  # the first epoch, 0, samples no edge, as in umap-learn
        _run(
            self._positions, self._bounds, self._pairs, self._starts, self._tails, self._weights,
            *self._tables, first, stop, self._epochs, self._seed,
        )  # fmt: skip
        self._done = stop

    @property
    def coordinates(self) -> np.ndarray:
        """A copy of the coordinates now: float32, shape (n, 2) or (n, 3)."""
        coordinates = np.empty_like(self._positions)
        coordinates[self._rows] = self._positions
        return coordinates


def _deal(count: int, blocks: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Deal rows out to blocks, one by one.

    Returns
    -------
    place : int64, shape (n,); where each row is, block after block
    rows : int64, shape (n,); the row at each place
    bounds : int64, shape (blocks + 1,); block i has the places bounds[i] to bounds[i + 1] - 1
    """
    rows = np.concatenate([np.arange(block, count, blocks) for block in range(blocks)])
    place = np.empty(count, dtype=np.int64)
    place[rows] = np.arange(count)
    sizes = [len(range(block, count, blocks)) for block in range(blocks)]
    return place, rows, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def tournament(blocks: int) -> np.ndarray:
    """Return rounds in which each block meets each other once (the circle method).

    Parameters
    ----------
    blocks : 1 or an even number

    Returns
    -------
    int64, shape (rounds, tasks, 2): the two blocks of each task, or 0 and 0 for a single block
    """
    if blocks == 1:
        return np.zeros((1, 1, 2), dtype=np.int64)
    others = blocks - 1
    return np.array([
        [(others, turn)]
        + [((turn + i) % others, (turn - i) % others) for i in range(1, blocks // 2)]
        for turn in range(others)
    ])  # fmt: skip


def coefficient_tables(a: float, b: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the coefficients of attraction and repulsion by the upper bits of d^2 in float32.

    The gradients are these times the difference of two positions at the squared distance d^2:
    -2 a b d^(2 (b - 1)) / (1 + a d^(2 b)) and 2 b / ((0.001 + d^2) (1 + a d^(2 b))). There are 256
    entries for each power of two, so that an entry, which is exact in the middle, is off by at most
    about (1 + b) / 512 at the ends.

    Parameters
    ----------
    a, b : of the curve 1 / (1 + a d^(2 b)), from umap_.find_ab_params

    Returns
    -------
    Two arrays, float32, shape (131072,); both coefficients of points that coincide are 0
    """
    middles = (np.arange(_ENTRIES, dtype=np.uint32) << _LOWER_BITS) + 2 ** (_LOWER_BITS - 1)
    with np.errstate(invalid="ignore"):
        squares = middles.astype(np.uint32).view(np.float32).astype(np.float64)
        powers = a * squares**b
        attraction = -2.0 * b * powers / (squares * (1.0 + powers))
        repulsion = 2.0 * b / ((0.001 + squares) * (1.0 + powers))
    largest = np.finfo(np.float32).max
    found = []
    for table in (attraction, repulsion):
        table[~np.isfinite(table)] = 0.0
        table[0] = 0.0
        found.append(np.clip(table, -largest, largest).astype(np.float32))
    return found[0], found[1]


def fixed_point_weights(weights: np.ndarray) -> np.ndarray:
    """Return weights / max(weights) as fixed-point numbers: uint32, with 31 bits after the point.

    They are rounded up, so that an edge of a third of the largest weight is sampled in epoch 3.
    """
    if not len(weights):
        return np.zeros(0, np.uint32)
    scaled = np.ldexp(weights.astype(np.float64) / weights.max(), int(_WEIGHT_BITS))
    return np.ceil(scaled).astype(np.uint32)


@njit(parallel=True, nogil=True, cache=True)
def _run(
    positions,
    bounds,
    pairs,
    starts,
    tails,
    weights,
    attraction,
    repulsion,
    first,
    stop,
    total,
    seed,
):
    rounds, tasks = pairs.shape[0], pairs.shape[1]
    for epoch in range(first, stop):
        rate = np.float32(1.0 - (epoch - 1) / total)
        for turn in range(rounds):
            for task in prange(tasks):
                one, two = pairs[turn, task, 0], pairs[turn, task, 1]
                number = (epoch * rounds + turn) * tasks + np.int64(task)
                state = _mixed(seed + _STRIDE * np.uint64(number))
                for way in range(4):  # from block to block, and within each of them once an epoch
                    if (way > 0 and one == two) or (way > 1 and turn > 0):
                        break
                    head = one if way % 2 == 0 else two
                    tail = head if way > 1 else one + two - head
                    state = _move(
                        positions, bounds, head, tail, starts, tails, weights,
                        attraction, repulsion, np.uint64(epoch), rate, state,
                    )  # fmt: skip


@njit(nogil=True, cache=True)
def _move(
    positions, bounds, head, tail, starts, tails, weights, attraction, repulsion, epoch, rate, state
):
    """Move points along the edges from one block to another; return the generator's next state.

    The random points come from the block of the tail. With several blocks the tail itself would
    be drawn too often, so it does not repel. What is an index is unsigned, since numba checks
    signed ones for negative values.
    """
    is_3d = positions.shape[1] == 3
    first, size = np.uint64(bounds[tail]), np.uint64(bounds[tail + 1] - bounds[tail])
    is_single = len(bounds) == 2
    segments = np.uint64(tail * len(positions))
    nothing = np.float32(0.0)
    for row in range(np.uint64(bounds[head]), np.uint64(bounds[head + 1])):
        x, y = positions[row, 0], positions[row, 1]
        z = positions[row, 2] if is_3d else nothing
        for edge in range(starts[segments + row], starts[segments + row + _ONE]):
            if not _is_due(epoch, np.uint64(weights[edge])):
                continue
            end = np.uint64(tails[edge])
            dx, dy = x - positions[end, 0], y - positions[end, 1]
            dz = z - positions[end, 2] if is_3d else nothing
            pull = attraction[_entry(dx * dx + dy * dy + dz * dz)]
            dx, dy = _clipped(pull * dx) * rate, _clipped(pull * dy) * rate
            x, y = x + dx, y + dy
            positions[end, 0] -= dx
            positions[end, 1] -= dy
            if is_3d:
                dz = _clipped(pull * dz) * rate
                z += dz
                positions[end, 2] -= dz
            sum_x = sum_y = sum_z = nothing
            for _ in range(NEGATIVES):
                state = state * _FACTOR + _ADDEND
                other = first + ((state >> _WORD) * size >> _WORD)
                dx, dy = x - positions[other, 0], y - positions[other, 1]
                dz = z - positions[other, 2] if is_3d else nothing
                push = repulsion[_entry(dx * dx + dy * dy + dz * dz)]
                if other == row or (other == end and not is_single):
                    push = nothing
                sum_x += _clipped(push * dx)
                sum_y += _clipped(push * dy)
                sum_z += _clipped(push * dz)
            x, y, z = x + sum_x * rate, y + sum_y * rate, z + sum_z * rate
        positions[row, 0], positions[row, 1] = x, y
        if is_3d:
            positions[row, 2] = z
    return state


@njit(nogil=True, cache=True)
def _is_due(epoch, weight):
    """Return True if epoch times weight passes a whole number in this epoch, counted from 1."""
    return epoch * weight >> _WEIGHT_BITS != (epoch - _ONE) * weight >> _WEIGHT_BITS


@njit(nogil=True, cache=True)
def _entry(square):
    return np.float32(square).view(np.uint32) >> np.uint32(_LOWER_BITS)


@njit(nogil=True, cache=True)
def _clipped(value):
    return min(max(value, -_LARGEST_MOVE), _LARGEST_MOVE)


@njit(nogil=True, cache=True)
def _mixed(state):
    """Return the output of splitmix64 for a state: uint64, independent of those of other states."""
    state = (state ^ (state >> _MIX_SHIFTS[0])) * _MIX[0]
    state = (state ^ (state >> _MIX_SHIFTS[1])) * _MIX[1]
    return state ^ (state >> _MIX_SHIFTS[2])
