"""Exported rows are read back as they are in the set, whatever the format."""

import csv
import io
import json
import tracemalloc
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings import EmbeddingSet, load
from embeddings.media import MEDIA
from embeddings.rows import export as module
from embeddings.rows.export import Export, Format, encode, file_name, left_out, write

RANDOM = np.random.default_rng(0)
ROWS = 12
VECTORS = RANDOM.normal(size=(ROWS, 3)).astype(np.float32)
COLUMNS = {
    "kind": pa.array(["a", None, "b, c"] * 4).dictionary_encode(),
    "n": pa.array([1, None, -3] * 4, pa.int64()),
    "x": pa.array([0.5, None, 2.5] * 4),
    "day": pa.array([date(2020, 1, 2), None, date(1999, 12, 31)] * 4),
    "yes": pa.array([True, False, None] * 4),
    "tags": pa.array([["u", "v"], [], None] * 4),
    "picture": pa.array([{"bytes": b"1", "path": None}, None, None] * 4, MEDIA),
}
SET = EmbeddingSet.of(VECTORS, [f"item {i}" for i in range(ROWS)], COLUMNS, name="made", role="x")


def content(export: Export, format_: Format) -> bytes:
    return b"".join(encode(export, format_))


def table(export: Export, format_: Format) -> list[dict[str, Any]]:
    """Read an export with other programs than ours."""
    found = content(export, format_)
    if format_ == "csv":
        return list(csv.DictReader(io.StringIO(found.decode())))
    if format_ == "jsonl":
        return [json.loads(line) for line in found.splitlines()]
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(found)).to_pylist()
    return rows


def test_csv_has_row_label_and_columns() -> None:
    rows = table(Export(SET, np.array([2, 0, 1])), "csv")
    assert list(rows[0]) == ["row", "label", "kind", "n", "x", "day", "yes"]
    assert list(rows[0].values()) == ["2", "item 2", "b, c", "-3", "2.5", "1999-12-31", ""]
    assert list(rows[1].values()) == ["0", "item 0", "a", "1", "0.5", "2020-01-02", "true"]
    assert list(rows[2].values()) == ["1", "item 1", "", "", "", "", "false"]
    assert left_out(SET.metadata, "csv") == ["tags", "picture"]


def test_csv_runs_nothing_in_a_spreadsheet() -> None:
    columns = {"=a": ["=1+1", "-1"], "n": [-1.5, 2.0]}
    given_ = EmbeddingSet.of(np.eye(2), ["@x", "+y"], columns)
    extra = {"cluster": pa.chunked_array([["=c", None]])}
    rows = list(csv.reader(io.StringIO(content(Export(given_, columns=extra), "csv").decode())))
    assert rows[0] == ["row", "label", "'=a", "n", "cluster"]
    assert rows[1:] == [["0", "'@x", "'=1+1", "-1.5", "'=c"], ["1", "'+y", "-1", "2", ""]]


def test_json_lines_have_values_of_their_types() -> None:
    rows = table(Export(SET, np.array([2, 0]), vectors=True), "jsonl")
    assert rows[0] == {
        "row": 2, "label": "item 2", "kind": "b, c", "n": -3, "x": 2.5, "day": "1999-12-31",
        "yes": None, "tags": None, "vector": VECTORS[2].tolist(),
    }  # fmt: skip
    assert rows[1]["tags"] == ["u", "v"]
    assert left_out(SET.metadata, "jsonl") == ["picture"]
    odd = EmbeddingSet.of(np.eye(2), metadata={"x": [np.nan, np.inf], "l": [[np.nan], [1.0]]})
    assert [(row["x"], row["l"]) for row in table(Export(odd), "jsonl")] == [
        (None, [None]), (None, [1.0]),
    ]  # fmt: skip


def test_parquet_holds_every_type() -> None:
    found = pq.read_table(io.BytesIO(content(Export(SET, vectors=True), "parquet")))
    assert found.column_names == ["row", "label", *COLUMNS, "vector"]
    assert found.select(list(COLUMNS)).to_pylist() == SET.metadata.to_pylist()
    np.testing.assert_array_equal(np.array(found["vector"].to_pylist(), np.float32), VECTORS)
    assert left_out(SET.metadata, "parquet") == []
    plain = pq.read_table(io.BytesIO(content(Export(SET, metadata=False), "parquet")))
    assert plain.column_names == ["row", "label"]


