"""The predictions of the bidirectional n-gram model equal its formulas."""

from itertools import pairwise

import numpy as np
import pytest

from trainers.bert.bidirectional_ngram import BidirectionalNGram

SEQUENCES = [[2, 5, 6, 7, 3], [2, 5, 6, 8, 3], [2, 9, 6, 7, 3]]


def test_probabilities_equal_the_written_out_formulas():
    counts = BidirectionalNGram(map(np.array, SEQUENCES), vocabulary=10, specials=5, mask=4)
    frequency = np.bincount([5, 6, 7, 3, 5, 6, 8, 3, 9, 6, 7, 3], minlength=10) + 1.0
    frequency /= frequency.sum()

    def after(left, word):  # Witten and Bell (1991)
        nexts = [b for row in SEQUENCES for a, b in pairwise(row) if a == left]
        kinds = len(set(nexts))
        if not nexts:
            return frequency[word]
        return (nexts.count(word) + kinds * frequency[word]) / (len(nexts) + kinds)

    for left, right in ((6, 3), (5, 7), (9, 8)):
        wanted = np.array([after(left, word) * after(word, right) for word in range(10)])
        wanted[:5] = 0
        wanted /= wanted.sum()
        between = [b for row in SEQUENCES for a, b, c in zip(row, row[1:], row[2:], strict=False)
                   if (a, c) == (left, right)]  # fmt: skip
        if between:
            kinds = len(set(between))
            seen = np.bincount(between, minlength=10)
            wanted = (seen + kinds * wanted) / (len(between) + kinds)
        found = counts.probabilities(np.array([left]), np.array([right]))[0]
        np.testing.assert_allclose(found, wanted)
        assert found.sum() == pytest.approx(1)


def test_a_masked_neighbor_has_no_effect():
    """With [MASK] on one side the other decides; with [MASK] on both, the frequencies."""
    counts = BidirectionalNGram(map(np.array, SEQUENCES), vocabulary=10, specials=5, mask=4)
    found = counts.probabilities(np.array([4, 4]), np.array([4, 3]))
    expected = counts.frequency * (np.arange(10) >= 5)
    np.testing.assert_allclose(found[0], expected / expected.sum())
    assert set(counts.predictions(np.array([6]), np.array([4]))) == {7}
    assert found[1].argmax() == 7


def test_it_predicts_words_that_both_sides_determine():
    """The middle word depends on both neighbors: neither alone determines it."""
    rng = np.random.default_rng(0)
    left, right = rng.integers(5, 8, (2, 3_000))
    rows = np.stack([left, 10 + 3 * (left - 5) + (right - 5), right], axis=1)
    counts = BidirectionalNGram(rows[:2_000], vocabulary=20, specials=5, mask=4)
    held_out = rows[2_000:]
    assert (counts.predictions(held_out[:, 0], held_out[:, 2]) == held_out[:, 1]).all()
