"""Keys of sets: what a URL may name, and what it may not reach."""

import io
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from embeddings import EmbeddingError
from embeddings.cache import Cache
from pages.common import services, sources
from pages.common.local_files import Local
from pages.common.sources import Source

HASH = "0123456789abcdef" * 2


def test_a_key_is_read_as_it_was_written() -> None:
    source = Source("upload", HASH, (("label", "title & more"),), leave_out=True)
    assert Source.of(source.key) == source


@pytest.mark.parametrize("name", ["a/b.npy", "ü?&=#.npy", "RUN/levels.embedding.parquet"])
def test_names_with_any_characters_survive_the_url(name: str) -> None:
    assert Source.of(Source("file", name).key).name == name


@pytest.mark.parametrize(
    "key",
    [
        "upload:../../etc",
        "upload:/etc",
        f"upload:{HASH}/..",
        f"upload:{HASH[:-1]}",
        f"upload:{HASH.upper()}",
        f"upload:{HASH}\n",
        "upload:",
        "elsewhere:x",
        "",
    ],
)
def test_an_upload_is_named_by_its_hash_alone(key: str) -> None:
    """Anything else would be a path below, or above, the folder of uploads."""
    with pytest.raises(EmbeddingError, match="does not name a set"):
        Source.of(key)


def upload(name: str, content: bytes) -> Any:
    """Return what Streamlit's uploader would."""
    return SimpleNamespace(name=name, getbuffer=lambda: memoryview(content))


def npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder below which the app may open files; its cache is below it, too."""
    monkeypatch.setattr(sources, "local", lambda: Local(root=tmp_path.resolve()))
    monkeypatch.setattr(services, "cache", lambda: Cache(tmp_path / "cache"))
    services.open_sets().clear()
    return tmp_path


def test_a_file_of_this_machine_is_read_again_once_it_has_changed(machine: Path) -> None:
    (machine / "x.npy").write_bytes(npy(np.eye(3)))
    first = sources.opened("file:x.npy")
    assert sources.opened("file:x.npy") is first
    (machine / "x.npy").write_bytes(npy(np.ones((5, 2))))
    assert len(sources.opened("file:x.npy").embedding_set) == 5


def test_a_file_that_is_gone_is_named(machine: Path) -> None:
    with pytest.raises(EmbeddingError, match=r"^x\.npy: the file no longer exists$"):
        sources.opened("file:x.npy")


def test_uploads_of_equal_names_are_all_stored_and_once(machine: Path) -> None:
    files = [upload("a.csv", b"first"), upload("a.csv", b"second")]
    source = sources.store(files)
    assert [path.read_bytes() for path in sources.paths_of(source)] == [b"first", b"second"]
    before = [path.stat().st_ino for path in sources.paths_of(source)]
    assert sources.store(files) == source
    assert [path.stat().st_ino for path in sources.paths_of(source)] == before
    for other in ([upload("b.csv", b"first"), files[1]], [files[0]], files[::-1]):
        assert sources.store(other) != source


def test_an_upload_that_was_removed_is_to_be_uploaded_again(machine: Path) -> None:
    with pytest.raises(EmbeddingError, match="no longer on the server; upload it again"):
        sources.paths_of(Source("upload", HASH))


def test_an_upload_that_is_opened_counts_as_just_used(machine: Path) -> None:
    source = sources.store([upload("x.npy", npy(np.eye(3)))])
    (path,) = sources.paths_of(source)
    os.utime(path, (0, 0))
    sources.opened(source.key)
    assert path.stat().st_mtime > 0


def test_only_files_of_this_machine_may_exceed_the_size_limit(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = npy(np.ones((100, 4), np.float32))
    (machine / "x.npy").write_bytes(content)
    source = sources.store([upload("x.npy", content)])
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000")
    assert len(sources.opened("file:x.npy").embedding_set) == 100
    with pytest.raises(EmbeddingError, match=r"x\.npy: the (file|array) .* limit of 1,000"):
        sources.opened(source.key)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a.npy", "a.npy"),
        ("../../a.npy", "a.npy"),
        ("/etc/passwd", "passwd"),
        ("..", "file"),
        ("", "file"),
        (".hidden.npy", "hidden.npy"),  # hidden files of an upload would be ignored
        ("x" * 300 + ".npy", "x" * 116 + ".npy"),
        ("x" + "ü" * 200 + ".npy", "ü" * 58 + ".npy"),
        ("xü" + "y" * 119, "y" * 119),  # no half of a character
    ],
)
def test_the_name_of_an_upload_is_one_that_the_file_system_takes(name: str, safe: str) -> None:
    assert sources.safe_file_name(name) == safe


def test_a_run_has_only_the_files_that_it_made(monkeypatch: pytest.MonkeyPatch) -> None:
    results = [Path("r/made.embedding.parquet"), Path("r/levels.embedding.parquet")]
    monkeypatch.setattr(sources.runs, "find", lambda run_id: run_id)
    monkeypatch.setattr(sources.runs, "status", lambda run: SimpleNamespace(results=results))
    assert sources.paths_of(Source("run", "r")) == results[:1]
    assert sources.paths_of(Source("run", "r/levels.embedding.parquet")) == results[1:]
    for name in ("r/run.json", "r/../secret", "r/made"):
        with pytest.raises(EmbeddingError, match="the run r has no such embedding file"):
            sources.paths_of(Source("run", name))
    results.clear()
    with pytest.raises(EmbeddingError, match="the run r has no such embedding file"):
        sources.paths_of(Source("run", "r"))
