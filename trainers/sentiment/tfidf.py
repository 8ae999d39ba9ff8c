"""Baselines on tf-idf whose settings are chosen by validation, as a user would choose them.

Counts are sublinear, 1 + log(count). Whether stop words are left out, from how many texts on a word
is used, and the strength of the regularization depend on the texts: short ones need all their
words, long ones do not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from embeddings.errors import EmbeddingError
from trainers.core.rng import numpy_generator
from trainers.data.words import words_of

Words = Callable[[str], list[str]]
"""Splits a text into words."""

MIN_TEXTS = (1, 2)
"""Numbers of texts from which on a word is used."""

INVERSE_REGULARIZATION = (1.0, 10.0)

_VALIDATION_FRACTION = 0.2
_EXAMINED = 10_000  # texts on which the settings are chosen


@dataclass(frozen=True)
class TfidfSettings:
    """What is chosen by validation.

    Attributes
    ----------
    stop_words : whether English stop words are left out
    min_texts : number of texts from which on a word is used
    """

    stop_words: bool = False
    min_texts: int = 1

    def vectorizer(self, words: Words = words_of) -> TfidfVectorizer:
        """Return scikit-learn's vectorizer of the words of a text, sublinear in their counts."""
        return TfidfVectorizer(
            tokenizer=words,
            token_pattern=None,
            lowercase=False,
            stop_words=sorted(ENGLISH_STOP_WORDS) if self.stop_words else None,
            min_df=self.min_texts,
            sublinear_tf=True,
        )

    def __str__(self) -> str:
        stop_words = "without stop words" if self.stop_words else "with stop words"
        least = f"in {self.min_texts} texts or more" if self.min_texts > 1 else "all words"
        return f"{stop_words}, {least}"


def fit_tfidf_regression(
    texts: Sequence[str], target: np.ndarray, seed: int, words: Words = words_of
) -> tuple[Any, str]:
    """Fit logistic regression on tf-idf, with the settings that are best in a fifth of the texts.

    Parameters
    ----------
    texts : n training texts
    target : int64, shape (n,), their classes
    seed : of the choice of texts for validation
    words : splits a text into words

    Returns
    -------
    model, description : the model is scikit-learn's, fitted on all texts
    """
    texts_array = np.array(texts, dtype=object)
    order = numpy_generator(seed, "tf-idf").permutation(len(target))[:_EXAMINED]
    validation, training = np.split(order, [int(_VALIDATION_FRACTION * len(order))])
    best: tuple[float, TfidfSettings, float] = (-1.0, TfidfSettings(), 1.0)
    for stop_words, least in product((False, True), MIN_TEXTS):
        settings = TfidfSettings(stop_words, least)
        vectorizer = settings.vectorizer(words)
        try:
            features = vectorizer.fit_transform(texts_array[training])
        except ValueError:  # no word is left
            continue
        if len(np.unique(target[training])) < 2:
            break
        held_out = vectorizer.transform(texts_array[validation])
        for strength in INVERSE_REGULARIZATION:
            model = LogisticRegression(C=strength, max_iter=1000)
            model.fit(features, target[training])
            accuracy = float(np.mean(model.predict(held_out) == target[validation]))
            if accuracy > best[0]:
                best = accuracy, settings, strength
    _, settings, strength = best
    model = make_pipeline(settings.vectorizer(words), LogisticRegression(C=strength, max_iter=1000))
    try:
        model.fit(texts_array, target)
    except ValueError as error:
        raise EmbeddingError(f"no words for tf-idf: {error}") from error
    return model, f"{settings}, C {strength:g}"
