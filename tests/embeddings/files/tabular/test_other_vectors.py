"""Vectors in other forms: lists between other signs, sparse ones, records, Spark's and base64."""

import base64
import json
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeddings import EmbeddingError, load

VECTORS = np.array([[0.5, -1.5, 2], [0.25, 3, -4], [1, 0, 0.125]], np.float32)


def opened(path, **choices):
    return load(path, note=lambda _: None, **choices)


BETWEEN = [
    (inner, comma, brackets)
    for inner, comma, brackets in product(("|", ";", ",", " ", "; "), (False, True), ("", "[]"))
    if inner not in (",", " ") or (brackets and not comma)  # else columns, or decimal commas
]


@pytest.mark.parametrize(("inner", "comma", "brackets"), BETWEEN)
@pytest.mark.parametrize("header", ["name{}vector\n", "name{}numbers\n", ""])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_lists_in_a_cell(tmp_path, inner, comma, brackets, header, delimiter):
    rows = []
    for i, vector in enumerate(VECTORS):
        cell = inner.join(map(str, vector)).join(brackets or ("", ""))
        cell = cell.replace(".", ",") if comma else cell
        rows.append(f'n{i}{delimiter}"{cell}"' if delimiter in cell else f"n{i}{delimiter}{cell}")
    path = tmp_path / "x.csv"
    path.write_text(header.format(delimiter) + "\n".join(rows) + "\n")
    found = opened(path)
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert found.labels == ("n0", "n1", "n2")


def test_pairs_of_numbers_between_tabs(tmp_path):
    path = tmp_path / "x.tsv"
    for header in ("name\tvec\n", "name\tplace\n", ""):
        path.write_text(header + "a\t0.5|-1.5\nb\t0.25|3\n")
        assert opened(path).vectors.tolist() == [[0.5, -1.5], [0.25, 3]]


