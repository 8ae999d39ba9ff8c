"""Names of clusters: the words that are characteristic of their labels."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from embeddings.analysis.clusters import Clusters

_NAME_WORDS = 3
_TYPICAL = 0.05  # a word of a cluster's name is in at least this fraction of its labels
_WORD = re.compile(r"[^\W\d_]{2,}|\d+")


def name_clusters(clusters: Clusters, labels: Sequence[str]) -> tuple[str, ...]:
    """Name each cluster by its most characteristic words, or else by its most central labels.

    Words are weighted as in BERTopic (class-based tf-idf, arXiv:2203.05794, eq. 3):
    tf(word, cluster) x log(1 + average words per cluster / frequency of the word in all clusters).
    Only words in at least 5 % and two of the cluster's labels count. If there are none, as in sets
    of single words, the name consists of the three labels closest to the centroid.

    Parameters
    ----------
    labels : n strings, one per point

    Returns
    -------
    one name per cluster; equal names are numbered
    """
    counts = [Counter[str]() for _ in range(clusters.count)]
    for number, label in zip(clusters.labels.tolist(), labels, strict=True):
        if number >= 0:
            counts[number].update(set(_WORD.findall(label.lower())))
    overall = sum(counts, Counter[str]())
    average = overall.total() / max(1, clusters.count)
    found = []
    for number, words in enumerate(counts):
        needed = max(2, _TYPICAL * clusters.sizes[number])
        weights = {
            word: frequency * np.log1p(average / overall[word])
            for word, frequency in words.items()
            if frequency >= needed
        }
        best = sorted(weights, key=lambda word: (-weights[word], word))[:_NAME_WORDS]
        central = dict.fromkeys(labels[row] for row in clusters.central[number])
        found.append(", ".join(best or central))
    return _distinct(found)


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Number equal names: sea, sea (2), sea (3)."""
    seen = Counter[str]()
    result = []
    for name in names:
        seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(result)
