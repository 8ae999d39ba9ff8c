"""Rows that lie close together: neighbors are the oracle's, and not found by comparing all rows."""

import gc
import weakref

import numpy as np
import pytest

from embeddings import EmbeddingSet, neighbors
from embeddings.neighbors import centered, search
from embeddings.neighbors.centered import centered_prefilter
from tests.reference import nearest

ROWS, DIMENSIONS, K = 600, 24, 12


def close(spread: float, outliers: int = 0, zeros: int = 0, seed: int = 0) -> np.ndarray:
    """Return rows around a common vector, some of them somewhere else, some of them zero."""
    random = np.random.default_rng(seed)
    center = random.normal(size=DIMENSIONS)
    vectors = center + spread * random.normal(size=(ROWS, DIMENSIONS))
    vectors *= random.uniform(0.5, 2, size=(ROWS, 1)) if spread < 1e-2 else 1
    chosen = random.permutation(ROWS)
    vectors[chosen[:outliers]] = random.normal(size=(outliers, DIMENSIONS))
    vectors[chosen[outliers : outliers + zeros]] = 0
    return vectors.astype(np.float32)


def compared(vectors: np.ndarray, metric: str) -> np.ndarray:
    """Return how many rows are compared exactly for each row: int64, shape (n,)."""
    found = centered_prefilter(EmbeddingSet.of(vectors), metric, K)
    assert found is not None
    scores, errors = found.score_rows(slice(0, len(vectors)))
    np.fill_diagonal(scores, -np.inf)
    kth = np.partition(scores, len(scores) - K, axis=1)[:, len(scores) - K]
    return (scores >= (kth - 2 * errors)[:, None]).sum(axis=1)


