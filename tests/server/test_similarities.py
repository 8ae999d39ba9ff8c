"""Similarities of one item to all others, as the map fetches them."""

import gc

import numpy as np
import pytest
from starlette.requests import Request
from starlette.responses import Response

from embeddings import EmbeddingError, EmbeddingSet, neighbors
from embeddings.metrics import METRICS, Metric, exact_values
from server.similarities import Similarities, similarity_levels

VECTORS = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)


def given() -> EmbeddingSet:
    return EmbeddingSet.of(VECTORS, metric="cosine")


@pytest.mark.parametrize("metric", METRICS)
def test_an_item_is_compared_with_all(metric: Metric) -> None:
    embedding_set = given()
    values = neighbors.compare_with_all(embedding_set, 7, metric)
    vectors, norms = embedding_set.vectors, embedding_set.norms
    expected = exact_values(metric, vectors[7], norms[7], vectors, norms)
    np.testing.assert_allclose(values, expected, rtol=1e-12, atol=1e-12)
    with pytest.raises(EmbeddingError, match="row 60"):
        neighbors.compare_with_all(embedding_set, 60, metric)


@pytest.mark.parametrize("metric", METRICS)
def test_levels_are_a_scale_from_the_median_to_the_nearest(metric: Metric) -> None:
    embedding_set = given()
    content = similarity_levels(embedding_set, 7, metric)
    low, high = np.frombuffer(content[:8], "<f4")
    levels = np.frombuffer(content[8:], np.uint8)
    values = neighbors.compare_with_all(embedding_set, 7, metric)
    others = np.delete(values, 7)
    found = neighbors.query(embedding_set, 7, 10, metric)
    assert low == pytest.approx(np.median(others), rel=1e-6)
    assert high == pytest.approx(found.values[0], rel=1e-6)
    expected = np.clip((values - low) / (high - low), 0, 1) * 255
    expected[7] = 255
    np.testing.assert_allclose(levels, expected, atol=0.51)
    assert levels[7] == levels[found.rows[0]] == 255
    assert (np.diff(levels[found.rows].astype(int)) <= 0).all()
    assert 0.4 < (levels == 0).mean() < 0.6


def test_equal_items_and_a_single_one_have_levels() -> None:
    assert similarity_levels(EmbeddingSet.of(np.ones((3, 2))), 0, "euclidean")[8:] == b"\xff\0\0"
    assert similarity_levels(EmbeddingSet.of(np.ones((1, 2))), 0, "euclidean")[8:] == b"\xff"


def fetch(similarities: Similarities, address: str) -> Response:
    _, fingerprint, metric, row = address.split("/")
    params = {"fingerprint": fingerprint, "metric": metric, "row": int(row)}
    return similarities.respond(Request({"type": "http", "path_params": params}))


def test_an_open_set_is_answered_for_and_no_other() -> None:
    similarities, embedding_set = Similarities(), given()
    address = similarities.address(embedding_set, "dot")
    answer = fetch(similarities, f"{address}3")
    assert answer.status_code == 200
    assert answer.body == similarity_levels(embedding_set, 3, "dot")
    assert "immutable" in answer.headers["cache-control"]
    assert fetch(similarities, f"{address}60").status_code == 404
    assert fetch(similarities, address.replace("dot", "no") + "3").status_code == 404
    del embedding_set
    gc.collect()
    assert fetch(similarities, f"{address}3").status_code == 404
