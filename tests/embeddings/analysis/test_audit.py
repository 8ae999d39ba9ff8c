"""Planted disagreements and duplicates are found; numbers of the graph equal slow counts."""

import numpy as np
import pytest

from embeddings import EmbeddingSet, neighbors
from embeddings.analysis.audit import disagreements, in_degree, local_clustering, near_pairs

RANDOM = np.random.default_rng(0)
BLOBS = np.repeat([0, 1, 2], 40)
CENTERS = np.array([[9.0, 0, 0], [0, 9, 0], [0, 0, 9]])
SET = EmbeddingSet.of(CENTERS[BLOBS] + RANDOM.normal(size=(120, 3)), metric="euclidean")
GRAPH = neighbors.build_graph(SET, 30)


def test_items_among_those_of_another_category_are_found_the_clearest_first() -> None:
    codes = BLOBS.copy()
    codes[[7, 95]] = 1, 0
    codes[50] = -1  # of no category: it is not listed, nor counted
    found = disagreements(GRAPH, codes, k=10)
    assert sorted(found.rows.tolist()) == [7, 95]
    assert dict(zip(found.rows.tolist(), found.codes.tolist(), strict=True)) == {7: 0, 95: 2}
    assert (found.fractions > 0.8).all() and (np.diff(found.fractions) <= 0).all()


def test_fractions_equal_a_slow_count() -> None:
    codes = RANDOM.integers(-1, 3, 120)
    found = disagreements(GRAPH, codes, k=7)
    expected = {}
    for row in range(120):
        around = [c for c in codes[GRAPH.rows[row, :7]].tolist() if c >= 0]
        code = max(set(around), key=around.count, default=-1)
        if codes[row] >= 0 and code != codes[row] and around.count(code) / 7 > 0.5:
            expected[row] = (code, around.count(code) / 7)
    rows = zip(found.rows.tolist(), found.codes.tolist(), found.fractions.tolist(), strict=True)
    assert {row: (code, fraction) for row, code, fraction in rows} == expected
    assert expected


def test_without_categories_nothing_disagrees() -> None:
    assert not len(disagreements(GRAPH, np.full(120, -1)).rows)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_pairs_that_were_planted_are_found_once(metric: str) -> None:
    vectors = RANDOM.normal(size=(200, 8)).astype(np.float32)
    vectors[150] = vectors[20]
    vectors[60] = vectors[61] * np.float32(1.0001)
    embedding_set = EmbeddingSet.of(vectors, metric=metric)
    found = near_pairs(embedding_set, neighbors.build_graph(embedding_set, 10))
    assert found.rows.tolist() in ([[20, 150], [60, 61]], [[60, 61], [20, 150]])
    assert found.equal.tolist() == [pair == [20, 150] for pair in found.rows.tolist()]
    assert not len(near_pairs(SET, GRAPH).rows) or near_pairs(SET, GRAPH).limit > 0


def test_in_degrees_and_local_clustering_equal_slow_counts() -> None:
    k = 6
    lists = [set(line) for line in GRAPH.rows[:, :k].tolist()]
    degrees = [sum(row in line for line in lists) for row in range(120)]
    assert in_degree(GRAPH, k).tolist() == degrees
    linked = [
        np.mean([b in lists[a] or a in lists[b] for a in line for b in line if a < b])
        for line in lists
    ]
    np.testing.assert_allclose(local_clustering(GRAPH, k), linked, rtol=1e-6)


def test_one_neighbor_has_no_pairs() -> None:
    assert local_clustering(GRAPH, 1).tolist() == [0.0] * 120
