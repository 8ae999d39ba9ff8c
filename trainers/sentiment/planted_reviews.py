"""The built-in reviews: made-up words, of which it is known how positive each is."""

import hashlib

import numpy as np

from trainers.core.rng import numpy_generator
from trainers.sentiment.data import Reviews

STRENGTHS = (0.5, 2.5)
"""From the weakest to the strongest of the words that take sides: see planted_reviews."""


def planted_reviews(
    reviews: int = 8_000, words: int = 4_000, share: float = 0.1, length: int = 20, seed: int = 0
) -> Reviews:
    """Make reviews, half of them positive, of words drawn one by one.

    A word of strength s is e**s times as likely in a positive review as in a negative one, up to
    what makes the probabilities of each kind sum to 1. Words are as frequent as those of natural
    text (Zipf's law), whatever their strength.

    Parameters
    ----------
    reviews, words : how many
    share : of the words are positive (good0, good1, ...), as many negative (bad0, ...), each from
        the strongest to the weakest; the rest is neutral (word0, ...)
    length : mean number of words in a review (Poisson, at least 1)
    """
    chance = numpy_generator(seed, "planted reviews")
    sided = int(share * words)
    strengths = np.linspace(STRENGTHS[1], STRENGTHS[0], sided)
    strength = np.concatenate([strengths, -strengths, np.zeros(words - 2 * sided)])  # (words,)
    names = [f"{kind}{number}" for kind, count in
             (("good", sided), ("bad", sided), ("word", words - 2 * sided))
             for number in range(count)]  # fmt: skip
    frequency = 1 / (1 + chance.permutation(words))
    positive = np.arange(reviews) % 2 == 1
    lengths = np.maximum(chance.poisson(length, reviews), 1)
    drawn = np.empty(lengths.sum(), dtype=np.int64)  # the words of all reviews
    of_positive = positive.repeat(lengths)
    for kind, sign in ((True, 1), (False, -1)):
        weight = frequency * np.exp(sign * strength / 2)
        here = of_positive == kind
        drawn[here] = chance.choice(words, here.sum(), p=weight / weight.sum())
    texts = tuple(
        " ".join(names[word] for word in review)
        for review in np.split(drawn, lengths.cumsum()[:-1])
    )
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    truth = dict(zip(names, strength.tolist(), strict=True))
    source = {"name": "planted reviews", "sha256": digest}
    return Reviews("planted reviews", texts, positive, source, (), truth)
