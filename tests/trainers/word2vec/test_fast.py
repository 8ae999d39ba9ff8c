"""The compiled engine equals a slow, simple one that draws the same random numbers."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import chisquare

from trainers.word2vec.alias import AliasTable
from trainers.word2vec.fast import Model, _below, _draw_targets, _next, _uniform, learn

VOCABULARY, DIM = 12, 7


def model(skip_gram=True, keep=1.0, window=3, negatives=4, seed=0):
    generator = np.random.default_rng(seed)
    inputs, outputs = generator.normal(size=(2, VOCABULARY, DIM)).astype(np.float32)
    return Model(
        inputs=inputs,
        outputs=outputs,
        keep=np.linspace(keep, 1, VOCABULARY).astype(np.float32),
        noise=AliasTable.of(np.arange(1, VOCABULARY + 1) ** 0.75),
        skip_gram=skip_gram,
        window=window,
        negatives=negatives,
    )


class Generator:
    """The engine's generator of random numbers."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return self.state

    def below(self, limit):
        return (self.next() >> 32) * limit >> 32

    def uniform(self):
        return (self.next() >> 40) / 2**24


def learn_slowly(m, sentences, rate, seed):
    """Return input and output vectors, loss and count, after the papers, in float64."""
    inputs, outputs = m.inputs.astype(float), m.outputs.astype(float)
    rng, total, trained = Generator(seed), 0.0, 0

    def logistic(x):
        return 1 / (1 + math.exp(-x))

    def update(u, targets):
        """Move output vectors; return the loss and how u is to move."""
        logits = [u @ outputs[target] for target in targets]
        change, loss = np.zeros(DIM), 0.0
        for k, (target, logit) in enumerate(zip(targets, logits, strict=True)):
            label = k == 0
            loss -= math.log(logistic(logit if label else -logit))
            step = rate * (label - logistic(logit))
            change += step * outputs[target]
            outputs[target] += step * u
        return loss, change

    for sentence in sentences:
        used = [word for word in sentence if rng.uniform() < m.keep[word]]
        for i, middle in enumerate(used):
            width = 1 + rng.below(m.window)
            around = used[max(0, i - width) : i] + used[i + 1 : i + 1 + width]
            if not around:
                continue
            targets = [middle]
            for _ in range(m.negatives):
                slot = rng.below(VOCABULARY)
                stays = rng.uniform() < m.noise.stay[slot]
                negative = slot if stays else m.noise.alias[slot]
                if negative != middle:
                    targets.append(negative)
            if m.skip_gram:
                for word in around:
                    loss, change = update(inputs[word], targets)
                    inputs[word] += change
                    total, trained = total + loss, trained + 1
            else:
                loss, change = update(inputs[around].mean(axis=0), targets)
                for word in around:
                    inputs[word] += change
                total, trained = total + loss, trained + 1
    return inputs, outputs, total, trained


def corpus(sentences, seed=0):
    generator = np.random.default_rng(seed)
    lengths = generator.integers(0, 15, sentences)
    tokens = generator.integers(0, VOCABULARY, lengths.sum()).astype(np.int32)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return tokens, starts, [tokens[a:b].tolist() for a, b in pairwise(starts)]


@pytest.mark.parametrize("skip_gram", [True, False], ids=["skip-gram", "cbow"])
@pytest.mark.parametrize("keep", [1.0, 0.3], ids=["all words", "some skipped"])
def test_updates_equal_those_of_a_simple_implementation(skip_gram, keep):
    tokens, starts, sentences = corpus(40)
    m = model(skip_gram, keep)
    inputs, outputs, loss, count = learn_slowly(m, sentences, 0.05, seed=2**63 + 12345)
    got_loss, got_count = learn(m, tokens, starts, 0.05, [2**63 + 12345])
    assert got_count == count > 100
    assert got_loss == pytest.approx(loss, rel=1e-4)
    np.testing.assert_allclose(m.inputs, inputs, atol=2e-4)
    np.testing.assert_allclose(m.outputs, outputs, atol=2e-4)


