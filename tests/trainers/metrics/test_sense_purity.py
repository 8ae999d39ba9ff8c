"""Sense purity is 1 where senses are separate, and chance where vectors are equal."""

import numpy as np
import pytest

from trainers.metrics.sense_purity import chance_purity, sense_purity


def test_separate_senses_are_pure():
    words, senses = ["bank"] * 12, ["river", "money"] * 6
    vectors = np.array([[1, 0.01 * i] if i % 2 else [0.01 * i, 1] for i in range(12)])
    assert sense_purity(vectors, words, senses) == 1
    assert sense_purity(vectors, words, ["river"] * 6 + ["money"] * 6) < 0.6


def test_equal_vectors_are_as_pure_as_chance():
    words = ["bank"] * 300 + ["bat"] * 200
    senses = ["river", "money", "money"] * 100 + ["animal", "club"] * 100
    vectors = np.repeat([[1.0, 2], [3, 4]], [300, 200], axis=0)
    wanted = (100 * 99 / 299 + 200 * 199 / 299 + 200 * 99 / 199) / 500
    assert chance_purity(words, senses) == pytest.approx(wanted)
    assert sense_purity(vectors, words, senses) == pytest.approx(wanted, abs=0.03)


def test_neighbors_are_of_the_same_word_and_known():
    # the bats are among the river banks, and the sense of one bank is unknown
    words = ["bank"] * 8 + ["bat"] * 6
    senses = ["river"] * 4 + ["money"] * 3 + [None] + ["club"] * 6
    angle = np.array([0, 1, 2, 3, 50, 51, 52, 1, *[1.5] * 6])
    vectors = np.stack([np.cos(angle / 60), np.sin(angle / 60)], axis=1)
    assert sense_purity(vectors, words, senses, k=2) == 1
    of_three = sense_purity(vectors, words, senses, k=3)  # a bank of money has two others
    assert of_three == pytest.approx((4 * 1 + 3 * 2 / 3 + 6) / 13)
    assert np.isnan(sense_purity(vectors[:3], words[:3], senses[:3], k=5))
