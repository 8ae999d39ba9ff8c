"""Splits: sizes, disjoint parts, and what each item has left to train on."""

import numpy as np
import pytest

from trainers.data.pairs.splits import hold_out, split_pairs


def some_pairs(lefts=20, rights=15, seed=0):
    rows = np.argwhere(np.random.default_rng(seed).random((lefts, rights)) < 0.3)
    return rows, np.random.default_rng(seed + 1).permutation(len(rows))


@pytest.mark.parametrize("name", ["none", "random", "last", "link"])
def test_every_pair_is_in_one_part_and_every_left_item_is_learned(name):
    rows, time_rank = some_pairs(60, 40)
    split = split_pairs(name, rows, time_rank, 0.1, seed=0)
    parts = np.concatenate([split.train, split.validation, split.test])
    np.testing.assert_array_equal(np.sort(parts), np.arange(len(rows)))
    np.testing.assert_array_equal(np.unique(rows[split.train, 0]), np.unique(rows[:, 0]))


def test_none_has_no_test():
    split = split_pairs("none", *some_pairs(), 0.2, seed=0)
    assert len(split.test) == 0 and len(split.validation) > 0


@pytest.mark.parametrize(
    ("count", "validation", "test"), [(1, 0, 0), (2, 0, 1), (3, 1, 1), (10, 1, 1), (47, 4, 4)]
)
def test_random_is_eight_to_one_to_one_of_each(count, validation, test):
    rows = np.array([[left, right] for left in range(3) for right in range(count)])
    split = split_pairs("random", rows, np.arange(len(rows)), 0.1, seed=0)
    for part, size in ((split.validation, validation), (split.test, test)):
        assert np.bincount(rows[part, 0], minlength=3).tolist() == [size] * 3


def test_last_is_last_by_time():
    rows, time_rank = some_pairs()
    split = split_pairs("last", rows, time_rank, 0.1, seed=0)
    for left in np.unique(rows[:, 0]):
        own = np.flatnonzero(rows[:, 0] == left)
        in_time = own[np.argsort(time_rank[own])].tolist()
        if len(in_time) > 2:
            assert in_time[-1] in split.test and in_time[-2] in split.validation
        assert set(in_time[:-2]) <= set(split.train)


def test_link_holds_out_a_pair_of_each_left_item_with_two():
    rows, time_rank = some_pairs()
    split = split_pairs("link", rows, time_rank, 0.1, seed=0)
    counts = np.bincount(rows[:, 0])
    np.testing.assert_array_equal(np.bincount(rows[split.test, 0], minlength=20), counts > 1)


def test_every_item_has_a_pair_left():
    rows, _ = some_pairs()
    chosen = hold_out(rows, 0.4, seed=0)
    assert chosen.sum() == int(0.4 * len(rows))
    for side in (0, 1):
        np.testing.assert_array_equal(np.unique(rows[~chosen, side]), np.unique(rows[:, side]))


def test_as_much_is_held_out_as_leaves_every_item_a_pair():
    assert not hold_out(np.array([[0, 0], [1, 1], [2, 2]]), 0.9, seed=0).any()


def test_same_seed_same_split():
    one, two, other = (split_pairs("random", *some_pairs(), 0.1, seed).test for seed in (3, 3, 4))
    assert np.array_equal(one, two) and not np.array_equal(one, other)


def test_left_holds_out_whole_left_items():
    rows, time_rank = some_pairs(60, 40)
    split = split_pairs("left", rows, time_rank, 0.25, seed=0)
    lefts = [set(rows[part, 0]) for part in (split.train, split.validation, split.test)]
    assert [len(each) for each in lefts] == [36, 12, 12]
    assert not lefts[0] & lefts[1] and not lefts[2] & (lefts[0] | lefts[1])
    parts = np.concatenate([split.train, split.validation, split.test])
    np.testing.assert_array_equal(np.sort(parts), np.arange(len(rows)))


def test_whole_left_items_validate_on_request():
    rows, time_rank = some_pairs(20, 15)
    split = split_pairs("none", rows, time_rank, 0.1, seed=0, whole=True)
    assert len(split.test) == 0 and len(set(rows[split.validation, 0])) == 2
    assert not set(rows[split.validation, 0]) & set(rows[split.train, 0])
    assert len(split_pairs("none", rows, time_rank, 0, seed=0, whole=True).validation) == 0