@pytest.mark.parametrize("spread", [1e-2, 1e-3, 1e-4, 1e-5, 1e-6])
@pytest.mark.parametrize("others", [(0, 0), (3, 0), (0, 3), (2, 2), (40, 0)])
def test_the_graph_is_the_oracles(spread: float, others: tuple[int, int]) -> None:
    vectors = close(spread, *others)
    graph = neighbors.build_graph(EmbeddingSet.of(vectors), K, "cosine")
    for row in range(0, ROWS, 47):
        rows, values = nearest(vectors, row, K, "cosine")
        assert graph.rows[row].tolist() == rows.tolist()
        np.testing.assert_allclose(graph.values[row], values, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("offset", [1e2, 1e4, 1e6])
def test_the_graph_far_from_the_origin_is_the_oracles(offset: float) -> None:
    vectors = (offset + np.random.default_rng(0).normal(size=(ROWS, 6))).astype(np.float32)
    vectors[5] = 0
    graph = neighbors.build_graph(EmbeddingSet.of(vectors), K, "euclidean")
    for row in range(0, ROWS, 47):
        assert graph.rows[row].tolist() == nearest(vectors, row, K, "euclidean")[0].tolist()


@pytest.mark.parametrize("spread", [1e-3, 1e-4, 1e-5, 1e-6])
@pytest.mark.parametrize("others", [(0, 0), (3, 0), (0, 3), (40, 0)])
def test_single_queries_are_the_oracles(
    spread: float, others: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_FEW_NUMBERS", 0)
    vectors = close(spread, *others)
    embedding_set = EmbeddingSet.of(vectors)
    for row in range(0, ROWS, 47):
        found = neighbors.query(embedding_set, row, K, "cosine")
        rows, values = nearest(vectors, row, K, "cosine")
        assert found.rows.tolist() == rows.tolist()
        np.testing.assert_allclose(found.values, values, rtol=1e-14, atol=1e-14)
    many = np.arange(0, ROWS, 47)
    assert (neighbors.query(embedding_set, many, K, "cosine").rows[-1] == rows).all()


def test_single_queries_compare_few_rows_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_FEW_NUMBERS", 0)
    counts: list[int] = []
    compare = search._compare_rows
    monkeypatch.setattr(
        search, "_compare_rows", lambda *args: (counts.append(len(args[-1])), compare(*args))[1]
    )
    vectors = close(1e-4, outliers=2)
    embedding_set = EmbeddingSet.of(vectors)
    cosines = vectors @ vectors[0] / embedding_set.norms / embedding_set.norms[0]
    outliers = np.flatnonzero(np.abs(cosines - np.median(cosines)) > 0.1)
    neighbors.query(embedding_set, np.setdiff1d(np.arange(ROWS), outliers), K, "cosine")
    assert np.median(counts) == K and np.quantile(counts, 0.98) <= K + 1
    counts.clear()
    neighbors.query(embedding_set, outliers, K, "cosine")  # beyond the radius
    assert len(counts) == len(outliers) == 2


def test_the_filters_of_the_latest_sets_are_held_and_released_with_them() -> None:
    sets = [EmbeddingSet.of(close(1e-4, seed=seed)) for seed in range(3)]
    built = [centered.held_filter(each, "cosine", K, build=True) for each in sets]
    assert centered.held_filter(sets[0], "cosine", K, build=False) is None
    assert centered.held_filter(sets[1], "cosine", K, build=False) is built[1]
    assert centered.held_filter(sets[2], "cosine", ROWS, build=False) is None  # too few within it
    held = weakref.ref(built[2])
    del built, sets
    gc.collect()
    assert held() is None


@pytest.mark.parametrize("spread", [1e-3, 1e-4])
@pytest.mark.parametrize("others", [0, 5])
def test_few_rows_are_compared_exactly(spread: float, others: int) -> None:
    """Mean cosines of 1 - 1e-6 and 1 - 1e-8; a few outliers change nothing for the other rows."""
    counts = compared(close(spread, others), "cosine")
    assert np.median(counts) == K and np.quantile(counts, 0.97) <= K + 1


def test_only_rows_beyond_the_radius_are_compared_with_all() -> None:
    counts = compared(close(1e-4, outliers=5), "cosine")
    assert (counts == ROWS - 1).sum() <= 0.01 * ROWS + 1


def test_scores_are_within_their_bounds() -> None:
    vectors = close(1e-4, outliers=2).astype(np.longdouble)
    found = centered_prefilter(EmbeddingSet.of(vectors.astype(np.float32)), "cosine", K)
    assert found is not None
    scores, errors = found.score_rows(slice(0, ROWS))
    units = vectors / np.sqrt((vectors**2).sum(axis=1))[:, None]
    close_by = np.flatnonzero(found.typical)
    for row in close_by[:50]:
        others = close_by[close_by != row]
        squares = ((units[others] - units[row]) ** 2).sum(axis=1)
        relative = -squares / found.radius**2  # up to the unit, a power of two, and a constant
        unit = 2.0 ** -np.round(np.log2(found.radius)) * found.radius
        constant = scores[row][others] - relative * unit**2
        assert np.ptp(constant) <= 2 * errors[row]


@pytest.mark.parametrize(
    "vectors",
    [
        np.random.default_rng(0).normal(size=(ROWS, 8)),  # around the origin
        np.ones((ROWS, 8)),  # all equal
        np.zeros((ROWS, 8)),
        close(1e-4)[:K],  # too few
    ],
)
def test_other_sets_are_not_centered(vectors: np.ndarray) -> None:
    embedding_set = EmbeddingSet.of(vectors.astype(np.float32))
    assert centered_prefilter(embedding_set, "cosine", K) is None
    assert centered_prefilter(embedding_set, "euclidean", K) is None


def test_an_ordinary_set_is_recognized_by_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(centered, "_SAMPLED", 10)
    monkeypatch.setattr(centered, "CenteredPrefilter", None)  # no other row is looked at
    vectors = np.random.default_rng(0).normal(size=(ROWS, 8)).astype(np.float32)
    assert centered_prefilter(EmbeddingSet.of(vectors), "cosine", K) is None
