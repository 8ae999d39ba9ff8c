"""Runs are found again, stopped and resumed; their status follows their processes."""

import errno
import fcntl
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from embeddings import EmbeddingError, load
from server.runs import process
from server.runs import records as runs
from server.runs.contract import TRAINING_FOLDER
from server.runs.metrics import RunMetrics, curves, progress
from server.runs.records import RunRecord

ROOT = Path(__file__).parents[3]

FAKE = """
import json, os, pathlib, signal, sys
settings = dict(argument[2:].split("=", 1) for argument in sys.argv[2:])
folder = pathlib.Path(settings["run-dir"])
folder.mkdir(exist_ok=True)

def saved(number, frame):
    (folder / "last.pt").touch()
    print("stopped after 3 steps", file=sys.stderr)
    sys.exit(143)

signal.signal(signal.SIGTERM, saved)
print("begins", settings.get("resume"), file=sys.stderr, flush=True)
kind = settings["do"]
if kind == "wait" and "resume" not in settings:
    with open(settings["pipe"], "w") as pipe:
        pipe.write("here")
    signal.pause()
if kind == "wrong":
    print("error: --dim -1: expected at least 1", file=sys.stderr)
    sys.exit(2)
if kind == "break":
    raise ValueError("a bug")
pathlib.Path(settings["out"]).write_bytes(b"vectors")
pathlib.Path(settings["out"].replace(".e", ".column.e")).write_bytes(b"vectors")
print("words before")
print(json.dumps({"loss": 0.5}))
"""

Starter = Callable[..., RunRecord]


@pytest.fixture
def start_fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Starter:
    """Start a fake trainer; if it is to wait for a signal, return once it does."""
    (tmp_path / "fake" / "trainers").mkdir(parents=True)
    (tmp_path / "fake" / "trainers" / "__init__.py").touch()
    (tmp_path / "fake" / "trainers" / "__main__.py").write_text(FAKE)
    monkeypatch.syspath_prepend(tmp_path / "fake")
    monkeypatch.setenv("EMBEDDING_RUNS", str(tmp_path / "runs"))
    started: list[RunRecord] = []

    def start(do: str) -> RunRecord:
        folder = runs.new_folder()
        pipe = folder / "pipe"
        os.mkfifo(pipe)
        values = {"do": do, "pipe": pipe, "run-dir": folder / "training",
                  "out": folder / "a.embedding.parquet"}  # fmt: skip
        arguments = [f"--{name}={value}" for name, value in values.items()]
        run = runs.start(folder, "fake", arguments, {"do": do}, "nothing")
        started.append(run)
        if do == "wait":
            assert pipe.read_text() == "here"
        return run

    yield start
    for run in started:
        runs.stop(run, force=True)


def wait(run: RunRecord) -> None:
    """Wait until no process of a run is alive, that is, until its lock is released."""
    with (run.folder / "alive").open("rb") as alive:
        fcntl.flock(alive, fcntl.LOCK_SH)


def test_a_run_that_ends_well_has_metrics_and_results(start_fake: Starter) -> None:
    run = start_fake("work")
    wait(run)
    status = runs.status(run)
    assert status.state == "done"
    assert status.metrics == {"loss": 0.5}
    assert [path.name for path in status.results] == [
        "a.embedding.parquet",
        "a.column.embedding.parquet",
    ]
    assert runs.log_tail(run, 5) == "begins None"


def test_a_mistake_of_the_user_is_quoted_and_a_crash_is_not(start_fake: Starter) -> None:
    wrong, broken = start_fake("wrong"), start_fake("break")
    wait(wrong)
    wait(broken)
    assert runs.status(wrong).state == "failed"
    assert runs.status(wrong).error == "--dim -1: expected at least 1"
    assert runs.status(broken).error == "the trainer crashed (exit status 1); see the log"
    assert "ValueError: a bug" in runs.log_tail(broken, 1)


def test_a_run_is_stopped_and_resumed(start_fake: Starter) -> None:
    run = start_fake("wait")
    assert runs.status(run).state == "running"
    with pytest.raises(EmbeddingError, match="in progress; stop it first"):
        runs.delete(run)
    with pytest.raises(EmbeddingError, match="in progress; stop it first"):
        runs.resume(run)
    runs.stop(run)
    wait(run)
    status = runs.status(run)
    assert (status.state, status.resumable) == ("stopped", True)
    runs.stop(run)  # has no effect: it has ended
    runs.resume(run)
    wait(run)
    again = runs.status(run)
    assert again.state == "done"
    assert again.seconds > status.seconds > 0
    assert runs.log_tail(run, 9).splitlines()[-1] == "begins auto"
    runs.delete(run)
    assert runs.list_runs() == []


