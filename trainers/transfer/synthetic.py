"""The built-in data: users who read a feed often and click few ads, driven by the same tastes."""

import hashlib

import numpy as np
import pyarrow as pa

from trainers.core.rng import numpy_generator
from trainers.data.pairs.pairs import Pairs, Side

TOPICS = (
    *("astronomy", "baking", "chess", "cycling", "finance", "gardening", "history", "jazz"),
    *("knitting", "law", "medicine", "photography", "programming", "sailing", "travel", "wine"),
)

POPULAR_FRACTION = 0.2
"""Fraction of the interactions that follow popularity alone, not the user's taste."""


def synthetic_ads(
    users: int = 1_500,
    items: int = 1_200,
    ads: int = 160,
    read: int = 30,
    clicked: int = 4,
    seed: int = 0,
) -> tuple[Pairs, np.ndarray]:
    """Generate interactions with the items of a feed, and clicks on ads.

    Each user has a taste: a mixture of topics dominated by a few (Dirichlet, all parameters .15).
    Each item and each ad has one topic and a popularity (1 / rank^.7, in random order). Users
    choose by popularity within their taste, except for a POPULAR_FRACTION of their choices.

    Parameters
    ----------
    users, items, ads : how many of each
    read, clicked : mean number of items and of ads per user (Poisson), each chosen at most once
    seed : of the data

    Returns
    -------
    pairs : users, and the items of the feed followed by the ads
    is_ad : bool, shape (p,), True where the pair is with an ad
    """
    rng = numpy_generator(seed, "planted ads")
    tastes = rng.dirichlet(np.full(len(TOPICS), 0.15), users)  # (users, topics)
    rows, on_ad = [], []
    topics = np.concatenate([np.arange(items) % len(TOPICS), np.arange(ads) % len(TOPICS)])
    for first, count, mean in ((0, items, read), (items, ads, clicked)):
        topic = topics[first : first + count]  # (count,)
        popularity = rng.permutation(1 / np.arange(1, count + 1) ** 0.7)  # (count,)
        probabilities = tastes[:, topic] * popularity  # (users, count)
        probabilities *= (1 - POPULAR_FRACTION) / probabilities.sum(axis=1, keepdims=True)
        probabilities += POPULAR_FRACTION * popularity / popularity.sum()
        numbers = np.minimum(rng.poisson(mean, users), count // 2)  # (users,)
        for user, number in enumerate(numbers):
            chosen = rng.choice(count, number, replace=False, p=probabilities[user])
            rows += [(user, first + item) for item in np.sort(chosen)]
            on_ad += [first > 0] * number
    pairs = np.array(rows, dtype=np.int64)  # (p, 2)
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    pairs, is_ad = pairs[order], np.array(on_ad)[order]
    made = Pairs(
        name="synthetic ads",
        left=Side(
            "user",
            tuple(f"user {number}" for number in range(users)),
            {"topic": pa.array([TOPICS[number] for number in tastes.argmax(axis=1)])},
        ),
        right=Side(
            "item",
            (*(f"item {n}" for n in range(items)), *(f"ad {n}" for n in range(ads))),
            {"topic": pa.array([TOPICS[number] for number in topics])},
        ),
        rows=pairs,
        time_rank=np.arange(len(pairs)),
        source={"name": "synthetic ads", "sha256": hashlib.sha256(pairs.tobytes()).hexdigest()},
    )
    return made, is_ad