def test_semicolons_and_decimal_commas_stay_columns(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("".join(f"n{i};{i};2;0,5;4;5;6,25;{i}\n" for i in range(9)))
    assert opened(path).vectors.shape == (9, 7)
    path.write_text("".join(f"{i};7;2;0,5;4;5;6,25;{i}\n" for i in range(9)))
    assert opened(path).vectors.shape == (9, 8)


@pytest.mark.parametrize("missing", ["", "{1:1}/3"])
def test_sparse_vectors_of_pgvector(tmp_path, missing):
    path = tmp_path / "x.tsv"
    path.write_text(f"name\tembedding\na\t{{1:0.5,3:2}}/3\nb\t{missing}\nc\t{{}}/3\n")
    found = opened(path, leave_out=True)
    assert found.vectors.tolist() == [[0.5, 0, 2], *[[1, 0, 0]] * bool(missing), [0, 0, 0]]
    pq.write_table(pa.table({"v": ["{2:1}/4", "{1:-2e-1}/4"]}), tmp_path / "x.parquet")
    found = opened(tmp_path / "x.parquet")
    assert found.vectors.tolist() == [[0, 1, 0, 0], [np.float32(-0.2), 0, 0, 0]]


@pytest.mark.parametrize("cell", ["{4:1}/3", "{0:1}/3", "{1:1}/4", "{1:1-1}/3", "[1,2,3]"])
def test_sparse_vectors_that_do_not_fit(tmp_path, cell):
    path = tmp_path / "x.tsv"
    path.write_text(f"name\tembedding\na\t{{1:0.5}}/3\nb\t{{1:0.5}}/3\nc\t{cell}\n")
    with pytest.raises(EmbeddingError, match="row 2, column embedding"):
        opened(path)


def test_a_sparse_vector_that_states_too_many_numbers(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000000")
    (tmp_path / "x.tsv").write_text("name\tv\na\t{1:0.5}/999999999\nb\t{2:0.5}/999999999\n")
    with pytest.raises(EmbeddingError, match="more than the limit"):
        opened(tmp_path / "x.tsv")


@pytest.mark.parametrize("fields", [["f0", "f1", "f2"], ["_1", "_2", "_3"], ["a", "b", "c"]])
def test_records_of_numbers(tmp_path, fields):
    records = [dict(zip(fields, row, strict=True)) for row in VECTORS.tolist()]
    name = "embedding" if fields[0] == "a" else "v"
    table = pa.table({"id": [7, 8, 9], "word": list("xyz"), name: pa.array(records)})
    pq.write_table(table, tmp_path / "x.parquet")
    found = opened(tmp_path / "x.parquet")
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert found.labels == ("x", "y", "z")


def test_records_beside_vectors_stay_columns(tmp_path):
    table = {"vector": list(VECTORS), "box": pa.array([{"c0": 1, "c1": 2}] * 3)}
    pq.write_table(pa.table(table), tmp_path / "x.parquet")
    found = opened(tmp_path / "x.parquet")
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert found.metadata.column_names == ["box.c0", "box.c1"]


UDT = pa.struct([("type", pa.int8()), ("size", pa.int32()), ("indices", pa.list_(pa.int32())),
                 ("values", pa.list_(pa.float64()))])  # fmt: skip


def spark(*cells):
    return pa.table(
        {"word": [f"w{i}" for i in range(len(cells))], "features": pa.array(cells, UDT)}
    )


def test_vectors_of_spark(tmp_path):
    dense = {"type": 1, "size": None, "indices": None, "values": [0.5, 0.0, 2.0]}
    sparse = {"type": 0, "size": 3, "indices": [1], "values": [4.0]}
    pq.write_table(spark(sparse, dense, None), tmp_path / "x.parquet")
    found = opened(tmp_path / "x.parquet", leave_out=True)
    assert found.vectors.tolist() == [[0, 4, 0], [0.5, 0, 2]] and found.labels == ("w0", "w1")
    for wrong in ({**sparse, "indices": [3]}, {**sparse, "size": 4}, {**dense, "values": [1.0]}):
        pq.write_table(spark(sparse, wrong), tmp_path / "x.parquet")
        with pytest.raises(EmbeddingError, match="row 1, column features: a vector of Spark"):
            opened(tmp_path / "x.parquet")


def encoded(vector):
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()


ROWS = np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32)


@pytest.mark.parametrize("form", ["openai", "openai lines", "batch", "cohere", "ollama", "rows"])
def test_base64_in_answers_of_services(tmp_path, form):
    data = [{"object": "embedding", "index": i, "embedding": encoded(row)}
            for i, row in enumerate(ROWS)]  # fmt: skip
    usage = {"usage": {"prompt_tokens": 8, "total_tokens": 8}}
    texts = list(map(encoded, ROWS))
    lines = {
        "openai": [{"object": "list", "data": data, "model": "m", **usage}],
        "openai lines": [{"object": "list", "data": [each], **usage} for each in data],
        "batch": [{"custom_id": f"r{i}", "response": {"status_code": 200, "body": {
            "data": [each], **usage}}} for i, each in enumerate(data)],
        "cohere": [{"id": "x", "texts": list("abcd"), "embeddings": {"base64": texts}}],
        "ollama": [{"model": "m", "embeddings": [text]} for text in texts],
        "rows": [{"text": f"t{i}", "embedding": text} for i, text in enumerate(texts)],
    }[form]  # fmt: skip
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = opened(path)
    np.testing.assert_array_equal(found.vectors, ROWS)
    if form == "openai":  # not "embedding", which each object is called
        assert found.labels == ("0", "1", "2", "3")
    if form == "batch":
        assert found.labels == ("r0", "r1", "r2", "r3")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            {"error": {"message": "Rate limit reached", "code": 429, "wait": 3}},
            "Rate limit reached",
        ),
        ({"error": "model not found"}, "error message of a service.*model not found; repeat"),
        ({"detail": [{"msg": "x"}], "errors": "bad key"}, "bad key"),
        (
            {"ids": ["a", "b"], "embeddings": None, "documents": ["x", "y"]},
            "`embeddings` is null; ",
        ),
        ([{"id": 1, "vector": None}, {"id": 2, "vector": None}], "`vector` is null"),
    ],
)
def test_what_is_no_data_is_named(tmp_path, document, message):
    (tmp_path / "x.json").write_text(json.dumps(document))
    with pytest.raises(EmbeddingError, match=message):
        opened(tmp_path / "x.json")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The key '
         b"does not exist.</Message></Error>", "not data: NoSuchKey, The key does not exist"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Error><Code>BlobNotFound</Code></Error>", "BlobNot"),
        (b"PGCOPY\n\xff\r\n\0\0\0\0\0", "PostgreSQL's binary COPY; export the table as CSV"),
        (b"\x07\0\1\2" * 9, r"not a known format; .*search index \(hnswlib, Annoy, USearch\)"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_named(tmp_path, content, message):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(EmbeddingError, match=message):
        opened(tmp_path / "x.csv")
