"""The alias method draws what it was made for."""

import numpy as np
import pytest
from scipy.stats import chisquare

from trainers.word2vec.alias import AliasTable


@pytest.mark.parametrize(
    "weights",
    [[1], [3, 1], [0, 5, 0], np.ones(100), np.arange(1000) ** 2, 1 / np.arange(1, 50_001)],
    ids=["one", "two", "zeros", "uniform", "squares", "zipf"],
)
def test_the_table_says_the_distribution_exactly(weights):
    table = AliasTable.of(np.array(weights))
    share = np.array(weights) / np.sum(weights)
    np.testing.assert_allclose(table.probabilities(), share, atol=2e-7 * share.max(), rtol=1e-5)


def test_draws_follow_it():
    counts = np.array([50_000, 8_000, 700, 700, 90, 5]) ** 0.75
    drawn = AliasTable.of(counts).draw(200_000, np.random.default_rng(0))
    seen = np.bincount(drawn, minlength=6)
    assert chisquare(seen, counts / counts.sum() * len(drawn)).pvalue > 0.01
