"""The predictions of the bidirectional n-gram model equal its formulas."""

from itertools import pairwise

import numpy as np
import pytest

from trainers.bert.bidirectional_ngram import BidirectionalNGram

SEQUENCES = [[2, 5, 6, 7, 3], [2, 5, 6, 8, 3], [2, 9, 6, 7, 3]]


def test_probabilities_equal_the_written_out_formulas():
    counts = BidirectionalNGram(map(np.array, SEQUENCES), vocabulary=10, specials=5, mask=4)
    share = np.bincount([5, 6, 7, 3, 5, 6, 8, 3, 9, 6, 7, 3], minlength=10) + 1.0
    share /= share.sum()

    def after(left, word):  # Witten and Bell (1991)
        nexts = [b for row in SEQUENCES for a, b in pairwise(row) if a == left]
        kinds = len(set(nexts))
        if not nexts:
            return share[word]
        return (nexts.count(word) + kinds * share[word]) / (len(nexts) + kinds)

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


def test_a_hidden_neighbor_says_nothing():
    """[MASK], which no text holds, leaves the guess to the other side, and to the frequencies."""
    counts = BidirectionalNGram(map(np.array, SEQUENCES), vocabulary=10, specials=5, mask=4)
    found = counts.probabilities(np.array([4, 4]), np.array([4, 3]))
    shares = counts.frequency * (np.arange(10) >= 5)
    np.testing.assert_allclose(found[0], shares / shares.sum())
    assert set(counts.predictions(np.array([6]), np.array([4]))) == {7}
    assert found[1].argmax() == 7


def test_it_finds_what_both_sides_decide():
    """The middle is the left plus the right: neither alone tells it."""
    rng = np.random.default_rng(0)
    left, right = rng.integers(5, 8, (2, 3_000))
    rows = np.stack([left, 10 + 3 * (left - 5) + (right - 5), right], axis=1)
    counts = BidirectionalNGram(rows[:2_000], vocabulary=20, specials=5, mask=4)
    tried = rows[2_000:]
    assert (counts.predictions(tried[:, 0], tried[:, 2]) == tried[:, 1]).all()
