"""PCA: known directions, scikit-learn's answer, unit rows for cosine."""

import sys
import tracemalloc

import numpy as np
import pytest
from sklearn.decomposition import PCA

from embeddings import EmbeddingSet, layouts
from embeddings.layouts import LayoutSpec
from embeddings.layouts.pca import pca
from tests.embeddings.recorded_progress import RecordedProgress

module = sys.modules[pca.__module__]


def stretched_vectors(rows=400, seed=0):
    """Return vectors that vary by 5, 3 and 1 along the axes 2, 0 and 1."""
    random = np.random.default_rng(seed)
    return (random.normal(size=(rows, 4)) * [3, 1, 5, 0.01] + 7).astype(np.float32)


@pytest.mark.parametrize("dims", [2, 3])
def test_equals_scikit_learns_pca_up_to_sign(dims):
    vectors = stretched_vectors()
    coordinates, explained = pca(vectors, dims)
    reference = PCA(dims).fit(vectors.astype(np.float64))
    expected = reference.transform(vectors)
    signs = np.sign((coordinates * expected).sum(axis=0))
    np.testing.assert_allclose(coordinates * signs, expected, atol=1e-4)
    np.testing.assert_allclose(explained, reference.explained_variance_ratio_, rtol=1e-6)
    assert coordinates.dtype == np.float32


def test_the_largest_direction_comes_first_with_its_strongest_axis_positive():
    vectors = stretched_vectors()
    coordinates, _ = pca(vectors, 2)
    for column, axis in ((0, 2), (1, 0)):
        assert np.corrcoef(coordinates[:, column], vectors[:, axis])[0, 1] > 0.99


def test_dimensions_beyond_the_vectors_are_zero():
    coordinates, explained = pca(np.array([[1.0], [2.0], [4.0]], np.float32), 3)
    assert (coordinates[:, 1:] == 0).all()
    assert explained.tolist() == [1, 0, 0]


def test_blocks_do_not_change_the_answer(monkeypatch):
    vectors = stretched_vectors()
    whole, _ = pca(vectors, 2)
    monkeypatch.setattr("embeddings.layouts.pca._BLOCK_ROWS", 37)
    np.testing.assert_allclose(pca(vectors, 2)[0], whole, atol=1e-4)


def longest_first(rows, dimensions, seed=0):
    """Return vectors with variances 25, 9, 4 and 1 along random directions, and a little noise."""
    random = np.random.default_rng(seed)
    directions = np.linalg.qr(random.normal(size=(dimensions, 4)))[0]
    weights = random.normal(size=(rows, 4)) * [5, 3, 2, 1]
    noise = 0.01 * random.normal(size=(rows, dimensions))
    return (weights @ directions.T + noise + 2).astype(np.float32)


@pytest.mark.parametrize("shape", [(40, 300), (300, 300), (299, 300), (500, 300)])
@pytest.mark.parametrize("route", ["_by_row_products", "_by_lanczos"])
def test_all_routes_agree_with_the_covariance(shape, route, monkeypatch):
    """The same signs and coordinates: which route is taken does not show."""
    vectors = longest_first(*shape)
    monkeypatch.setattr(module, "_route", lambda *shape: module._by_covariance)
    expected, variances = pca(vectors, 3)
    monkeypatch.setattr(module, "_route", lambda *shape: getattr(module, route))
    coordinates, explained = pca(vectors, 3)
    np.testing.assert_allclose(coordinates, expected, atol=1e-5)
    np.testing.assert_allclose(explained, variances, atol=1e-9)


def test_wide_sets_never_make_a_matrix_of_their_dimensions(monkeypatch):
    """4 x 8,000 took 65 CPU seconds and 2.6 GB; 4 x 200,000 would take 320 GB."""
    for name in ("_by_covariance", "_by_lanczos"):
        monkeypatch.setattr(module, name, None)
    vectors = np.random.default_rng(0).normal(size=(4, 200_000)).astype(np.float32)
    tracemalloc.start()
    coordinates, explained = pca(vectors, 3)
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert memory < 20 * vectors.nbytes
    assert explained.sum() == pytest.approx(1)  # four points span three dimensions
    expected = np.linalg.norm(vectors[0] - vectors[3].astype(np.float64))
    assert np.linalg.norm(coordinates[0] - coordinates[3]) == pytest.approx(expected, rel=1e-5)


def test_many_rows_of_many_dimensions_need_no_matrix(monkeypatch):
    monkeypatch.setattr(module, "_LARGEST_MATRIX", 100)
    monkeypatch.setattr(module, "_by_covariance", None)
    monkeypatch.setattr(module, "_by_row_products", None)
    vectors = longest_first(400, 150)
    reports = RecordedProgress()
    coordinates, _ = pca(vectors, 2, reports)
    again, _ = pca(vectors, 2)
    np.testing.assert_array_equal(coordinates, again)
    expected = PCA(2).fit_transform(vectors.astype(np.float64))
    signs = np.sign((coordinates * expected).sum(axis=0))
    np.testing.assert_allclose(coordinates * signs, expected, atol=1e-4)
    assert {phase for phase, _, _ in reports.reports} == {"PCA"}


@pytest.mark.parametrize("shape", [(20, 30), (30, 20), (120, 130)])
def test_equal_rows_have_coordinates_of_zero(shape, monkeypatch):
    monkeypatch.setattr(module, "_LARGEST_MATRIX", 100)
    coordinates, explained = pca(np.full(shape, 0.1, np.float32), 2)
    np.testing.assert_allclose(coordinates, 0, atol=1e-6)
    assert np.isfinite(explained).all()


def test_a_preview_of_a_sample_is_near_the_pca():
    vectors = longest_first(2_000, 40)
    embedding_set = EmbeddingSet.of(vectors, metric="euclidean")
    rough = layouts.preview(embedding_set, 2)
    exact = pca(vectors, 2)[0]
    assert rough.notes == ("by the directions of a sample of 500 rows",)
    for axis in range(2):
        assert np.corrcoef(rough.coordinates[:, axis], exact[:, axis])[0, 1] > 0.99


def test_what_takes_seconds():
    assert not layouts.takes_seconds(400_000, 50)
    assert not layouts.takes_seconds(4, 786_432)
    assert not layouts.takes_seconds(1_797, 64)
    for shape in ((30_000, 2_000), (2_000, 20_000), (18_000, 20_000), (10_000, 3_072)):
        assert layouts.takes_seconds(*shape)


def test_cosine_sees_unit_rows_and_euclidean_the_vectors():
    vectors = stretched_vectors()
    lengths = np.random.default_rng(1).uniform(0.1, 10, size=(len(vectors), 1)).astype(np.float32)
    for metric in ("cosine", "dot"):
        one = layouts.compute(EmbeddingSet.of(vectors, metric=metric), LayoutSpec("pca"))
        scaled = layouts.compute(
            EmbeddingSet.of(vectors * lengths, metric=metric), LayoutSpec("pca")
        )
        np.testing.assert_allclose(one.coordinates, scaled.coordinates, atol=1e-5)
    one = layouts.compute(EmbeddingSet.of(vectors, metric="euclidean"), LayoutSpec("pca"))
    np.testing.assert_array_equal(one.coordinates, pca(vectors, 2)[0])


def test_the_explained_variance_is_noted():
    layout = layouts.compute(
        EmbeddingSet.of(stretched_vectors(), metric="euclidean"), LayoutSpec("pca")
    )
    assert layout.notes == ("explains 97 % of the variance",)  # (25 + 9) / 35
