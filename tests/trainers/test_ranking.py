"""Withheld pairs and their ranks, against a plain loop."""

import numpy as np

from trainers.ranking import hold_out, recall_at, withheld_ranks


def some_pairs(lefts=20, rights=15, seed=0):
    return np.argwhere(np.random.default_rng(seed).random((lefts, rights)) < 0.3)


def test_every_item_keeps_a_pair():
    rows = some_pairs()
    trained, withheld = hold_out(rows, 0.4, seed=0)
    assert len(withheld) == int(0.4 * len(rows))
    both = np.unique(np.concatenate([trained, withheld]), axis=0)
    np.testing.assert_array_equal(both, rows)
    for side in (0, 1):
        np.testing.assert_array_equal(np.unique(trained[:, side]), np.unique(rows[:, side]))


def test_as_much_is_withheld_as_leaves_every_item_a_pair():
    rows = np.array([[0, 0], [1, 1], [2, 2]])
    trained, withheld = hold_out(rows, 0.9, seed=0)
    assert len(withheld) == 0 and len(trained) == 3


def test_same_seed_same_split():
    one, two, other = (hold_out(some_pairs(), 0.2, seed)[1] for seed in (3, 3, 4))
    assert np.array_equal(one, two) and not np.array_equal(one, other)


def test_ranks_equal_a_plain_loop():
    rng = np.random.default_rng(1)
    trained, withheld = hold_out(some_pairs(), 0.3, seed=1)
    closeness = rng.integers(0, 5, (20, 15)).astype(np.float32)  # many ties
    expected = []
    for left, right in withheld:
        known = {b for a, b in trained if a == left}
        order = sorted((b for b in range(15) if b not in known),
                       key=lambda b: (-closeness[left, b], b))  # fmt: skip
        expected.append(order.index(right))
    ranks = withheld_ranks(lambda rows: closeness[rows], withheld, trained)
    np.testing.assert_array_equal(ranks, expected)


def test_recall():
    assert recall_at(10, np.array([0, 9, 10, 50])) == 0.5
