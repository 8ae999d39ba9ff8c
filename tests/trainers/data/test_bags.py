"""Bags against loops written out."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from trainers.data.bags import Bags, means, sums
from trainers.data.words import numbered, words_of

LISTS = [[3, 1, 1], [], [0], [2, 3]]


@pytest.fixture
def bags() -> Bags:
    items = np.array([item for each in LISTS for item in each])
    return Bags.of(items, np.cumsum([0, *map(len, LISTS)]))


@pytest.fixture
def table() -> torch.Tensor:
    return torch.randn(4, 5, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def weighted(bags) -> Bags:
    return replace(bags, weights=torch.tensor([0.5, 2, -1, 3, 1, 4]))


def test_sum_and_mean(bags, weighted, table):
    for row, items in enumerate(LISTS):
        wanted = table[items].sum(dim=0) if items else torch.zeros(5)
        torch.testing.assert_close(sums(table, bags)[row], wanted)
        torch.testing.assert_close(means(table, bags)[row], wanted / max(1, len(items)))
    wanted = torch.stack([
        0.5 * table[3] + 2 * table[1] - table[1], torch.zeros(5), 3 * table[0],
        table[2] + 4 * table[3],
    ])  # fmt: skip
    torch.testing.assert_close(sums(table, weighted), wanted)


def test_weights_stay_with_their_items(weighted):
    assert weighted.take(torch.tensor([3, 2])).weights.tolist() == [1, 4, 3]
    assert weighted.part(slice(0, 2)).weights.tolist() == [0.5, 2, -1]
    assert weighted.to(torch.device("cpu")).weights.tolist() == weighted.weights.tolist()
    rest = weighted.without(torch.tensor([True, False, True, True, False, False]))
    assert rest.items.tolist() == [1, 2, 3] and rest.starts.tolist() == [0, 1, 1, 1, 3]
    assert rest.weights.tolist() == [2, 1, 4]
    assert weighted.owners.tolist() == [0, 0, 0, 2, 3, 3]


def test_some_of_the_bags(bags):
    taken = bags.take(torch.tensor([3, 1, 0, 3]))
    assert [part.tolist() for part in taken.items.tensor_split(taken.starts[1:-1])] == [
        [2, 3], [], [3, 1, 1], [2, 3],
    ]  # fmt: skip
    part = bags.part(slice(1, 3))
    assert part.items.tolist() == [0] and part.starts.tolist() == [0, 0, 1]
    assert bags.sizes.tolist() == [3, 0, 1, 2] and len(bags) == 4


def test_pairs_become_bags():
    bags = Bags.grouped(np.array([[2, 7], [0, 5], [2, 6]]), 4)
    assert bags.items.tolist() == [5, 7, 6] and bags.sizes.tolist() == [1, 0, 2, 0]


def test_words_of_a_text():
    assert words_of("It’s WELL-made<br />a 2nd--time, 'truly' great_one!") == [
        "it's", "well-made", "a", "2nd", "time", "truly", "great", "one",
    ]  # fmt: skip
    numbers, starts = numbered([["b", "x"], [], ["a"]], ["a", "b"])
    assert numbers.tolist() == [2, 0, 1] and starts.tolist() == [0, 2, 2, 3]
