"""Names of clusters: characteristic words, else central labels; equal names are numbered."""

import numpy as np

from embeddings.analysis.cluster_names import name_clusters
from embeddings.analysis.clusters import closest_to_centroid, cluster
from tests.embeddings.analysis.test_clusters import blobs


def test_names_are_the_words_that_set_a_cluster_apart():
    points, truth = blobs((60, 50, 40))
    texts = (
        ["The war of {} kings", "A {} war", "The kings of {}"],
        ["The cat {}", "A sleeping cat of {}", "The cat and {}"],
        ["The sea of {}", "A {} sea", "The deep sea and {}"],
    )
    labels = [texts[number][row % 3].format(f"w{row}") for row, number in enumerate(truth)]
    found = name_clusters(cluster(points), labels)
    words = [name.split(", ") for name in found]
    assert set(words[0][:2]) == {"kings", "war"}
    assert words[1][0] == "cat" and words[2][0] == "sea"


def test_names_of_single_words_are_the_central_labels():
    points, _ = blobs((30, 20))
    found = cluster(points)
    labels = [f"w{row:02d}" for row in range(50)]
    expected = tuple(
        ", ".join(labels[row] for row in closest_to_centroid(points, found.labels, number, 3).rows)
        for number in range(2)
    )
    assert name_clusters(found, labels) == expected


def test_central_labels_are_named_once():
    points, truth = blobs((30, 20))
    labels = ["?!"[number] for number in truth]  # no words
    assert name_clusters(cluster(points), labels) == ("?", "!")


def test_numbers_are_words():
    points, truth = blobs((30, 20))
    labels = [f"{number} #{row + 100}" for row, number in enumerate(truth)]
    assert name_clusters(cluster(points), labels) == ("0", "1")


def test_equal_names_are_numbered():
    points, _ = blobs((30, 20, 10))
    assert name_clusters(cluster(points), ["same word"] * 60) == (
        "same, word",
        "same, word (2)",
        "same, word (3)",
    )


def test_no_clusters_have_no_names():
    found = cluster(np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32))
    assert found.count == 0
    assert name_clusters(found, ["x"] * 9) == ()
