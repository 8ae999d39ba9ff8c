"""The files that we write open in other libraries: the same vectors, labels and columns."""

import datetime
import json

import anndata
import duckdb
import gensim.models
import h5py
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import safetensors
import safetensors.numpy
from PIL import Image

from embeddings import EmbeddingSet, save
from tests.embeddings.files.written.test_properties import IMAGE, png

ROWS, DIMENSIONS = 30, 7
VECTORS = np.random.default_rng(0).normal(size=(ROWS, DIMENSIONS)).astype(np.float32)
VECTORS[0] = [0, -0.0, 1e-45, -1e-38, 1e18, 1 / 3, 16777217]
LABELS = ["nan", "null", '"', ",", "日本", "#", "'"] + [f"word{i}" for i in range(7, ROWS)]
DAY = datetime.date(2020, 1, 31)
COLUMNS = {
    "kind": pa.array(["animal", "thing", None] * 10).dictionary_encode(),
    "count": pa.array([-1, 2**53 + 1, 2**63 - 1] * 10),
    "seen": pa.array([5, None, -7] * 10),
    "weight": pa.array([0.1, -2.5e-300, 3.0] * 10),
    "good": pa.array([True, False, True] * 10),
    "checked": pa.array([True, False, None] * 10),
    "day": pa.array([DAY + datetime.timedelta(i) for i in range(ROWS)]),
    "note": pa.array(["", 'a "quoted", one', "two\nlines"] * 10),
}
PLAIN = ("count", "weight", "good", "note")
MADE = EmbeddingSet.of(VECTORS, LABELS, COLUMNS, name="thirty words", metric="dot")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("written")


def written(folder, name, made=MADE):
    path = folder / name
    lost = save(made, path)
    return path, lost


def values(name):
    return MADE.metadata[name].to_pylist()


def missing_as_none(column):
    return [
        None if value is None or value is pd.NA or value != value else value for value in column
    ]


def same_bits(found):
    found = np.ascontiguousarray(found)
    assert found.dtype == np.float32
    assert found.tobytes() == VECTORS.tobytes()


@pytest.mark.parametrize("suffix", [".parquet", ".feather", ".arrow"])
def test_pandas_reads_tables(folder, suffix):
    path, lost = written(folder, f"words{suffix}")
    read = pd.read_parquet if suffix == ".parquet" else pd.read_feather
    frame = read(path, dtype_backend="pyarrow")
    assert lost == ()
    assert list(frame.columns) == ["label", "vector", *COLUMNS]
    same_bits(np.stack(frame["vector"].to_numpy()))
    assert frame["label"].tolist() == LABELS
    for name in COLUMNS:
        assert missing_as_none(frame[name].tolist()) == values(name)


@pytest.mark.parametrize("name", ["words.csv", "words.tsv"])
def test_pandas_reads_delimited_text(folder, name):
    path, lost = written(folder, name)
    frame = pd.read_csv(
        path, sep="," if name.endswith("csv") else "\t", keep_default_na=False, na_values=[""],
        dtype={"seen": "Int64", **{f"dim_{i}": np.float32 for i in range(DIMENSIONS)}},
    )  # fmt: skip
    assert lost == ("provenance",)
    same_bits(frame[[f"dim_{i}" for i in range(DIMENSIONS)]].to_numpy())
    assert frame["label"].tolist() == LABELS
    for column in ("kind", "count", "seen", "weight", "good"):
        assert missing_as_none(frame[column]) == values(column)
    assert frame["day"].tolist() == [str(day) for day in values("day")]
    assert frame["note"].fillna("").tolist() == values("note")


@pytest.mark.parametrize("name", ["words.jsonl", "words.json"])
def test_pandas_reads_json(folder, name):
    path, lost = written(folder, name)
    frame = pd.read_json(path, lines=name.endswith("l"), precise_float=True, dtype=False)
    assert lost == ("provenance",)
    same_bits(np.array(frame["vector"].tolist()).astype(np.float32))
    assert frame["label"].tolist() == LABELS
    for column in ("kind", "count", "good", "checked", "note"):
        assert missing_as_none(frame[column]) == values(column)


