"""Advice: each known fault gives a sentence with its numbers, a sound set gives none."""

import numpy as np
import pytest

from embeddings import EmbeddingSet
from embeddings.analysis.advice import Advice, advice
from embeddings.analysis.health import examine
from embeddings.analysis.neighborhoods import examine_neighbors


def gaussians(rows: int, dimensions: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, dimensions)).astype(np.float32)


def advice_on(vectors, labels=None, left_out=(), neighbors=True, **provenance) -> list[Advice]:
    made = EmbeddingSet.of(vectors, labels, **provenance)
    found = examine_neighbors(made) if neighbors else None
    return advice(examine(made), found, made.labels, left_out)


def one(advised: list[Advice], words: str) -> Advice:
    """Return the only sentence with these words."""
    found = [sentence for sentence in advised if words in sentence.text]
    assert len(found) == 1, advised
    return found[0]


def test_a_sound_set_needs_none():
    assert advice_on(gaussians(2_000, 40), metric="euclidean") == []


def test_warnings_come_first():
    vectors = gaussians(300, 20)
    vectors[:, 3] = 1
    vectors[5] = 0
    severities = [sentence.severity for sentence in advice_on(vectors, [""] * 300)]
    assert severities == sorted(severities, reverse=True)
    assert {*severities} == {"note", "warning"}


def test_lengths():
    vectors = gaussians(500, 20)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert one(advice_on(vectors), "unit length").severity == "note"
    assert advice_on(vectors, metric="manhattan") == []
    vectors *= np.geomspace(1, 40, 500, dtype=np.float32)[:, None]
    for neighbors, words in ((False, "use the metric"), (True, "(200 sampled rows)")):
        sentence = one(advice_on(vectors, neighbors=neighbors), "rank neighbors differently")
        assert sentence.severity == "note"
        assert "norms vary by 40x (1 to 40)" in sentence.text and words in sentence.text
    assert not [s for s in advice_on(vectors, metric="euclidean") if "differently" in s.text]
    false = one(advice_on(vectors, normalized=True), "the file declares its vectors as normalized")
    assert false.severity == "warning"


def test_rows():
    vectors = gaussians(200, 20)
    vectors[[7, 9]] = 0
    vectors[[50, 60, 70]] = vectors[40]
    advised = advice_on(vectors, [f"item {row}" for row in range(200)], left_out=[0, 45])
    assert "2 rows of the file with NaN or infinite values were dropped: 0, 45" in (
        one(advised, "NaN").text
    )
    # row 0 of the file is missing: every number is the file's
    assert "2 rows are zero (8, 10)" in one(advised, "zero").text
    duplicates = one(advised, "exact duplicates").text
    assert duplicates == (
        "4 rows (2 %) are exact duplicates of others; "
        "the largest group is 'item 40' (row 41) and 3 more"
    )
    assert one(advised, "exact duplicates").severity == "note"
    vectors[100:120] = vectors[40]  # 24 of 200 rows
    assert one(advice_on(vectors), "exact duplicates").severity == "warning"
    assert "only one row" in advice_on(np.ones((1, 9), np.float32))[0].text


def test_a_cone():
    vectors = gaussians(1_000, 50)
    narrow = one(advice_on(vectors + np.float32(4)), "all point in similar directions")
    assert narrow.severity == "warning" and "mean cosine of all pairs 0.94" in narrow.text
    for shift in (0.8, 2):  # 0.39 and 0.80, as of models of sentences
        shared = one(advice_on(vectors + np.float32(shift)), "share a common direction")
        assert shared.severity == "note"
    assert advice_on(vectors + np.float32(2), metric="euclidean") == []


def test_dimensions():
    vectors = gaussians(400, 50)
    vectors[:, [4, 9, 11]] = 2, 0, -1
    vectors[:, 20] = np.arange(400)
    advised = advice_on(vectors, metric="euclidean")
    assert "3 of 50 dimensions are constant: 4, 9, 11" in one(advised, "constant").text
    dominant = one(advised, "dimension 20 (counted from 0) carries")
    assert dominant.severity == "warning" and "whole numbers only" in dominant.text
    vectors[:, 20] = np.arange(400) % 2
    advised = advice_on(vectors, metric="euclidean")
    assert (
        "1 of 50 dimensions holds whole numbers only, unlike the others (20)"
        in one(advised, "whole").text
    )
    assert "at most 299 directions" in one(advice_on(gaussians(300, 350)), "350 dimensions").text


def test_few_dimensions_are_used():
    vectors = gaussians(500, 3) @ gaussians(3, 50, seed=1)
    text = one(advice_on(vectors, metric="euclidean"), "use few of their 50 dimensions").text
    assert "3 principal components" in text


def test_the_rank_of_a_sample_is_compared_with_its_size(monkeypatch):
    monkeypatch.setattr("embeddings.analysis.health._PRODUCTS", 1)
    monkeypatch.setattr("embeddings.analysis.health._WIDEST", 30)
    assert advice_on(gaussians(800, 200), metric="euclidean", neighbors=False) == []
    flat = gaussians(800, 3) @ gaussians(3, 200, seed=1)
    advised = advice_on(flat, metric="euclidean", neighbors=False)
    assert one(advised, "use few").text.endswith("(30 sampled rows)")


@pytest.mark.parametrize("dimensions, words", [(1, "one"), (2, "two"), (3, "three")])
def test_coordinates_need_no_layout_method(dimensions, words):
    advised = advice_on(5 + gaussians(200, dimensions), metric="cosine")
    assert [sentence.text.split(":")[0] for sentence in advised][:1] == [
        f"the vectors have {words} dimension{'s' * (dimensions > 1)}"
    ]
    assert not [s for s in advised if "differently" in s.text or "similar" in s.text]


def test_labels():
    labels = [f"item {row % 150}" for row in range(200)]
    labels[3] = ""
    advised = advice_on(gaussians(200, 20), labels, metric="euclidean")
    assert one(advised, "1 row has no label").severity == "warning"
    assert "151 distinct labels for 200 rows; the most frequent is 'item 0' (2 rows)" in (
        one(advised, "labels repeat").text
    )


def test_a_hub_is_named():
    vectors = gaussians(400, 200)
    vectors[7] = 0.01
    labels = [f"item {row}" for row in range(400)]
    labels[7] = "xyz"
    advised = advice_on(vectors, labels, metric="euclidean")
    shared = one(advised, "have the same nearest neighbor")
    assert shared.severity == "warning"
    assert shared.text.startswith("100 % of the rows") or "99." in shared.text
    assert "'xyz' (row 7)" in shared.text
    vectors = gaussians(1_500, 200)
    vectors[7] = 0.01
    crowded = one(advice_on(vectors, metric="euclidean"), "hubs dominate").text
    assert "over 1,500 rows), row 7 among those of" in crowded


def test_near_duplicates():
    vectors = gaussians(400, 40)
    vectors[:20] = vectors[20:40] + np.float32(1e-3)
    text = one(advice_on(vectors, metric="euclidean"), "near duplicate").text
    assert text.startswith("10 % of the rows") and text.endswith("40 of 400 rows examined")
