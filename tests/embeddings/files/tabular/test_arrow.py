"""Arrow files, streams and Feather: ours to the last bit, others' tables, damage and bombs."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pytest

from embeddings import EmbeddingError, EmbeddingSet, load, save
from embeddings.files.tabular import arrow

VECTORS = np.array([[0.1, -0.0, 1e-45], [3.4028235e38, -1.2e-38, 1 / 3], [1, 2, 3]], np.float32)


def write(table: pa.Table, path, stream=False, **options):
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with new(path, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)


def lists(vectors: np.ndarray) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])


@pytest.mark.parametrize("suffix", [".arrow", ".arrows", ".feather"])
def test_a_set_comes_back_whole(tmp_path, suffix):
    columns = {
        "category": pa.chunked_array(
            [pa.array(["a"]).dictionary_encode(), pa.array([None, "b"]).dictionary_encode()]
        ),
        "year": pa.array([1, None, -3], pa.int16()),
        "time": pa.array([0, 1, None], pa.timestamp("us", "UTC")),
        "tags": pa.array([["x"], [], None]),
        "raw": pa.array([b"\xff", b"", None]),
    }
    made = EmbeddingSet.of(VECTORS, ["a", "a", '"\n'], columns, metric="dot", seed=3)
    path = tmp_path / f"x{suffix}"
    assert save(made, path) == ()
    found = load(path)
    assert found.vectors.tobytes() == made.vectors.tobytes()
    assert found.labels == made.labels
    assert found.provenance == made.provenance
    assert found.metadata.to_pylist() == made.metadata.to_pylist()
    assert found.metadata.schema.equals(made.metadata.schema)


def test_pandas_and_pyarrow_read_what_we_write(tmp_path):
    made = EmbeddingSet.of(VECTORS, ["a", "b", "c"], {"year": [1, 2, 3]})
    save(made, tmp_path / "x.feather")
    frame = pd.read_feather(tmp_path / "x.feather")
    assert frame["label"].tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(np.stack(frame["vector"]), VECTORS)
    save(made, tmp_path / "x.arrows")
    with pa.ipc.open_stream(str(tmp_path / "x.arrows")) as reader:
        assert reader.read_all()["year"].to_pylist() == [1, 2, 3]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
def test_files_and_streams_packed_or_not(tmp_path, stream, compression):
    table = pa.table({"word": ["a", "b", "c"], "emb": VECTORS.astype(np.float64).tolist()})
    table = pa.concat_tables([table, table])  # two batches
    write(table, tmp_path / "x.dat", stream, compression=compression)
    found = load(tmp_path / "x.dat")
    assert found.labels == ("a", "b", "c") * 2
    np.testing.assert_array_equal(found.vectors, np.concatenate([VECTORS, VECTORS]))


def test_a_feather_file_of_pandas_with_columns_x_y_z(tmp_path):
    frame = pd.DataFrame({"x": [1.0, 2], "y": [3.0, 4], "z": [5.0, 6], "r": [7, 8]}, index=[4, 9])
    frame.to_feather(tmp_path / "x.feather")
    found = load(tmp_path / "x.feather")
    assert found.vectors.tolist() == [[1, 3, 5], [2, 4, 6]]
    assert "r" in found.metadata.column_names


def test_views_of_texts_as_polars_writes_them(tmp_path):
    words = pa.array(["short", "a text of more than twelve bytes", None])
    table = pa.table(
        {
            "word": words.cast(pa.string_view()),
            "kind": pa.DictionaryArray.from_arrays(
                pa.array([0, 1, 0]), pa.array(["p", "q"]).cast(pa.string_view())
            ),
            "v": lists(VECTORS),
        }
    )
    write(table, tmp_path / "x.arrow")
    found = load(tmp_path / "x.arrow")
    assert found.labels == ("short", "a text of more than twelve bytes", "")
    assert found.metadata["kind"].to_pylist() == ["p", "q", "p"]


@pytest.mark.parametrize("what", ["vectors", "dictionary", "views", "rows"])
@pytest.mark.parametrize("stream", [False, True])
def test_bombs_are_refused_before_they_unpack(tmp_path, monkeypatch, what, stream):
    rows = 40_000
    columns = {"v": lists(np.zeros((rows, 2), np.float32))}
    if what == "vectors":
        columns = {"v": lists(np.zeros((rows, 64), np.float32))}
    if what == "dictionary":
        texts = pa.array(["x" * 500])
        columns["kind"] = pa.DictionaryArray.from_arrays(np.zeros(rows, np.int8), texts)
    if what == "views":
        view = np.array([500, 0x78787878, 0, 0], np.int32)
        columns["text"] = pa.Array.from_buffers(
            pa.string_view(),
            rows,
            [None, pa.py_buffer(np.tile(view, rows).tobytes()), pa.py_buffer(b"x" * 500)],
        )
    if what == "rows":
        columns = {"nothing": pa.nulls(10**9)}
    path = tmp_path / "bomb.arrow"
    write(pa.table(columns), path, stream, compression="zstd")
    assert path.stat().st_size < 100_000
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "4000000")
    with pytest.raises(EmbeddingError, match=r"bomb\.arrow: .* limit of 4,000,000"):
        load(path)


def test_damage_is_one_sentence(tmp_path):
    table = pa.table({"word": ["a", "b", "c"], "v": lists(VECTORS)})
    for stream in (False, True):
        path = tmp_path / "x.arrow"
        write(table, path, stream, compression="zstd")
        whole = path.read_bytes()
        random = np.random.default_rng(0)
        for _ in range(200):
            content = bytearray(whole)
            for place in random.integers(0, len(content), 3):
                content[place] = random.integers(0, 256)
            path.write_bytes(content[: random.integers(1, len(content))])
            with pytest.raises(EmbeddingError, match=r"x\.arrow: "):
                load(path, note=lambda _: None)
            path.write_bytes(content)
            try:
                load(path, note=lambda _: None)
            except EmbeddingError as error:
                assert str(error).startswith("x.arrow: ")


def test_cut_files_missing_vectors_and_feather_1(tmp_path):
    path = tmp_path / "x.arrow"
    write(pa.table({"v": lists(VECTORS)}), path)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(EmbeddingError, match="cut short"):
        load(path)
    write(pa.table({"v": [[1.0, 2.0], None]}), path)
    with pytest.raises(EmbeddingError, match="row 1, column 0: nan is missing or not a finite"):
        load(path)
    write(pa.table({"text": ["a"]}), path)
    with pytest.raises(EmbeddingError, match="no vectors among its 1 column"):
        load(path)
    path.write_bytes(b"FEA1" + bytes(100))
    with pytest.raises(EmbeddingError, match="Feather version 1"):
        load(path)


def test_tensors_of_arrow_are_lists(tmp_path):
    tensors = pa.FixedShapeTensorArray.from_numpy_ndarray(VECTORS)
    buffer = io.BytesIO()
    write(pa.table({"t": tensors}), buffer)
    (tmp_path / "x.arrow").write_bytes(buffer.getvalue())
    np.testing.assert_array_equal(load(tmp_path / "x.arrow").vectors, VECTORS)


@pytest.mark.parametrize(
    ("head", "is_arrow"),
    [
        (b"\xff\xff\xff\xff\x10\x01\0\0", True),
        (b"\xff\xff\xff\xff\x10\x01", False),
        (b"\xff\xff\xff\xff\0\0\0\0", False),
        (b"\xff\xff\xff\xff\0\0\0\x10", False),
    ],
)
def test_a_stream_begins_with_the_length_of_a_schema(head, is_arrow, tmp_path):
    assert arrow.matches(head, tmp_path / "x") is is_arrow


@pytest.mark.parametrize("stream", [False, True])
def test_texts_that_are_not_utf8_are_damage(tmp_path, stream):
    """Nothing in the format but the content of the column is wrong."""
    raw = pa.array([b"fine", b"\xff", b"fine"])
    texts = pa.StringArray.from_buffers(3, raw.buffers()[1], raw.buffers()[2])
    write(pa.table({"word": texts, "v": lists(VECTORS)}), tmp_path / "x.arrow", stream)
    with pytest.raises(EmbeddingError, match=r"x\.arrow: damaged or incomplete Arrow"):
        load(tmp_path / "x.arrow")


def test_a_damaged_schema_is_an_error_of_the_file(tmp_path):
    write(pa.table({"v": lists(VECTORS)}), tmp_path / "x.arrow", stream=True)
    content = bytearray((tmp_path / "x.arrow").read_bytes())
    content[8:16] = b"\xff" * 8
    (tmp_path / "x.arrow").write_bytes(content)
    with pytest.raises(EmbeddingError, match="damaged or incomplete Arrow"):
        arrow.read_schema(tmp_path / "x.arrow")


def without_stream(path, table, **options) -> None:
    """Write a file whose stream is not valid, as Polars and arrow-rs do: by its footer it is."""
    with pa.ipc.new_file(path, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for batch in table.to_batches(max_chunksize=5):
            writer.write_batch(batch)
    content = bytearray(path.read_bytes())
    length = 8 + int.from_bytes(content[12:16], "little")  # of the schema's message
    content[8 : 8 + length] = bytes(length)
    path.write_bytes(content)
    with pytest.raises(pa.ArrowInvalid):
        pa.ipc.open_stream(content[8:])


@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
def test_a_file_is_read_by_its_footer(tmp_path, compression):
    vectors = np.arange(36, dtype=np.float32).reshape(12, 3)
    table = pa.table(
        {
            "name": [f"n{i}" for i in range(12)],
            "kind": pa.array(["a", "b"] * 6).dictionary_encode(),
            "vector": list(vectors),
        }
    )
    without_stream(tmp_path / "x.arrow", table, compression=compression)
    found = load(tmp_path / "x.arrow")
    np.testing.assert_array_equal(found.vectors, vectors)
    assert found.labels == tuple(table["name"].to_pylist())
    assert found.metadata["kind"].to_pylist() == ["a", "b"] * 6


def test_a_footer_that_lists_a_batch_too_often_is_too_large(tmp_path, monkeypatch):
    table = pa.table({"name": ["n"] * 1000, "vector": [[0.0] * 32] * 1000})
    with pa.ipc.new_file(
        tmp_path / "x.arrow", table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")
    ) as writer:
        for _ in range(20):
            writer.write_table(table)
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000000")
    with pytest.raises(EmbeddingError, match="its columns decode to"):
        load(tmp_path / "x.arrow")


@pytest.mark.parametrize("length", [-1, 0, 3, 2**31 - 1])
def test_a_damaged_footer_is_named(tmp_path, length):
    table = pa.table({"name": ["n", "m"], "vector": [[0.0, 1.0], [2.0, 3.0]]})
    with pa.ipc.new_file(tmp_path / "x.arrow", table.schema) as writer:
        writer.write_table(table)
    content = bytearray((tmp_path / "x.arrow").read_bytes())
    content[-10:-6] = length.to_bytes(4, "little", signed=True)
    (tmp_path / "x.arrow").write_bytes(content)
    with pytest.raises(EmbeddingError, match=r"x\.arrow: damaged"):
        load(tmp_path / "x.arrow")
