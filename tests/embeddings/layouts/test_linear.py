"""The vector at a place of a layout, where the layout is linear."""

import numpy as np
import pytest

from embeddings import EmbeddingSet, layouts
from embeddings.layouts.linear import carried


@pytest.mark.parametrize("method", ["pca", "none"])
def test_a_place_of_a_linear_layout_is_a_vector(method):
    vectors = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32) * (3, 0.5) + 7
    made = EmbeddingSet.of(vectors, metric="euclidean")
    layout = layouts.compute(made, method, 2)
    between = layout.coordinates[:2].mean(axis=0)
    found = carried(layout.coordinates, made.vectors, tuple(between))
    assert found == pytest.approx(vectors[:2].mean(axis=0), abs=1e-4)
    assert carried(made.vectors, layout.coordinates, found) == pytest.approx(between, abs=1e-4)


def test_other_layouts_have_no_vector_at_a_place():
    rng = np.random.default_rng(0)
    flat, bent = rng.normal(size=(50, 2)), rng.normal(size=(50, 2)) ** 3
    assert carried(bent, flat, (0.0, 0.0)) is None
    assert carried(flat, rng.normal(size=(50, 3)), (0.0, 0.0)) is None
    line = np.stack([flat[:, 0], flat[:, 0]], axis=1)
    assert carried(line, line, (0.0, 0.0)) is None
