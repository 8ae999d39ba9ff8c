"""The vectors' health: known structures are found exactly, sums agree with slow references."""

import itertools

import numpy as np
import pytest

from embeddings import EmbeddingSet
from embeddings.analysis import health
from embeddings.analysis.duplicates import Duplicates, find_duplicates
from embeddings.analysis.health import examine, mean_cosine, mean_squared_distance, spectrum
from tests.reference import value


def gaussians(rows: int, dimensions: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, dimensions)).astype(np.float32)


def reference_spectrum(vectors: np.ndarray) -> tuple[float, int]:
    """Return effective rank and components for 90 % from the singular values, by definition."""
    centered = vectors.astype(np.float64) - vectors.astype(np.float64).mean(axis=0)
    singular = np.linalg.svd(centered, compute_uv=False)
    weights = singular / singular.sum()
    entropy = -sum(weight * np.log(weight) for weight in weights if weight > 0)
    held = np.cumsum(singular**2) / (singular**2).sum()
    return float(np.exp(entropy)), int(np.flatnonzero(held >= 0.9)[0]) + 1


def test_norms_and_zero_rows():
    vectors = gaussians(200, 5)
    vectors[[3, 190]] = 0
    vectors[7] = 1e-33  # too short for a direction
    found = examine(EmbeddingSet.of(vectors))
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    norms = found.norms
    assert (found.zero_rows, found.first_zero_rows) == (3, (3, 7, 190))
    assert (norms.min, norms.unit) == (0, False)
    np.testing.assert_allclose(
        [norms.mean, norms.median, norms.max, norms.shortest],
        [lengths.mean(), np.median(lengths), lengths.max(), np.sort(lengths)[3]],
    )


def test_zero_rows_are_counted_beyond_those_listed():
    found = examine(EmbeddingSet.of(np.zeros((150, 3), np.float32)))
    assert found.zero_rows == 150
    assert found.first_zero_rows == tuple(range(health.LISTED))
    assert (found.norms.shortest, found.norms.unit, found.mean_cosine) == (0, False, None)


@pytest.mark.parametrize("stretch, unit", [(1, True), (1.0008, True), (1.01, False)])
def test_unit_length(stretch, unit):
    vectors = gaussians(50, 20)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[4] *= stretch
    vectors[9] = 0  # has no direction, and does not affect the others
    assert examine(EmbeddingSet.of(vectors)).norms.unit is unit


def test_duplicates_are_grouped():
    vectors = gaussians(60, 7)
    vectors[[9, 30, 59]] = vectors[4]
    vectors[12] = vectors[11]
    vectors[20] = -vectors[21]  # sums of bits may agree, vectors do not
    assert find_duplicates(vectors) == Duplicates(groups=2, rows=6, largest=4, largest_row=4)
    assert find_duplicates(vectors).repeats == 4


def test_duplicates_agree_with_a_set_of_rows():
    random = np.random.default_rng(1)
    for values in (2, 3, 12):
        vectors = random.integers(0, values, (3_000, 4)).astype(np.float32) * 2.0**-20
        groups = {}
        for row, vector in enumerate(vectors.tolist()):
            groups.setdefault(tuple(vector), []).append(row)
        several = [rows for rows in groups.values() if len(rows) > 1]
        found = find_duplicates(vectors)
        assert found.repeats == 3_000 - len(groups)
        assert (found.groups, found.rows) == (len(several), sum(map(len, several)))
        largest = max(several, key=lambda rows: (len(rows), -rows[0]))
        assert (found.largest, found.largest_row) == (len(largest), largest[0])
    assert find_duplicates(np.array([[0.0, 1.0], [-0.0, 1.0]], np.float32)).repeats == 1
    assert find_duplicates(np.ones((1, 3), np.float32)) == Duplicates()


def test_rows_that_only_share_a_hash_are_no_duplicates(monkeypatch):
    monkeypatch.setattr(
        "embeddings.analysis.duplicates._hashes", lambda vectors: np.zeros(len(vectors), np.uint64)
    )
    vectors = gaussians(40, 3)
    assert find_duplicates(vectors) == Duplicates()
    vectors[[8, 33]] = vectors[5]
    assert find_duplicates(vectors) == Duplicates(groups=1, rows=3, largest=3, largest_row=5)


def test_constant_and_whole_dimensions(monkeypatch):
    monkeypatch.setattr(health, "_BLOCK_NUMBERS", 64)  # several blocks
    vectors = gaussians(300, 10)
    vectors[:, [2, 7]] = 0.3, -4
    vectors[:, 5] = np.arange(300)
    vectors[:299, 8] = 1.5
    vectors[:299, 9] = 2
    found = examine(EmbeddingSet.of(vectors))
    assert found.constant_dimensions == (2, 7)
    assert found.whole_dimensions == (5,)
    assert (found.spectrum.largest_dimension, found.spectrum.largest_fraction > 0.99) == (5, True)


