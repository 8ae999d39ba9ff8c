"""Held-out pairs, their ranks and metrics, against plain loops."""

import math
from functools import partial

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from embeddings.blocks import row_blocks
from trainers.metrics import ranking


def test_ranks_equal_a_plain_loop(monkeypatch):
    monkeypatch.setattr(ranking, "row_blocks", partial(row_blocks, numbers=60))  # four left items
    rng = np.random.default_rng(1)
    rows = np.argwhere(rng.random((20, 15)) < 0.4)
    is_held_out = rng.random(len(rows)) < 0.3
    known, held_out = rows[~is_held_out], rng.permutation(rows[is_held_out])
    scores = rng.integers(0, 5, (20, 15)).astype(np.float32)  # many ties
    expected = []
    for left, right in held_out:
        own = {b for a, b in known if a == left}
        order = sorted((b for b in range(15) if b not in own),
                       key=lambda b: (-scores[left, b], b))  # fmt: skip
        expected.append(order.index(right))
    ranks = ranking.held_out_ranks(lambda lefts: scores[lefts].copy(), held_out, known, 15)
    np.testing.assert_array_equal(ranks, expected)


def test_metrics_of_one_left_item_written_out():
    found = ranking.metrics(np.array([0, 4, 12]), np.array([7, 7, 7]))
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert found["recall@10"] == pytest.approx(2 / 3)
    assert found["ndcg@10"] == pytest.approx((1 + 1 / math.log2(6)) / ideal)
    assert found["mrr"] == 1 and found["hit@10"] == 1


def test_metrics_are_means_over_left_items():
    found = ranking.metrics(np.array([0, 50, 9, 10]), np.array([0, 0, 1, 2]), k=10)
    assert found["recall@10"] == pytest.approx((0.5 + 1 + 0) / 3)
    assert found["hit@10"] == pytest.approx(2 / 3)
    assert found["mrr"] == pytest.approx((1 + 1 / 10 + 1 / 11) / 3)
    assert found["ndcg@10"] == pytest.approx(
        (1 / (1 + 1 / math.log2(3)) + 1 / math.log2(11) + 0) / 3
    )


def test_no_more_than_k_can_be_found():
    found = ranking.metrics(np.arange(20), np.zeros(20, dtype=int), k=10)
    assert found["ndcg@10"] == pytest.approx(1) and found["recall@10"] == 0.5


def test_filtered_ranks_ignore_other_held_out_pairs_of_the_left_item():
    rng = np.random.default_rng(0)
    near = rng.random((5, 30)).astype(np.float32)
    held_out = np.argwhere(rng.random((5, 30)) < 0.2)
    none = np.empty((0, 2), dtype=np.int64)
    ranks = ranking.held_out_ranks(lambda rows: near[rows].copy(), held_out, none, 30)
    alone = []
    for left, right in held_out:
        others = [r for lf, r in held_out if lf == left and r != right]
        row = np.delete(near[left], others)
        alone.append(int((row > near[left, right]).sum()))
    found = ranking.filtered_metrics(ranks, held_out[:, 0])
    assert found["mrr"] == pytest.approx(np.mean(1 / (np.array(alone) + 1.0)))
    assert found["hit@10"] == found["recall@10"] == np.mean(np.array(alone) < 10)


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
    found = ranking.mean_auc(lambda users: scores[users].copy(), held_out[order], known[::-1], 40)
    assert found == pytest.approx(np.mean(expected))


def test_equal_scores_give_a_half_and_no_pairs_give_none():
    held_out = np.array([[0, 1]])
    flat = lambda users: np.zeros((len(users), 5), np.float32)  # noqa: E731
    assert ranking.mean_auc(flat, held_out, np.empty((0, 2), int), 5) == 0.5
    assert ranking.mean_auc(flat, held_out[:0], held_out, 5) is None
    everything = np.array([[0, item] for item in range(5) if item != 1])
    assert ranking.mean_auc(flat, held_out, everything, 5) is None
