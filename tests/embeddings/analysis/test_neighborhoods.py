"""Neighborhoods: a synthetic hub, near duplicates, and samples."""

import numpy as np
import pytest

from embeddings import EmbeddingSet
from embeddings.analysis import neighborhoods
from embeddings.analysis.neighborhoods import examine_neighbors, skewness
from embeddings.neighbors import build_graph
from tests.reference import nearest, value


def gaussians(rows: int, dimensions: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, dimensions)).astype(np.float32)


@pytest.fixture
def sampled(monkeypatch):
    """Treat a set of a few hundred rows as one of hundreds of thousands."""
    monkeypatch.setattr(neighborhoods, "_ALL_ROWS", 100)
    monkeypatch.setattr(neighborhoods, "_SAMPLED_ROWS", 150)
    monkeypatch.setattr(neighborhoods, "_HUB_ROWS", 200)


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean", "manhattan"])
def test_counts_agree_with_a_slow_reference(metric):
    vectors = gaussians(60, 4)
    vectors[[5, 6]] = vectors[4]
    vectors[20] = vectors[21] * np.float32(1.0001)
    found = examine_neighbors(EmbeddingSet.of(vectors, metric=metric), k=5)
    lists = [nearest(vectors, row, 5, metric)[0].tolist() for row in range(60)]
    times = np.array([sum(row in others for others in lists) for row in range(60)])
    assert (found.metric, found.k, found.sampled_rows, found.hubs.rows) == (metric, 5, 60, 60)
    assert found.hubs.hub_row == times.argmax()
    assert found.hubs.hub_fraction == times.max() / 60
    assert found.hubs.antihub_fraction == np.mean(times == 0)
    assert found.hubs.skewness == pytest.approx(
        np.mean((times - 5) ** 3) / np.mean((times - 5) ** 2) ** 1.5
    )
    first = np.zeros(60)
    for row, others in enumerate(lists):
        first[others[0]] += (vectors[row] != vectors[others[0]]).any()
    assert found.hubs.nearest_row == first.argmax()
    assert found.hubs.nearest_fraction == first.max() / 60

    near = found.near_duplicates
    by = "cosine" if metric == "dot" else metric
    distances = np.array([[value(x, y, by) for y in vectors] for x in vectors])
    distances = 1 - distances if by == "cosine" else distances
    differ = (vectors[:, None] != vectors[None]).any(axis=2)
    assert (near.metric, near.sampled_rows) == (by, 60)
    assert near.count == ((distances <= near.limit) & differ).any(axis=1).sum() >= 2
    assert near.fraction == near.count / 60


def test_the_limit_of_near_duplicates_is_a_hundredth_of_the_mean_distance():
    vectors = gaussians(80, 6) + np.float32(1)
    pairs = [(i, j) for i in range(80) for j in range(i)]
    cosine = np.mean([value(vectors[i], vectors[j], "cosine") for i, j in pairs])
    square = np.mean([value(vectors[i], vectors[j], "euclidean") ** 2 for i, j in pairs])
    by_cosine = examine_neighbors(EmbeddingSet.of(vectors))
    by_distance = examine_neighbors(EmbeddingSet.of(vectors, metric="euclidean"))
    assert by_cosine.near_duplicates.limit == pytest.approx(0.01 * (1 - cosine), rel=1e-5)
    assert by_distance.near_duplicates.limit == pytest.approx(np.sqrt(0.01 * square), rel=1e-5)


def test_a_synthetic_hub_is_found(sampled):
    """Points in many dimensions are far from each other: the nearest is the one in the middle."""
    vectors = gaussians(400, 500)
    vectors[7] = 0.01
    for k in (1, 10):
        found = examine_neighbors(EmbeddingSet.of(vectors, metric="euclidean"), k=k)
        assert (found.hubs.nearest_row, found.hubs.hub_row) == (7, 7)
        assert found.hubs.nearest_fraction == pytest.approx(1, abs=0.01)
        assert found.hubs.hub_fraction == pytest.approx(1, abs=0.01)
        assert found.hubs.skewness > 5


def test_duplicates_do_not_count_as_nearest_neighbors():
    vectors = gaussians(100, 30)
    vectors[50:] = vectors[3]
    assert examine_neighbors(EmbeddingSet.of(vectors)).hubs.nearest_fraction < 0.1
    equal = examine_neighbors(EmbeddingSet.of(np.ones((30, 4), np.float32)))
    assert (equal.hubs.nearest_row, equal.hubs.nearest_fraction) == (None, 0)
    assert equal.near_duplicates.count == 0


