"""A damaged file of a run damages this run alone: the others, and all functions, go on."""

import fcntl
import os
import select
from pathlib import Path

import pytest

from embeddings import EmbeddingError
from server.runs import finished, process
from server.runs import records as runs
from server.runs.checkpoint_index import CheckpointIndex, record_missing_hashes
from server.runs.metrics import RunMetrics, curves, progress
from tests.damaged_runs import DAMAGES, EPOCH, LINES, RUN_ID, START, damage, make_run


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMBEDDING_RUNS", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(("file", "name"), DAMAGES)
def test_a_damaged_file_of_a_run_hides_no_other_run(folder: Path, file: str, name: str) -> None:
    sound, damaged = make_run(folder, 1), make_run(folder, 2)
    damage(damaged, file, name)
    os.utime(damaged, (0, 0))  # not just created
    listed = {run.id: run for run in runs.list_runs()}
    assert sound.name in listed
    assert runs.status(listed[sound.name]).state == "done"
    assert sound.name in [run.id for run in finished.latest(9)]
    assert runs.blocked_reason() == ""
    record_missing_hashes()
    assert CheckpointIndex().find("0" * 64) is None
    run = runs.find(damaged.name)
    status = runs.status(run)
    assert run.title and runs.log_tail(run, 3) is not None
    events = RunMetrics(run.training).read()
    assert progress(events) is not None  # of the stage, if not of the run itself
    assert {curve.quantity for curve in curves(events)} == {"loss"}
    runs.stop(run)
    if status.state == "damaged":
        assert file in status.error and "only deleted" in status.error
    runs.delete(run)
    assert not damaged.exists()


@pytest.mark.parametrize("file", ["run.json", "process.json"])
@pytest.mark.parametrize("name", ["empty", "an object", "null", "binary", "deep", "a folder"])
def test_a_run_whose_state_is_unknown_is_damaged(folder: Path, file: str, name: str) -> None:
    damage(make_run(folder, 1), file, name)
    assert runs.status(runs.find(RUN_ID.format(1))).state == "damaged"


@pytest.mark.parametrize(("name", "state"), [("text", "damaged"), ("empty", "failed")])
def test_an_exit_code_that_was_lost_is_a_failure(folder: Path, name: str, state: str) -> None:
    run = make_run(folder, 1)
    (run / "asked_to_stop").unlink()
    damage(run, "exit", name)
    assert runs.status(runs.find(RUN_ID.format(1))).state == state


def test_a_field_that_a_newer_version_has_added_is_ignored(folder: Path) -> None:
    make_run(folder, 1, priority="high")
    run = runs.find(RUN_ID.format(1))
    assert (run.damage, run.data, runs.status(run).state) == ("", "pairs.csv", "done")


@pytest.mark.parametrize("name", [name for name in LINES if "loss" not in name])
def test_damaged_lines_of_the_log_are_passed_over_and_counted(folder: Path, name: str) -> None:
    run = make_run(folder, 1)
    damage(run, "training/metrics.jsonl", name)
    metrics = RunMetrics(run / "training")
    assert metrics.read()[""] == [START, EPOCH]
    assert metrics.damaged == 1


def test_a_folder_without_run_json_is_damaged_unless_its_run_is_being_started(folder: Path) -> None:
    run = make_run(folder, 1)
    (run / "run.json").unlink()
    assert runs.list_runs() == []  # as new_folder() leaves it
    with pytest.raises(EmbeddingError, match="no such run"):
        runs.find(run.name)
    os.utime(run, (0, 0))
    (found,) = runs.list_runs()
    status = runs.status(found)
    assert status.state == "damaged" and "run.json is missing" in status.error
    assert found.title.startswith(run.name)
    (folder / "notes").mkdir()
    os.utime(folder / "notes", (0, 0))
    assert [each.id for each in runs.list_runs()] == [run.name]  # others' folders are no runs
    runs.delete(runs.find(run.name))
    assert runs.list_runs() == []


@pytest.mark.parametrize("name", ["missing", "empty", "group is everybody", "binary"])
def test_a_run_whose_process_json_is_damaged_is_stopped(folder: Path, name: str) -> None:
    run = runs.new_folder()
    process.launch(run, ["sleep", "1000"], os.environ, folder / runs.ENDED)
    handle = os.pidfd_open(int((run / "alive").read_text()))
    damage(run, "process.json", name)
    assert process.status(run).is_alive
    process.stop(run, force=True)
    assert select.select([handle], [], [], 60)[0]
    os.close(handle)
    with (run / "alive").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # once the last process of the group has ended
    assert not process.status(run).is_alive


def test_a_process_that_cannot_be_found_is_not_stopped(folder: Path) -> None:
    run = make_run(folder, 1)
    damage(run, "process.json", "group is everybody")
    (run / "exit").unlink()
    (run / "asked_to_stop").unlink()
    with (run / "alive").open("rb") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        found = runs.find(run.name)
        assert runs.status(found).state == "running"
        with pytest.raises(EmbeddingError, match=r"process.json is damaged.* `fuser -k .*/alive`"):
            runs.stop(found)
