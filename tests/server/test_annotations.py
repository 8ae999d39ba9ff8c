"""Groups and names that people give: kept by content, changed safely, and read with suspicion."""

import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from embeddings.errors import EmbeddingError
from server import annotations
from server.annotations import (
    LONGEST_NAME,
    MOST_CLUSTERS,
    MOST_GROUPS,
    Annotations,
    DamagedAnnotations,
    change,
    delete,
    load,
    rows_digest,
)

KEY, ROWS = "0123456789abcdef" * 2, 300
EVERY = np.arange(ROWS)
LOW, MIDDLE = EVERY < 100, (EVERY >= 50) & (EVERY < 150)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMBEDDING_ANNOTATIONS", str(tmp_path / "annotations"))
    return tmp_path / "annotations"


def test_a_set_without_a_file_has_no_groups() -> None:
    found = load(KEY, ROWS)
    assert (found.groups, found.clusters, found.codes.tolist()) == ((), {}, [0] * ROWS)


def test_groups_are_read_as_they_were_written(folder: Path) -> None:
    change(KEY, ROWS, lambda known: known.added("  low\n värde ", LOW))
    change(KEY, ROWS, lambda known: known.added("middle", MIDDLE))
    change(KEY, ROWS, lambda known: known.with_cluster("d" * 32, "sea"))
    found = load(KEY, ROWS)
    assert (found.groups, found.sizes()) == (("low värde", "middle"), [50, 100])
    assert np.array_equal(found.members("middle"), MIDDLE)  # a row is in one group
    assert found.clusters == {"d" * 32: "sea"}
    expected = ["low värde"] * 50 + ["middle"] * 100 + [None] * 150
    assert found.column().to_pylist() == expected
    (path,) = folder.glob("*.json")
    assert path.stat().st_mode & 0o077 == 0
    assert load("f" * 32, ROWS).groups == ()


def test_groups_grow_shrink_and_are_renamed() -> None:
    found = Annotations(np.zeros(ROWS, dtype=np.uint16)).added("a", LOW).added("b", ~LOW)
    assert found.added("a", MIDDLE).sizes() == [150, 150]
    assert found.removed("a", MIDDLE).sizes() == [50, 200]
    assert found.removed("a", LOW).groups == ("b",)
    assert np.array_equal(found.removed("a", LOW).members("b"), ~LOW)
    assert found.added("c", ~LOW).groups == ("a", "c")
    assert found.renamed("a", "z").groups == ("z", "b")
    for refused in (
        lambda: found.renamed("a", "b"),
        lambda: found.renamed("gone", "x"),
        lambda: found.removed("gone", LOW),
        lambda: found.added(" \n", LOW),
        lambda: found.added("x" * (LONGEST_NAME + 1), LOW),
    ):
        with pytest.raises(EmbeddingError):
            refused()


def test_the_number_of_names_is_limited() -> None:
    found = Annotations(np.zeros(ROWS * 10, dtype=np.uint16))
    for number in range(MOST_GROUPS):
        found = found.added(f"group {number}", np.arange(ROWS * 10) == number)
    with pytest.raises(EmbeddingError, match="at most 500 groups"):
        found.added("one more", np.arange(ROWS * 10) == 2_000)
    for number in range(MOST_CLUSTERS + 3):
        found = found.with_cluster(str(number), "x")
    assert next(iter(found.clusters)) == "3"


def test_a_cluster_has_the_computed_name_again() -> None:
    found = Annotations(np.zeros(ROWS, dtype=np.uint16)).with_cluster(rows_digest(LOW), "sea")
    assert found.clusters[rows_digest(LOW.copy())] == "sea"
    assert rows_digest(LOW) != rows_digest(MIDDLE)
    assert found.with_cluster(rows_digest(LOW), "").clusters == {}


def test_many_changes_at_the_same_time_are_all_kept() -> None:
    def name(number: int) -> None:
        change(KEY, ROWS, lambda known: known.added(f"group {number}", number == EVERY))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(name, range(40)))
    assert set(load(KEY, ROWS).groups) == {f"group {number}" for number in range(40)}


def name_groups(server: str) -> None:
    """Name groups, as a server of its own does; it has the folder from the environment."""
    for number in range(10):
        rows = number == EVERY if server == "a" else number + 100 == EVERY
        name = f"{server}{number}"
        change(KEY, ROWS, lambda known, name=name, rows=rows: known.added(name, rows))


def test_two_servers_keep_each_others_changes() -> None:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(name_groups, "ab"))
    expected = {f"{server}{number}" for server in "ab" for number in range(10)}
    assert set(load(KEY, ROWS).groups) == expected


def test_a_lock_that_is_not_released_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(annotations, "_LOCK_SECONDS", 0.0)
    folder.mkdir()
    with FileLock(folder / f"{KEY}.json.lock"), pytest.raises(EmbeddingError, match="try again"):
        change(KEY, ROWS, lambda known: known.added("a", LOW))


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"rows": ROWS + 1},
        {"groups": ["a", "a"]},
        {"groups": [1]},
        {"groups": []},
        {"groups": None},
        {"codes": "!"},
        {"codes": "eJwDAAAAAAE="},
        {"codes": 3},
        {"clusters": {"x": 3}},
        {"clusters": None},
    ],
)
def test_a_damaged_file_is_refused_until_it_is_deleted(folder: Path, changes: dict) -> None:
    change(KEY, ROWS, lambda known: known.added("a", LOW))
    path = folder / f"{KEY}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    for attempt in (load, lambda *key: change(*key, lambda known: known.added("b", MIDDLE))):
        with pytest.raises(DamagedAnnotations, match=r"is damaged"):
            attempt(KEY, ROWS)
    assert path.exists()
    delete(KEY)
    assert load(KEY, ROWS).groups == ()


@pytest.mark.parametrize("content", [b"", b"[]", b"[" * 100_000, b"\xff", b"{}"])
def test_a_file_that_is_none_is_damaged(folder: Path, content: bytes) -> None:
    folder.mkdir()
    (folder / f"{KEY}.json").write_bytes(content)
    with pytest.raises(DamagedAnnotations):
        load(KEY, ROWS)


def test_an_edit_that_is_refused_changes_nothing(folder: Path) -> None:
    change(KEY, ROWS, lambda known: known.added("a", LOW))
    before = (folder / f"{KEY}.json").read_bytes()
    with pytest.raises(EmbeddingError):
        change(KEY, ROWS, lambda known: known.added("", LOW))
    assert (folder / f"{KEY}.json").read_bytes() == before
    others = {path.name for path in folder.iterdir()} - {f"{KEY}.json", f"{KEY}.json.lock"}
    assert not others


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("EMBEDDING_ANNOTATIONS", str(tmp_path / "file" / "below"))
    with pytest.raises(EmbeddingError, match="EMBEDDING_ANNOTATIONS"):
        change(KEY, ROWS, lambda known: known.added("a", LOW))


def test_only_a_fingerprint_names_a_file() -> None:
    with pytest.raises(ValueError, match="no fingerprint"):
        load("../../etc/passwd", ROWS)