def test_one_pair_by_hand():
    only_two = AliasTable(np.zeros(VOCABULARY, np.float32), np.full(VOCABULARY, 2, np.int32))
    m = replace(model(window=1, negatives=1), noise=only_two)
    u, v, other = m.inputs[1].copy(), m.outputs[0].copy(), m.outputs[2].copy()
    u0, v1 = m.inputs[0].copy(), m.outputs[1].copy()

    def s(x):
        return 1 / (1 + np.exp(-x))

    loss, count = learn(m, np.array([0, 1], np.int32), np.array([0, 2]), 0.1, [0])
    # The middle is 0: word 1's input vector against output vectors 0 (true) and 2 (random).
    positive, negative = u @ v, u @ other
    np.testing.assert_allclose(
        m.inputs[1], u + 0.1 * ((1 - s(positive)) * v - s(negative) * other), rtol=1e-5
    )
    np.testing.assert_allclose(m.outputs[0], v + 0.1 * (1 - s(positive)) * u, rtol=1e-5)
    other = other - 0.1 * s(negative) * u
    # Then the middle is 1.
    second = u0 @ v1, u0 @ other
    np.testing.assert_allclose(m.outputs[2], other - 0.1 * s(second[1]) * u0, rtol=1e-4)
    expected = -np.log([s(positive), s(-negative), s(second[0]), s(-second[1])]).sum()
    assert loss == pytest.approx(expected, rel=1e-5) and count == 2


def test_a_learning_rate_of_0_only_computes_the_loss():
    tokens, starts, _ = corpus(40)
    m, before = model(), model()
    first = learn(m, tokens, starts, 0.0, [1])
    assert first == learn(m, tokens, starts, 0.0, [1])
    np.testing.assert_array_equal(m.inputs, before.inputs)
    np.testing.assert_array_equal(m.outputs, before.outputs)


def test_large_products_do_not_overflow():
    m = model()
    m.inputs[:] *= 1e4
    tokens, starts, _ = corpus(40)
    loss, count = learn(m, tokens, starts, 1e-9, [1])
    assert np.isfinite(loss) and count and np.isfinite(m.inputs).all()


def test_the_same_seed_gives_the_same_bytes_with_one_thread():
    tokens, starts, _ = corpus(200)
    made = []
    for seed in (7, 7, 8):
        m = model()
        learn(m, tokens, starts, 0.05, [seed])
        made.append(m.inputs.tobytes())
    assert made[0] == made[1] != made[2]


def test_threads_split_the_sentences():
    tokens, starts, _ = corpus(200)
    for threads in (2, 3, 8, 300):
        m = model(window=1)
        count = learn(m, tokens, starts, 0.05, list(range(threads)))[1]
        assert count == learn(model(window=1), tokens, starts, 0.05, [0])[1]  # widths are all 1
        assert np.isfinite(m.inputs).all()


def test_negatives_follow_the_noise():
    m = model()
    state, seen = np.uint64(3), np.zeros(VOCABULARY)
    targets = np.empty(11, dtype=np.int32)
    for _ in range(5_000):
        count, state = _draw_targets(targets, 0, m.noise.stay, m.noise.alias, np.uint64(state))
        np.add.at(seen, targets[1:count], 1)
    weights = np.arange(1, VOCABULARY + 1) ** 0.75
    assert seen[0] == 0  # the word in the middle is no negative
    assert chisquare(seen[1:], weights[1:] / weights[1:].sum() * seen.sum()).pvalue > 0.01


def test_numbers_are_uniform():
    state, uniform, below = np.uint64(0), [], []
    for _ in range(20_000):
        state = np.uint64(_next(state))  # compiled functions return it as a Python int
        uniform.append(_uniform(state))
        state = np.uint64(_next(state))
        below.append(_below(state, 5))
    assert min(uniform) >= 0 and max(uniform) < 1
    assert chisquare(np.histogram(uniform, 20, (0, 1))[0]).pvalue > 0.01
    assert chisquare(np.bincount(below)).pvalue > 0.01 and len(np.bincount(below)) == 5


def test_words_are_skipped_at_the_requested_rate():
    m = model(keep=0.2, window=1)
    tokens = np.repeat(np.arange(VOCABULARY, dtype=np.int32), 20_000)
    sentences = np.arange(0, len(tokens) + 1, 1_000)  # each of one word only
    count = learn(m, tokens, sentences, 0.0, [5])[1]
    assert count == pytest.approx(2 * m.keep.sum() * 20_000, rel=0.01)  # pairs to both sides
