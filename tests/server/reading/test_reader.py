"""Files are read in other processes, which end when they take too much or are not wanted."""

import os
import re
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from embeddings.cache import Cache
from embeddings.errors import EmbeddingError
from embeddings.files.options import NotFinite, ReadContext
from server.reading.reader import FileReader, StillReading

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads named pipes")


def process_ids():
    return os.getpid(), os.getppid()


def tell_pid_and_wait(pipe):
    """Write the process ids to a pipe, then wait for ever."""
    Path(pipe).write_text(f"{os.getpid()} {os.getppid()}")
    signal.pause()


def kill_worker():
    os.kill(os.getppid(), signal.SIGKILL)
    signal.pause()


def fill():
    taken = []
    while True:
        taken.append(np.ones(2**23, np.uint8))


def burn():
    re.match(r"(a+)+$", "a" * 60 + "b")


def divide():
    return 1 / 0


@pytest.fixture(scope="module")
def shared() -> Iterator[FileReader]:
    reader = FileReader()
    yield reader
    reader.close()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def call(reader: FileReader, function, *args, key="k", client="me", seconds=None):
    return reader.call(key, function, *args, paths=[Path("x.csv")], trusted=False,
                       cache=Cache(), client=client, seconds=seconds)  # fmt: skip


def test_a_function_runs_neither_in_the_server_nor_in_the_worker(shared: FileReader) -> None:
    child, worker = call(shared, process_ids)
    assert len({os.getpid(), child, worker}) == 3


def test_a_set_is_read_by_another_process_and_mapped(shared: FileReader, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("name,a,b\nx,1,2\ny,3,4\n")
    cache = Cache(tmp_path / "cache")
    found = shared.read_set("set", [path], ReadContext(), cache, "me", None)
    assert found.embedding_set.labels == ("x", "y")
    base = found.embedding_set.vectors
    while isinstance(base.base, np.ndarray):
        base = base.base
    assert isinstance(base, np.memmap)
    assert list((cache.folder / "reading").iterdir()) == []  # nobody else can reach it


def test_the_error_of_a_reader_keeps_its_type(shared: FileReader, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([[1.0, np.nan], [1.0, 2.0]]))
    cache = Cache(tmp_path / "cache")
    with pytest.raises(NotFinite, match=r"^x\.npy: row 0") as caught:
        shared.read_set("nan", [tmp_path / "x.npy"], ReadContext(), cache, "me", None)
    assert caught.value.rows.tolist() == [0]
    assert list((cache.folder / "reading").iterdir()) == []
    found = shared.read_set(
        "nan", [tmp_path / "x.npy"], ReadContext(leave_out=True), cache, "me", None
    )
    assert len(found.embedding_set) == 1


@pytest.mark.parametrize(
    ("function", "variable", "value", "message"),
    [
        (fill, "EMBEDDING_MAX_MEMORY", 2**28, "more memory than the limit of 256 MiB"),
        (burn, "EMBEDDING_MAX_SECONDS", 1, "longer than the limit of 1 s"),
    ],
)
def test_a_reader_over_its_limit_is_one_message_and_the_next_file_is_read(
    shared: FileReader, monkeypatch: pytest.MonkeyPatch, function, variable, value, message: str
) -> None:
    monkeypatch.setenv(variable, str(value))
    with pytest.raises(EmbeddingError, match=rf"^x\.csv: reading it takes {message};"):
        call(shared, function)
    assert call(shared, process_ids)


def test_too_many_tensors_to_map_are_too_many_open_files(
    shared: FileReader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EMBEDDING_MAX_OPEN_FILES", "4")
    np.save(tmp_path / "x.npy", np.eye(3))
    with pytest.raises(EmbeddingError, match=r"^x\.npy: reading it needs more open files than"):
        shared.read_set("files", [tmp_path / "x.npy"], ReadContext(), Cache(tmp_path), "me", None)


def test_a_worker_that_is_killed_is_replaced(shared: FileReader) -> None:
    with pytest.raises(EmbeddingError, match=r"^x\.csv: the worker process ended before"):
        call(shared, kill_worker)
    assert call(shared, process_ids)


def test_what_a_killed_worker_was_reading_ends_with_it(shared: FileReader, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StillReading):
        call(shared, tell_pid_and_wait, tmp_path / "pipe", seconds=0.0)
    child, worker = map(int, (tmp_path / "pipe").read_text().split())
    handle = os.pidfd_open(child)
    os.kill(worker, signal.SIGKILL)
    assert select.select([handle], [], [], 60.0)[0]
    os.close(handle)
    with pytest.raises(EmbeddingError, match=r"^x\.csv: the worker process ended before"):
        call(shared, process_ids)  # joins the reading that failed
    assert call(shared, process_ids)


def test_a_fault_of_a_reader_is_said_without_a_traceback(shared: FileReader) -> None:
    with pytest.raises(EmbeddingError, match=r"prevents reading it \(ZeroDivisionError: div"):
        call(shared, divide)


def test_a_reading_that_is_cancelled_ends_its_process(shared: FileReader, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for client in ("me", "you"):
        with pytest.raises(StillReading) as caught:
            call(shared, tell_pid_and_wait, tmp_path / "pipe", client=client, seconds=0.0)
    assert (caught.value.key, caught.value.name) == ("k", "x.csv")
    child = int((tmp_path / "pipe").read_text().split()[0])
    handle = os.pidfd_open(child)
    shared.cancel("k", "me")
    status = shared.status("k")
    assert status is not None and not status.is_finished  # somebody else waits
    shared.cancel("k", "you")
    assert select.select([handle], [], [], 60.0)[0]
    os.close(handle)
    assert shared.status("k") is None and call(shared, process_ids)


def test_a_result_that_nobody_takes_is_removed(
    shared: FileReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    present = {"me", "other"}
    monkeypatch.setattr(shared, "_is_present", present.__contains__)
    cache, path = Cache(tmp_path / "cache"), tmp_path / "x.npy"
    np.save(path, np.eye(3))
    with pytest.raises(StillReading):
        shared.read_set("set", [path], ReadContext(), cache, "me", 0.0)
    shared._pool.wait("set", 60.0)
    (folder,) = (cache.folder / "reading").iterdir()
    present.remove("me")
    assert shared.read_set("other", [path], ReadContext(), cache, "other", None)
    assert not folder.exists() and shared.status("set") is None


def test_without_a_writable_cache_results_go_to_the_temporary_folder(
    shared: FileReader, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    np.save(tmp_path / "x.npy", np.eye(3))
    cache = Cache(tmp_path / "file" / "cache")
    found = shared.read_set("ro", [tmp_path / "x.npy"], ReadContext(), cache, "me", None)
    assert len(found.embedding_set) == 3
