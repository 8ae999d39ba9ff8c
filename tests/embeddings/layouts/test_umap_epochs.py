"""UMAP's optimization: its formulas, its schedule, a slow reference, and umap-learn's own."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from umap import layouts as umap_layouts
from umap.umap_ import find_ab_params, make_epochs_per_sample

from embeddings import EmbeddingSet
from embeddings.layouts import umap_epochs
from embeddings.layouts.compiled import cache_compiled, numba_threads
from embeddings.layouts.umap import _fuzzy_edges, _initial_coordinates
from embeddings.layouts.umap_epochs import Optimization, coefficient_tables, fixed_point_weights
from embeddings.neighbors import build_graph
from tests.embeddings.layouts.tsne.test_optimization import groups

A, B = find_ab_params(1.0, 0.1)


def problem(embedding_set, dims=2, seed=0, epochs=100):
    """Return the fuzzy graph of a set as COO matrix, and initial coordinates."""
    edges = _fuzzy_edges(build_graph(embedding_set, 14), 15, epochs)
    return edges, _initial_coordinates(embedding_set, dims, seed)


def optimize(edges, start, epochs, seed=0, blocks=1, step=None):
    """Return the positions after all epochs, which are run in steps of this many."""
    optimization = Optimization(edges, start, A, B, epochs, seed, blocks)
    for _ in range(0, epochs, step or epochs):
        optimization.run(step or epochs)
    return optimization.coordinates


def exact(square, a, b):
    """Return both coefficients by their formulas, for float64."""
    attraction = -2 * a * b * square ** (b - 1) / (1 + a * square**b)
    return attraction, 2 * b / ((0.001 + square) * (1 + a * square**b))


@pytest.mark.parametrize(("spread", "min_dist"), [(1, 0.1), (1, 0), (1, 1), (10, 0.1), (0.5, 0.3)])
def test_the_tables_are_the_formulas_to_about_half_a_percent(spread, min_dist):
    a, b = find_ab_params(spread, min_dist)
    squares = np.geomspace(2.0**-100, 2.0**40, 50_001).astype(np.float32)
    entries = squares.view(np.uint32) >> 15
    tables = coefficient_tables(a, b)
    for table, values in zip(tables, exact(squares.astype(np.float64), a, b), strict=True):
        error = np.abs(table[entries] / values - 1)
        assert error.max() < 1.01 * (1 + b) / 512


def test_every_float32_has_a_finite_entry_and_points_that_coincide_have_0():
    for table in coefficient_tables(A, B):
        assert table.dtype == np.float32 and len(table) == 2**17
        assert np.isfinite(table).all() and table[0] == 0
        odd = np.array([-1, np.inf, -np.inf, np.nan, -np.nan], np.float32).view(np.uint32) >> 15
        assert not table[odd].any()


def test_an_edge_is_sampled_in_the_same_epochs_as_by_umap_learn():
    epochs = 200
    weights = np.random.default_rng(0).uniform(0.005, 1, 200).astype(np.float32)
    weights[:3] = 1, 0.5, 0.25
    every = make_epochs_per_sample(weights, epochs)
    due = every.copy()
    fixed = fixed_point_weights(weights)
    for epoch in range(1, epochs):
        expected = due <= epoch
        due[expected] += every[expected]
        found = [umap_epochs._is_due(np.uint64(epoch), np.uint64(weight)) for weight in fixed]
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("blocks", [2, 4, 8, 16])
def test_each_block_meets_each_other_once_and_none_twice_in_a_round(blocks):
    rounds = umap_epochs.tournament(blocks)
    assert rounds.shape == (blocks - 1, blocks // 2, 2)
    assert all(sorted(each.ravel()) == list(range(blocks)) for each in rounds)
    pairs = {tuple(sorted(pair)) for pair in rounds.reshape(-1, 2)}
    assert len(pairs) == blocks * (blocks - 1) // 2


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("blocks", [1, 4])
def test_positions_are_those_of_a_slow_reference(dims, blocks):
    edges, start = problem(groups(per_group=9)[0], dims)
    expected = slow(edges.toarray(), start, 3, 3, blocks)
    np.testing.assert_allclose(optimize(edges, start, 3, 3, blocks), expected, atol=1e-2)


def slow(weights, start, epochs, seed, blocks):
    """Run the epochs in plain Python, with the same tables and random points."""
    positions, tables, mask = start.copy(), coefficient_tables(A, B), 2**64 - 1
    members = [range(block, len(start), blocks) for block in range(blocks)]
    rounds, weights = umap_epochs.tournament(blocks), weights / weights.max()

    def step(row, other, kind):
        difference = positions[row] - positions[other]
        entry = (difference @ difference).view(np.uint32) >> 15
        return np.clip(tables[kind][entry] * difference, -4, 4)

    def move(head, tail, state):
        for row in members[head]:
            for end in members[tail]:
                if int(epoch * weights[row, end]) == int((epoch - 1) * weights[row, end]):
                    continue
                pull = rate * step(row, end, 0)
                positions[row] += pull
                positions[end] -= pull
                push = np.zeros(start.shape[1], np.float32)
                for _ in range(umap_epochs.NEGATIVES):
                    state = (state * 6364136223846793005 + 1442695040888963407) & mask
                    other = members[tail][(state >> 32) * len(members[tail]) >> 32]
                    if other != row and (other != end or blocks == 1):
                        push += step(row, other, 1)
                positions[row] += rate * push
        return state

    for epoch in range(1, epochs):
        rate = np.float32(1 - (epoch - 1) / epochs)
        for turn, pairs in enumerate(rounds):
            for task, (one, two) in enumerate(pairs):
                number = (epoch * len(rounds) + turn) * len(pairs) + task
                state = (seed + 0x9E3779B97F4A7C15 * number) & mask
                state = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & mask
                state = ((state ^ state >> 27) * 0x94D049BB133111EB) & mask
                state ^= state >> 31
                ways = [(one, two), (two, one)] if one != two else [(one, one)]
                if turn == 0 and one != two:
                    ways += [(one, one), (two, two)]
                for head, tail in ways:
                    state = move(head, tail, state)
    return positions


@pytest.mark.parametrize("blocks", [1, 8])
def test_neither_threads_nor_the_division_into_steps_change_a_bit(blocks):
    edges, start = problem(groups(per_group=60)[0])
    expected = optimize(edges, start, 40, blocks=blocks)
    with numba_threads(1):
        found = optimize(edges, start, 40, blocks=blocks, step=7)
    assert found.tobytes() == expected.tobytes()
    assert optimize(edges, start, 40, 1, blocks).tobytes() != expected.tobytes()


@pytest.fixture(scope="module")
def digits():
    """The 1,797 handwritten digits, each point's 10 nearest, and the fuzzy graph."""
    embedding_set = EmbeddingSet.of(load_digits().data.astype(np.float32), metric="euclidean")
    nearest = build_graph(embedding_set, 10).rows
    return embedding_set, nearest, problem(embedding_set)[0]