@pytest.mark.parametrize("name", ["words.parquet", "words.feather", "words.arrows", "words.jsonl"])
def test_polars_reads(folder, name):
    path, _ = written(folder, name)
    read = {
        ".parquet": pl.read_parquet, ".feather": pl.read_ipc, ".arrows": pl.read_ipc_stream,
        ".jsonl": pl.read_ndjson,
    }[path.suffix]  # fmt: skip
    frame = read(path)
    assert frame.columns == ["label", "vector", *COLUMNS]
    same_bits(np.array(frame["vector"].to_list(), dtype=np.float32))
    assert frame["label"].to_list() == LABELS
    days = [str(day) for day in values("day")] if path.suffix == ".jsonl" else values("day")
    assert frame["day"].to_list() == days
    for column in set(COLUMNS) - {"day"}:
        assert frame[column].to_list() == values(column)


def test_polars_reads_csv(folder):
    path, _ = written(folder, "words.csv")
    components = [f"dim_{i}" for i in range(DIMENSIONS)]
    frame = pl.read_csv(
        path, schema_overrides=dict.fromkeys(components, pl.Float32), try_parse_dates=True
    )
    same_bits(frame.select(components).to_numpy())
    assert frame["label"].to_list() == LABELS
    for column in COLUMNS:
        assert frame[column].to_list() == values(column)


@pytest.mark.parametrize("name", ["words.parquet", "words.jsonl", "words.json", "words.csv"])
def test_duckdb_reads(folder, name):
    path, _ = written(folder, name)
    with duckdb.connect() as database:
        if name.endswith("csv"):
            components = ", ".join(f"dim_{i}::FLOAT" for i in range(DIMENSIONS))
            source = f"SELECT *, [{components}] AS vector FROM read_csv('{path}', nullstr='')"
        else:
            source = f"SELECT * FROM '{path}'"
        table = database.sql(source).to_arrow_table()
    same_bits(np.array(table["vector"].to_pylist(), dtype=np.float32))
    assert table["label"].to_pylist() == LABELS
    for column in ("kind", "count", "seen", "weight", "good", "checked", "day"):
        assert table[column].to_pylist() == values(column)
    assert [text or "" for text in table["note"].to_pylist()] == values("note")


@pytest.mark.parametrize("name", ["words.vec", "words.txt", "words.bin"])
def test_gensim_reads_word2vec(folder, name):
    path, lost = written(folder, name)
    found = gensim.models.KeyedVectors.load_word2vec_format(path, binary=name.endswith("bin"))
    assert found.index_to_key == LABELS
    same_bits(found.vectors)
    assert lost == (*(f"column {column}" for column in COLUMNS), "provenance")
    query = found.similar_by_key("word9", topn=3)
    angles = (VECTORS[7:] @ VECTORS[9]) / np.linalg.norm(VECTORS[7:], axis=1)
    assert [key for key, _ in query] == [LABELS[7 + i] for i in np.argsort(-angles)[1:4]]


def test_safetensors_reads_its_own(folder):
    path, _ = written(folder, "words.safetensors")
    assert list(safetensors.numpy.load_file(path)) == ["vectors"]
    same_bits(safetensors.numpy.load_file(path)["vectors"])
    with safetensors.safe_open(path, framework="numpy") as file:
        header = file.metadata()
    assert json.loads(header["labels"]) == LABELS
    assert json.loads(header["embedding"])["metric"] == "dot"


def test_numpy_reads_npy_and_npz(folder):
    path, _ = written(folder, "words.npy")
    same_bits(np.load(path, allow_pickle=False))
    path, lost = written(folder, "words.npz")
    assert set(lost) == {f"column {name}" for name in ("kind", "seen", "checked")}
    with np.load(path, allow_pickle=False) as found:
        same_bits(found["vectors"])
        assert found["labels"].tolist() == LABELS
        for name in (*PLAIN, "day"):
            assert found[name].tolist() == values(name)
        assert json.loads(str(found["provenance"]))["name"] == "thirty words"