def test_a_run_is_stopping_until_the_trainer_has_saved(
    start_fake: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start_fake("wait")
    monkeypatch.setattr(os, "killpg", lambda group, number: None)  # a trainer that does not react
    runs.stop(run)
    assert runs.status(run).state == "stopping"
    monkeypatch.undo()
    runs.stop(run, force=True)
    wait(run)
    assert (runs.status(run).state, runs.status(run).resumable) == ("stopped", False)


def test_a_killed_process_is_a_failure_even_if_its_id_is_reused(start_fake: Starter) -> None:
    run = start_fake("wait")
    about = run.folder / "process.json"
    os.killpg(json.loads(about.read_text())["group"], signal.SIGKILL)
    wait(run)
    about.write_text(json.dumps({"group": os.getpgrp(), "started": 0, "before": 0}))
    assert runs.status(run).state == "failed"
    assert "the process was killed" in runs.status(run).error
    runs.stop(run)  # sends no signal: this very process has the id
    assert runs.status(run).state == "failed"


def test_runs_are_listed_latest_first_and_too_many_are_refused(start_fake: Starter) -> None:
    made = [start_fake("wait") for _ in range(runs.MAX_CONCURRENT)]
    assert runs.list_runs() == made[::-1]
    assert runs.find(made[0].id) == made[0]
    with pytest.raises(EmbeddingError, match="2 runs are already in progress"):
        start_fake("work")
    assert len(list(runs.runs_folders()[0].glob("2*"))) == runs.MAX_CONCURRENT
    runs.stop(made[0])
    wait(made[0])
    assert runs.blocked_reason() == ""


def write_record(runs_folder: Path, run_id: str, created: float = 0.0) -> Path:
    """Write the record of a run that has not been started."""
    folder = runs_folder / run_id
    folder.mkdir(parents=True)
    about = {"folder": "/somewhere/else", "trainer": "fake", "arguments": ["--a=1"],
             "settings": {}, "data": "x", "created": created}  # fmt: skip
    (folder / "run.json").write_text(json.dumps(about))
    return folder


RUN_ID = "20260101-000000-abcdef"


@pytest.mark.parametrize(
    "run_id",
    ["", ".", "..", "../outside", f"{RUN_ID}/../../outside", f"../runs/{RUN_ID}", f"{RUN_ID}/..",
     f"{RUN_ID}\n", "other", "20260101-000000-ABCDEF",
     "20260101-000000-abcde", "20260101-000001-abcdef"],
)  # fmt: skip
def test_nothing_but_the_id_of_a_run_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_id: str
) -> None:
    monkeypatch.setenv("EMBEDDING_RUNS", str(tmp_path / "runs"))
    folder = write_record(tmp_path / "runs", RUN_ID)
    write_record(tmp_path, "outside")
    write_record(tmp_path / "runs", "other")
    assert runs.find(RUN_ID).folder == folder  # not the folder that the record names
    with pytest.raises(EmbeddingError, match="no such run"):
        runs.find(run_id)


def test_a_relative_folder_of_runs_is_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EMBEDDING_RUNS", "runs")
    assert runs.new_folder().parent == tmp_path / "runs"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other folders")
def test_new_runs_are_user_data_and_those_in_the_cache_are_still_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EMBEDDING_RUNS", raising=False)
    monkeypatch.delenv("EMBEDDING_CACHE", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert runs.list_runs() == []
    new = runs.new_folder()
    assert new.parent == tmp_path / "data" / "embedding-explorer" / "runs"
    write_record(new.parent, RUN_ID, created=2.0)
    old = write_record(tmp_path / "cache/embedding-explorer/runs", "20250101-000000-abcdef")
    assert [run.id for run in runs.list_runs()] == [RUN_ID, old.name]
    assert runs.find(old.name).folder == old
    monkeypatch.setenv("EMBEDDING_RUNS", str(tmp_path / "elsewhere"))
    assert runs.list_runs() == []


def test_a_changed_record_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_RUNS", str(tmp_path))
    path = write_record(tmp_path, RUN_ID) / "run.json"
    assert runs.find(RUN_ID).data == "x"
    path.write_text(path.read_text().replace('"x"', '"y"'))
    os.utime(path, ns=(1, 1))
    assert runs.find(RUN_ID).data == "y"


@pytest.mark.parametrize("output", ["", "no JSON\n", "[1]\n", "3\n"])
def test_a_last_line_that_is_no_object_is_no_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    monkeypatch.setenv("EMBEDDING_RUNS", str(tmp_path))
    folder = write_record(tmp_path, RUN_ID)
    (folder / "stdout.txt").write_text(output)
    (folder / "exit").write_text("0")
    status = runs.status(runs.find(RUN_ID))
    assert (status.state, status.metrics, status.results) == ("done", {}, ())


def test_a_real_trainer_runs_and_its_curves_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDING_RUNS", str(tmp_path))
    monkeypatch.chdir(tmp_path)  # the trainer is found from any folder
    folder = runs.new_folder()
    arguments = [f"--data={ROOT / 'docs/examples/visits.csv'}", "--max-steps=20", "--epochs=50",
                 f"--out={folder / 'visits.embedding.parquet'}", "--patience=0",
                 f"--run-dir={folder / TRAINING_FOLDER}", "--threads=1"]  # fmt: skip
    run = runs.start(folder, "two_tower", arguments, {}, "visits.csv")
    wait(run)
    status = runs.status(run)
    assert status.state == "done", runs.log_tail(run, 20)
    assert load(status.results[0]).provenance.trainer == "two_tower"
    events = RunMetrics(run.training).read()
    assert list(events) == ["", "refit"]
    drawn = {(curve.quantity, curve.kind): curve for curve in curves({"": events[""]})}
    assert drawn["loss", "epoch"].steps == tuple(range(1, 21))
    assert drawn["recall@10", "epoch"].steps == tuple(range(1, 21))
    assert drawn["loss", "epoch"].values[-1] < drawn["loss", "epoch"].values[0]
    far = progress({"": events[""]})
    assert (far.step, far.steps, far.fraction, far.seconds_left) == (20, 20, 1.0, 0.0)
    assert progress(events).stage == "refit"


def test_a_disk_that_is_full_starts_no_run(
    start_fake: Starter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(process, "write_json", full)
    with pytest.raises(EmbeddingError, match=r"cannot be written \(No space.*EMBEDDING_RUNS"):
        start_fake("work")
    assert runs.list_runs() == []
    assert list((tmp_path / "runs").glob("2*")) == []
    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(EmbeddingError, match="No space left"), runs.explain_write_errors():
        runs.new_folder()
