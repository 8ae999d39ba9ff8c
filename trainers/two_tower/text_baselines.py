"""Baselines of search, which match words: tf-idf with settings chosen by validation, and LSA."""

from itertools import product

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from trainers.data.pairs.pairs import Pairs
from trainers.metrics.ranking import ScoreFunction, held_out_ranks, metrics
from trainers.two_tower.texts import TextColumns, as_matrix, texts_of, word_bags, word_vectors

MIN_TEXTS = (1, 2)
"""Numbers of documents from which on tf-idf uses a word."""

_EXAMINED = 1_000  # queries on which the settings of tf-idf are chosen


def text_baselines(
    pairs: Pairs, columns: TextColumns, dim: int, train: np.ndarray
) -> tuple[dict[str, ScoreFunction], str]:
    """Return the scores by tf-idf and by LSA, and the settings of tf-idf that were chosen.

    Parameters
    ----------
    pairs : items whose text columns are compared
    columns : the text columns of both sides
    dim : components of LSA
    train : int64, shape (p, 2), the pairs whose NDCG@10 decides on the settings of tf-idf
    """
    texts = texts_of(pairs.left, columns[0]), texts_of(pairs.right, columns[1])
    tfidf, settings = best_tfidf(*texts, train)
    (queries, documents), _ = word_bags(pairs, columns)
    words = word_vectors(documents, dim)  # (words, dim)
    left_lsa, right_lsa = (normalize(as_matrix(bags) @ words) for bags in (queries, documents))
    return {"tfidf": tfidf, "lsa": lambda lefts: left_lsa[lefts] @ right_lsa.T}, settings


def best_tfidf(
    left_texts: list[str], right_texts: list[str], train: np.ndarray
) -> tuple[ScoreFunction, str]:
    """Return the scores by tf-idf with the settings that rank the training pairs best.

    Tried are counts and 1 + log(count), with and without English stop words, and words of one or
    of two documents on. Without training pairs the first of these combinations is used.
    """
    _, first = np.unique(train[:, 0], return_index=True)
    chosen = train[np.isin(train[:, 0], train[np.sort(first)[:_EXAMINED], 0])]
    best: tuple[float, ScoreFunction, str] | None = None
    for sublinear, stop_words, least in product((True, False), ("english", None), MIN_TEXTS):
        vectorizer = TfidfVectorizer(sublinear_tf=sublinear, stop_words=stop_words, min_df=least)
        try:
            score = tfidf_scores(vectorizer, left_texts, right_texts)
        except ValueError:  # no word is left
            continue
        ranks = held_out_ranks(score, chosen, chosen[:0], len(right_texts))
        quality = metrics(ranks, chosen[:, 0])["ndcg@10"] if len(chosen) else 0.0
        if best is None or quality > best[0]:
            parts = [
                "1 + log(count)" if sublinear else "counts",
                "without stop words" if stop_words else "with stop words",
                f"words of {least} documents on" if least > 1 else "all words",
            ]
            best = quality, score, ", ".join(parts)
    assert best is not None  # word_bags has found a word
    return best[1:]


def tfidf_scores(
    vectorizer: TfidfVectorizer, left_texts: list[str], right_texts: list[str]
) -> ScoreFunction:
    """Return the cosines between the tf-idf of texts; the words are those of the right side.

    Raises
    ------
    ValueError
        no word is left
    """
    right = vectorizer.fit_transform(right_texts)  # (rights, words)
    left = vectorizer.transform(left_texts)  # (lefts, words)
    return lambda lefts: (left[lefts] @ right.T).toarray()
