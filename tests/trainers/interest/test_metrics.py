"""AUC against the count over all pairs."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from trainers.interest.metrics import mean_auc


def test_it_is_that_of_scikit_learn_for_each_user_ties_counted_half():
    chance = np.random.default_rng(0)
    near = chance.integers(0, 6, (9, 40)).astype(np.float32)  # many ties
    kinds = chance.choice(3, (9, 40), p=[0.7, 0.2, 0.1])  # no pair, known, withheld
    known, withheld = np.argwhere(kinds == 1), np.argwhere(kinds == 2)
    wanted = [
        roc_auc_score(row[kind != 1] == 2, values[kind != 1])
        for values, row, kind in zip(near, kinds, kinds, strict=True)
        if (row == 2).any()
    ]
    order = chance.permutation(len(withheld))
    found = mean_auc(lambda users: near[users].copy(), withheld[order], known[::-1], 40)
    assert found == pytest.approx(np.mean(wanted))


def test_all_alike_is_a_half_and_nothing_is_none():
    withheld = np.array([[0, 1]])
    flat = lambda users: np.zeros((len(users), 5), np.float32)  # noqa: E731
    assert mean_auc(flat, withheld, np.empty((0, 2), int), 5) == 0.5
    assert mean_auc(flat, withheld[:0], withheld, 5) is None
    everything = np.array([[0, item] for item in range(5) if item != 1])
    assert mean_auc(flat, withheld, everything, 5) is None
