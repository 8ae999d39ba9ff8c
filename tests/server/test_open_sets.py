"""What the server holds for its sessions: bounded by bytes, and released when they have gone."""

import threading
import weakref
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from embeddings import EmbeddingError, EmbeddingSet
from server import open_sets
from server.open_sets import LEAVE_SECONDS, OpenSets, configured_limit, private_bytes


class Clock:
    """A clock that the test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def present() -> set[str]:
    return {"a", "b"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sets(present: set[str], clock: Clock) -> OpenSets:
    return OpenSets(100, present.__contains__, clock)


def hold(sets: OpenSets, key: str, size: int, client: str = "a", part_of: str | None = None) -> str:
    """Hold a value of that size; return "loaded", or "held" if it was there."""
    loads: list[str] = []
    sets.get(key, client, lambda: loads.append(key), lambda _: size, part_of)
    return "loaded" if loads else "held"


def test_the_least_recently_used_make_room_by_bytes_not_by_number(sets: OpenSets) -> None:
    for number in range(50):
        assert hold(sets, f"small {number}", 2) == "loaded"
    assert sets.held == 100
    assert hold(sets, "small 0", 2) == "held"  # now the most recently used
    assert hold(sets, "large", 97) == "loaded"
    assert sets.held == 99
    assert hold(sets, "small 0", 2) == "held" and hold(sets, "small 1", 1) == "loaded"


def test_what_alone_exceeds_the_limit_is_refused(sets: OpenSets) -> None:
    hold(sets, "small", 60)
    with pytest.raises(EmbeddingError, match=r"takes 101 bytes .* than the 100 .*EMBEDDING_OPEN"):
        hold(sets, "huge", 101)
    assert hold(sets, "small", 60) == "held"


def test_what_no_present_session_has_open_is_released(
    sets: OpenSets, present: set[str], clock: Clock
) -> None:
    hold(sets, "shared", 10, "a")
    hold(sets, "shared", 10, "b")
    hold(sets, "own", 20, "a")
    present.remove("a")
    sets.release_unused()
    assert sets.held == 30  # the page may just be loaded again
    clock.now += LEAVE_SECONDS
    sets.release_unused()
    assert sets.held == 10
    present.remove("b")
    clock.now += LEAVE_SECONDS - 1
    sets.release_unused()
    assert sets.held == 10
    hold(sets, "shared", 10, "c")  # somebody else
    present.add("c")
    clock.now += LEAVE_SECONDS
    sets.release_unused()
    assert sets.held == 10


def test_values_are_released_for_good(sets: OpenSets, present: set[str], clock: Clock) -> None:
    """Nothing else refers to them: the memory is given back."""
    gone = weakref.ref(sets.get("x", "a", lambda: EmbeddingSet.of(np.eye(3)), lambda _: 10))
    assert gone() is not None
    present.clear()
    clock.now += LEAVE_SECONDS
    sets.release_unused()
    assert gone() is None


def test_what_is_derived_from_a_set_is_released_with_it(sets: OpenSets) -> None:
    hold(sets, "set", 30)
    hold(sets, "set, layer 1", 30, part_of="set")
    hold(sets, "other", 30)
    assert hold(sets, "set, layer 1", 30, part_of="set") == "held"  # and so the set is used, too
    hold(sets, "another", 20)
    assert hold(sets, "set", 30) == "held"
    assert hold(sets, "large", 60) == "loaded"
    assert sets.held <= 100
    assert hold(sets, "set, layer 1", 1, part_of="set") == "loaded"


def test_what_two_sessions_ask_for_is_loaded_once(sets: OpenSets) -> None:
    started, go_on, loads = threading.Event(), threading.Event(), []

    def load() -> str:
        loads.append(1)
        started.set()
        go_on.wait()
        return "value"

    found: list[str] = []
    threads = [
        threading.Thread(target=lambda client=client: found.append(  # type: ignore[misc]
            sets.get("x", client, load, len)))
        for client in "ab"
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    started.wait()
    assert hold(sets, "y", 1) == "loaded"  # a slow file holds up no other
    go_on.set()
    for thread in threads:
        thread.join()
    assert found == ["value", "value"] and len(loads) == 1


def test_an_error_is_not_held(sets: OpenSets) -> None:
    def refuse() -> str:
        raise EmbeddingError("damaged")

    with pytest.raises(EmbeddingError, match="damaged"):
        sets.get("x", "a", refuse, len)
    assert sets.get("x", "a", lambda: "sound", len) == "sound"


def test_only_private_memory_counts(tmp_path: Path) -> None:
    rows, width = 2_000, 100
    vectors = np.random.default_rng(0).normal(size=(rows, width)).astype(np.float32)
    labels = ["x" * 1_000] * rows
    columns = {"n": pa.array(range(rows), pa.int64())}
    own = EmbeddingSet.of(vectors, labels, columns)
    np.save(tmp_path / "v.npy", vectors)
    mapped = EmbeddingSet.of(np.load(tmp_path / "v.npy", mmap_mode="r"), labels, columns)
    assert private_bytes(own) - private_bytes(mapped) == vectors.nbytes
    assert 1_000 * rows < private_bytes(mapped) < 1_200 * rows
    assert private_bytes(mapped) - private_bytes(mapped, is_metadata_mapped=True) == 8 * rows


@pytest.mark.parametrize(
    ("limit", "expected"), [("2000000000\n", 10**9), ("max\n", 4 * 10**9), ("", 4 * 10**9)]
)
def test_the_default_is_half_of_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, expected: int
) -> None:
    monkeypatch.delenv("EMBEDDING_OPEN_BYTES", raising=False)
    memory = type("Memory", (), {"total": 8 * 10**9})
    monkeypatch.setattr(open_sets.psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(open_sets, "_CONTAINER_LIMIT", tmp_path / "memory.max")
    if limit:
        (tmp_path / "memory.max").write_text(limit)
    assert configured_limit() == expected


@pytest.mark.parametrize("value", ["0", "-1", "4 GiB"])
def test_a_wrong_limit_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("EMBEDDING_OPEN_BYTES", value)
    with pytest.raises(EmbeddingError, match=r"EMBEDDING_OPEN_BYTES is .*; expected a number of"):
        configured_limit()
    monkeypatch.setenv("EMBEDDING_OPEN_BYTES", "12345")
    assert configured_limit() == 12345


def test_a_watcher_releases_what_is_not_used_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = threading.Event()
    monkeypatch.setattr(open_sets, "_LOOK_SECONDS", 0.0)
    clock = Clock()
    present = {"a"}

    def is_present(client: str) -> bool:
        looked.set()
        return client in present

    sets = OpenSets(100, is_present, clock)
    hold(sets, "x", 10)
    watcher = sets._watcher
    assert watcher is not None
    looked.wait()
    present.clear()
    clock.now += LEAVE_SECONDS
    watcher.join()
    assert sets.held == 0
