"""Several tables of one schema are one table."""

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from embeddings.errors import EmbeddingError
from embeddings.files.tabular.shards import are_shards, read_shards, sort_by_name


def write(path, table):
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".feather":
        pa.feather.write_feather(table, path)
    else:
        with pa.ipc.new_stream(path, table.schema) as writer:
            writer.write_table(table)
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".feather", ".arrows"])
def test_rows_come_in_the_order_given(tmp_path, suffix):
    first = pa.table({"x": [1, 2], "c": pa.array(["a", "b"]).dictionary_encode()})
    second = pa.table({"x": [3], "c": pa.array(["z"]).dictionary_encode()})
    paths = [write(tmp_path / f"{i}{suffix}", each) for i, each in enumerate((first, second))]
    assert are_shards(paths)
    assert read_shards(paths).to_pydict() == {"x": [1, 2, 3], "c": ["a", "b", "z"]}
    assert read_shards(paths[::-1])["x"].to_pylist() == [3, 1, 2]


def test_numbers_in_names_count(tmp_path):
    names = ["part-10.parquet", "part-2.parquet", "part-1.parquet", "a.parquet", "part-2b.parquet"]
    ordered = [path.name for path in sort_by_name([tmp_path / name for name in names])]
    assert ordered == [
        "a.parquet",
        "part-1.parquet",
        "part-2.parquet",
        "part-2b.parquet",
        "part-10.parquet",
    ]


def test_a_column_without_any_value_takes_the_type_of_the_others(tmp_path):
    paths = [
        write(tmp_path / "a.parquet", pa.table({"x": [1], "c": pa.nulls(1)})),
        write(tmp_path / "b.parquet", pa.table({"x": [2], "c": ["b"]})),
    ]
    assert are_shards(paths)
    assert read_shards(paths)["c"].to_pylist() == [None, "b"]


def test_other_columns_are_no_shards(tmp_path):
    first = write(tmp_path / "a.parquet", pa.table({"x": [1], "y": [1.0]}))
    others = [
        write(tmp_path / "b.parquet", pa.table({"x": [1]})),
        write(tmp_path / "c.parquet", pa.table({"x": [1], "y": ["1"]})),
        write(tmp_path / "d.parquet", pa.table({"y": [1.0], "x": [1]})),
        tmp_path / "e.parquet",
        tmp_path / "f.feather",
        tmp_path / "g.txt",
    ]
    others[3].write_text("PAR1 damaged")
    others[4].write_bytes(b"ARROW1\0\0 damaged ARROW1")
    others[5].write_text("x y\n")
    reasons = ["columns x", "column y of type string", "columns y, x", "damaged", "damaged",
               "neither Parquet nor Arrow"]  # fmt: skip
    for other, reason in zip(others, reasons, strict=True):
        assert not are_shards([first, other])
        with pytest.raises(EmbeddingError, match=rf"^{other.name}: {reason}"):
            read_shards([first, other])
    assert not are_shards([first])


def test_together_they_keep_to_the_limit(tmp_path, monkeypatch):
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path in paths:
        write(path, pa.table({"x": range(1000)}))
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "15999")
    with pytest.raises(
        EmbeddingError, match=r"b\.parquet: 2 files together decode to 16,250 bytes"
    ):
        read_shards(paths)
