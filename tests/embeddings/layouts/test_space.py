"""The vector at a position of a layout that is an affine map of the vectors."""

import numpy as np
import pytest

from embeddings import EmbeddingSet, layouts
from embeddings.layouts import LayoutSpec
from embeddings.layouts.space import affine_transfer


@pytest.mark.parametrize("method", ["pca", "precomputed"])
def test_a_position_of_an_affine_layout_is_a_vector(method):
    vectors = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32) * (3, 0.5) + 7
    made = EmbeddingSet.of(vectors, metric="euclidean")
    layout = layouts.compute(made, LayoutSpec(method, 2))
    between = layout.coordinates[:2].mean(axis=0)
    found = affine_transfer(layout.coordinates, made.vectors, tuple(between))
    assert found == pytest.approx(vectors[:2].mean(axis=0), abs=1e-4)
    assert affine_transfer(made.vectors, layout.coordinates, found) == pytest.approx(
        between, abs=1e-4
    )


def test_other_layouts_have_no_vector_at_a_position():
    rng = np.random.default_rng(0)
    flat, bent = rng.normal(size=(50, 2)), rng.normal(size=(50, 2)) ** 3
    assert affine_transfer(bent, flat, (0.0, 0.0)) is None
    assert affine_transfer(flat, rng.normal(size=(50, 3)), (0.0, 0.0)) is None
    line = np.stack([flat[:, 0], flat[:, 0]], axis=1)
    assert affine_transfer(line, line, (0.0, 0.0)) is None
