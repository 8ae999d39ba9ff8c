"""Trustworthiness and neighbor preservation: known layouts, scikit-learn, a slow reference."""

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from embeddings import EmbeddingError, EmbeddingSet
from embeddings.layouts.quality import evaluate_layout, layout_neighbors, preservation_per_point
from embeddings.neighbors import build_graph

SKLEARN_NAMES = {"cosine": "cosine", "euclidean": "euclidean", "manhattan": "manhattan"}


def random_set(rows=120, dimensions=6, metric="euclidean", seed=0):
    vectors = np.random.default_rng(seed).normal(size=(rows, dimensions)).astype(np.float32)
    return EmbeddingSet.of(vectors, metric=metric)


def random_layout(rows, dims=2, seed=1):
    return np.random.default_rng(seed).normal(size=(rows, dims)).astype(np.float32)


def slow_preservation(vectors, coordinates, k):
    """Count by sorting all distances of every point, in plain Python."""

    def nearest(points, row):
        distances = np.sqrt(((points.astype(np.float64) - points[row]) ** 2).sum(axis=1))
        order = [other for other in np.argsort(distances, kind="stable") if other != row]
        return set(order[:k])

    return np.array(
        [len(nearest(vectors, row) & nearest(coordinates, row)) / k for row in range(len(vectors))]
    )


@pytest.mark.parametrize("metric", SKLEARN_NAMES)
@pytest.mark.parametrize("dims", [2, 3])
def test_trustworthiness_is_scikit_learns(metric, dims):
    embedding_set = random_set(metric=metric)
    layout = random_layout(len(embedding_set), dims)
    measured = evaluate_layout(embedding_set, build_graph(embedding_set), layout)
    expected = trustworthiness(
        embedding_set.vectors, layout, n_neighbors=10, metric=SKLEARN_NAMES[metric]
    )
    assert measured["trustworthiness"] == pytest.approx(expected, abs=1e-12)
    assert measured["sample"] == len(embedding_set)


def test_trustworthiness_by_dot_ranks_by_the_product():
    embedding_set = random_set(metric="dot")
    layout = random_layout(len(embedding_set))
    graph = build_graph(embedding_set)
    products = embedding_set.vectors.astype(np.float64) @ embedding_set.vectors.T
    np.fill_diagonal(products, products.max() + 1)  # scikit-learn wants distances, 0 to itself
    expected = trustworthiness(
        products.max() - products, layout, n_neighbors=10, metric="precomputed"
    )
    assert evaluate_layout(embedding_set, graph, layout)["trustworthiness"] == pytest.approx(
        expected
    )


def test_a_layout_of_the_vectors_themselves_is_perfect():
    embedding_set = random_set(dimensions=2)
    graph = build_graph(embedding_set)
    measured = evaluate_layout(embedding_set, graph, embedding_set.vectors)
    assert measured["trustworthiness"] == 1.0
    assert measured["neighbor_preservation"] == 1.0
    assert (preservation_per_point(graph, embedding_set.vectors) == 1).all()


def test_preserved_neighbors_match_the_slow_reference():
    embedding_set = random_set()
    graph = build_graph(embedding_set)
    layout = embedding_set.vectors[:, :2]
    expected = slow_preservation(embedding_set.vectors, layout, 7)
    fractions = preservation_per_point(graph, layout, k=7)
    assert fractions.dtype == np.float32
    np.testing.assert_allclose(fractions, expected, atol=1e-6)
    preserved = evaluate_layout(embedding_set, graph, layout, k=7)["neighbor_preservation"]
    assert preserved == pytest.approx(expected.mean())


def test_two_points_that_swap_places_lose_what_can_be_counted_by_hand():
    line = np.array([[0.0], [1.0], [10.0], [11.1], [20.0], [21.3]], dtype=np.float32)
    embedding_set = EmbeddingSet.of(line, metric="euclidean")
    layout = np.hstack([line, np.zeros_like(line)])
    layout[[1, 5]] = layout[[5, 1]]  # 0 is now beside 5, and 4 beside 1
    fractions = preservation_per_point(build_graph(embedding_set), layout, k=1)
    assert fractions.tolist() == [0, 0, 1, 1, 0, 0]
    # nearest shown of 0, 1, 4, 5 have true ranks 5, 4, 4, 5: excess 4 + 3 + 3 + 4 of 14
    measured = evaluate_layout(embedding_set, build_graph(embedding_set), layout, k=1)
    assert measured["trustworthiness"] == pytest.approx(1 - 2 * 14 / (6 * 1 * (12 - 3 - 1)))


def test_any_of_equally_near_points_counts_as_preserved():
    corner = np.zeros((1, 2), dtype=np.float32)
    around = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]], dtype=np.float32)
    embedding_set = EmbeddingSet.of(np.vstack([corner, around]), metric="euclidean")
    layout = embedding_set.vectors.copy()
    layout[4] *= 0.5  # the last of four equals is shown as the nearest
    measured = evaluate_layout(embedding_set, build_graph(embedding_set), layout, k=1)
    assert preservation_per_point(build_graph(embedding_set), layout, k=1)[0] == 1
    assert measured["trustworthiness"] == 1.0


def test_a_sample_comes_near_the_whole():
    embedding_set = random_set(rows=900, metric="cosine")
    graph = build_graph(embedding_set)
    layout = embedding_set.vectors[:, :2]
    whole = evaluate_layout(embedding_set, graph, layout)
    part = evaluate_layout(embedding_set, graph, layout, sample=300, seed=3)
    assert part["sample"] == 300
    assert part["trustworthiness"] == pytest.approx(whole["trustworthiness"], abs=0.02)
    assert part["neighbor_preservation"] == whole["neighbor_preservation"]  # all rows either way
    assert part == evaluate_layout(embedding_set, graph, layout, sample=300, seed=3)


def test_blocks_do_not_change_the_answer(monkeypatch):
    embedding_set = random_set(rows=150)
    graph, layout = build_graph(embedding_set), random_layout(150)
    whole = evaluate_layout(embedding_set, graph, layout)
    monkeypatch.setattr("embeddings.layouts.quality._BLOCK_NUMBERS", 700)
    assert evaluate_layout(embedding_set, graph, layout) == whole


@pytest.mark.parametrize("rows", [3, 4, 5, 11])
def test_few_points_are_evaluated_by_fewer_neighbors(rows):
    embedding_set = random_set(rows=rows)
    measured = evaluate_layout(embedding_set, build_graph(embedding_set), random_layout(rows))
    assert measured["k"] < rows / 2
    assert 0 <= measured["trustworthiness"] <= 1
    assert 0 <= measured["neighbor_preservation"] <= 1


def test_the_point_itself_is_never_its_neighbor_even_among_many_duplicates():
    coordinates = np.zeros((40, 2), dtype=np.float32)
    rows = np.arange(40)
    shown = layout_neighbors(coordinates, 5, rows)
    assert shown.shape == (40, 5)
    assert not (shown == rows[:, None]).any()
    assert all(len(set(line)) == 5 for line in shown.tolist())


def test_two_points_have_no_quality():
    embedding_set = random_set(rows=2)
    with pytest.raises(EmbeddingError, match="2 rows; layout quality needs at least 3"):
        evaluate_layout(embedding_set, build_graph(embedding_set), random_layout(2))
