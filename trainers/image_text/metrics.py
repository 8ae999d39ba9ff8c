"""Retrieval metrics of image_text, and its baseline: ridge regression from pixels to tf-idf."""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.preprocessing import normalize

from trainers.core.rng import numpy_generator
from trainers.data.words import words_of
from trainers.image_text.data import Captioned

CANDIDATES = 500
"""Maximum number of images, and of captions, that are ranked."""

KS = (1, 5)

RIDGE_SIDE = 16
"""Side, in pixels, to which the baseline reduces images."""

RIDGE_WORDS = 1_000
"""Maximum number of words of the baseline's tf-idf, the most frequent ones."""


def recalls(images: np.ndarray, texts: np.ndarray) -> dict[str, float]:
    """Return recall@1 and recall@5 in both directions, and the mean of both recalls at 1.

    recall@k is the fraction of texts (images) whose own image (text) is among the k nearest by dot
    product; of equal products, the others count as nearer.

    images, texts : float32, shape (n, dim), of length 1; row i of both is pair i
    """
    products = texts @ images.T  # (n, n)
    own = products.diagonal()  # (n,)
    found: dict[str, float] = {}
    for name, ranks in (
        ("text to image", (products >= own[:, None]).sum(axis=1)),
        ("image to text", (products >= own).sum(axis=0)),
    ):
        found |= {f"recall@{k} {name}": float((ranks <= k).mean()) for k in KS}
    both = [found[f"recall@1 {name}"] for name in ("text to image", "image to text")]
    return {"recall@1": float(np.mean(both)), **found}


def candidates(rows: np.ndarray, meaning: np.ndarray, seed: int) -> np.ndarray:
    """Choose pairs with different meanings, at most CANDIDATES: int64, ascending row numbers.

    Parameters
    ----------
    rows : int64, shape (r,), the pairs to choose from
    meaning : int64, shape (p,), of all pairs
    """
    order = numpy_generator(seed, "candidates").permutation(rows)
    _, first = np.unique(meaning[order], return_index=True)
    return np.sort(order[np.sort(first)[:CANDIDATES]])


def ridge_recall(pairs: Captioned, trained: np.ndarray, evaluated: np.ndarray) -> float:
    """Return recall@1, the mean of both directions, of ridge regression from images to captions.

    trained, evaluated : int64, row numbers of the pairs
    """
    small = reduced(pairs.pixels) / pairs.full  # (n, inputs)
    tfidf = TfidfVectorizer(analyzer=words_of, max_features=RIDGE_WORDS)
    words = tfidf.fit_transform([pairs.captions[row] for row in trained]).toarray()
    model = Ridge(solver="cholesky").fit(small[pairs.image[trained]], words)
    texts = tfidf.transform([pairs.captions[row] for row in evaluated]).toarray()
    images = normalize(model.predict(small[pairs.image[evaluated]]))
    return recalls(images, texts)["recall@1"]


def reduced(pixels: np.ndarray) -> np.ndarray:
    """Return images reduced to RIDGE_SIDE by averaging: float32, (n, channels * RIDGE_SIDE**2).

    pixels : uint8, shape (n, channels, height, width); smaller images keep their size
    """
    height, width = pixels.shape[2:]
    size = (min(RIDGE_SIDE, height), min(RIDGE_SIDE, width))
    parts = [F.adaptive_avg_pool2d(part.float(), size)
             for part in torch.from_numpy(pixels).split(1_000)]  # fmt: skip
    return torch.cat(parts).flatten(1).numpy()
