"""What a reader has to choose, notes and leaves out, and what a trusted file may do."""

import gzip
import json
import mmap
from types import SimpleNamespace

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeddings import EmbeddingError, EmbeddingSet, load, neighbors, save
from embeddings.files import read
from embeddings.files.options import Choice, NotFinite, ReadContext

VECTORS = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)


@pytest.fixture
def two(tmp_path):
    """A table with two columns of vectors and two of texts, none of a known name."""
    path = tmp_path / "two.parquet"
    columns = {
        "query_emb": list(VECTORS),
        "page_emb": list(VECTORS[:, :3] + 1),
        "url": [f"u{i}" for i in range(30)],
        "headline": [f"h{i}" for i in range(30)],
    }
    pq.write_table(pa.table(columns), path)
    return path


def test_the_default_is_taken_noted_and_recorded(two):
    notes: list[str] = []
    context = ReadContext(notes.append)
    found = read([two], context)
    assert found.dimensions == 4
    assert context.choices["vector"] == Choice(
        "vector", ("query_emb", "page_emb"), "query_emb", certain=False
    )
    assert context.choices["label"].candidates == ("url", "headline")
    assert len(notes) == 1 and "took query_emb" in notes[0]


def test_an_answer_is_followed_in_silence(two):
    notes: list[str] = []
    context = ReadContext(notes.append, {"vector": "page_emb", "label": "headline"})
    found = read([two], context)
    np.testing.assert_array_equal(found.vectors, VECTORS[:, :3] + 1)
    assert found.labels[:2] == ("h0", "h1")
    assert found.metadata.column_names == ["query_emb", "url"]
    assert notes == [] and context.choices["label"].certain


def test_columns_of_numbers_may_be_listed(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("name,x0,x1,speed,weight\na,1,2,3,4\nb,5,6,7,8\n")
    assert load(path).vectors.tolist() == [[1, 2], [5, 6]]
    assert load(path, vector="speed, weight").vectors.tolist() == [[3, 4], [7, 8]]
    assert load(path, vector="weight, x0").metadata.column_names == ["x1", "speed"]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"vector": "nothing"}, "vector 'nothing': no such choice; the file has query_emb, page"),
        ({"label": "page_emb"}, "label 'page_emb': no such choice; the file has url, headline"),
        ({"split": "test"}, "split 'test': there is no split to choose in this file"),
    ],
)
def test_a_wrong_answer_is_an_error_that_lists_the_choices(two, answers, message):
    with pytest.raises(EmbeddingError, match=message):
        read([two], ReadContext(selections=answers))


def test_rows_that_are_not_finite_are_named_and_left_out_on_demand(tmp_path):
    holes = VECTORS.copy()
    holes[4, 1], holes[20] = np.nan, -np.inf
    np.save(tmp_path / "v.npy", holes)
    (tmp_path / "labels.txt").write_text("".join(f"item {i}\n" for i in range(30)))
    paths = [tmp_path / "v.npy", tmp_path / "labels.txt"]
    with pytest.raises(NotFinite, match=r"v\.npy: row 4, column 1: nan .*2 such rows: 4, 20"):
        read(paths, ReadContext())
    context = ReadContext(leave_out=True)
    found = read(paths, context)
    assert context.left_out.tolist() == [4, 20]
    assert len(found) == 28
    assert found.labels[3:5] == ("item 3", "item 5")
    alone = load(paths[0], leave_out=True)
    assert alone.labels[3:5] == ("3", "5"), "numbers of rows are the file's"
    np.save(tmp_path / "v.npy", np.full((3, 2), np.nan))
    with pytest.raises(EmbeddingError, match="none of its 3 vectors is finite"):
        load(paths[0], leave_out=True)


def is_mapped(vectors: np.ndarray) -> bool:
    """Return True if an array's numbers are in a mapped file."""
    base = vectors
    while getattr(base, "base", None) is not None and not isinstance(base, mmap.mmap):
        base = base.base
    return isinstance(base, mmap.mmap)


@pytest.mark.parametrize("name", ["v.npy", "v.safetensors"])
def test_a_trusted_file_beyond_the_limit_is_mapped(tmp_path, monkeypatch, name):
    made = EmbeddingSet.of(VECTORS)
    save(made, tmp_path / name)
    if name == "v.npy":  # safetensors are always mapped
        assert not is_mapped(load(tmp_path / name).vectors)
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "100")
    with pytest.raises(EmbeddingError, match=f"{name}: the (file|array) .* limit of 100"):
        load(tmp_path / name)
    little_memory = SimpleNamespace(available=2_500)  # for the labels: vectors need none
    monkeypatch.setattr(psutil, "virtual_memory", lambda: little_memory)
    found = read([tmp_path / name], ReadContext(trusted=True))
    assert is_mapped(found.vectors)
    assert found.fingerprint == made.fingerprint
    assert neighbors.query(found, 3, 5).rows.tolist() == neighbors.query(made, 3, 5).rows.tolist()


def test_a_trusted_file_that_cannot_be_mapped_may_take_the_memory_that_is_free(
    tmp_path, monkeypatch
):
    path = tmp_path / "v.jsonl"
    path.write_text("".join(json.dumps({"vector": row.tolist()}) + "\n" for row in VECTORS))
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "100")
    with pytest.raises(EmbeddingError, match="limit of 100"):
        load(path)
    assert len(read([path], ReadContext(trusted=True))) == 30


def test_a_trusted_file_may_not_grow_beyond_all_measure(tmp_path, monkeypatch):
    path = tmp_path / "v.npy.gz"
    np.save(tmp_path / "v.npy", np.zeros((2**16, 16), np.float32))
    path.write_bytes(gzip.compress((tmp_path / "v.npy").read_bytes()))
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000000")
    with pytest.raises(EmbeddingError, match=r"unpacks to .* limit of 1,000,000"):
        read([path], ReadContext(trusted=True))
    assert len(read([tmp_path / "v.npy"], ReadContext(trusted=True))) == 2**16
