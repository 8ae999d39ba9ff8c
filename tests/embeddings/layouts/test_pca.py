"""PCA: planted directions, scikit-learn's answer, unit rows for cosine."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from embeddings import EmbeddingSet, layouts
from embeddings.layouts import LayoutSpec
from embeddings.layouts.pca import pca


def planted(rows=400, seed=0):
    """Return vectors that vary by 5, 3 and 1 along the axes 2, 0 and 1."""
    random = np.random.default_rng(seed)
    return (random.normal(size=(rows, 4)) * [3, 1, 5, 0.01] + 7).astype(np.float32)


@pytest.mark.parametrize("dims", [2, 3])
def test_is_scikit_learns_pca_up_to_sign(dims):
    vectors = planted()
    coordinates, explained = pca(vectors, dims)
    reference = PCA(dims).fit(vectors.astype(np.float64))
    expected = reference.transform(vectors)
    signs = np.sign((coordinates * expected).sum(axis=0))
    np.testing.assert_allclose(coordinates * signs, expected, atol=1e-4)
    np.testing.assert_allclose(explained, reference.explained_variance_ratio_, rtol=1e-6)
    assert coordinates.dtype == np.float32


def test_the_largest_direction_comes_first_with_its_strongest_axis_positive():
    vectors = planted()
    coordinates, _ = pca(vectors, 2)
    for place, axis in ((0, 2), (1, 0)):
        assert np.corrcoef(coordinates[:, place], vectors[:, axis])[0, 1] > 0.99


def test_dimensions_beyond_the_vectors_are_zero():
    coordinates, explained = pca(np.array([[1.0], [2.0], [4.0]], np.float32), 3)
    assert (coordinates[:, 1:] == 0).all()
    assert explained.tolist() == [1, 0, 0]


def test_blocks_do_not_change_the_answer(monkeypatch):
    vectors = planted()
    whole, _ = pca(vectors, 2)
    monkeypatch.setattr("embeddings.layouts.pca._BLOCK_ROWS", 37)
    np.testing.assert_allclose(pca(vectors, 2)[0], whole, atol=1e-4)


def test_cosine_sees_unit_rows_and_euclidean_the_vectors():
    vectors = planted()
    lengths = np.random.default_rng(1).uniform(0.1, 10, size=(len(vectors), 1)).astype(np.float32)
    for metric in ("cosine", "dot"):
        one = layouts.compute(EmbeddingSet.of(vectors, metric=metric), LayoutSpec("pca"))
        scaled = layouts.compute(
            EmbeddingSet.of(vectors * lengths, metric=metric), LayoutSpec("pca")
        )
        np.testing.assert_allclose(one.coordinates, scaled.coordinates, atol=1e-5)
    one = layouts.compute(EmbeddingSet.of(vectors, metric="euclidean"), LayoutSpec("pca"))
    np.testing.assert_array_equal(one.coordinates, pca(vectors, 2)[0])


def test_says_how_much_it_explains():
    layout = layouts.compute(EmbeddingSet.of(planted(), metric="euclidean"), LayoutSpec("pca"))
    assert layout.notes == ("explains 97 % of the variance",)  # (25 + 9) / 35