def test_dot_and_cosine_are_compared():
    vectors = gaussians(300, 20)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert examine_neighbors(EmbeddingSet.of(vectors)).dot_and_cosine is None
    vectors *= np.geomspace(1, 40, 300, dtype=np.float32)[:, None]
    found = examine_neighbors(EmbeddingSet.of(vectors, metric="dot")).dot_and_cosine
    sampled_rows = neighborhoods._sample(np.random.default_rng(0), np.arange(300), 200)
    shared = [
        len({*nearest(vectors, row, 10, "dot")[0]} & {*nearest(vectors, row, 10, "cosine")[0]})
        for row in sampled_rows
    ]
    assert (found.overlap, found.rows) == (pytest.approx(np.mean(shared) / 10), 200)
    assert examine_neighbors(EmbeddingSet.of(vectors, metric="euclidean")).dot_and_cosine is None


def test_a_graph_gives_the_same_result():
    embedding_set = EmbeddingSet.of(gaussians(150, 8), metric="euclidean")
    graph = build_graph(embedding_set, 30)
    assert examine_neighbors(embedding_set, graph) == examine_neighbors(embedding_set)
    assert examine_neighbors(embedding_set, graph.first(4)).k == 4
    with pytest.raises(ValueError, match="graph by cosine"):
        examine_neighbors(embedding_set, build_graph(embedding_set, 10, "cosine"))


def test_samples_are_counted_and_estimate_the_whole(sampled, monkeypatch):
    vectors = gaussians(600, 20)
    vectors[300:] = vectors[:300] + np.float32(0.01) * gaussians(300, 20, seed=1)
    part = examine_neighbors(EmbeddingSet.of(vectors))
    assert (part.sampled_rows, part.hubs.rows, part.near_duplicates.sampled_rows) == (150, 200, 150)
    assert part.near_duplicates.fraction == 1  # neighbors are sought among all rows
    assert part == examine_neighbors(EmbeddingSet.of(vectors))
    assert part != examine_neighbors(EmbeddingSet.of(vectors), seed=1)
    monkeypatch.setattr(neighborhoods, "_SAMPLED_PRODUCTS", 130 * vectors.size)
    assert examine_neighbors(EmbeddingSet.of(vectors)).sampled_rows == 130
    monkeypatch.setattr(neighborhoods, "_ALL_ROWS", 600)
    assert examine_neighbors(EmbeddingSet.of(vectors)).sampled_rows == 600


@pytest.mark.parametrize("metric", ["cosine", "dot"])
def test_zero_rows_are_not_examined(metric, monkeypatch):
    vectors = gaussians(120, 10)
    vectors[::2] = 0
    made = EmbeddingSet.of(vectors, metric=metric)
    found = examine_neighbors(made)
    assert (found.sampled_rows, found.hubs.rows) == (60, 60)
    assert found.hubs.hub_row % 2 and found.hubs.nearest_row % 2
    assert found.near_duplicates.count == 0
    monkeypatch.setattr(neighborhoods, "_ALL_ROWS", 100)
    assert examine_neighbors(made).sampled_rows == 60


def test_too_few_rows_have_no_neighborhoods():
    assert examine_neighbors(EmbeddingSet.of(np.ones((1, 3), np.float32))) is None
    vectors = np.zeros((5, 3), np.float32)
    vectors[2] = 1
    assert examine_neighbors(EmbeddingSet.of(vectors)) is None
    assert examine_neighbors(EmbeddingSet.of(vectors, metric="euclidean")).k == 4


def test_skewness():
    assert skewness(np.full(5, 3)) == 0
    assert skewness(np.array([1, 2, 3])) == 0
    assert skewness(np.array([0, 0, 0, 4])) == pytest.approx(2 / np.sqrt(3))


def test_the_sample_is_small_where_most_rows_are_tied(monkeypatch):
    """Of very many equal rows each is compared with all: 500 of them would take minutes."""
    monkeypatch.setattr(neighborhoods, "_ALL_ROWS", 10)
    monkeypatch.setattr(neighborhoods, "_COMPARED_NUMBERS", 20 * 3_000 * 18)
    equal = np.ones((3_000, 8), np.float32)
    assert examine_neighbors(EmbeddingSet.of(equal)).sampled_rows == 20
    monkeypatch.setattr(neighborhoods, "_COMPARED_NUMBERS", 1)
    assert examine_neighbors(EmbeddingSet.of(equal)).sampled_rows == 5
    monkeypatch.setattr(neighborhoods, "_COMPARED_NUMBERS", 20 * 3_000 * 18)
    assert examine_neighbors(EmbeddingSet.of(gaussians(3_000, 8))).sampled_rows == 500