def test_an_embedding_file_is_a_set_again(tmp_path: Path) -> None:
    path, rows = tmp_path / "part.embedding.parquet", np.array([7, 3, 11], np.int32)
    write(Export(SET, rows, name="made, box"), "embedding", path)
    found = load(path)
    np.testing.assert_array_equal(found.vectors, VECTORS[rows])
    assert found.labels == tuple(SET.labels[row] for row in rows)
    assert found.metadata.to_pylist() == SET.metadata.take(pa.array(rows)).to_pylist()
    assert found.metadata.schema == SET.metadata.schema
    assert (found.provenance.name, found.provenance.role) == ("made, box", "x")
    write(Export(SET), "embedding", path)
    assert load(path).fingerprint == SET.fingerprint


def test_further_columns_have_names_of_their_own() -> None:
    extra = {"x": pa.chunked_array([np.arange(ROWS)]), "cluster": pa.chunked_array([["c"] * ROWS])}
    for format_ in ("csv", "jsonl", "parquet", "embedding"):
        first = table(Export(SET, columns=extra), format_)[1]
        assert (str(first["x_2"]), first["cluster"]) == ("1", "c")
    own = EmbeddingSet.of(np.eye(2), metadata={"row": ["a", "b"], "label": ["c", "d"]})
    assert table(Export(own), "csv")[0] == {
        "row": "0", "label": "0", "row_2": "a", "label_2": "c",
    }  # fmt: skip


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(texts, st.none() | texts, st.none() | st.integers(-9, 9)),
        min_size=1,
        max_size=9,
    ),
    st.randoms(use_true_random=False),
    st.integers(1, 4),
)
def test_every_format_holds_the_same_rows(cells: list[Any], random: Any, step: int) -> None:
    labels, names, counts = map(list, zip(*cells, strict=True))
    metadata = {"name": pa.array(names, pa.string()), "count": pa.array(counts, pa.int64())}
    vectors = RANDOM.normal(size=(len(cells), 2)).astype(np.float32)
    given_ = EmbeddingSet.of(vectors, labels, metadata)
    rows = np.array(random.sample(range(len(cells)), random.randint(1, len(cells))))
    export = Export(given_, rows, vectors=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK_NUMBERS", 6 * step)
        patch.setattr(module, "GROUP_ROWS", step)
        found = {format_: table(export, format_) for format_ in ("jsonl", "parquet", "csv")}
    for place, row in enumerate(rows.tolist()):
        expected = {"row": row, "label": labels[row], "name": names[row], "count": counts[row]}
        for format_ in ("jsonl", "parquet"):
            vector = np.array(found[format_][place].pop("vector"), np.float32)
            np.testing.assert_array_equal(vector, vectors[row])
            assert found[format_][place] == expected
        text = found["csv"][place]
        assert np.float32([text["dim_0"], text["dim_1"]]).tolist() == vectors[row].tolist()
        assert text["label"].removeprefix("'").replace("'", "") == labels[row].replace("'", "")
        assert text["count"] == ("" if counts[row] is None else str(counts[row]))
    assert [len(each) for each in found.values()] == [len(rows)] * 3


@pytest.mark.parametrize("format_", ["csv", "jsonl", "parquet", "embedding"])
def test_no_rows_make_a_file_without_rows(format_: Format) -> None:
    assert table(Export(SET, np.array([], int)), format_) == []


@pytest.mark.parametrize("format_", ["csv", "embedding"])
@pytest.mark.parametrize("rows", [None, np.arange(200_000)[::-1]])
def test_the_vectors_are_never_copied_as_a_whole(
    format_: Format, rows: np.ndarray | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BLOCK_NUMBERS", 100_000)
    monkeypatch.setattr(module, "GROUP_ROWS", 10_000)
    vectors = np.zeros((200_000, 32), np.float32)
    vectors.flags.writeable = False
    parts = encode(Export(EmbeddingSet.of(vectors), rows, vectors=True), format_)
    tracemalloc.start()
    for _ in parts:
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < vectors.nbytes / 2


@pytest.mark.parametrize(
    ("name", "part", "expected"),
    [
        ("digits", "", "digits.csv"),
        ("digits", "digit is 3", "digits-digit-is-3.csv"),
        ("../a b/c", "<x>", "a-b-c-x.csv"),
        ("日本", "x" * 99, f"日本-{'x' * 40}.csv"),
        ("", "", "rows.csv"),
    ],
)
def test_the_name_of_a_file_says_set_and_rows(name: str, part: str, expected: str) -> None:
    assert file_name(name, part, "csv") == expected
    assert file_name(name, part, "embedding") == expected.replace(".csv", ".embedding.parquet")
