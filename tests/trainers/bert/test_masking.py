"""Tokens are hidden as often as Devlin et al. say, and never those that are special."""

import numpy as np
import pytest
import torch
from scipy.stats import binom

from trainers.bert.data import NOT_CHOSEN, mask_tokens

SPECIALS, MASK, VOCABULARY = 5, 4, 5_000


@pytest.fixture(scope="module")
def hidden():
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(0, VOCABULARY, (400, 500), generator=generator)
    tokens[:, 0], tokens[:, -1], tokens[::3, 400:] = 2, 3, 0
    return tokens, *mask_tokens(tokens, SPECIALS, MASK, VOCABULARY, generator)


def within_bounds(count: int, of: int, share: float) -> bool:
    """Say whether a count lies where 99.99 % of the counts by chance alone would."""
    low, high = binom.interval(0.9999, of, share)
    return bool(low <= count <= high)


def test_the_shares_are_those_of_the_paper(hidden):
    tokens, inputs, targets = (part.numpy() for part in hidden)
    ordinary = tokens >= SPECIALS
    chosen = targets != NOT_CHOSEN
    count = int(chosen.sum())
    assert within_bounds(count, int(ordinary.sum()), 0.15)
    became_mask = chosen & (inputs == MASK)
    stayed = chosen & (inputs == tokens)
    other = chosen & ~became_mask & ~stayed
    # a random token is the true one once in so many times
    once = 1 / (VOCABULARY - SPECIALS)
    assert within_bounds(int(became_mask.sum()), count, 0.8)
    assert within_bounds(int(other.sum()), count, 0.1 * (1 - once))
    assert within_bounds(int(stayed.sum()), count, 0.1 + 0.1 * once)


def test_bounds_would_see_a_wrong_share(hidden):
    tokens, _, targets = hidden
    chosen, ordinary = int((targets != NOT_CHOSEN).sum()), int((tokens >= SPECIALS).sum())
    assert not within_bounds(chosen, ordinary, 0.16)


def test_special_tokens_are_never_chosen_nor_put_in(hidden):
    tokens, inputs, targets = (part.numpy() for part in hidden)
    special = tokens < SPECIALS
    assert (targets[special] == NOT_CHOSEN).all() and (inputs[special] == tokens[special]).all()
    put_in = inputs[(inputs != tokens) & (inputs != MASK)]
    assert put_in.min() >= SPECIALS and put_in.max() < VOCABULARY
    assert len(np.unique(put_in)) > 1_000  # from the whole vocabulary


def test_targets_are_the_true_tokens(hidden):
    tokens, inputs, targets = hidden
    chosen = targets != NOT_CHOSEN
    assert torch.equal(targets[chosen], tokens[chosen])
    assert torch.equal(inputs[~chosen], tokens[~chosen])


def test_every_step_and_epoch_hides_others_and_the_same_seed_the_same():
    tokens = torch.full((20, 20), 100)
    made = [
        mask_tokens(tokens, 5, 4, 200, torch.Generator().manual_seed(seed))[1] for seed in (1, 1, 2)
    ]
    assert torch.equal(made[0], made[1]) and not torch.equal(made[0], made[2])


def test_all_may_become_mask():
    tokens = torch.full((100, 100), 100)
    inputs, targets = mask_tokens(tokens, 5, 4, 200, torch.Generator().manual_seed(0), (1.0, 0.0))
    assert (inputs[targets != NOT_CHOSEN] == MASK).all()


def test_of_few_tokens_one_is_chosen():
    for seed in range(30):
        generator = torch.Generator().manual_seed(seed)
        _, targets = mask_tokens(torch.tensor([[2, 100, 101, 3]]), 5, 4, 200, generator)
        chosen = (targets != NOT_CHOSEN)[0]
        assert chosen[1:3].any() and not chosen[[0, 3]].any()
