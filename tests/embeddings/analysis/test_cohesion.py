"""Groups of rows: similarity against a slow count, outliers that were planted."""

import numpy as np
import pytest

from embeddings import EmbeddingSet
from embeddings.analysis import cohesion as under_test
from embeddings.analysis.cohesion import by_centroid, cohesion, nearest_outside

RANDOM = np.random.default_rng(0)


def mean_of_all_pairs(vectors: np.ndarray) -> float:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    cosines = units @ units.T
    return float(cosines[np.triu_indices(len(vectors), 1)].mean())


@pytest.mark.parametrize("size", [2, 15, 60, 79, 80])
def test_the_mean_cosine_of_all_pairs(size: int) -> None:
    vectors = RANDOM.normal(size=(80, 5)) + 0.5
    vectors[3] = 0
    made = EmbeddingSet.of(vectors)
    selected = np.zeros(80, dtype=bool)
    selected[RANDOM.permutation(80)[:size]] = True
    selected[3] = True
    found = cohesion(made, selected)
    assert found is not None
    expected = mean_of_all_pairs(made.vectors[selected].astype(np.float64))
    assert found.similarity == pytest.approx(expected, abs=1e-12)
    assert found.random_mean == pytest.approx(
        mean_of_all_pairs(made.vectors.astype(np.float64)), abs=5 * found.random_deviation + 1e-9
    )


@pytest.mark.parametrize(("rows_of_set", "size"), [(200, 30), (200, 150), (2_000, 5)])
def test_random_sets_are_those_of_the_seed(rows_of_set: int, size: int) -> None:
    """Where the sum of a set is that of all rows less the others, and where all rows are read."""
    made = EmbeddingSet.of(RANDOM.normal(size=(rows_of_set, 4)))
    selected = np.arange(rows_of_set) < size
    found = cohesion(made, selected, seed=7)
    rng = np.random.default_rng(7)
    drawn = [
        rng.choice(rows_of_set, min(size, rows_of_set - size), replace=False, shuffle=False)
        for _ in range(100)
    ]
    means = []
    for rows in drawn:
        chosen = np.zeros(rows_of_set, dtype=bool)
        chosen[rows] = True
        if size > 100:
            chosen = ~chosen
        means.append(mean_of_all_pairs(made.vectors[chosen].astype(np.float64)))
    assert found is not None
    assert (found.random_sets, found.seed) == (100, 7)
    assert found.random_mean == pytest.approx(np.mean(means), abs=1e-12)
    assert found.random_deviation == pytest.approx(np.std(means, ddof=1), abs=1e-12)
    assert found.larger == sum(mean >= found.similarity for mean in means)
    assert found == cohesion(made, selected, seed=7)


def test_large_groups_have_fewer_random_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    made = EmbeddingSet.of(RANDOM.normal(size=(200, 4)))
    for numbers, sets in ((10**7, 100), (20 * 100 * 54, 20), (1, 10)):
        monkeypatch.setattr(under_test, "_NUMBERS", numbers)
        found = cohesion(made, np.arange(200) < 100)
        assert found is not None and found.random_sets == sets


@pytest.mark.parametrize("size", [0, 1])
def test_fewer_than_two_rows_have_no_pairs(size: int) -> None:
    assert cohesion(EmbeddingSet.of(np.eye(4)), np.arange(4) < size) is None


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean", "manhattan"])
def test_outliers_are_farthest_from_the_centroid(
    metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "_BLOCK_NUMBERS", 30)  # several blocks
    vectors = np.tile([10.0, 0.0, 0.0], (40, 1)) + RANDOM.normal(scale=0.1, size=(40, 3))
    vectors[7], vectors[23], vectors[30] = [-19, 1, 0], [0, 10, 0], [100, 0, 0]
    made = EmbeddingSet.of(vectors, metric=metric)
    selected = np.arange(40) != 30
    nearest, outliers = by_centroid(made, selected, 5)
    assert outliers.rows[:2].tolist() == [7, 23]
    assert len(nearest.rows) == len(outliers.rows) == 5
    assert not {7, 23, 30} & set(nearest.rows.tolist())
    everything, _ = by_centroid(made, selected, 100)
    assert everything.rows[::-1][:5].tolist() == outliers.rows.tolist()
    np.testing.assert_array_equal(everything.values[::-1][:5], outliers.values)


def test_a_group_without_rows_has_no_centroid() -> None:
    nearest, outliers = by_centroid(EmbeddingSet.of(np.eye(3)), np.zeros(3, dtype=bool))
    assert len(nearest.rows) == len(outliers.rows) == 0


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_rows_nearest_to_a_group_are_outside_of_it(metric: str) -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(300, 4)).astype(np.float32)
    embedding_set = EmbeddingSet.of(vectors, metric=metric)
    selected = np.arange(300) % 10 == 3
    members, others = vectors[selected].astype(float), np.flatnonzero(~selected)
    units = vectors.astype(float)
    if metric == "cosine":
        units /= np.linalg.norm(units, axis=1, keepdims=True)

    def nearest(point: np.ndarray, k: int) -> set[int]:
        if metric == "cosine":
            distances = -(units[others] @ point)
        else:
            distances = np.linalg.norm(units[others] - point, axis=1)
        return set(others[np.argsort(distances)[:k]].tolist())

    assert len(members) == 30
    found = nearest_outside(embedding_set, selected, 7)
    assert set(np.flatnonzero(found)) == nearest(units[selected].mean(axis=0), 7)
    found = nearest_outside(embedding_set, selected, 2, "members")
    assert set(np.flatnonzero(found)) == set.union(*(nearest(p, 2) for p in units[selected]))


def test_nothing_is_outside_of_all_rows_and_nothing_near_to_none() -> None:
    embedding_set = EmbeddingSet.of(np.eye(3))
    for selected in (np.ones(3, bool), np.zeros(3, bool)):
        assert not nearest_outside(embedding_set, selected, 2).any()
        assert not nearest_outside(embedding_set, selected, 2, "members").any()
