"""Precomputed coordinates: vectors of 2 or 3 dimensions, columns x, y[, z]."""

import numpy as np
import pytest

from embeddings import EmbeddingError, EmbeddingSet, layouts
from embeddings.cache import Cache
from embeddings.layouts import LayoutSpec, precomputed_dims


def wide_set(**columns):
    vectors = np.random.default_rng(0).normal(size=(4, 6))
    return EmbeddingSet.of(vectors, metadata=columns, metric="euclidean")


@pytest.mark.parametrize("dims", [2, 3])
def test_small_vectors_are_their_own_layout(dims):
    vectors = np.random.default_rng(0).normal(size=(20, dims)).astype(np.float32)
    embedding_set = EmbeddingSet.of(vectors, metric="euclidean")
    layout = layouts.compute(embedding_set, LayoutSpec("precomputed", dims))
    np.testing.assert_array_equal(layout.coordinates, vectors)
    assert layout.notes == ("the vectors as they are",)
    assert layout.quality["trustworthiness"] == 1
    assert precomputed_dims(embedding_set) == (dims,)


def test_columns_are_used_if_the_vectors_have_more_dimensions():
    embedding_set = wide_set(x=[1, 2, 3, 4], y=[0.5, 1.5, 2.5, 3.5], z=[9, 8, 7, 6])
    assert precomputed_dims(embedding_set) == (2, 3)
    layout = layouts.compute(embedding_set, LayoutSpec("precomputed", 2))
    assert layout.coordinates.tolist() == [[1, 0.5], [2, 1.5], [3, 2.5], [4, 3.5]]
    assert layout.coordinates.dtype == np.float32
    assert layout.notes == ("the columns x, y as they are",)
    assert layouts.compute(embedding_set, LayoutSpec("precomputed", 3)).coordinates[
        :, 2
    ].tolist() == [9, 8, 7, 6]


def test_small_vectors_take_precedence_over_columns():
    vectors = np.arange(8.0).reshape(4, 2)
    embedding_set = EmbeddingSet.of(vectors, metadata={"x": [0, 0, 0, 0], "y": [0, 0, 0, 0]})
    np.testing.assert_array_equal(
        layouts.compute(embedding_set, LayoutSpec("precomputed")).coordinates, vectors
    )


@pytest.mark.parametrize(
    "columns", [{}, {"x": [1, 2, 3, 4]}, {"x": [1, 2, 3, 4], "y": ["a", "b", "c", "d"]}]
)
def test_without_coordinates_the_error_names_another_method(columns):
    embedding_set = wide_set(**columns)
    assert precomputed_dims(embedding_set) == ()
    with pytest.raises(
        EmbeddingError, match=r'have 6 dimensions, and there are no number columns x, y; .*"pca"'
    ):
        layouts.compute(embedding_set, LayoutSpec("precomputed"))


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf"), 1e300])
def test_a_missing_coordinate_is_named(bad):
    embedding_set = wide_set(x=[1.0, 2.0, bad, 4.0], y=[1.0, 2.0, 3.0, 4.0])
    with pytest.raises(
        EmbeddingError, match="row 2, column x: the coordinate is missing or not finite"
    ):
        layouts.compute(embedding_set, LayoutSpec("precomputed"))


def test_other_columns_on_the_same_vectors_are_another_layout(tmp_path):
    cache = Cache(tmp_path)
    one = wide_set(x=[1, 2, 3, 4], y=[1, 2, 3, 4])
    two = wide_set(x=[1, 2, 3, 4], y=[4, 3, 2, 1])
    assert one.fingerprint == two.fingerprint
    layouts.compute(one, LayoutSpec("precomputed"), cache=cache)
    assert layouts.load_cached(two, LayoutSpec("precomputed"), cache=cache) is None
    assert layouts.compute(two, LayoutSpec("precomputed"), cache=cache).coordinates[
        :, 1
    ].tolist() == [4, 3, 2, 1]