@pytest.mark.parametrize("rows, dimensions", [(400, 12), (30, 50), (50, 50), (2, 3)])
def test_the_spectrum_agrees_with_the_singular_values(monkeypatch, rows, dimensions):
    monkeypatch.setattr(health, "_BLOCK_NUMBERS", 500)
    vectors = 5 + gaussians(rows, dimensions) * np.geomspace(1, 1e-3, dimensions)
    found = spectrum(vectors.astype(np.float32))
    effective_rank, components = reference_spectrum(vectors.astype(np.float32))
    assert found.effective_rank == pytest.approx(effective_rank, rel=1e-4)
    assert (found.components_90, found.rows) == (components, rows)
    variances = vectors.astype(np.float32).astype(np.float64).var(axis=0)
    assert found.largest_dimension == variances.argmax()
    assert found.largest_fraction == pytest.approx(variances.max() / variances.sum())


def test_rank_three_has_rank_three():
    basis = np.linalg.qr(gaussians(40, 3).astype(np.float64))[0]
    scores = np.linalg.qr(gaussians(2_000, 3, seed=1).astype(np.float64))[0]
    scores = np.linalg.qr(scores - scores.mean(axis=0))[0]
    found = spectrum((7 + 100 * scores @ basis.T).astype(np.float32))
    assert found.effective_rank == pytest.approx(3, rel=1e-3)
    assert found.components_90 == 3


def test_even_directions_fill_all_dimensions_and_equal_rows_none():
    assert spectrum(gaussians(20_000, 30)).effective_rank == pytest.approx(30, rel=0.01)
    equal = spectrum(np.ones((5, 4), np.float32))
    assert (equal.effective_rank, equal.components_90, equal.largest_fraction) == (0, 0, 0)


def test_a_large_set_has_the_spectrum_of_a_sample(monkeypatch):
    vectors = gaussians(5_000, 20) * np.geomspace(1, 0.1, 20).astype(np.float32)
    whole = spectrum(vectors)
    monkeypatch.setattr(health, "_PRODUCTS", 400_000)
    part = spectrum(vectors)
    assert (whole.rows, part.rows) == (5_000, 1_000)
    assert part.effective_rank == pytest.approx(whole.effective_rank, rel=0.03)
    assert part == spectrum(vectors)
    monkeypatch.setattr(health, "_PRODUCTS", 1)
    assert spectrum(vectors).rows == 4 * 20
    monkeypatch.setattr(health, "_WIDEST", 15)
    assert spectrum(vectors).rows == 15


def test_mean_cosine_is_that_of_all_pairs(monkeypatch):
    monkeypatch.setattr(health, "_BLOCK_NUMBERS", 50)
    vectors = 0.5 + gaussians(40, 6)
    vectors[[1, 8]] = 0
    directed = [row for row in range(40) if row not in (1, 8)]
    pairs = itertools.combinations(directed, 2)
    cosines = [value(vectors[i], vectors[j], "cosine") for i, j in pairs]
    assert mean_cosine(EmbeddingSet.of(vectors)) == pytest.approx(np.mean(cosines), abs=1e-7)


def test_a_cone_and_a_ball():
    assert abs(mean_cosine(EmbeddingSet.of(gaussians(5_000, 50)))) < 0.002
    cone = gaussians(5_000, 50) + np.float32(2)
    assert mean_cosine(EmbeddingSet.of(cone)) == pytest.approx(0.8, abs=0.01)
    assert mean_cosine(EmbeddingSet.of(np.ones((1, 3), np.float32))) is None


def test_mean_squared_distance_is_that_of_all_pairs():
    vectors = 3 + gaussians(30, 4)
    pairs = itertools.combinations(vectors, 2)
    squares = [value(x, y, "euclidean") ** 2 for x, y in pairs]
    assert mean_squared_distance(vectors) == pytest.approx(np.mean(squares))


def test_labels():
    labels = [f"item {i % 18}" for i in range(20)]
    labels[5:9] = "", " ", "", "\t"
    found = examine(EmbeddingSet.of(gaussians(20, 3), labels))
    assert found.repeated_labels == 20 - len(set(labels))
    assert found.empty_labels == 4
    assert (found.common_label, found.common_label_rows) == ("item 0", 2)
    found = examine(EmbeddingSet.of(gaussians(20, 3)))
    assert (found.repeated_labels, found.empty_labels, found.common_label) == (0, 0, None)


def test_numbers_far_from_one_overflow_nothing():
    vectors = gaussians(100, 8)
    for scale in (1e30, 1e-20):
        found = examine(EmbeddingSet.of(vectors * np.float32(scale)))
        assert found.mean_cosine == pytest.approx(mean_cosine(EmbeddingSet.of(vectors)), abs=1e-6)
        assert found.spectrum.effective_rank == pytest.approx(
            spectrum(vectors).effective_rank, rel=1e-4
        )


def test_one_row():
    found = examine(EmbeddingSet.of(np.ones((1, 1), np.float32), dtype="float16"))
    assert (found.rows, found.dimensions, found.dtype) == (1, 1, "float16")
    assert found.constant_dimensions == (0,)
    assert found.duplicates == Duplicates()
