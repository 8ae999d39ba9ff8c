"""The summary: planted faults are counted exactly, and all of it is ready for JSON."""

import json

import numpy as np
import pyarrow as pa

from embeddings import EmbeddingSet
from embeddings.summary import cardinality, column_kind, duplicate_rows, summarize


def test_planted_faults_are_counted():
    vectors = np.random.default_rng(0).normal(size=(20, 5)).astype(np.float32)
    vectors[3] = 0
    vectors[7] = vectors[2]
    vectors[9] = vectors[2]
    made = EmbeddingSet.of(
        vectors, [f"item {i % 18}" for i in range(20)], {"year": list(range(20))}, metric="dot"
    )
    summary = json.loads(json.dumps(summarize(made)))
    assert (summary["rows"], summary["dimensions"], summary["metric"]) == (20, 5, "dot")
    assert summary["columns"] == [{"name": "year", "kind": "number", "cardinality": 20}]
    assert summary["health"]["zero_rows"] == 1
    assert summary["health"]["duplicate_rows"] == 2
    assert summary["health"]["repeated_labels"] == 2
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    assert np.allclose(
        [summary["health"]["norms"][key] for key in ("min", "mean", "max")],
        [lengths.min(), lengths.mean(), lengths.max()],
    )


def test_duplicates_agree_with_a_set_of_rows():
    rng = np.random.default_rng(1)
    for values in (2, 3, 50):
        vectors = rng.integers(0, values, (3_000, 4)).astype(np.float32) * 2.0**-20
        assert duplicate_rows(vectors) == 3_000 - len({tuple(row) for row in vectors.tolist()})
    assert duplicate_rows(np.array([[0.0, 1.0], [-0.0, 1.0]], np.float32)) == 1
    assert duplicate_rows(np.ones((1, 3), np.float32)) == 0


def test_kinds_and_cardinalities():
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    columns = {
        "category": pa.array(["a", "b", "a", "a"] * 10),
        "text": pa.array([f"text {i}" for i in range(40)]),
        "number": pa.array([1.5, None, 2.5, 1.5] * 10),
        "boolean": pa.array([True, False, None, True] * 10),
        "date": pa.array([0, 1, 2, 2] * 10, pa.date32()),
        "list": pa.array([["x"], [], None, ["y", "z"]] * 10),
        "image": pa.array([{"bytes": b"1", "path": ""}] * 40, image),
        "empty": pa.nulls(40, pa.string()),
    }
    table = pa.table(columns)
    assert {name: column_kind(table[name]) for name in columns} == {name: name for name in columns}
    encoded = table["text"].dictionary_encode()
    assert column_kind(encoded) == "category"
    assert [cardinality(c) for c in (table["number"], table["list"], encoded)] == [2, None, 40]
