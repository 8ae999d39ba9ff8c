"""Weights with heavy tails: what is heavy, and what the transformations make of them."""

from pathlib import Path

import numpy as np
import pytest

from trainers.data.pairs.pairs import number_pairs
from trainers.two_tower.config import TwoTowerConfig
from trainers.two_tower.data import read
from trainers.two_tower.pair_weights import is_heavy, with_weights


def pairs_of(weights):
    """Return pairs of 2 users and many items, with these weights."""
    pairs = [(f"u{i % 2}", f"i{i}") for i in range(len(weights))]
    return number_pairs(pairs, "plays", ("user", "item"), {}, weight=weights)


PLAYS = [1.0 + round(np.exp(6 + 2 * z)) for z in np.random.default_rng(0).normal(size=400)]
RATINGS = [1.0, 2, 3, 4, 5] * 80


def test_plays_have_a_heavy_tail_and_ratings_have_none():
    assert is_heavy(np.array(PLAYS, np.float32))
    assert not is_heavy(np.array(RATINGS, np.float32))
    assert not is_heavy(np.array([1, 1, 1, 10], np.float32))
    assert not is_heavy(np.full(7, 3, np.float32))
    edge = np.ones(1_000, np.float32)
    edge[:5] = 1e6  # fewer than 1 in 100
    assert not is_heavy(edge)
    edge[:15] = 1e6
    assert is_heavy(edge)


@pytest.mark.parametrize(("weights", "how"), [(PLAYS, "log(1 + weight)"), (RATINGS, "as they are")])
def test_auto_takes_the_logarithm_of_a_heavy_tail_alone_and_says_so(weights, how):
    pairs = pairs_of(weights)
    made = with_weights(pairs, "auto")
    assert made.notes[-1].startswith(f"weights: {how}; they have ")
    assert "the median is" in made.notes[-1] and made.notes[-1].endswith("change it with --weight")
    if how == "as they are":
        np.testing.assert_array_equal(made.weight, pairs.weight)
    else:
        expected = np.log1p(pairs.weight.astype(float))
        np.testing.assert_allclose(made.weight, expected / expected.mean(), rtol=1e-6)
        assert made.weight.dtype == np.float32


def test_none_and_raw_do_what_they_say():
    pairs = pairs_of(PLAYS)
    assert with_weights(pairs, "none").weight is None
    np.testing.assert_array_equal(with_weights(pairs, "raw").weight, pairs.weight)
    without = number_pairs([("a", "b"), ("a", "c")], "p", ("l", "r"), {})
    assert with_weights(without, "bm25") is without


def test_bm25_is_the_formula_written_out():
    rows = [("ann", "x", 3), ("ann", "y", 40), ("bob", "x", 1), ("cid", "x", 900)]
    pairs = number_pairs(
        [row[:2] for row in rows], "p", ("user", "item"), {}, weight=[row[2] for row in rows]
    )
    made = with_weights(pairs, "bm25").weight
    mean = (43 + 1 + 900) / 3
    expected = []
    for user, item, weight in rows:
        total = {"ann": 43, "bob": 1, "cid": 900}[user]
        count = {"x": 3, "y": 1}[item]
        length = 1 - 0.8 + 0.8 * total / mean
        rarity = np.log(1 + (3 - count + 0.5) / (count + 0.5))
        expected.append(weight * 101 / (weight + 100 * length) * rarity)
    np.testing.assert_allclose(made, expected / np.mean(expected), rtol=1e-5)


@pytest.mark.parametrize("weight", ["none", "raw", "log", "bm25", "auto"])
def test_the_flag_of_two_tower(tmp_path, weight):
    lines = (f"u{i % 20},i{i},{w}\n" for i, w in enumerate(PLAYS))
    (tmp_path / "plays.csv").write_text("user,item,weight\n" + "".join(lines))
    config = TwoTowerConfig(
        data=tmp_path / "plays.csv", weight=weight, out=Path("o.embedding.parquet"), device="cpu"
    )
    pairs = read(config)
    assert pairs.notes[-1].startswith("weights: ")
    if weight == "none":
        assert pairs.weight is None
    else:
        spread = pairs.weight.max() / np.median(pairs.weight)
        assert (spread > 50) == (weight == "raw")
