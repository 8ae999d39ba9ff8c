"""Finished runs are listed again only after a change."""

import json
import shutil
from pathlib import Path

import pytest

from server.runs import finished
from server.runs.records import ENDED


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMBEDDING_RUNS", str(tmp_path))
    return tmp_path


@pytest.fixture
def listings(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One entry for each time that all runs were listed."""
    found: list[None] = []
    list_runs = finished.list_runs
    monkeypatch.setattr(finished, "list_runs", lambda: found.append(None) or list_runs())
    return found


def make_run(runs: Path, number: int, exit_code: str = "0") -> str:
    """Write a run that has ended and has an embedding file; return its id."""
    folder = runs / f"20260101-00000{number}-abcdef"
    folder.mkdir()
    about = {"folder": folder.name, "trainer": "entity", "arguments": [], "settings": {},
             "data": "table", "created": float(number)}  # fmt: skip
    (folder / "run.json").write_text(json.dumps(about))
    (folder / "exit").write_text(exit_code)
    (folder / "table.embedding.parquet").touch()
    return folder.name


def ids(count: int = 10) -> list[str]:
    return [run.id for run in finished.latest(count)]


def test_the_latest_finished_runs_come_first(runs: Path) -> None:
    first, failed, last = make_run(runs, 0), make_run(runs, 1, "1"), make_run(runs, 2)
    assert failed not in ids() and ids() == [last, first]
    assert ids(1) == [last]


def test_runs_are_listed_once_until_one_is_added_deleted_or_ends(
    runs: Path, listings: list[None]
) -> None:
    first = make_run(runs, 0)
    assert ids() == ids() == [first]
    assert len(listings) == 1
    last = make_run(runs, 1, "1")
    assert ids() == [first]
    (runs / last / "exit").write_text("0")  # it was resumed, and has ended
    with (runs / ENDED).open("a") as file:
        file.write("\n")
    assert ids() == [last, first]
    shutil.rmtree(runs / first)
    assert ids() == [last]
    assert len(listings) == 4


def test_other_folders_have_other_runs(
    runs: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(runs, 0)
    assert len(ids()) == 1
    monkeypatch.setenv("EMBEDDING_RUNS", str(tmp_path_factory.mktemp("other")))
    assert ids() == []
