"""Sense purity: the fraction of an occurrence's nearest neighbors that have its word sense.

The neighbors are other occurrences of the same word, so a model gains nothing from recognizing the
word itself. Where all similarities are equal, as without context, the order is random and the
purity is that of the distribution of senses (`chance_purity`).
"""

from collections.abc import Sequence

import numpy as np

from trainers.core.rng import numpy_generator


def sense_purity(
    vectors: np.ndarray, words: Sequence[str], senses: Sequence[str | None], k: int = 5
) -> float:
    """Return the mean fraction of the k nearest occurrences, by cosine, with the same sense.

    Occurrences of unknown sense are left out, and so are words with k occurrences or fewer.

    Parameters
    ----------
    vectors : float32, shape (n, d); row i is an occurrence of words[i] with the sense senses[i]

    Returns
    -------
    The mean over all occurrences, or NaN if every word was left out.
    """
    names = np.array([sense or "" for sense in senses])
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.maximum(lengths, 1e-12)
    purities: list[float] = []
    for number, word in enumerate(sorted(set(words))):
        rows = np.flatnonzero((names != "") & (np.array(words) == word))
        if len(rows) <= k:
            continue
        rows = numpy_generator(0, "order of equals", number).permutation(rows)
        own_senses = names[rows]
        # Rounded, so that similarities that differ only in the last bits count as equal.
        similarity = np.round(unit[rows] @ unit[rows].T, 5)
        np.fill_diagonal(similarity, -np.inf)
        nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
        purities.extend((own_senses[nearest] == own_senses[:, None]).mean(axis=1))
    return float(np.mean(purities)) if purities else float("nan")


def chance_purity(words: Sequence[str], senses: Sequence[str | None], k: int = 5) -> float:
    """Return the expected sense purity of vectors that carry no information about the sense."""
    purities: list[float] = []
    for word in sorted(set(words)):
        known = [sense for other, sense in zip(words, senses, strict=True)
                 if other == word and sense is not None]  # fmt: skip
        if len(known) > k:
            counts = np.array([known.count(sense) for sense in known])
            purities.extend((counts - 1) / (len(known) - 1))
    return float(np.mean(purities)) if purities else float("nan")
