"""The summary: known faults are counted exactly, and every value is JSON."""

import json

import numpy as np
import pyarrow as pa
import pytest

from embeddings import EmbeddingSet, load
from embeddings.analysis.health import examine
from embeddings.analysis.summary import (
    cardinality,
    column_facts,
    health_facts,
    missing,
    summarize,
)


def test_known_faults_are_counted():
    vectors = np.random.default_rng(0).normal(size=(20, 5)).astype(np.float32)
    vectors[3] = 0
    vectors[7] = vectors[2]
    vectors[9] = vectors[2]
    made = EmbeddingSet.of(
        vectors, [f"item {i % 18}" for i in range(20)], {"year": list(range(20))}, metric="dot"
    )
    summary = json.loads(json.dumps(summarize(made)))
    assert (summary["rows"], summary["dimensions"], summary["metric"]) == (20, 5, "dot")
    assert summary["dtype"] == "float32"
    assert summary["columns"] == [
        {"name": "year", "kind": "number", "cardinality": 20, "missing": 0}
    ]
    health = summary["health"]
    assert (health["zero_rows"], health["first_zero_rows"]) == (1, [3])
    assert health["duplicate_rows"] == 2
    assert health["duplicates"] == {
        "groups": 1, "rows": 3, "largest": 3, "largest_row": 2, "largest_label": "item 2",
    }  # fmt: skip
    assert health["repeated_labels"] == 2
    assert health["non_finite_rows"] == 0
    assert health["neighbors"]["rows_asked"] == 19
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    assert np.allclose(
        [health["norms"][key] for key in ("min", "mean", "max")],
        [lengths.min(), lengths.mean(), lengths.max()],
    )
    assert {"severity", "text"} == summary["advice"][0].keys()


def test_rows_are_named_as_in_the_file():
    vectors = np.random.default_rng(0).normal(size=(120, 30)).astype(np.float32)
    vectors[1] = 0
    vectors[60] = 0.01
    labels = [f"item {row}" for row in range(120)]
    made = EmbeddingSet.of(vectors, labels, metric="euclidean")
    health = summarize(made, left_out=np.array([0, 50]))["health"]
    assert summarize(made, left_out=np.array([0, 50]))["rows"] == 122
    assert (health["non_finite_rows"], health["first_non_finite_rows"]) == (2, [0, 50])
    assert health["first_zero_rows"] == [2]
    hubs = health["neighbors"]["hubs"]
    named = {1: (2, "item 1"), 60: (62, "item 60")}
    assert (hubs["hub_row"], hubs["hub_label"]) in named.values()


def test_one_row_has_no_neighbors():
    summary = json.loads(json.dumps(summarize(EmbeddingSet.of(np.ones((1, 2), np.float32)))))
    assert summary["health"]["neighbors"] is None


def test_cardinalities_and_missing_values():
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table(
        {
            "number": pa.array([1.5, None, float("nan"), 1.5] * 10),
            "list": pa.array([["x"], [], None, ["y", "z"]] * 10),
            "image": pa.array([{"bytes": b"1", "path": ""}] * 40, image),
            "encoded": pa.array([f"text {i}" for i in range(40)]).dictionary_encode(),
            "empty": pa.nulls(40, pa.string()),
        }
    )
    assert [cardinality(table[name]) for name in table.column_names] == [1, None, None, 40, 0]
    assert [missing(table[name]) for name in table.column_names] == [0.5, 0.25, 0, 0, 1]
    facts = column_facts(table)[0]
    assert facts == {"name": "number", "kind": "number", "cardinality": 1, "missing": 0.5}


@pytest.mark.parametrize(
    "file, words",
    [
        ("articles_bge_small.parquet", "the vectors share a common direction"),
        ("arxiv_ml_data_map.npz", "the vectors have two dimensions"),
        ("glove/glove_top3k.safetensors", "rank neighbors differently"),
    ],
)
def test_real_files_have_their_advice(data, file, words):
    advised = [sentence["text"] for sentence in summarize(load(data / "emb" / file))["advice"]]
    assert any(words in text for text in advised), advised


def test_numbers_of_wide_sets_are_not_copied_one_by_one():
    health = examine(EmbeddingSet.of(np.zeros((3, 50), np.float32)))
    facts = health_facts(health)
    assert facts["constant_dimensions"] is health.constant_dimensions
    assert facts["norms"]["max"] == 0.0 and facts["spectrum"]["rows"] == 3
