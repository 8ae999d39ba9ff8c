"""Kneser-Ney: probabilities written out by hand, and sums of 1."""

import numpy as np
import pytest

from trainers.elmo.kneser_ney import KneserNey

START, END, A, B, C = range(5)
SENTENCES = [[A, B], [A, B, A], [B, C], [A, C]]


def test_bigram_probabilities_written_out():
    """The pairs: sa 3, sb 1; ab 2, ac 1, ae 1; ba 1, bc 1, be 1; ce 2."""
    model = KneserNey(SENTENCES, 2, 5, START, END)
    # of 9 pairs, 6 are counted once and 2 twice: D = 6 / (6 + 2 * 2)
    # different words before a: 2 (s, b); b: 2 (s, a); c: 2 (a, b); e: 3 (a, b, c)
    # 3 of the 4 are counted twice and none once: D is 1/2, the default
    single = {A: 2, B: 2, C: 2, END: 3}
    lower = {w: (c - 0.5 + 0.5 * 4 / 4) / 9 for w, c in single.items()}
    assert sum(lower.values()) == pytest.approx((9 - 2 + 2) / 9)
    for word, count in {A: 0, B: 2, C: 1, END: 1}.items():
        wanted = (max(count - 0.6, 0) + 0.6 * 3 * lower[word]) / 4
        assert model.probability((A, word)) == pytest.approx(wanted)
    assert model.probability((END, A)) == pytest.approx(lower[A])  # nothing comes after an end


@pytest.mark.parametrize("order", [2, 3])
def test_probabilities_sum_to_1(order):
    rng = np.random.default_rng(0)
    sentences = [rng.integers(2, 12, rng.integers(1, 9)).tolist() for _ in range(60)]
    model = KneserNey(sentences, order, 13, START, END)  # the word 12 is never seen
    for before in np.ndindex(*[13] * (order - 1)):
        found = [model.probability((*before, word)) for word in range(1, 13)]
        assert sum(found) == pytest.approx(1) and min(found) > 0


@pytest.mark.parametrize("order", [2, 3])
def test_deterministic_sequences_are_predicted(order):
    rng = np.random.default_rng(0)
    runs = [[(first + step) % 10 + 2 for step in range(8)] for first in rng.integers(0, 10, 200)]
    model = KneserNey(runs, order, 12, START, END)
    assert model.perplexity(runs[:50]) < 2  # only the first word and the end are uncertain
    shuffled = [rng.permutation(run).tolist() for run in runs[:50]]
    assert model.perplexity(shuffled) > 10
    single = model.perplexity([[4, 5]])
    ngrams = [(START, 4), (4, 5), (5, END)] if order == 2 else (
        [(START, START, 4), (START, 4, 5), (4, 5, END)])  # fmt: skip
    by_hand = np.prod([model.probability(ngram) for ngram in ngrams]) ** (-1 / 3)
    assert single == pytest.approx(by_hand)
