"""Clusters: synthetic blobs are recovered exactly, whatever the number of points."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.cluster import HDBSCAN as SklearnHdbscan
from sklearn.metrics import adjusted_rand_score

from embeddings.analysis import clusters as under_test
from embeddings.analysis.clusters import (
    NOISE,
    SMALLEST,
    closest_to_centroid,
    cluster,
    finer_layers,
    radii,
    smallest_cluster,
    value_counts,
)
from embeddings.errors import EmbeddingError


def blobs(sizes, dims=2, seed=0, spacing=20.0):
    """Points around well separated centers: float32 (n, dims), and the number of each's center."""
    random = np.random.default_rng(seed)
    points = [
        random.normal(loc=spacing * i * np.eye(dims)[i % dims], size=(size, dims))
        for i, size in enumerate(sizes)
    ]
    truth = np.repeat(np.arange(len(sizes)), sizes)
    order = random.permutation(len(truth))
    return np.concatenate(points).astype(np.float32)[order], truth[order]


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("granularity", [0.0, 0.5, 1.0])
def test_synthetic_blobs_are_recovered_and_numbered_by_size(dims, granularity):
    points, truth = blobs((500, 400, 200, 120), dims)
    found = cluster(points, granularity)
    np.testing.assert_array_equal(found.labels, truth)
    assert found.labels.dtype == np.int32
    assert (found.count, found.sizes, found.noise_fraction) == (4, (500, 400, 200, 120), 0.0)
    assert (found.granularity, found.min_cluster_size) == (
        granularity,
        smallest_cluster(1220, granularity),
    )


@pytest.mark.parametrize("sizes", [(700, 300), (100, 80), (4_000, 600, 400)])
@pytest.mark.parametrize("granularity", [0.0, 0.5, 1.0])
def test_a_blob_of_most_points_stays_whole(sizes, granularity):
    points, truth = blobs(sizes)
    np.testing.assert_array_equal(cluster(points, granularity).labels, truth)


def test_points_far_from_all_are_noise():
    points, truth = blobs((100, 80))
    strays = np.array([[200, 200], [-300, 100], [100, -400]], dtype=np.float32)
    found = cluster(np.concatenate([points, strays]))
    np.testing.assert_array_equal(found.labels, [*truth, NOISE, NOISE, NOISE])
    assert found.noise_fraction == pytest.approx(3 / 183)


def test_a_giant_cluster_is_split():
    """Eight blobs on one plain, and an island: HDBSCAN alone finds the plain and the island."""
    random = np.random.default_rng(1)
    peaks = np.concatenate([random.normal((5.0 * i, 0.0), size=(300, 2)) for i in range(8)])
    plain = random.uniform((-5.0, -5.0), (40.0, 5.0), size=(1500, 2))
    island = random.normal((18.0, 900.0), size=(100, 2))
    points = np.concatenate([peaks, plain, island]).astype(np.float32)
    truth = np.repeat(np.arange(8), 300)
    alone, _ = under_test._hdbscan(points, 50)
    assert sorted(np.bincount(alone[alone >= 0])) == [100, 3900]
    found = under_test._labels(points, 50)
    assert len(set(found[-100:].tolist())) == 1 and found[-1] not in found[:-100]
    cores = np.linalg.norm(peaks - np.c_[5.0 * truth, 0 * truth], axis=1) < 1
    assert adjusted_rand_score(truth[cores], found[:2400][cores]) > 0.99
    assert np.count_nonzero(np.bincount(found[found >= 0])) == 9


def test_a_real_map_is_not_one_color(data):
    with np.load(data / "emb" / "arxiv_ml_data_map.npz") as arrays:
        points = arrays["arr_0"][::10]
    for granularity, least, most in ((0.25, 5, 40), (0.5, 20, 100), (0.75, 60, 300)):
        found = cluster(points, granularity)
        assert least <= found.count <= most
        assert found.sizes[0] <= len(points) / 2 and found.noise_fraction < 0.5


def test_agrees_with_scikit_learn():
    """Which counts a point among its own neighbors; points between clusters tie now and then."""
    points = np.random.default_rng(0).normal(size=(2_000, 2)).astype(np.float32)
    for size in (5, 20, 60):
        reference = SklearnHdbscan(
            min_cluster_size=size, min_samples=under_test._MIN_SAMPLES + 1, copy=True
        ).fit_predict(points)
        assert adjusted_rand_score(reference, under_test._hdbscan(points, size)[0]) > 0.9


def test_same_points_same_clusters():
    points = np.random.default_rng(0).integers(0, 60, size=(4_000, 2)).astype(np.float32)
    first = cluster(points)  # on a grid: equal distances everywhere
    for _ in range(5):
        np.testing.assert_array_equal(cluster(points).labels, first.labels)


@pytest.mark.parametrize("count", range(1, 10))
def test_few_points(count):
    points = np.random.default_rng(count).normal(size=(count, 2)).astype(np.float32)
    found = cluster(points)
    assert found.labels.shape == (count,)
    assert found.count == len(found.sizes)
    assert sum(found.sizes) + np.count_nonzero(found.labels == NOISE) == count


