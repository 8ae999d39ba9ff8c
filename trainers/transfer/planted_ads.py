"""The built-in surfaces: users who read a feed a lot and click on few ads, by the same tastes."""

import hashlib

import numpy as np
import pyarrow as pa

from trainers.core.rng import numpy_generator
from trainers.data.pairs.pairs import Pairs, Side
from trainers.data.planted_clicks import TOPICS

ANYTHING = 0.2
"""Share of interactions with whatever is popular, out of no taste."""


def planted_ads(
    users: int = 1_500,
    items: int = 1_200,
    ads: int = 160,
    read: int = 30,
    clicked: int = 4,
    seed: int = 0,
) -> tuple[Pairs, np.ndarray]:
    """Make interactions with items of a feed, and clicks on ads.

    Every user has a taste, a mixture of topics in which few are large (Dirichlet, .15 each). Every
    item and every ad has one topic and a popularity (1 / rank^.7, ranks at random). A user takes
    what is popular within the taste, but for ANYTHING of the times.

    Parameters
    ----------
    read, clicked : mean number of items and of ads a user (Poisson); an item is taken once

    Returns
    -------
    pairs : users, and items of the feed followed by ads
    ad : bool, shape (p,), whether a pair is with an ad
    """
    chance = numpy_generator(seed, "planted ads")
    names = list(TOPICS)
    tastes = chance.dirichlet(np.full(len(names), 0.15), users)  # (users, topics)
    found, on_ad = [], []
    topics = np.concatenate([np.arange(items) % len(names), np.arange(ads) % len(names)])
    for first, count, mean in ((0, items, read), (items, ads, clicked)):
        topic = topics[first : first + count]
        popularity = chance.permutation(1 / np.arange(1, count + 1) ** 0.7)
        wanted = tastes[:, topic] * popularity  # (users, count)
        wanted *= (1 - ANYTHING) / wanted.sum(axis=1, keepdims=True)
        wanted += ANYTHING * popularity / popularity.sum()
        numbers = np.minimum(chance.poisson(mean, users), count // 2)
        for user, number in enumerate(numbers):
            taken = chance.choice(count, number, replace=False, p=wanted[user])
            found += [(user, first + item) for item in np.sort(taken)]
            on_ad += [first > 0] * number
    rows = np.array(found, dtype=np.int64)
    order = np.lexsort((rows[:, 1], rows[:, 0]))
    rows, ad = rows[order], np.array(on_ad)[order]
    pairs = Pairs(
        name="planted ads",
        left=Side(
            "user",
            tuple(f"user {number}" for number in range(users)),
            {"topic": pa.array([names[number] for number in tastes.argmax(axis=1)])},
        ),
        right=Side(
            "item",
            (*(f"item {n}" for n in range(items)), *(f"ad {n}" for n in range(ads))),
            {"topic": pa.array([names[number] for number in topics])},
        ),
        rows=rows,
        when=np.arange(len(rows)),
        source={"name": "planted ads", "sha256": hashlib.sha256(rows.tobytes()).hexdigest()},
    )
    return pairs, ad