def preserved(nearest, positions):
    """Return the fraction of the true 10 nearest that are among the 10 nearest in a layout."""
    found = build_graph(EmbeddingSet.of(positions, metric="euclidean"), 10).rows
    return (found[:, :, None] == nearest[:, None, :]).sum() / nearest.size


def test_as_many_neighbors_are_preserved_as_by_umap_learn(digits):
    """In the mean of 3 seeds, with the same graph and start."""
    embedding_set, nearest, edges = digits
    epochs, every = 100, make_epochs_per_sample(edges.data, 100)
    cache_compiled(umap_layouts.clip, umap_layouts._nb_optimize_layout_euclidean_single_epoch)
    theirs, one_block, blocks = [], [], []
    for seed in range(3):
        start = _initial_coordinates(embedding_set, 2, seed)
        one_block.append(preserved(nearest, optimize(edges, start, epochs, seed, blocks=1)))
        blocks.append(preserved(nearest, optimize(edges, start, epochs, seed, blocks=4)))
        states = np.random.default_rng(seed).integers(-(2**31), 2**31, 3)
        umap_layouts.optimize_layout_euclidean(
            start, start, edges.row, edges.col, epochs, len(start), every, A, B, states,
            move_other=True,
        )  # fmt: skip
        theirs.append(preserved(nearest, start))
    assert np.mean(one_block) == pytest.approx(np.mean(theirs), abs=0.01)
    assert np.mean(blocks) == pytest.approx(np.mean(theirs), abs=0.01)