def test_the_smallest_blobs():
    points, truth = blobs((5, 5, 5))
    found = cluster(points)
    assert found.sizes == (5, 5, 5)
    assert adjusted_rand_score(truth, found.labels) == 1.0


def test_all_points_in_one_place():
    found = cluster(np.full((20, 3), 1.5, dtype=np.float32))
    assert found.sizes == (20,) and found.noise_fraction == 0.0
    found = cluster(np.zeros((SMALLEST - 1, 2), dtype=np.float32))
    assert found.count == 0 and found.noise_fraction == 1.0


def test_positions_with_many_points():
    places = np.array([[0, 0], [5, 5], [9, 1]], dtype=np.float32)
    found = cluster(np.repeat(places, (50, 40, 30), axis=0))
    np.testing.assert_array_equal(found.labels, np.repeat([0, 1, 2], (50, 40, 30)))


def test_all_noise():
    found = cluster(np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32))
    assert (found.count, found.sizes, found.noise_fraction) == (0, (), 1.0)
    assert found.central.shape == (0, 3)


def test_granularity_falls_geometrically_to_five():
    assert [smallest_cluster(100_000, granularity) for granularity in (0, 0.5, 1)] == [
        5000,
        500,
        50,
    ]
    assert smallest_cluster(10, 0.0) == SMALLEST == 5
    for granularity in (-0.1, 1.1, float("nan")):
        with pytest.raises(EmbeddingError, match=r"expected 0 \(coarse\) to 1 \(fine\)"):
            cluster(np.zeros((10, 2), dtype=np.float32), granularity)


def test_closest_to_centroid_in_each_metric():
    vectors = np.array([[1, 0], [0, 1], [3, 3.3], [9, 0], [2, 2]], dtype=np.float32)
    labels = np.array([0, 0, 0, 1, 0], dtype=np.int32)
    # mean (1.5, 1.575): euclidean distances 1.65, 1.61, 2.28, -, 0.66
    assert closest_to_centroid(vectors, labels, 0).rows.dtype == np.int32
    assert closest_to_centroid(vectors, labels, 0).rows.tolist() == [4, 1, 0, 2]
    assert closest_to_centroid(vectors, labels, 0, 2, "manhattan").rows.tolist() == [4, 0]
    for metric in ("cosine", "dot"):  # the angle only: length does not count
        assert closest_to_centroid(vectors, labels, 0, 2, metric).rows.tolist() == [4, 2]
    assert closest_to_centroid(vectors, labels, 1).rows.tolist() == [3]
    assert closest_to_centroid(vectors, labels, 7).rows.tolist() == []


def test_closest_to_centroid_tie_by_row():
    vectors = np.ones((6, 3), dtype=np.float32)
    assert closest_to_centroid(vectors, np.zeros(6, np.int32), 0, 4).rows.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["b", "a", "b", None, "a", "c"]),
        pa.chunked_array([["b", "a"], ["b", None, "a", "c"]]),
        pa.array(["b", "a", "b", None, "a", "c"]).dictionary_encode(),
    ],
)
def test_value_counts(column):
    labels = np.array([0, 0, 0, 0, 0, 1], dtype=np.int32)
    assert value_counts(labels, 0, column) == [("a", 2, 0.4), ("b", 2, 0.4), (None, 1, 0.2)]
    assert value_counts(labels, 1, column) == [("c", 1, 1.0)]
    assert value_counts(labels, 5, column) == []


def test_finer_layers_divide_the_planted_groups():
    """Four groups of six parts each: coarse clusters are groups, finer ones their parts."""
    random = np.random.default_rng(0)
    group, part = np.repeat(np.arange(4), 300), np.tile(np.repeat(np.arange(6), 50), 4)
    corners = 60 * np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    parts = 8 * np.array([[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]])
    centers = corners[group] + parts[part]
    points = (centers + random.normal(size=(1200, 2))).astype(np.float32)
    coarse = cluster(points, 0.0)
    layers = finer_layers(points, 0.0)
    assert adjusted_rand_score(group, coarse.labels) == 1
    counts = [layer.count for layer in layers]
    assert counts == sorted(set(counts)) and counts[0] == 24
    inside = layers[0].labels != NOISE
    pairs = set(zip(coarse.labels[inside], layers[0].labels[inside], strict=True))
    assert len(pairs) == 24  # each part is in one group


def test_there_is_nothing_finer_than_the_finest():
    points, _ = blobs((60, 50))
    assert finer_layers(points, 1.0) == ()


def test_radii_are_root_mean_squares_of_distances():
    points, _ = blobs((60, 50, 40))
    found = cluster(points)
    expected = [
        np.sqrt(((inside - inside.mean(axis=0)) ** 2).sum(axis=1).mean())
        for number in range(found.count)
        for inside in [points[found.labels == number].astype(np.float64)]
    ]
    np.testing.assert_allclose(radii(points, found), expected, rtol=1e-6)
