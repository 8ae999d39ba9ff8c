"""The alias table represents its distribution and samples from it."""

import numpy as np
import pytest
from scipy.stats import chisquare

from trainers.word2vec.alias import AliasTable


@pytest.mark.parametrize(
    "weights",
    [[1], [3, 1], [0, 5, 0], np.ones(100), np.arange(1000) ** 2, 1 / np.arange(1, 50_001)],
    ids=["one", "two", "zeros", "uniform", "squares", "zipf"],
)
def test_the_table_represents_the_distribution_exactly(weights):
    table = AliasTable.of(np.array(weights))
    stay = table.stay.astype(np.float64)
    moved = np.bincount(table.alias, weights=1 - stay, minlength=len(stay))
    expected = np.array(weights) / np.sum(weights)
    np.testing.assert_allclose(
        (stay + moved) / len(stay), expected, atol=2e-7 * expected.max(), rtol=1e-5
    )


def test_samples_follow_the_distribution():
    counts = np.array([50_000, 8_000, 700, 700, 90, 5]) ** 0.75
    drawn = AliasTable.of(counts).draw(200_000, np.random.default_rng(0))
    seen = np.bincount(drawn, minlength=6)
    assert chisquare(seen, counts / counts.sum() * len(drawn)).pvalue > 0.01
