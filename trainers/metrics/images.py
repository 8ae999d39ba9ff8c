"""Accuracy of nearest neighbors among image vectors, and the baselines: raw pixels and PCA."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

from trainers.core.rng import numpy_generator
from trainers.data.images.reading import Images

NEIGHBORS = 5
"""k of the k-NN classifier that evaluates vectors."""

PCA_ROWS = 10_000
"""Maximum number of images to which PCA is fitted."""


def knn_accuracy(
    vectors: np.ndarray,
    images: Images,
    trained: np.ndarray,
    held_out: np.ndarray,
    metric: str = "euclidean",
) -> float:
    """Return the fraction of held-out images that a k-NN classifier classifies correctly.

    Parameters
    ----------
    vectors : float32, shape (n, dim), one row per image
    trained, held_out : int64, row numbers of the images to fit and to evaluate
    """
    model = KNeighborsClassifier(min(NEIGHBORS, len(trained)), metric=metric)
    model.fit(vectors[trained], images.target[trained])
    return float(model.score(vectors[held_out], images.target[held_out]))


def baselines(
    images: Images, trained: np.ndarray, held_out: np.ndarray, dim: int, seed: int
) -> dict[str, float | None]:
    """Return the k-NN accuracies of raw pixels and of PCA with `dim` components.

    Nothing is returned without held-out images or without classes.
    """
    if not len(held_out) or not images.classes:
        return {}
    pixels = flat(images, np.arange(len(images)))  # (n, pixels)
    reduced = fitted_pca(images, trained, dim, seed).transform(pixels)  # (n, dim)
    return {
        "knn accuracy of pixels": knn_accuracy(pixels, images, trained, held_out),
        "knn accuracy of pca": knn_accuracy(reduced, images, trained, held_out),
    }


def fitted_pca(images: Images, trained: np.ndarray, dim: int, seed: int) -> PCA:
    """Fit PCA to the intensities of the training images, or to a sample of PCA_ROWS of them."""
    if len(trained) > PCA_ROWS:
        trained = numpy_generator(seed, "pca").choice(trained, PCA_ROWS, replace=False)
    pixels = flat(images, trained)
    return PCA(min(dim, *pixels.shape), random_state=0).fit(pixels)


def flat(images: Images, rows: np.ndarray) -> np.ndarray:
    """Return intensities from 0 to 1, one row per image: float32, shape (b, pixels)."""
    return images.pixels[rows].reshape(len(rows), -1) / np.float32(images.full)
