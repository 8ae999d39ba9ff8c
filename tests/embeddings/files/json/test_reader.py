"""JSON Lines and JSON: where the vector is found, what becomes of the rest, damage and depth."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from embeddings import EmbeddingError, EmbeddingSet, load, save
from embeddings.files.json import rows as json_rows

VECTORS = np.array([[0.1, -0.0, 1e-45], [3.4028235e38, -1.2e-38, 1 / 3]], np.float32)
ROWS = [
    {"id": "a", "embedding": [1, 0.5], "history": [1], "meta": {"date": "2026-04-25", "n": 1}},
    {"id": "b", "embedding": [2, -1], "history": [], "meta": {"date": "2026-04-26", "n": None}},
    {"id": "c", "embedding": [3, 4], "meta": {"date": None, "n": 3, "deep": {"x": ["ü"]}}},
]


def opened(path, value, note=lambda _: None):
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return load(path, note=note)


def in_lines(rows) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def transposed(rows) -> dict:
    return {name: [row.get(name) for row in rows] for name in rows[0]}


ARRANGED = {
    "lines": in_lines(ROWS),
    "lines with blank ones": "\n" + in_lines(ROWS).replace("\n", "\r\n\n"),
    "array": ROWS,
    "indented array": json.dumps(ROWS, indent=2),
    "object of arrays": transposed(ROWS),
    "array under a key": {"model": "m", "data": ROWS},
    "pandas": pd.DataFrame(ROWS).to_json(),
    "pandas, split": pd.DataFrame(ROWS).to_json(orient="split"),
}


@pytest.mark.parametrize("arrangement", ARRANGED)
def test_every_arrangement_reads_the_same(tmp_path, arrangement):
    found = opened(tmp_path / "x.dat", ARRANGED[arrangement])
    assert found.vectors.tolist() == [[1, 0.5], [2, -1], [3, 4]]
    assert found.labels == ("a", "b", "c")
    columns = {
        n: c.to_pylist()
        for n, c in zip(found.metadata.column_names, found.metadata.columns, strict=True)
    }
    assert [str(day) for day in columns["meta.date"]] == ["2026-04-25", "2026-04-26", "None"]
    assert columns["meta.n"] == [1, None, 3]
    assert columns["meta.deep"] == [None, None, '{"x": ["ü"]}']
    assert columns["history"] == [[1], [], None]


@pytest.mark.parametrize(
    ("value", "labels", "vectors"),
    [
        ([[1, 2], [3, 4]], ("0", "1"), [[1, 2], [3, 4]]),
        ("[1, 2]\n[3, 4]\n", ("0", "1"), [[1, 2], [3, 4]]),
        ({"king": [1, 2], "queen": [3, 4]}, ("king", "queen"), [[1, 2], [3, 4]]),
        ({"king": {"v": [1, 2]}, "queen": {"v": [3, 4]}}, ("king", "queen"), [[1, 2], [3, 4]]),
        ({"x": [1, 3], "y": [2, 4]}, ("0", "1"), [[1, 2], [3, 4]]),
        ({"dim_0": [1, 3], "dim_1": [2, 4]}, ("0", "1"), [[1, 2], [3, 4]]),
        ({"w0": [1, 2], "w1": [3, 4], "w2": [5, 6]}, ("w0", "w1", "w2"), [[1, 2], [3, 4], [5, 6]]),
        ({"embeddings": [[1, 2], [3, 4]], "model": "m"}, ("0", "1"), [[1, 2], [3, 4]]),
        ({"name": "only", "v": [1, 2]}, ("only",), [[1, 2]]),
        ([{"x": 1, "y": 2, "t": "a"}, {"x": 3, "y": 4, "t": "b"}], ("a", "b"), [[1, 2], [3, 4]]),
        ([{"word": "a", "v": "[1, 2]"}, {"word": "b", "v": "[3, 4]"}], ("a", "b"),
         [[1, 2], [3, 4]]),
        ("\ufeff" + '{"word": "\\ud800é", "v": [1, 2]}\n', ("\ufffdé",), [[1, 2]]),
    ],
)  # fmt: skip
def test_other_arrangements(tmp_path, value, labels, vectors):
    found = opened(tmp_path / "x.json", value)
    assert found.vectors.tolist() == vectors
    assert found.labels == labels


def test_the_vector_is_found_by_shape(tmp_path):
    rows = [
        {"values": [1.0] * (i + 1), "rgb": [0, 128, 255], "dense_emb": [0.5] * 20} for i in range(4)
    ]
    notes = []
    found = opened(tmp_path / "x.jsonl", in_lines(rows), notes.append)
    assert found.vectors.shape == (4, 20)
    assert "took dense_emb" in notes[0]
    assert found.metadata["rgb"].to_pylist() == [[0, 128, 255]] * 4
    assert [len(each) for each in found.metadata["values"].to_pylist()] == [1, 2, 3, 4]


@pytest.mark.parametrize("suffix", [".jsonl", ".json"])
def test_a_set_comes_back(tmp_path, suffix):
    columns = {
        "day": pa.array([0, None], pa.date32()),
        "year": pa.array([2**62, None]),
        "good": pa.array([True, None]),
        "none": pa.array([None, None], pa.string()),
        "tags": pa.array([["x"], []]),
        "infinite": pa.array([1.0, float("inf")]),
        "raw": pa.array([b"\xff", None]),
        "image": pa.array([{"path": "a"}, None]),
        "vector": pa.array([1, 2]),
    }
    made = EmbeddingSet.of(VECTORS, ["\u2028[1, 2]", '"\n'], columns, metric="dot")
    path = tmp_path / f"x{suffix}"
    assert save(made, path) == (
        "column infinite", "column raw", "column image", "column vector", "provenance",
    )  # fmt: skip
    found = load(path)
    assert found.vectors.tobytes() == made.vectors.tobytes()
    assert found.labels == made.labels
    kept = ["day", "year", "good", "none", "tags"]
    assert found.metadata.to_pydict() == made.metadata.select(kept).to_pydict()
    frame = pd.read_json(path, lines=suffix == ".jsonl", dtype=False)
    np.testing.assert_array_equal(np.array(frame["vector"].tolist(), np.float32), VECTORS)


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DEEP, "nested too deeply"),
        ('{"v": [1, 2]}\n{"v": ' + DEEP + "\n", "line 2: .*nested too deeply"),
        ('{"v": [1, 2]}\n{"v": [1, 2}\n', "line 2: not JSON"),
        ('{"v": [1, 2]}\n{"v": [1, 2, 3]}\n', "row 1, column v: 3 numbers where the first"),
        ('{"v": [1, 2]}\n{"w": 1}\n', "row 1, column 0: nan is missing"),
        ('{"v": [1, null]}\n{"v": [1, 2]}\n', r"row 0, column 1: nan is missing"),
        ('{"v": [1, NaN]}\n{"v": [1, 2]}\n', "row 0, column 1: nan"),
        ('{"v": [1, 1e300]}\n{"v": [1, 2]}\n', "row 0, column 1: inf"),
        ('{"v": [1, 1' + "0" * 400 + "]}\n", "row 0: a number is too large"),
        ('{"v": [1, 1' + "0" * 5000 + "]}\n", "not JSON"),
        ('{"v": [1, 2]}\n3\n', "row 1 .line 2.: 3; expected an object"),
        ("[1, 2, 3]", "a list of values"),
        ("[]", "no rows"),
        ("{}", "no vectors"),
        ('{"a": "b"}', "no vectors"),
        ('[{"v": []}, {"v": []}]', "no vectors"),
        ('[{"v": [1, 2]}', "not JSON"),
        ("{\n", "not JSON"),
    ],
    ids=range(18),
)
def test_damage_is_one_sentence(tmp_path, text, message):
    with pytest.raises(EmbeddingError, match=rf"x\.json: .*{message}"):
        opened(tmp_path / "x.json", text)


def test_what_would_burst_memory_is_refused(tmp_path, monkeypatch):
    many = [{f"field {i}": 1} for i in range(2_000)]
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000000")
    with pytest.raises(EmbeddingError, match="rows and fields it takes at least 96,000,000"):
        opened(tmp_path / "x.jsonl", in_lines(many))
    with pytest.raises(EmbeddingError, match="as one JSON document"):
        opened(tmp_path / "x.json", "[" + "[]," * 50_000 + "[]]")
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "100000")
    columns = json.dumps({"x": [1] * 1_000, "y": [1] * 1_000}, separators=(",", ":"))
    with pytest.raises(EmbeddingError, match="rows and fields it takes 288,000 bytes"):
        opened(tmp_path / "x.json", columns)


def test_mutated_files_end_in_one_sentence(tmp_path):
    random = np.random.default_rng(0)
    for text in (in_lines(ROWS), json.dumps(ROWS, indent=1), json.dumps(transposed(ROWS))):
        for _ in range(150):
            content = bytearray(text.encode())
            for place in random.integers(1, len(content), 3):
                content[place] = random.choice(list(b'[]{},:"\\0e9-n\n'))
            (tmp_path / "x.json").write_bytes(content[: random.integers(1, 2 * len(content))])
            try:
                load(tmp_path / "x.json", note=lambda _: None)
            except EmbeddingError as error:
                assert str(error).startswith("x.json: ")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_text_in_utf_16(tmp_path, encoding):
    (tmp_path / "x.json").write_bytes(("\ufeff" + json.dumps(ROWS)).encode(encoding))
    assert load(tmp_path / "x.json").labels == ("a", "b", "c")


def test_fields_of_mixed_values_are_text(tmp_path):
    mixed = [1, "a", None, [0.5] * 20, 2**70, {"deep": {"x": [1]}}]
    rows = [{"id": f"i{i}", "v": [i, 1], "m": each} for i, each in enumerate(mixed)]
    found = opened(tmp_path / "x.jsonl", in_lines(rows)).metadata
    assert found["m"].to_pylist() == ["1", "a", None, str([0.5] * 20), str(2**70), None]
    assert found["m.deep"].to_pylist() == [None] * 5 + ['{"x": [1]}']
    rows = [{"id": "a", "v": [1, 2], "n": 2**70}, {"id": "b", "v": [3, 4], "n": 5}]
    assert opened(tmp_path / "x.jsonl", in_lines(rows)).metadata["n"].to_pylist() == [
        str(2**70), "5",
    ]  # fmt: skip


def test_numbers_in_quotes_stay_text(tmp_path):
    rows = [{"id": i, "v": [1, 2], "n": str(i)} for i in range(3)]
    found = opened(tmp_path / "x.jsonl", in_lines(rows), lambda _: None)
    assert "0" in (found.labels[0], found.metadata.column("n")[0].as_py())
    assert all(isinstance(value, str) for value in found.metadata.column("n").to_pylist())


def test_a_list_with_a_number_of_hundreds_of_digits_is_text(tmp_path):
    long = [0.5] * 16 + [10**400]
    rows = [{"id": "a", "v": [1, 2], "long": long}, {"id": "b", "v": [3, 4], "long": [1.0]}]
    found = opened(tmp_path / "x.jsonl", in_lines(rows), lambda _: None).metadata
    assert found["long"].to_pylist() == [json.dumps(long), "[1.0]"]


def test_a_value_nested_too_deeply_to_be_written_is_refused():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(EmbeddingError, match="nested too deeply"):
        json_rows.as_text(deep)


def test_two_lists_of_objects_of_one_length_are_columns(tmp_path):
    document = {"a": [{"v": [1, 2]}, {"v": [3, 4]}], "b": [{"n": 1}, {"n": 2}]}
    found = opened(tmp_path / "x.json", document)
    assert found.vectors.tolist() == [[1, 2], [3, 4]]
    assert found.metadata.to_pydict() == {"b.n": [1, 2]}


@pytest.mark.parametrize(("depth", "is_found"), [(7, True), (8, False)])
def test_vectors_are_searched_for_to_a_limited_depth(tmp_path, depth, is_found):
    document: dict = {"rows": [{"id": "a", "v": [1, 2]}, {"id": "b", "v": [3, 4]}], "n": "x"}
    for i in range(depth):
        document = {f"level{i}": document, "n": "x"}
    if is_found:
        assert opened(tmp_path / "x.json", document).labels == ("a", "b")
    else:
        with pytest.raises(EmbeddingError, match="no vectors"):
            opened(tmp_path / "x.json", document)


def test_an_empty_object_describes_no_rows(tmp_path):
    np.save(tmp_path / "v.npy", VECTORS)
    (tmp_path / "m.json").write_text("{}")
    with pytest.raises(EmbeddingError, match=r"m\.json: "):
        load(tmp_path / "v.npy", [tmp_path / "m.json"])


def test_numbers_by_name_are_a_vocabulary_only_if_they_number_all_rows(tmp_path):
    np.save(tmp_path / "v.npy", VECTORS[:1])
    (tmp_path / "m.json").write_text('{"zero": 0, "one": 1}')
    found = load(tmp_path / "v.npy", [tmp_path / "m.json"])
    assert found.metadata.to_pydict() == {"zero": [0], "one": [1]}


def test_a_description_with_categories(tmp_path):
    np.save(tmp_path / "v.npy", np.eye(4))
    rows = "".join(json.dumps({"name": f"n{i}", "kind": "ab"[i % 2]}) + "\n" for i in range(4))
    (tmp_path / "v.jsonl").write_text(rows)
    found = load(tmp_path / "v.npy", [tmp_path / "v.jsonl"])
    assert found.metadata.column("kind").to_pylist() == ["a", "b", "a", "b"]


def test_lists_of_another_length_are_left_out_and_named(tmp_path):
    np.save(tmp_path / "v.npy", VECTORS)
    (tmp_path / "m.json").write_text('{"name": ["a", "b"], "model": "m", "sizes": [1, 2, 3]}')
    notes: list[str] = []
    found = load(tmp_path / "v.npy", [tmp_path / "m.json"], note=notes.append)
    assert found.labels == ("a", "b")
    assert notes == ["left out model, sizes: not one value for each of the 2 rows"]


def answers(of) -> str:
    return "".join(json.dumps(of(i, row)) + "\n" for i, row in enumerate(BATCH.tolist()))


BATCH = np.random.default_rng(3).normal(size=(5, 4)).astype(np.float32)
ANSWERS = {
    "OpenAI's batch": (
        lambda i, row: {
            "id": f"batch_req_{i}",
            "custom_id": f"item {i}",
            "response": {
                "status_code": 200,
                "body": {"object": "list", "data": [{"index": 0, "embedding": row}]},
            },
            "error": None,
        },
        [f"item {i}" for i in range(5)],
    ),
    "plain answers": (
        lambda i, row: {
            "object": "list",
            "data": [{"object": "embedding", "index": 0, "embedding": row}],
            "usage": {"prompt_tokens": i, "total_tokens": i},
        },
        list("01234"),
    ),
    "Vertex": (
        lambda i, row: {
            "instance": {"content": f"text {i}"},
            "predictions": [{"embeddings": {"statistics": {"token_count": i}, "values": row}}],
            "status": "",
        },
        [f"text {i}" for i in range(5)],
    ),
    "Cohere": (
        lambda i, row: {"id": f"r{i}", "texts": [f"t{i}"], "embeddings": {"float": [row]}},
        [f"r{i}" for i in range(5)],
    ),
    "Ollama": (lambda i, row: {"model": "m", "embeddings": [row]}, list("01234")),
}


@pytest.mark.parametrize("service", ANSWERS)
@pytest.mark.parametrize("lines", [True, False])
def test_answers_of_services(tmp_path, service, lines):
    of, labels = ANSWERS[service]
    text = answers(of)
    path = tmp_path / "x.jsonl"
    path.write_text(text if lines else f"[{','.join(text.splitlines())}]")
    notes: list[str] = []
    found = load(path, note=notes.append)
    np.testing.assert_array_equal(found.vectors, BATCH)
    assert list(found.labels) == labels
    assert any("as rows" in note for note in notes)


def test_answers_of_several_rows_and_without_any(tmp_path):
    lines = [
        {"custom_id": "failed", "response": None, "error": {"message": "too many tokens"}},
        {"custom_id": "a", "response": {"body": {"data": [{"embedding": [1.5, 2]}] * 2}}},
        {"custom_id": "b", "response": {"body": {"data": [{"embedding": [3, 4.5]}]}}},
        {"custom_id": "failed", "response": {"body": {"error": {"message": "rate limit"}}}},
    ]
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    notes: list[str] = []
    found = load(path, note=notes.append)
    assert found.vectors.tolist() == [[1.5, 2], [1.5, 2], [3, 4.5]]
    assert found.labels == ("a", "a", "b")
    expected = "left out 2 answers without a vector; first: (line 1): too many tokens"
    assert expected in notes


def test_rows_with_a_vector_keep_their_nested_lists(tmp_path):
    path = tmp_path / "x.jsonl"
    row = {"name": "a", "v": [1.5, 2], "parts": [{"box": [1, 2]}, {"box": [3, 4]}]}
    path.write_text(json.dumps(row) + "\n" + json.dumps(row) + "\n")
    assert load(path).vectors.tolist() == [[1.5, 2], [1.5, 2]]


@pytest.mark.parametrize("missing", [[], None, "NULL"])
@pytest.mark.parametrize("length", [2, 20])
def test_missing_vectors_of_json_are_left_out(tmp_path, missing, length):
    rows = [{"name": f"n{i}", "v": [i + 0.5] * length} for i in range(4)]
    rows[2]["v"] = missing
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(EmbeddingError, match="row 2, column 0: nan is missing"):
        load(path)
    assert load(path, leave_out=True).labels == ("n0", "n1", "n3")
