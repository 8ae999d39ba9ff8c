"""Accuracies of k-NN among image vectors, with neighbors counted by hand."""

import numpy as np
import pytest

from trainers.data.images.reading import Images
from trainers.metrics import images as metrics


def images_of(pixels: list[list[int]], classes: str = "ab", target: str = "") -> Images:
    """Return images one pixel high, with the class of each as a letter."""
    array = np.array(pixels, dtype=np.uint8)[:, None, None]
    numbers = np.array([classes.index(letter) for letter in target] or [0] * len(pixels))
    labels = tuple(map(str, range(len(pixels))))
    return Images("synthetic", array, 200, labels, tuple(classes), numbers, {"name": "synthetic"})


def test_the_majority_of_five_neighbors_decides():
    """A majority of one neighbor or of all seven would be wrong about the image at 0.5."""
    position = np.array([0, 1, 2, 0.4, 10, 11, 12, 0.5, 11.5, 1.5], dtype=np.float32)[:, None]
    images = images_of([[0]] * 10, target="aaabbbb" + "abb")
    trained, held_out = np.arange(7), np.arange(7, 10)
    found = metrics.knn_accuracy(position, images, trained, held_out)
    assert found == pytest.approx(2 / 3)  # the last is among images of a


def test_the_metric_decides_what_is_near():
    """The held-out vector is closer to those of b, but has the direction of those of a."""
    vectors = np.array([[10, 0], [10, 1], [10, 2], [0, 1], [0, 2], [0, 3], [1, 0.1]])
    images = images_of([[0]] * 7, target="aaabbb" + "a")
    for metric, accuracy in (("cosine", 1), ("euclidean", 0)):
        found = metrics.knn_accuracy(vectors, images, np.arange(6), np.array([6]), metric)
        assert found == accuracy


def test_pixels_and_their_principal_components_are_baselines():
    """The class is in the second pixel, but the first one has the larger variance.

    By both pixels, the neighbors of the held-out images are in order aabba, bbaab and abbaa: all
    are right. By the first pixel alone they are baabb, abbaa and abbaa: only the last is right.
    """
    trained = [[0, 0], [80, 0], [160, 0], [240, 0], [40, 60], [120, 60], [200, 60]]
    held_out = [[105, 0], [95, 60], [80, 0]]
    images = images_of(trained + held_out, target="aaaabbb" + "aba")
    found = metrics.baselines(images, np.arange(7), np.arange(7, 10), dim=1, seed=0)
    assert found["knn accuracy of pixels"] == 1
    assert found["knn accuracy of pca"] == pytest.approx(1 / 3)


def test_nothing_is_compared_without_held_out_images_or_classes():
    images = images_of([[0, 0], [1, 1]], target="ab")
    nothing = np.array([], dtype=np.int64)
    assert metrics.baselines(images, np.arange(2), nothing, dim=1, seed=0) == {}
    unlabeled = images_of([[0, 0], [1, 1]], classes="", target="")
    assert metrics.baselines(unlabeled, np.array([0]), np.array([1]), dim=1, seed=0) == {}


def test_pca_is_fitted_to_the_training_images():
    """These vary in the first pixel only, and the third image in the second."""
    pca = metrics.fitted_pca(images_of([[0, 0], [200, 0], [0, 200]]), np.array([0, 1]), 1, seed=0)
    np.testing.assert_allclose(pca.mean_, [0.5, 0])
    np.testing.assert_allclose(np.abs(pca.components_), [[1, 0]], atol=1e-6)


def test_pca_has_at_most_as_many_components_as_pixels_or_images():
    images = images_of([[0, 0, 1], [200, 0, 5], [0, 200, 9], [7, 7, 7]])
    assert metrics.fitted_pca(images, np.arange(4), 8, seed=0).n_components_ == 3
    assert metrics.fitted_pca(images, np.arange(2), 8, seed=0).n_components_ == 2


def test_pca_of_many_images_is_fitted_to_a_sample(monkeypatch):
    monkeypatch.setattr(metrics, "PCA_ROWS", 10)
    images = images_of([[i, i * i % 201] for i in range(100)])
    one, again, other = (metrics.fitted_pca(images, np.arange(100), 2, seed) for seed in (0, 0, 1))
    assert one.n_samples_ == 10
    assert np.array_equal(one.mean_, again.mean_) and not np.array_equal(one.mean_, other.mean_)


def test_intensities_are_fractions_of_white():
    found = metrics.flat(images_of([[0, 0], [50, 200]]), np.array([1, 0]))
    assert found.dtype == np.float32 and found.tolist() == [[0.25, 1], [0, 0]]
