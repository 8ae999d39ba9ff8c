import os
import sys

import pytest

from embeddings import EmbeddingError
from embeddings.cache import Cache, default_folder, key_hash
from embeddings.files.atomic import atomic_path


def test_what_is_stored_is_found_again(tmp_path) -> None:
    path = Cache(tmp_path).path("layouts", key_hash({"a": 1, "b": "x"}), ".txt")
    Cache(tmp_path).store(path, lambda file: file.write_text("result"))
    again = Cache(tmp_path)
    assert (
        again.load(again.path("layouts", key_hash({"b": "x", "a": 1}), ".txt"), _read) == "result"
    )


def test_another_key_is_another_file(tmp_path) -> None:
    assert key_hash({"a": 1}) != key_hash({"a": 2})
    assert key_hash({"a": 1}) != key_hash({"a": "1"})


def test_results_of_another_version_are_not_found(monkeypatch) -> None:
    before = key_hash({"a": 1})
    monkeypatch.setattr("embeddings.cache.VERSION", 0)
    assert key_hash({"a": 1}) != before


def test_a_damaged_file_is_removed_and_not_fatal(tmp_path) -> None:
    cache = Cache(tmp_path)
    path = cache.path("layouts", key_hash({"a": 1}), ".txt")
    cache.store(path, lambda file: file.write_bytes(b"\xff\xfe damaged"))
    assert cache.load(path, _read) is None
    assert not path.exists()


def test_a_failed_write_leaves_nothing(tmp_path) -> None:
    cache = Cache(tmp_path)
    path = cache.path("layouts", key_hash({"a": 1}), ".txt")

    def fail(file) -> None:
        file.write_text("half")
        raise OSError("disk full")

    with pytest.raises(EmbeddingError, match=r"\(disk full\); .* EMBEDDING_CACHE"):
        cache.store(path, fail)
    assert list(tmp_path.rglob("*.txt")) == []


def test_the_oldest_files_go_first_beyond_the_limit(tmp_path) -> None:
    cache = Cache(tmp_path, limit=250)
    paths = [cache.path("results", key_hash({"number": number}), ".bin") for number in range(3)]
    for age, path in zip((30, 20, 10), paths, strict=True):
        cache.store(path, lambda file: file.write_bytes(bytes(100)))
        os.utime(path, (1_000_000 - age, 1_000_000 - age))
    newest = cache.path("results", key_hash({"number": 3}), ".bin")
    cache.store(newest, lambda file: file.write_bytes(bytes(100)))
    assert [path.exists() for path in [*paths, newest]] == [False, False, True, True]


def test_a_result_that_exceeds_the_limit_by_itself_is_stored(tmp_path) -> None:
    cache = Cache(tmp_path, limit=250)
    path = cache.path("results", key_hash({"number": 0}), ".bin")
    cache.store(path, lambda file: file.write_bytes(bytes(1000)))
    assert path.exists()


@pytest.mark.parametrize("write", ["store", "store_folder", "lock", "make_folder"])
def test_a_folder_that_cannot_be_made_is_named(tmp_path, write: str) -> None:
    (tmp_path / "file").touch()
    cache = Cache(tmp_path / "file" / "cache")
    path = cache.path("results", key_hash({}), ".bin")
    with pytest.raises(EmbeddingError, match=r"the cache folder .*/file/cache cannot be written"):
        if write == "lock":
            with cache.lock(path):
                pass
        elif write == "make_folder":
            cache.make_folder("results")
        else:
            getattr(cache, write)(path, lambda file: None)


def test_a_result_in_a_folder_that_can_only_be_read_is_found(tmp_path, monkeypatch) -> None:
    cache = Cache(tmp_path)
    path = cache.path("results", key_hash({}), ".txt")
    cache.store(path, lambda file: file.write_text("result"))

    def refuse(*arguments: object) -> None:
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr(os, "utime", refuse)
    assert cache.load(path, _read) == "result"


def test_the_files_of_one_result_are_removed_together(tmp_path) -> None:
    cache = Cache(tmp_path, limit=250)
    upload = cache.path("uploads", "0123456789abcdef" * 2, "")

    def write(folder) -> None:
        (folder / "0").mkdir()
        (folder / "0" / "labels.txt").write_bytes(bytes(50))
        (folder / "vectors.npy").write_bytes(bytes(150))

    cache.store_folder(upload, write)
    os.utime(upload / "0" / "labels.txt", (1, 1))
    fresh = cache.path("results", key_hash({"number": 0}), ".bin")
    older = cache.path("results", key_hash({"number": 1}), ".bin")
    cache.store(older, lambda file: file.write_bytes(bytes(10)))
    os.utime(older, (2, 2))
    cache.store(fresh, lambda file: file.write_bytes(bytes(50)))
    assert not older.exists()  # the upload was used later, as one of its files was
    assert sorted(path.name for path in upload.rglob("*")) == ["0", "labels.txt", "vectors.npy"]
    for file in [upload, *upload.rglob("*")]:
        os.utime(file, (3, 3))
    cache.store(older, lambda file: file.write_bytes(bytes(10)))
    assert not upload.exists() and fresh.exists()
    assert [path.name for path in upload.parent.iterdir()] == []


def test_what_must_last_is_on_disk_before_it_takes_its_name(tmp_path, monkeypatch) -> None:
    steps: list[str] = []
    replace, fsync = os.replace, os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: steps.append("fsync") or fsync(handle))
    monkeypatch.setattr(os, "replace", lambda *paths: steps.append("replace") or replace(*paths))
    with atomic_path(tmp_path / "run.json") as temporary:
        temporary.write_text("{}")
    assert steps == ["fsync", "replace"]
    steps.clear()
    Cache(tmp_path).store_folder(tmp_path / "uploads" / "x", lambda path: (path / "a").touch())
    assert steps == ["fsync"]


def test_only_results_are_removed(tmp_path) -> None:
    result_names = ["uploads/0123456789abcdef0123456789abcdef/0/words.csv",
                    "notebook/words-0123456789ab.embedding.parquet"]  # fmt: skip
    other_names = ["runs/20260101-120000-abcdef/words.embedding.parquet", "notebook/server.json",
                   "0123456789abcdef.txt"]  # fmt: skip
    for name in (*result_names, *other_names):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(bytes(1000))
    cache = Cache(tmp_path, limit=250)
    path = cache.path("results", key_hash({"number": 0}), ".bin")
    cache.store(path, lambda file: file.write_bytes(bytes(100)))
    assert path.exists() and all((tmp_path / name).exists() for name in other_names)
    assert not any((tmp_path / name).exists() for name in result_names)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other folders")
def test_the_default_folder_is_the_users_cache_folder(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("EMBEDDING_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "embedding-explorer"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".cache" / "embedding-explorer"
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "chosen"))
    assert default_folder() == tmp_path / "chosen"


def _read(path) -> str:
    return path.read_text(encoding="utf-8")