def test_anndata_reads_h5ad(folder):
    path, lost = written(folder, "words.h5ad")
    found = anndata.read_h5ad(path)
    assert lost == ()
    same_bits(found.X)
    same_bits(found.obsm["X_embedding"])
    assert found.obs_names.tolist() == LABELS
    assert found.var_names.tolist() == [f"dim_{i}" for i in range(DIMENSIONS)]
    assert list(found.obs.columns) == list(COLUMNS)
    assert str(found.obs["kind"].dtype) == "category"
    assert str(found.obs["seen"].dtype) == "Int64"
    assert str(found.obs["checked"].dtype) == "boolean"
    for name in set(COLUMNS) - {"day"}:
        assert missing_as_none(found.obs[name]) == values(name)
    assert found.obs["day"].tolist() == [str(day) for day in values("day")]
    assert json.loads(found.uns["embedding"])["metric"] == "dot"


def test_labels_that_repeat_are_a_column_of_anndata(folder):
    made = EmbeddingSet.of(
        VECTORS, ["a", "b", ""] * 10, {"label": LABELS, "text": ["x", None] * 15}
    )
    path, lost = written(folder, "repeated.h5ad", made)
    found = anndata.read_h5ad(path)
    assert found.obs_names.tolist() == [str(row) for row in range(ROWS)]
    assert found.obs["label"].tolist() == ["a", "b", ""] * 10
    assert missing_as_none(found.obs["text"]) == ["x", None] * 15
    assert lost == ("column label",)


def test_both_names_of_the_vectors_in_h5ad_refer_to_the_same_bytes(folder):
    path, _ = written(folder, "words.h5ad")
    with h5py.File(path) as file:
        assert file["X"] == file["obsm/X_embedding"]


def test_a_projector_config_is_read_as_the_projector_does(folder):
    """Its page splits metadata at ends of lines, skips blank ones, and splits rows at tabs."""
    images = pa.array([png(i, 5) for i in range(ROWS)], IMAGE)
    made = EmbeddingSet.of(VECTORS, LABELS, {**COLUMNS, "photo": images}, name="thirty words")
    path, lost = written(folder, "words_config.json", made)
    (entry,) = json.loads(path.read_text())["embeddings"]
    assert entry["tensorName"] == "thirty words"
    assert entry["tensorShape"] == [ROWS, DIMENSIONS]
    raw = np.fromfile(folder / entry["tensorPath"], "<f4").reshape(entry["tensorShape"])
    same_bits(raw)
    text = (folder / entry["metadataPath"]).read_text("utf-8")
    header, *rows = [line.split("\t") for line in text.split("\n") if line]
    expected = [name for name in COLUMNS if name != "note"]
    assert header == ["label", *expected]
    assert [row[0] for row in rows] == LABELS
    assert [row[2] for row in rows] == [str(count) for count in values("count")]
    assert entry["sprite"]["singleImageDim"] == [5, 5]
    with Image.open(folder / entry["sprite"]["imagePath"]) as sprite:
        assert sprite.size == (30, 25)  # six in a row
        assert [sprite.getpixel((i % 6 * 5 + 2, i // 6 * 5 + 2))[0] for i in range(ROWS)] == [
            *range(ROWS)
        ]
    assert lost == ("column note", "column photo: its images, except for copies of 5 x 5 pixels")


def test_labels_alone_have_no_header_in_the_projector(folder):
    path, _ = written(folder, "config.json", EmbeddingSet.of(VECTORS, LABELS))
    (entry,) = json.loads(path.read_text())["embeddings"]
    assert entry["tensorPath"] == "embedding.bytes"
    assert (folder / entry["metadataPath"]).read_text("utf-8").split("\n")[:-1] == LABELS
