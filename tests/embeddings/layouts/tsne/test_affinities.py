"""The affinities of t-SNE beside a plain bisection, row by row."""

import numpy as np
import pytest

from embeddings import EmbeddingSet
from embeddings.layouts.tsne.affinities import graph_affinities
from embeddings.neighbors import build_graph


def bisected(distances, perplexity):
    """Return exp(-b d^2) of a row, with a sum of 1, whose perplexity is the one given."""
    low, high = -50.0, 50.0  # of log b
    for _ in range(200):
        middle = (low + high) / 2
        weights = np.exp(-np.exp(middle) * (distances**2 - distances.min() ** 2))
        weights /= weights.sum()
        entropy = -(weights[weights > 0] * np.log(weights[weights > 0])).sum()
        low, high = (middle, high) if entropy > np.log(perplexity) else (low, middle)
    return weights


def dense(affinities):
    return affinities.matrix().toarray()


def graph_of(vectors, k, metric="euclidean"):
    return build_graph(EmbeddingSet.of(np.asarray(vectors, np.float32), metric=metric), k=k)


def test_affinities_are_those_of_a_plain_bisection():
    graph = graph_of(np.random.default_rng(0).standard_exponential(size=(200, 4)), 40)
    conditional = np.zeros((200, 200))
    for i in range(200):
        conditional[i, graph.rows[i]] = bisected(graph.values[i], 20.0)
    found = dense(graph_affinities(graph, 20.0))
    np.testing.assert_allclose(found, (conditional + conditional.T) / 400, atol=1e-8)
    np.testing.assert_array_equal(found, found.T)
    assert found.sum() == pytest.approx(1, rel=1e-6)


def test_cosine_affinities_equal_euclidean_ones_of_unit_vectors():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(90, 5)) * random.uniform(0.1, 10, size=(90, 1))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine, euclidean = graph_of(vectors, 60, "cosine"), graph_of(unit, 60)
    np.testing.assert_array_equal(cosine.rows, euclidean.rows)
    one, two = (dense(graph_affinities(graph, 20.0)) for graph in (cosine, euclidean))
    np.testing.assert_allclose(one, two, atol=1e-6)


@pytest.mark.parametrize("scale", [2.0**-70, 2.0**60])
def test_the_scale_of_the_distances_does_not_matter(scale):
    vectors = np.random.default_rng(0).normal(size=(60, 4))
    one, two = (
        dense(graph_affinities(graph_of(each, 20), 8.0)) for each in (vectors, vectors * scale)
    )
    np.testing.assert_allclose(one, two, atol=1e-7)


def test_more_duplicates_than_the_perplexity_share_the_affinity():
    vectors = np.repeat(np.random.default_rng(0).normal(size=(3, 4)), 20, axis=0)
    found = dense(graph_affinities(graph_of(vectors, 30), 10.0))
    of = np.repeat(np.arange(3), 20)
    assert np.isfinite(found).all()
    same = of[:, None] == of
    np.testing.assert_allclose(found[same & ~np.eye(60, dtype=bool)], 1 / (60 * 19), rtol=1e-5)
    assert found[~same].max() < 1e-12


def test_equal_points_have_equal_affinities():
    found = graph_affinities(graph_of(np.ones((10, 3)), 9), 3.0)
    np.testing.assert_allclose(found.values, 1 / 90, rtol=1e-6)


def test_points_in_another_order_have_the_same_affinities():
    graph = graph_of(np.random.default_rng(0).normal(size=(50, 4)), 20)
    affinities, order = graph_affinities(graph, 8.0), np.random.default_rng(1).permutation(50)
    expected = dense(affinities)[order][:, order]
    np.testing.assert_array_equal(dense(affinities.reordered(order)), expected)
