"""The built-in reviews: made-up words whose sentiment is known."""

import hashlib

import numpy as np

from trainers.core.rng import numpy_generator
from trainers.sentiment.reviews import Reviews

STRENGTHS = (0.5, 2.5)
"""Strength of the weakest and of the strongest words with a sentiment: see `synthetic_reviews`."""


def synthetic_reviews(
    reviews: int = 8_000, words: int = 4_000, fraction: float = 0.1, length: int = 20, seed: int = 0
) -> Reviews:
    """Generate reviews, half of them positive, of independently drawn words.

    A word of strength s is e**s times as likely in a positive review as in a negative one, up to
    the normalization of the probabilities. Word frequencies follow Zipf's law, like those of
    natural text, independently of the strengths.

    Parameters
    ----------
    reviews, words : how many of each
    fraction : of the words that are positive (good0, good1, ...), and of those that are negative
        (bad0, ...), each from the strongest to the weakest; the others are neutral (word0, ...)
    length : mean number of words in a review (Poisson, at least 1)
    seed : of the data
    """
    rng = numpy_generator(seed, "planted reviews")
    per_side = int(fraction * words)
    strengths = np.linspace(STRENGTHS[1], STRENGTHS[0], per_side)
    strength = np.concatenate([strengths, -strengths, np.zeros(words - 2 * per_side)])  # (words,)
    names = [f"{kind}{number}" for kind, count in
             (("good", per_side), ("bad", per_side), ("word", words - 2 * per_side))
             for number in range(count)]  # fmt: skip
    frequency = 1 / (1 + rng.permutation(words))  # (words,)
    positive = np.arange(reviews) % 2 == 1  # (reviews,)
    lengths = np.maximum(rng.poisson(length, reviews), 1)  # (reviews,)
    drawn = np.empty(lengths.sum(), dtype=np.int64)  # the words of all reviews
    in_positive = positive.repeat(lengths)
    for side, sign in ((True, 1), (False, -1)):
        weight = frequency * np.exp(sign * strength / 2)  # (words,)
        selected = in_positive == side
        drawn[selected] = rng.choice(words, selected.sum(), p=weight / weight.sum())
    texts = tuple(
        " ".join(names[word] for word in review)
        for review in np.split(drawn, lengths.cumsum()[:-1])
    )
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    truth = dict(zip(names, strength.tolist(), strict=True))
    source = {"name": "synthetic reviews", "sha256": digest}
    target = positive.astype(np.int64)
    return Reviews("synthetic reviews", texts, target, ("0", "1"), source, (), truth)
