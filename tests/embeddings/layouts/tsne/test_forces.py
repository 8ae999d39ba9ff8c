"""The forces of t-SNE beside their definitions, summed over all pairs in float64."""

import numpy as np
import pytest

from embeddings.layouts.tsne import forces


def cloud(count=500, scale=10.0, seed=0):
    """Return points of a normal distribution: float32, shape (n, 2)."""
    points = np.random.default_rng(seed).normal(scale=scale, size=(count, 2))
    return points.astype(np.float32)


def pairs(points):
    """Return differences and kernel of all pairs: float64, shapes (n, n, 2) and (n, n)."""
    points = points.astype(np.float64)
    differences = points[:, None] - points
    return differences, 1 / (1 + (differences**2).sum(axis=2))


def defined_repulsion(points):
    differences, kernel = pairs(points)
    return ((kernel**2)[..., None] * differences).sum(axis=1), kernel.sum() - len(points)


def relative(found, expected):
    """Return the root mean square of the differences, relative to that of what is expected."""
    return np.sqrt(((found - expected) ** 2).mean() / (expected**2).mean())


@pytest.mark.parametrize("scale", [1e-4, 0.1, 1.0, 10.0, 100.0])
def test_repulsion_by_the_grid_is_near_the_sum_over_all_pairs(scale):
    points = cloud(scale=scale)
    found = np.empty_like(points)
    total = forces.GridRepulsion()(points, found)
    expected, expected_total = defined_repulsion(points)
    assert total == pytest.approx(expected_total, rel=0.002)
    assert relative(found, expected) < 0.04


def test_the_grid_follows_the_layout():
    """One object, used for layouts that grow, shrink and are long, gives what a new one gives."""
    kept = forces.GridRepulsion()
    for points in (cloud(scale=1), cloud(scale=30), cloud(scale=0.01), cloud() * (9, 0.1)):
        points = points.astype(np.float32)
        one, two = np.empty_like(points), np.empty_like(points)
        assert kept(points, one) == forces.GridRepulsion()(points, two)
        assert one.tobytes() == two.tobytes()


def test_a_huge_layout_has_a_grid_of_bounded_size(monkeypatch):
    monkeypatch.setattr(forces, "_MOST_CELLS", 128)
    shapes = []
    convolve = forces.GridRepulsion._convolve

    def record(self, grid):
        shapes.append(grid.shape)
        return convolve(self, grid)

    monkeypatch.setattr(forces.GridRepulsion, "_convolve", record)
    points = cloud()
    points[0] = 1e7, -1e9
    found = np.empty_like(points)
    assert np.isfinite(forces.GridRepulsion()(points, found))
    assert np.isfinite(found).all()
    assert max(shapes[0]) < 150


def test_points_far_from_each_other_are_not_divided_by_nothing():
    points = np.float32([[0, 0], [3e5, 0], [0, 4e5], [-1e5, 2e5]])
    found = np.empty_like(points)
    assert forces.GridRepulsion()(points, found) == pytest.approx(4e-5)
    assert np.isfinite(found).all()


def test_the_transform_of_the_kernel_is_kept_while_the_layout_fits(monkeypatch):
    sizes = []
    transform = forces._kernel_transform
    monkeypatch.setattr(
        forces, "_kernel_transform", lambda *size: sizes.append(size) or transform(*size)
    )
    repel = forces.GridRepulsion()
    for points in (cloud(), 1.01 * cloud(), cloud() * (1, 0.5), cloud() * (1, 0.49)):
        repel(points.astype(np.float32), np.empty((500, 2), np.float32))
    assert len(sizes) == 2


def sparse(count=300, k=20, seed=0):
    """Return a random CSR matrix: starts, neighbors and values, and it as an array."""
    random = np.random.default_rng(seed)
    neighbors = np.stack([random.permutation(count)[:k] for _ in range(count)]).astype(np.int32)
    values = random.uniform(size=(count, k)).astype(np.float32)
    full = np.zeros((count, count))
    np.put_along_axis(full, neighbors.astype(np.int64), values.astype(np.float64), axis=1)
    return np.arange(0, count * k + 1, k), neighbors.ravel(), values.ravel(), full


def test_attraction_and_stress_are_sums_over_the_neighbors():
    points, (*edges, full) = cloud(300), sparse()
    found = np.empty_like(points)
    forces.attract(points, *edges, found)
    differences, kernel = pairs(points)
    expected = ((full * kernel)[..., None] * differences).sum(axis=1)
    assert relative(found, expected) < 1e-5
    stress = forces.stress(points, *edges)
    assert stress == pytest.approx(-(full * np.log(kernel)).sum(), rel=1e-5)


def test_points_are_moved_to_the_origin():
    points = cloud() + np.float32([30, -2])
    expected = points - points.mean(axis=0, dtype=np.float64)
    forces.center(points)
    np.testing.assert_allclose(points, expected, atol=1e-5)


def test_a_step_has_gains_momentum_and_a_longest_step():
    layout = np.zeros((3, 2), np.float32)
    updates = np.array([[1, -1], [0, 0], [100, 0]], np.float32)
    gains = np.full((3, 2), 2, np.float32)
    slope = np.array([[1, 1], [0, -1], [0, 0]], np.float32)
    zero = np.zeros_like(slope)
    one, rate, momentum = np.float32(1), np.float32(0.1), np.float32(0.5)
    forces.step(layout, updates, gains, slope, zero, one, one, rate, momentum)
    # a gain falls where update and slope have the same sign, as in openTSNE, and rises elsewhere
    expected_gains = [[1.61, 2.2], [1.61, 2.2], [2.2, 1.61]]
    np.testing.assert_allclose(gains, expected_gains, rtol=1e-6)
    expected = [[0.5 - 0.161, -0.5 - 0.22], [0, 0.22], [5, 0]]
    np.testing.assert_allclose(updates, expected, rtol=1e-5)
    np.testing.assert_array_equal(layout, updates)
