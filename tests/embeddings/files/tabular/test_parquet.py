"""The embedding file: round trips to the last bit, foreign Parquet, damage and bombs."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeddings import EmbeddingError, EmbeddingSet, Provenance, load, save
from embeddings.files.tabular import parquet

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
EXTREMES = np.array(
    [[0.1, -0.0, 1e-45], [3.4028235e38, -1.17549435e-38, 1 / 3], [1, 2, 3]], np.float32
)


def rich_set() -> EmbeddingSet:
    columns = {
        "category": pa.array(["a", None, "a"]).dictionary_encode(),
        "text": pa.array(["", "nan", None]),
        "year": pa.array([1, None, -3], pa.int16()),
        "weight": pa.array([0.1, float("nan"), None]),
        "good": pa.array([True, None, False]),
        "day": pa.array([0, 1, None], pa.date32()),
        "time": pa.array([0, 1, None], pa.timestamp("us", "UTC")),
        "tags": pa.array([["x"], [], None]),
        "history": pa.array([[1.0], [], [2.0, 3.0]]),
        "image": pa.array([{"bytes": b"\x89PNG", "path": "a.png"}, None, {"bytes": b""}], IMAGE),
        "raw": pa.array([b"\xff", b"", None]),
    }
    return EmbeddingSet.of(
        EXTREMES,
        ["same", "same", 'quote " and\nnewline'],
        columns,
        name="rich",
        metric="dot",
        normalized=False,
        space="words-1",
        role="word",
        trainer="two_tower",
        config={"dim": 3, "path": {"deep": [1, 2]}},
        metrics={"loss": 0.5},
        seed=7,
        created="2026-11-24",
        source={"name": "x", "hash": "y"},
        libraries={"numpy": "2"},
    )


def test_everything_survives_to_the_last_bit(tmp_path):
    path = tmp_path / "rich.embedding.parquet"
    assert save(rich_set(), path) == ()
    found = load(path)
    assert found.vectors.tobytes() == EXTREMES.tobytes()
    assert found.labels == rich_set().labels
    assert found.provenance == rich_set().provenance
    assert found.metadata.schema == rich_set().metadata.schema
    assert found.metadata.to_pylist()[2] == rich_set().metadata.to_pylist()[2]
    assert found.fingerprint == rich_set().fingerprint


def test_the_file_follows_the_contract(tmp_path):
    path = tmp_path / "rich.embedding.parquet"
    save(rich_set(), path)
    schema = pq.read_schema(path)
    assert schema.names[:2] == ["label", "vector"]
    assert schema.field("label").type == pa.string()
    assert schema.field("vector").type == pa.list_(pa.float32(), 3)
    header = json.loads(schema.metadata[b"embedding"])
    assert (header["format"], header["version"], header["metric"]) == ("embedding", 1, "dot")
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(1)
    assert chunk.path_in_schema == "vector.list.element"
    assert chunk.compression == "ZSTD"
    assert "BYTE_STREAM_SPLIT" in chunk.encodings


def test_pandas_and_pyarrow_open_it(tmp_path):
    path = tmp_path / "rich.embedding.parquet"
    save(rich_set(), path)
    frame = pd.read_parquet(path)
    np.testing.assert_array_equal(np.stack(frame["vector"]), EXTREMES)
    assert frame["label"].tolist() == list(rich_set().labels)
    assert pq.read_table(path)["vector"].to_pylist()[2] == [1.0, 2.0, 3.0]


def test_a_set_of_another_time_or_with_odd_values_in_its_config(tmp_path):
    path = tmp_path / "odd.parquet"
    made = EmbeddingSet.of(EXTREMES, config={"out": path})
    save(made, path)
    assert load(path).provenance.config == {"out": str(path)}


def test_columns_with_reserved_names_are_dropped_and_noted(tmp_path):
    made = EmbeddingSet.of(EXTREMES, ["a", "b", "c"], {"label": [1, 2, 3], "vector": [1, 2, 3]})
    assert save(made, tmp_path / "x.parquet") == ("column label", "column vector")
    assert load(tmp_path / "x.parquet").labels == ("a", "b", "c")


def write(path, columns, **options):
    pq.write_table(pa.table(columns), path, **options)
    return path


ROWS = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(ROWS, pa.list_(pa.float32())),
        pa.array(ROWS, pa.list_(pa.float64())),
        pa.array(ROWS, pa.list_(pa.float16())),
        pa.array(ROWS, pa.large_list(pa.float32())),
        pa.array(ROWS, pa.list_(pa.float64(), 2)),
        pa.array([[1, 2], [3, 4], [5, 6]], pa.list_(pa.int8())),
        pa.FixedShapeTensorArray.from_numpy_ndarray(np.array(ROWS, np.float32)),
        pa.array(["[1.0, 2.0]", "[3.0, 4.0]", "[5.0, 6.0]"]),
    ],
    ids=lambda column: str(column.type)[:40],
)
def test_any_kind_of_list_column_opens(tmp_path, column):
    path = write(tmp_path / "lists.parquet", {"title": ["a", "b", "c"], "embedding": column})
    found = load(path)
    assert found.vectors.tolist() == ROWS
    assert found.labels == ("a", "b", "c")


def test_lists_in_many_row_groups_open(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(1000, 4)).astype(np.float32)
    column = pa.array(vectors.tolist(), pa.list_(pa.float32()))
    path = write(tmp_path / "groups.parquet", {"v": column}, row_group_size=77)
    np.testing.assert_array_equal(load(path).vectors, vectors)


def test_numbered_and_named_columns_open(tmp_path):
    order = [f"dim_{i}" for i in range(12)]
    columns = {"year": [1, 2]} | {name: [i, i + 0.5] for i, name in enumerate(sorted(order))}
    found = load(write(tmp_path / "wide.parquet", columns))
    assert found.dimensions == 12
    assert found.vectors[0].tolist() == [sorted(order).index(name) for name in order]
    assert found.metadata.column_names == ["year"]
    assert load(write(tmp_path / "one.parquet", {"dim_0": [1.5, 2.5]})).dimensions == 1
    found = load(write(tmp_path / "points.parquet", {"row": [0, 1], "x": [1, 2], "y": [3, 4]}))
    assert found.vectors.tolist() == [[1, 3], [2, 4]]
    assert found.metadata.column_names == ["row"]


def test_of_several_vector_columns_the_best_name_is_taken(tmp_path):
    lists = pa.array(ROWS)
    named = {"title_vector": lists, "content_vector": lists, "embedding": pa.array([[9.0]] * 3)}
    assert load(write(tmp_path / "named.parquet", named)).dimensions == 1
    notes: list[str] = []
    two = {"title_vector": lists, "content_vector": lists}
    found = load(write(tmp_path / "two.parquet", two), note=notes.append)
    assert found.metadata.column_names == ["content_vector"]
    assert "took title_vector" in notes[0]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"v": [[1.0], None, [2.0]]}, r"row 1, column 0: nan is missing"),
        ({"v": [[1.0, 2.0], [1.0, None]]}, r"row 1, column 1: nan is missing"),
        ({"v": [[1.0, 2.0], [1.0]]}, r"row 1, column v: 1 numbers where the first row has 2"),
        ({"dim_0": [1.0, 2.0], "dim_1": [1.0, None]}, r"row 1, column 1: nan is missing"),
        ({"title": ["a"], "year": [1]}, r"no vectors among its 2 columns \(title, year\)"),
        ({"v": pa.array([], pa.list_(pa.float32(), 3))}, "no rows"),
        ({"v": [[1.0, float("nan")]]}, "row 0, column 1: nan is missing or not a finite number"),
        ({"v": [[1.0], [float("-inf")]]}, "row 1, column 0: -inf"),
        ({"v": [[1.0], [1e300]]}, "row 1, column 0: inf"),
        ({"v": pa.array([[], []], pa.list_(pa.float32()))}, "column v: all vectors are missing"),
    ],
)
def test_bad_vectors_are_named(tmp_path, columns, message):
    path = write(tmp_path / "bad.parquet", columns)
    with pytest.raises(EmbeddingError, match=rf"bad\.parquet: .*{message}"):
        load(path)


def test_rows_of_different_length_in_a_later_group_are_named(tmp_path):
    column = pa.array([[1.0, 2.0]] * 50 + [[1.0]])
    path = write(tmp_path / "bad.parquet", {"v": column}, row_group_size=20)
    with pytest.raises(EmbeddingError, match="row 50, column v: 1 numbers where the first"):
        load(path)


def test_truncated_and_damaged_files(tmp_path):
    path = tmp_path / "rich.embedding.parquet"
    save(rich_set(), path)
    content = path.read_bytes()
    for length in (4, 5, 12, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(EmbeddingError, match=r"rich\.embedding\.parquet: damaged"):
            load(path)
    rng = np.random.default_rng(0)
    for _ in range(200):
        broken = bytearray(content)
        for place in rng.integers(4, len(content), 3):
            broken[place] = rng.integers(256)
        path.write_bytes(broken)
        try:
            load(path)
        except EmbeddingError as error:
            assert "rich.embedding.parquet: " in str(error)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"no json", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[1]", "version 1"),
        (b'{"version": 2}', "version 1"),
        (b'{"name": 5}', "name is 5; expected str"),
        (b'{"metric": "hamming"}', "unknown metric 'hamming'"),
        (b'{"config": "x"}', "config is 'x'; expected dict"),
    ],
)
def test_bad_provenance_is_named(tmp_path, header, message):
    table = pa.table({"vector": ROWS}).replace_schema_metadata({b"embedding": header})
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(EmbeddingError, match=rf"x\.parquet: .*{message}"):
        load(tmp_path / "x.parquet")


def test_unknown_provenance_keys_are_left_out(tmp_path):
    header = {b"embedding": b'{"name": "n", "mood": "good"}'}
    pq.write_table(
        pa.table({"vector": ROWS}).replace_schema_metadata(header), tmp_path / "x.parquet"
    )
    assert load(tmp_path / "x.parquet").provenance == Provenance(name="n")


def test_few_bytes_that_decompress_to_many_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", str(2**24))
    text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(50_000, np.int32)), ["x" * 1_000])
    path = write(tmp_path / "text.parquet", {"v": [[1.0, 2.0]] * 50_000, "t": text.cast("string")})
    assert path.stat().st_size < 2**20
    with pytest.raises(EmbeddingError, match=r"text\.parquet: column t decodes to 50,000,000"):
        load(path)
    path = write(tmp_path / "zeros.parquet", {"v": pa.array([[0.0] * 2_000] * 3_000)})
    assert path.stat().st_size < 2**20
    with pytest.raises(EmbeddingError, match=r"zeros\.parquet: its columns decode to"):
        load(path)


def test_texts_as_views_are_read_and_written(tmp_path):
    views = pa.array(["x", "y"]).cast(pa.string_view())
    pq.write_table(pa.table({"label": views, "vector": [[1.0, 2], [3, 4]], "k": views}),
                   tmp_path / "v.parquet")  # fmt: skip
    found = load(tmp_path / "v.parquet")
    assert found.labels == ("x", "y") and found.metadata.column("k").to_pylist() == ["x", "y"]
    with_views = EmbeddingSet.of(np.ones((2, 2), np.float32), ["a", "b"], pa.table({"k": views}))
    save(with_views, tmp_path / "w.parquet")
    assert load(tmp_path / "w.parquet").metadata.column("k").to_pylist() == ["x", "y"]


def test_a_text_that_is_repeated_without_end_is_refused(tmp_path, monkeypatch):
    column = pa.array(["long" * 1_000] * 1_000)
    table = pa.table(
        {"vector": [[1.0, 2]] * 1_000, "k": column, "view": column.cast("string_view")}
    )
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000000")
    for name in ("k", "view"):
        pq.write_table(table.select(["vector", name]), tmp_path / "v.parquet", compression="zstd")
        with pytest.raises(EmbeddingError, match=f"column {name} decodes to 4,000,000 bytes"):
            load(tmp_path / "v.parquet")


def test_columns_of_numbers_that_decode_to_more_than_the_limit_are_refused(tmp_path, monkeypatch):
    zeros = pa.array(np.zeros(100_000))
    path = write(tmp_path / "x.parquet", {"a": zeros, "b": zeros}, use_dictionary=False)
    assert path.stat().st_size < 100_000
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000000")
    with pytest.raises(EmbeddingError, match=r"x\.parquet: its columns decode to 1,600,"):
        load(path)


def test_texts_beyond_what_an_array_of_strings_holds_become_large_strings(tmp_path, monkeypatch):
    path = write(tmp_path / "x.parquet", {"v": ROWS, "k": ["four", "five", "more"]})
    assert parquet.read_table(path)["k"].type == pa.string()
    monkeypatch.setattr(parquet, "_LARGEST_STRINGS", 11)
    found = parquet.read_table(path)["k"]
    assert found.type == pa.large_string() and found.to_pylist() == ["four", "five", "more"]


def test_texts_that_are_not_utf8_are_damage(tmp_path):
    raw = pa.array([b"fine", b"\xff", b"fine"])
    texts = pa.StringArray.from_buffers(3, raw.buffers()[1], raw.buffers()[2])
    path = write(tmp_path / "x.parquet", {"word": texts, "v": ROWS})
    with pytest.raises(EmbeddingError, match=r"x\.parquet: damaged or incomplete Parquet"):
        load(path)
