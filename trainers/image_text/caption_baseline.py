"""The baseline of image_text: ridge regression from small images to tf-idf of their captions."""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.preprocessing import normalize

from trainers.data.words import words_of
from trainers.image_text.data import Captioned
from trainers.image_text.retrieval import recalls

SIDE = 16
"""Pixels along the sides to which images are brought."""

WORDS = 1_000
"""The most frequent ones, at most."""


def ridge_recall(pairs: Captioned, trained: np.ndarray, judged: np.ndarray) -> float:
    """Return recall@1, the mean of both directions, among the pairs judged.

    trained, judged : int64, rows of the pairs
    """
    small = shrunk(pairs.pixels) / pairs.full
    tfidf = TfidfVectorizer(analyzer=words_of, max_features=WORDS)
    words = tfidf.fit_transform([pairs.captions[row] for row in trained]).toarray()
    model = Ridge(solver="cholesky").fit(small[pairs.image[trained]], words)
    texts = tfidf.transform([pairs.captions[row] for row in judged]).toarray()
    images = normalize(model.predict(small[pairs.image[judged]]))
    return recalls(images, texts)["recall@1"]


def shrunk(pixels: np.ndarray) -> np.ndarray:
    """Return the means of patches of images: float32, shape (n, channels * SIDE**2).

    pixels : uint8, shape (n, channels, height, width); smaller ones keep their size
    """
    height, width = pixels.shape[2:]
    size = (min(SIDE, height), min(SIDE, width))
    parts = [F.adaptive_avg_pool2d(part.float(), size)
             for part in torch.from_numpy(pixels).split(1_000)]  # fmt: skip
    return torch.cat(parts).flatten(1).numpy()
