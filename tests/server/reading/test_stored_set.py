"""A set that another process has read is mapped, and equals the one that was read."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from embeddings import EmbeddingSet, load, save
from embeddings.cache import Cache
from embeddings.files.options import ReadContext
from server.reading.stored_set import StoredResult, read_and_store


def stored(path: Path, folder: Path, **options: object) -> StoredResult:
    folder.mkdir(exist_ok=True)
    return read_and_store([path], ReadContext(**options), folder)  # type: ignore[arg-type]


def rich_set() -> EmbeddingSet:
    kinds = pa.chunked_array([["a", "b"], ["a", None]]).dictionary_encode()
    image = pa.array([{"bytes": b"\x89PNG\r\n\x1a\n", "path": "a.png"}, None, None, None],
                     pa.struct([("bytes", pa.binary()), ("path", pa.string())]))  # fmt: skip
    return EmbeddingSet.of(
        np.random.default_rng(0).normal(size=(4, 3)),
        ["x", "", "x", "<é>"],
        pa.table({"kind": kinds, "count": [1, 2, None, 4], "image": image, "label": list("abcd")}),
        name="rich",
        metric="euclidean",
        seed=3,
        config={"a": [1, 2]},
    )


def test_a_set_is_the_same_after_its_way_through_files(tmp_path: Path) -> None:
    path = tmp_path / "x.embedding.parquet"
    save(rich_set(), path)
    read, found = load(path), stored(path, tmp_path / "out").open().embedding_set
    assert found.fingerprint == read.fingerprint and np.array_equal(found.vectors, read.vectors)
    assert found.labels == read.labels
    assert found.metadata.equals(read.metadata) and found.metadata.schema == read.metadata.schema
    assert found.provenance == read.provenance and found.provenance.dtype == read.provenance.dtype


def test_a_set_without_metadata_has_none(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.eye(5))
    found = stored(tmp_path / "x.npy", tmp_path / "out").open()
    assert found.embedding_set.metadata.num_columns == 0 and len(found.embedding_set) == 5
    assert found.embedding_set.provenance.dtype == "float64"


def test_what_the_reader_reports_comes_along(tmp_path: Path) -> None:
    vectors = np.ones((5, 3), np.float32)
    vectors[1] = np.nan
    np.savez(tmp_path / "x.npz", a=vectors, b=vectors[:, :2])
    found = stored(tmp_path / "x.npz", tmp_path / "out", leave_out=True).open()
    assert found.left_out.tolist() == [1]
    assert [choice.name for choice in found.choices] == ["vector"]
    assert isinstance(found.notes, tuple)


def test_the_files_may_be_deleted_once_they_are_open(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.eye(300))
    result = stored(tmp_path / "x.npy", tmp_path / "out")
    opened = result.open().embedding_set
    for each in (tmp_path / "out").iterdir():
        each.unlink()
    assert opened.vectors.sum() == 300 and opened.labels[299] == "299"


@pytest.mark.parametrize("suffix", [".npy", ".safetensors"])
def test_a_file_too_large_for_memory_is_mapped_from_its_private_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    path = tmp_path / f"x{suffix}"
    vectors = np.arange(4000, dtype=np.float32).reshape(1000, 4)
    save(EmbeddingSet.of(vectors), path)
    cache = Cache(tmp_path / "cache")
    small = stored(path, tmp_path / "small", trusted=True, copy=cache.private_copy)
    assert small.vectors.path == tmp_path / "small" / "vectors.npy"
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "5000")
    result = stored(path, tmp_path / "out", trusted=True, copy=cache.private_copy)
    assert result.vectors.path == cache.private_copy(path).resolve()
    assert not (tmp_path / "out" / "vectors.npy").exists()  # written once
    found = result.open().embedding_set
    os.truncate(path, 100)
    assert np.array_equal(found.vectors, vectors)
