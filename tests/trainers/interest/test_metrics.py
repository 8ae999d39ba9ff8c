"""The mean AUC over users."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from trainers.interest.metrics import mean_auc


def test_auc_equals_scikit_learns_and_counts_ties_half():
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 6, (9, 40)).astype(np.float32)  # many ties
    kinds = rng.choice(3, (9, 40), p=[0.7, 0.2, 0.1])  # no pair, known, held out
    known, held_out = np.argwhere(kinds == 1), np.argwhere(kinds == 2)
    expected = [
        roc_auc_score(row[kind != 1] == 2, values[kind != 1])
        for values, row, kind in zip(scores, kinds, kinds, strict=True)
        if (row == 2).any()
    ]
    order = rng.permutation(len(held_out))
    found = mean_auc(lambda users: scores[users].copy(), held_out[order], known[::-1], 40)
    assert found == pytest.approx(np.mean(expected))


def test_equal_scores_give_a_half_and_no_pairs_give_none():
    held_out = np.array([[0, 1]])
    flat = lambda users: np.zeros((len(users), 5), np.float32)  # noqa: E731
    assert mean_auc(flat, held_out, np.empty((0, 2), int), 5) == 0.5
    assert mean_auc(flat, held_out[:0], held_out, 5) is None
    everything = np.array([[0, item] for item in range(5) if item != 1])
    assert mean_auc(flat, held_out, everything, 5) is None
