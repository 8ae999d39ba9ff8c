"""Do occurrences of one sense lie together? The share of each one's neighbors that have its sense.

Neighbors are sought among the other occurrences of the same word, so that the word itself, which
every model knows, helps nobody. Where all are alike, as without context, chance orders them, and
the purity is what the shares of the senses make it.
"""

from collections.abc import Sequence

import numpy as np

from trainers.core.rng import numpy_generator


def sense_purity(
    vectors: np.ndarray, words: Sequence[str], senses: Sequence[str | None], k: int = 5
) -> float:
    """Return the mean share of the k nearest, by cosine, that have the same sense.

    Occurrences without a known sense are left out, and so are words with k occurrences or fewer.

    Parameters
    ----------
    vectors : shape (n, d); row i is an occurrence of words[i] in the sense senses[i]
    """
    names = np.array([sense or "" for sense in senses])
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.maximum(lengths, 1e-12)
    shares: list[float] = []
    for number, word in enumerate(sorted(set(words))):
        rows = np.flatnonzero((names != "") & (np.array(words) == word))
        if len(rows) <= k:
            continue
        rows = numpy_generator(0, "order of equals", number).permutation(rows)
        of_sense = names[rows]
        # rounded, so that what differs in the last bits alone is equal
        similarity = np.round(unit[rows] @ unit[rows].T, 5)
        np.fill_diagonal(similarity, -np.inf)
        nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
        shares.extend((of_sense[nearest] == of_sense[:, None]).mean(axis=1))
    return float(np.mean(shares)) if shares else float("nan")


def chance_purity(words: Sequence[str], senses: Sequence[str | None], k: int = 5) -> float:
    """Return what sense_purity is on average for vectors that know nothing of the sense."""
    shares: list[float] = []
    for word in sorted(set(words)):
        here = [sense for other, sense in zip(words, senses, strict=True)
                if other == word and sense is not None]  # fmt: skip
        if len(here) > k:
            counts = np.array([here.count(sense) for sense in here])
            shares.extend((counts - 1) / (len(here) - 1))
    return float(np.mean(shares)) if shares else float("nan")
