"""Files that are cut or overwritten while they are open: what was read stays as it was."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from embeddings import EmbeddingError, EmbeddingSet, load, save
from embeddings.cache import Cache
from embeddings.files.compression import read_content
from embeddings.files.options import ReadContext

ROWS, DIMENSIONS = 4_000, 64

USE = """
import os, sys
import numpy as np
from pathlib import Path
from embeddings import load, neighbors
from embeddings.cache import Cache
from embeddings.files import read
from embeddings.files.options import ReadContext

path, damage, mode, folder = Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4])
if mode == "read":
    found = load(path)
else:
    os.environ["EMBEDDING_MAX_BYTES"] = "1000"
    copy = Cache(folder).private_copy if mode == "copied" else None
    found = read([path], ReadContext(trusted=True, copy=copy))
expected = neighbors.query(found, 7, 5).rows.tolist()
total, columns = float(found.vectors.sum()), found.metadata.to_pylist()
if damage == "cut":
    os.truncate(path, 100)
else:
    with path.open("r+b") as file:
        file.write(b"\\xff" * path.stat().st_size)
found.__dict__.pop("norms", None)
assert neighbors.query(found, 7, 5).rows.tolist() == expected
assert float(found.vectors.sum()) == total and found.metadata.to_pylist() == columns
"""
"""Opens a file, damages it, and uses what was read; a bus error would end it."""

NAMES = ["v.arrow", "v.arrows", "v.feather", "v.safetensors", "v.npy", "v.npz", "v.parquet",
         "v.bin", "v.csv", "v.jsonl", "v.h5ad"]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a set of a megabyte in each format."""
    folder = tmp_path_factory.mktemp("made")
    vectors = np.random.default_rng(0).normal(size=(ROWS, DIMENSIONS)).astype(np.float32)
    columns = {"n": np.arange(ROWS), "name": [f"name {i}" for i in range(ROWS)]}
    for name in NAMES:
        save(EmbeddingSet.of(vectors, metadata=columns), folder / name)
    return folder


def use(path: Path, damage: str, mode: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", USE, str(path), damage, mode, str(folder)],
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("damage", ["cut", "overwritten"])
@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_changes_while_it_is_open_does_no_harm(
    made: Path, tmp_path: Path, name: str, damage: str
) -> None:
    path = tmp_path / name
    path.write_bytes((made / name).read_bytes())
    ended = use(path, damage, "read", tmp_path)
    assert ended.returncode == 0, ended.stderr[-2000:]


@pytest.mark.parametrize("damage", ["cut", "overwritten"])
@pytest.mark.parametrize("name", ["v.npy", "v.safetensors"])
def test_a_file_too_large_for_memory_is_mapped_from_a_private_copy(
    made: Path, tmp_path: Path, name: str, damage: str
) -> None:
    path = tmp_path / name
    path.write_bytes((made / name).read_bytes())
    ended = use(path, damage, "copied", tmp_path / "cache")
    assert ended.returncode == 0, ended.stderr[-2000:]
    (copy,) = (tmp_path / "cache" / "copies").iterdir()
    assert copy.read_bytes() == (made / name).read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="the signal is that of Linux")
def test_a_map_of_the_file_itself_would_end_the_process(made: Path, tmp_path: Path) -> None:
    """What the tests above guard against, and see: without a copy, a cut file is fatal."""
    path = tmp_path / "v.npy"
    path.write_bytes((made / "v.npy").read_bytes())
    assert use(path, "cut", "mapped", tmp_path).returncode == -signal.SIGBUS


def test_a_copy_is_made_once_and_again_when_the_file_has_changed(tmp_path: Path) -> None:
    cache, path = Cache(tmp_path / "cache"), tmp_path / "v.npy"
    path.write_bytes(b"first")
    first = cache.private_copy(path)
    assert first.read_bytes() == b"first" and cache.private_copy(path) == first
    path.write_bytes(b"second")
    assert cache.private_copy(path).read_bytes() == b"second"
    assert first.read_bytes() == b"first"  # a process that has mapped it is not disturbed
    cache.private_copy(path).write_bytes(b"sec")  # as a disk that was full may leave it
    assert cache.private_copy(path).read_bytes() == b"second"


def test_a_copy_is_on_disk_before_it_takes_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synchronized: list[bytes] = []
    monkeypatch.setattr(
        "embeddings.files.atomic.synchronize", lambda path: synchronized.append(path.read_bytes())
    )
    (tmp_path / "v.npy").write_bytes(b"content")
    Cache(tmp_path / "cache").private_copy(tmp_path / "v.npy")
    assert synchronized == [b"content"]


def test_a_file_that_changes_while_it_is_copied_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "v.npy"
    path.write_bytes(b"first")

    def interrupted(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes())
        source.write_bytes(b"another")

    monkeypatch.setattr("embeddings.cache.shutil.copyfile", interrupted)
    with pytest.raises(EmbeddingError, match=r"v\.npy: the file changed while it was read"):
        Cache(tmp_path / "cache").private_copy(path)
    assert list((tmp_path / "cache" / "copies").iterdir()) == []


def test_a_copy_that_has_no_room_is_one_clear_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "v.npy"
    np.save(path, np.eye(60))
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("embeddings.cache.shutil.copyfile", full)
    context = ReadContext(trusted=True, copy=Cache(tmp_path / "cache").private_copy)
    with pytest.raises(EmbeddingError, match=r"cannot be written \(No space left on device\)"):
        context.path_to_map(path)


def test_content_is_read_and_not_mapped(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    content = read_content(tmp_path / "a")
    (tmp_path / "a").write_bytes(b"another")
    assert content.to_pybytes() == b"content"
    (tmp_path / "empty").touch()
    assert read_content(tmp_path / "empty").size == 0


def test_a_tensor_of_a_file_that_was_cut_after_its_header_was_read(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from embeddings.files.arrays import safetensors

    path = tmp_path / "v.safetensors"
    path.write_bytes((made / path.name).read_bytes())
    read_header = safetensors._read_header

    def cut_after(path: Path) -> object:
        found = read_header(path)
        path.write_bytes(path.read_bytes()[:5_000])
        return found

    monkeypatch.setattr(safetensors, "_read_header", cut_after)
    with pytest.raises(EmbeddingError, match=r"v\.safetensors: the file was cut short while"):
        load(path)


@pytest.mark.parametrize("size", [1, 7, 8, 9, 16, 1000])
def test_parts_of_a_file_are_put_together(tmp_path: Path, monkeypatch, size: int) -> None:
    monkeypatch.setattr("embeddings.files.compression._PART", 8)
    content = bytes(i % 251 for i in range(size))
    (tmp_path / "a").write_bytes(content)
    assert read_content(tmp_path / "a").to_pybytes() == content


def test_a_file_that_is_cut_while_it_is_read_ends_where_it_was_cut(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("embeddings.files.compression._PART", 8)
    path = tmp_path / "a"
    path.write_bytes(bytes(range(100)))
    size = path.stat()
    path.write_bytes(bytes(range(21)))
    monkeypatch.setattr(Path, "stat", lambda self: size)
    assert read_content(path).to_pybytes() == bytes(range(21))
