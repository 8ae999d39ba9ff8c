import numpy as np
import pytest

from embeddings import EmbeddingError, EmbeddingSet, load, neighbors
from embeddings.metrics import METRICS
from tests.embeddings.recorded_progress import RecordedProgress
from tests.reference import nearest

METRIC = pytest.mark.parametrize("metric", METRICS)


@pytest.fixture(scope="module")
def hard() -> np.ndarray:
    """Clouds, exact duplicates (many of one row), zero rows, and lengths from 0.001 to 1,000."""
    random = np.random.default_rng(0)
    cloud = random.normal(size=(300, 17)) * random.lognormal(0, 2, size=(300, 1))
    grid = random.integers(-2, 3, size=(200, 17))  # many exact ties
    rows = [cloud, cloud[:50], np.tile(cloud[7], (60, 1)), grid, np.zeros((4, 17))]
    return np.concatenate(rows).astype(np.float32)


@METRIC
def test_query_equals_the_slow_reference(hard: np.ndarray, metric: str) -> None:
    embedding_set = EmbeddingSet.of(hard)
    for row in range(0, len(hard), 11):
        rows, values = neighbors.query(embedding_set, row, 12, metric)
        expected_rows, expected_values = nearest(hard, row, 12, metric)
        assert rows.tolist() == expected_rows.tolist()
        np.testing.assert_allclose(values, expected_values, rtol=1e-6, atol=1e-7)


@METRIC
def test_graph_equals_the_queries(hard: np.ndarray, metric: str) -> None:
    embedding_set = EmbeddingSet.of(hard, metric=metric)
    graph = neighbors.build_graph(embedding_set, 70)
    found = neighbors.query(embedding_set, np.arange(len(hard)), 70)
    np.testing.assert_array_equal(graph.rows, found.rows)
    np.testing.assert_array_equal(graph.values, found.values)


@METRIC
def test_block_size_does_not_change_the_graph(
    hard: np.ndarray, metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = neighbors.build_graph(EmbeddingSet.of(hard), 20, metric)
    monkeypatch.setattr(neighbors.graph, "_BLOCK_SCORES", 5_000)
    progress = RecordedProgress()
    blocks = neighbors.build_graph(EmbeddingSet.of(hard), 20, metric, progress)
    np.testing.assert_array_equal(whole.rows, blocks.rows)
    fractions = [fraction for _, fraction, _ in progress.reports]
    assert fractions == sorted(fractions)
    assert len(fractions) > 1
    assert fractions[-1] == 1.0


@METRIC
def test_far_from_the_origin_distances_stay_exact(metric: str) -> None:
    random = np.random.default_rng(1)
    vectors = (1_000 + random.normal(size=(400, 8)) * 0.01).astype(np.float32)
    rows, _ = neighbors.query(EmbeddingSet.of(vectors), 5, 20, metric)
    assert rows.tolist() == nearest(vectors, 5, 20, metric)[0].tolist()


@METRIC
@pytest.mark.parametrize("scale", [1e-20, 1e17, 1e30])
def test_huge_and_tiny_vectors(metric: str, scale: float) -> None:
    random = np.random.default_rng(2)
    vectors = (random.normal(size=(200, 6)) * scale).astype(np.float32)
    embedding_set = EmbeddingSet.of(vectors, metric=metric)
    graph = neighbors.build_graph(embedding_set, 10)
    for row in range(0, 200, 25):
        expected = nearest(vectors, row, 10, metric)[0].tolist()
        assert neighbors.query(embedding_set, row, 10).rows.tolist() == expected
        assert graph.rows[row].tolist() == expected


@METRIC
def test_huge_beside_tiny_vectors(metric: str) -> None:
    random = np.random.default_rng(3)
    scales = 10.0 ** random.uniform(-29, 37, size=(200, 1))
    vectors = (random.normal(size=(200, 6)) * scales).astype(np.float32)
    vectors[7] = 0
    embedding_set = EmbeddingSet.of(vectors, metric=metric)
    graph = neighbors.build_graph(embedding_set, 10)
    for row in range(200):
        expected = nearest(vectors, row, 10, metric)[0].tolist()
        assert neighbors.query(embedding_set, row, 10).rows.tolist() == expected
        assert graph.rows[row].tolist() == expected


def test_duplicates_are_neighbors_and_the_point_itself_is_not() -> None:
    vectors = np.ones((5, 3), dtype=np.float32)
    rows, values = neighbors.query(EmbeddingSet.of(vectors, metric="euclidean"), 2, 10)
    assert rows.tolist() == [0, 1, 3, 4]
    assert values.tolist() == [0, 0, 0, 0]


def test_dot_is_not_cosine() -> None:
    vectors = np.array([[1, 0], [0.9, 0.1], [0, 5], [3, 4]], dtype=np.float32)
    embedding_set = EmbeddingSet.of(vectors)
    assert neighbors.query(embedding_set, 0, 1, "cosine").rows.tolist() == [1]
    assert neighbors.query(embedding_set, 0, 1, "dot").rows.tolist() == [3]


def test_cosine_with_a_zero_row_is_zero() -> None:
    vectors = np.array([[0, 0], [1, 0], [-1, 0]], dtype=np.float32)
    found = neighbors.query(EmbeddingSet.of(vectors), 0, 2)
    assert found.values.tolist() == [0, 0]
    assert found.rows.tolist() == [1, 2]


def test_one_query_is_1d_and_several_are_2d() -> None:
    embedding_set = EmbeddingSet.of(np.eye(4, dtype=np.float32))
    one = neighbors.query(embedding_set, 0, 2)
    many = neighbors.query(embedding_set, [0, 1, 2], 2, "manhattan")
    assert one.rows.shape == (2,)
    assert many.rows.shape == (3, 2)
    assert (one.kind, many.kind) == ("similarity", "distance")
    by_vector = neighbors.query_vectors(embedding_set, embedding_set.vectors[3], 1)
    assert by_vector.rows.tolist() == [3]


def test_a_vector_finds_candidates_only() -> None:
    vectors = np.arange(6, dtype=np.float32)[:, None]
    embedding_set = EmbeddingSet.of(vectors, metric="euclidean")
    even = np.arange(6) % 2 == 0
    found = neighbors.query_vectors(embedding_set, np.array([1.2]), 5, candidates=even)
    assert found.rows.tolist() == [2, 0, 4]
    assert found.values == pytest.approx([0.8, 1.2, 2.8], abs=1e-6)


def test_known_neighbors_of_king(data) -> None:
    glove = load(data / "emb/glove/glove_6B_50d_top3k.txt")
    king = glove.labels.index("king")
    rows, _ = neighbors.query(glove, king, 6)
    assert [glove.labels[row] for row in rows[:3]] == ["prince", "queen", "ii"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: neighbors.query(s, 3), "row 3; the set has rows 0 to 2"),
        (lambda s: neighbors.query(s, -1), "row -1"),
        (lambda s: neighbors.query(s, 0, 0), "k = 0"),
        (lambda s: neighbors.query(s, 0, 1, "angular"), "unknown metric 'angular'"),
        (lambda s: neighbors.query_vectors(s, np.ones(2)), "3 dimensions"),
        (
            lambda s: neighbors.query_vectors(s, np.ones(3), candidates=np.zeros(3, bool)),
            "all of them are excluded",
        ),
        (lambda s: neighbors.build_graph(EmbeddingSet.of(np.ones((1, 2)))), "1 item"),
    ],
)
def test_mistakes_are_named(call, message: str) -> None:
    with pytest.raises(EmbeddingError, match=message):
        call(EmbeddingSet.of(np.eye(3, dtype=np.float32)))
