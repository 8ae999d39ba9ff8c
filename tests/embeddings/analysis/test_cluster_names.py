"""Names of clusters: characteristic terms, else central labels, else a category, else a number."""

import numpy as np
import pytest

from embeddings import EmbeddingSet, layouts, load
from embeddings.analysis.cluster_names import name_clusters
from embeddings.analysis.clusters import closest_to_centroid, cluster
from embeddings.analysis.column_index import index_columns
from tests.embeddings.analysis.test_clusters import blobs


def names_of(points, labels, columns=None):
    """Return the names of the clusters of some points."""
    embedding_set = EmbeddingSet.of(points, labels, columns)
    return name_clusters(cluster(points), embedding_set, index_columns(embedding_set))


def places(truth):
    """Return the place of each item among those of its group."""
    return [int((truth[:row] == number).sum()) for row, number in enumerate(truth)]


def barcodes(count):
    random = np.random.default_rng(0)
    return ["".join(random.choice(list("ACGT"), 14)) + "-1" for _ in range(count)]


def test_names_are_the_words_that_set_a_cluster_apart():
    points, truth = blobs((60, 50, 40))
    texts = (
        ["The war of {} kings", "A {} war", "The kings of {}"],
        ["The cat {}", "A sleeping cat of {}", "The cat and {}"],
        ["The sea of {}", "A {} sea", "The deep sea and {}"],
    )
    labels = [
        texts[number][place % 3].format(f"w{place}")
        for number, place in zip(truth, places(truth), strict=True)
    ]
    words = [name.split(", ") for name in names_of(points, labels)]
    assert set(words[0]) == {"kings", "war"}
    assert words[1] == ["cat", "sleeping"]
    assert words[2] == ["sea", "deep"]


def test_a_word_of_all_clusters_names_none():
    points, truth = blobs((60, 50))
    labels = [f"report on {'ab'[number] * 3} today {row}" for row, number in enumerate(truth)]
    assert names_of(points, labels) == ("aaa", "bbb")


def test_words_side_by_side_are_one_term_as_it_is_written():
    points, truth = blobs((60, 50))
    texts = (
        ["New Machine Learning", "Machine Learning is hard", "learning with a Machine Learning"],
        ["A Dog", "The Dog", "My Dog"],
    )
    labels = [f"{texts[number][row % 3]} {row}" for row, number in enumerate(truth)]
    assert names_of(points, labels) == ("Machine Learning, hard", "Dog")


def test_columns_of_texts_and_tags_count_but_addresses_do_not():
    points, truth = blobs((30, 20))
    columns = {
        "summary": [
            f"{['about wine and bread', 'the blue sea'][number]} {row}"
            for row, number in enumerate(truth)
        ],
        "tags": [[["Food"], ["Travel", "Sun"]][number] for number in truth],
        "url": [f"https://example.org/{'xy'[number] * 4}/{i}" for i, number in enumerate(truth)],
    }
    labels = [f"item {row}" for row in range(50)]
    names = [set(name.split(", ")) for name in names_of(points, labels, columns)]
    assert names == [{"Food", "wine", "bread"}, {"Sun", "Travel", "blue sea"}]


def test_names_of_single_words_are_the_central_labels():
    points, _ = blobs((30, 20))
    random = np.random.default_rng(0)
    labels = ["".join(random.choice(list("bdefgiklmoprs"), 6)) for _ in range(50)]
    found = cluster(points)
    expected = tuple(
        ", ".join(labels[row] for row in closest_to_centroid(points, found.labels, number, 3).rows)
        for number in range(2)
    )
    assert names_of(points, labels) == expected


@pytest.mark.parametrize(
    "labels",
    [barcodes(50), [str(row) for row in range(50)], [f"{row % 2} #{row}" for row in range(50)],
     [f"{row:08x}-77" for row in range(50)], ["?"] * 50],
    ids=["barcodes", "numbers", "numbered", "hexadecimal", "no words"],
)  # fmt: skip
def test_labels_that_say_nothing_name_nothing(labels):
    points, truth = blobs((30, 20))
    assert names_of(points, labels) == ("cluster 1", "cluster 2")
    kinds = [
        "BT"[int(n == 0 or place % 5 == 0)] + " cell"
        for n, place in zip(truth, places(truth), strict=True)
    ]
    assert names_of(points, labels, {"kind": kinds})[1] == "B cell (80 %)"


def test_a_cluster_of_most_items_is_named_by_what_is_frequent():
    points, truth = blobs((60, 8))
    titles = ["A long title on the law of trade", "Some words about a cat at home"]
    labels = [f"{titles[number]} {row}" for row, number in enumerate(truth)]
    names = [set(name.split(", ")) for name in names_of(points, labels)]
    assert names[0] <= {"long title", "title", "long", "law", "trade"}
    assert names[1] <= {"words", "cat", "home"}


def test_a_category_that_is_a_number_is_named_with_its_column():
    points, truth = blobs((30, 20))
    columns = {"digit": [str(number + 3) for number in truth], "even": ["x"] * 50}
    assert names_of(points, barcodes(50), columns) == ("digit 3 (100 %)", "digit 4 (100 %)")


def test_a_named_category_comes_before_a_number():
    points, truth = blobs((30, 20))
    kinds = [
        "TB"[int((place % 10 == 0) != bool(number))] + " cell"
        for number, place in zip(truth, places(truth), strict=True)
    ]
    columns = {"group": [str(number) for number in truth], "kind": kinds}
    assert names_of(points, barcodes(50), columns) == ("T cell (90 %)", "B cell (90 %)")


def test_equal_names_are_numbered():
    points, _ = blobs((30, 20, 10))
    assert names_of(points, ["same word"] * 60) == ("same word", "same word (2)", "same word (3)")


def test_no_clusters_have_no_names():
    points = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)
    assert cluster(points).count == 0
    assert names_of(points, ["x"] * 9) == ()


def test_cells_are_not_named_after_their_barcodes(data):
    cells = load(data / "emb" / "10x_pbmc68k_reduced.h5ad", note=lambda _: None)
    points = layouts.compute(cells, layouts.LayoutSpec("pca"), with_quality=False).coordinates
    names = name_clusters(cluster(points, 0.25), cells, index_columns(cells))
    kinds = set(cells.metadata["bulk_labels"].to_pylist())
    assert names
    assert any(name.partition(" (")[0] in kinds for name in names)
    assert not any(label.partition("-")[0] in name for label in cells.labels for name in names)
