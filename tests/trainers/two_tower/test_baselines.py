"""Baselines against slow references, and on a checkerboard whose answer is known."""

import numpy as np
import pytest

from trainers.two_tower import baselines
from trainers.two_tower.baselines import ease, item_knn, pair_matrix, popularity, svd


def some_matrix(lefts=12, rights=9, seed=0):
    """Return random pairs; every item has one."""
    there = np.random.default_rng(seed).random((lefts, rights)) < 0.4
    there[np.arange(lefts), np.arange(lefts) % rights] = True
    there[np.arange(rights) % lefts, np.arange(rights)] = True
    rows = np.argwhere(there)
    return pair_matrix(rows, (lefts, rights))


@pytest.mark.parametrize("shape", [(12, 9), (9, 12)])
def test_ease_is_the_closed_form(shape):
    known = some_matrix(*shape)
    x = known.toarray().astype(np.float64)
    inverse = np.linalg.inv(x.T @ x + 3 * np.eye(shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    found = ease(known, regularization=3)(np.arange(shape[0]))
    np.testing.assert_allclose(found, x @ weights, atol=1e-4)


@pytest.mark.parametrize("neighbors", [3, 100])
def test_item_knn_equals_a_plain_loop(neighbors, monkeypatch):
    monkeypatch.setattr(baselines, "_BLOCK", 4)
    known = some_matrix()
    x = known.toarray()
    expected = np.zeros_like(x)
    for item in range(9):
        lengths = np.sqrt(x.sum(axis=0))
        cosines = x[:, item] @ x / (lengths[item] * lengths)
        cosines[item] = 0
        near = cosines >= np.sort(cosines)[-min(neighbors, 9)] - 1e-6
        expected += np.outer(x[:, item], cosines * near)
    np.testing.assert_allclose(item_knn(known, neighbors)(np.arange(12)), expected, atol=1e-5)


def test_svd_vectors_are_the_truncated_svd_of_tf_idf():
    known = some_matrix()
    x = known.toarray()
    weighted = x * (np.log(12 / x.sum(axis=0)) + 1)
    weighted /= np.linalg.norm(weighted, axis=1, keepdims=True)
    left, right = baselines.svd_vectors(known, 8)
    u, s, vt = np.linalg.svd(weighted, full_matrices=False)
    np.testing.assert_allclose(left @ right.T, (u[:, :8] * s[:8]) @ vt[:8], atol=1e-4)


def test_popularity_counts():
    known = pair_matrix(np.array([[0, 1], [1, 1], [2, 0]]), (3, 3))
    assert popularity(known)(np.array([0, 2])).tolist() == [[1, 2, 0], [1, 2, 0]]


@pytest.mark.parametrize("baseline", [item_knn, ease, lambda known: svd(known, 2)])
def test_the_held_out_item_of_a_checkerboard_comes_first(baseline):
    rows = np.array([[u, i] for u in range(12) for i in range(12) if u % 2 == i % 2 and u != i])
    near = baseline(pair_matrix(rows, (12, 12)))(np.arange(12)).copy()
    near[rows[:, 0], rows[:, 1]] = -np.inf
    np.testing.assert_array_equal(near.argmax(axis=1), np.arange(12))


def test_the_comparison_notes_what_it_leaves_out(monkeypatch):
    rows = np.array([[u, i] for u in range(12) for i in range(12) if u % 2 == i % 2])
    own = rows[:, 0] == rows[:, 1]
    arguments = (rows[~own], rows[own], rows[~own], (12, 12), 2)
    found, notes = baselines.compare(*arguments)
    assert list(found) == ["popularity", "item_knn", "svd", "ease"] and not notes
    assert found["ease"]["mrr"] == 1 and found["popularity"]["mrr"] < 1
    monkeypatch.setattr(baselines, "EASE_LIMIT", 5)
    found, notes = baselines.compare(*arguments)
    assert "ease" not in found and "EASE is left out" in notes[0]
    assert baselines.metrics_table(found)[0].split() == ["recall@10", "ndcg@10", "mrr", "hit@10"]
