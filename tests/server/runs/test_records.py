"""Runs are found again, stopped, continued; what their processes do is told truly."""

import fcntl
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from embeddings import EmbeddingError, load
from server.runs import process as run_process
from server.runs import records as runs
from server.runs.contract import TRAINING_FOLDER
from server.runs.metrics import RunMetrics, curves, progress
from server.runs.records import Run

ROOT = Path(__file__).parents[3]

FAKE = """
import json, os, pathlib, signal, sys
given = dict(argument[2:].split("=", 1) for argument in sys.argv[2:])
folder = pathlib.Path(given["run-dir"])
folder.mkdir(exist_ok=True)

def saved(number, frame):
    (folder / "last.pt").touch()
    print("stopped after 3 steps", file=sys.stderr)
    sys.exit(143)

signal.signal(signal.SIGTERM, saved)
print("begins", given.get("resume"), file=sys.stderr, flush=True)
kind = given["do"]
if kind == "wait" and "resume" not in given:
    with open(given["pipe"], "w") as pipe:
        pipe.write("here")
    signal.pause()
if kind == "wrong":
    print("error: --dim -1: expected at least 1", file=sys.stderr)
    sys.exit(2)
if kind == "break":
    raise ValueError("a bug")
pathlib.Path(given["out"]).write_bytes(b"vectors")
pathlib.Path(given["out"].replace(".e", ".column.e")).write_bytes(b"vectors")
print("words before")
print(json.dumps({"loss": 0.5}))
"""

Starter = Callable[..., Run]


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Starter:
    """Start a fake trainer; where it waits, return once it does."""
    project = tmp_path / "project"
    (project / "trainers").mkdir(parents=True)
    (project / "trainers" / "__main__.py").write_text(FAKE)
    monkeypatch.setattr(runs, "PROJECT", project)
    monkeypatch.setenv("EMBEDDING_RUNS", str(tmp_path / "runs"))
    living: list[Run] = []

    def start(do: str) -> Run:
        folder = runs.new_folder(runs.runs_folder())
        pipe = folder / "pipe"
        os.mkfifo(pipe)
        values = {"do": do, "pipe": pipe, "run-dir": folder / "training",
                  "out": folder / "a.embedding.parquet"}  # fmt: skip
        arguments = [f"--{name}={value}" for name, value in values.items()]
        run = runs.start(folder, "fake", arguments, {"do": do}, "nothing")
        living.append(run)
        if do == "wait":
            assert pipe.read_text() == "here"
        return run

    yield start
    for run in living:
        runs.stop(run, at_once=True)


def wait(run: Run) -> None:
    """Wait until no process of a run lives: until its lock is free."""
    with (run.folder / "alive").open("rb") as alive:
        fcntl.flock(alive, fcntl.LOCK_SH)


def test_a_run_that_ends_well_has_metrics_and_results(begin: Starter) -> None:
    run = begin("work")
    wait(run)
    view = runs.look(run)
    assert view.state == "done"
    assert view.metrics == {"loss": 0.5}
    assert [path.name for path in view.results] == [
        "a.embedding.parquet",
        "a.column.embedding.parquet",
    ]
    assert runs.log_tail(run, 5) == "begins None"


def test_a_user_error_is_told_in_its_words_and_a_bug_is_not(begin: Starter) -> None:
    wrong, broken = begin("wrong"), begin("break")
    wait(wrong)
    wait(broken)
    assert runs.look(wrong).state == "failed"
    assert runs.look(wrong).error == "--dim -1: expected at least 1"
    assert (
        runs.look(broken).error == "the trainer broke down with exit status 1; its log says where"
    )
    assert "ValueError: a bug" in runs.log_tail(broken, 1)


def test_a_run_stops_saved_and_continues(begin: Starter) -> None:
    run = begin("wait")
    assert runs.look(run).state == "running"
    with pytest.raises(EmbeddingError, match="under way; stop it first"):
        runs.delete(run)
    with pytest.raises(EmbeddingError, match="under way; stop it first"):
        runs.resume(run)
    runs.stop(run)
    wait(run)
    view = runs.look(run)
    assert (view.state, view.resumable) == ("stopped", True)
    runs.stop(run)  # nothing is there to stop any more
    runs.resume(run)
    wait(run)
    again = runs.look(run)
    assert again.state == "done"
    assert again.seconds > view.seconds > 0
    assert runs.log_tail(run, 9).splitlines()[-1] == "begins auto"
    runs.delete(run)
    assert runs.list_runs(runs.runs_folder()) == []


def test_stopping_is_a_state_until_the_trainer_has_saved(begin: Starter, monkeypatch) -> None:
    run = begin("wait")
    monkeypatch.setattr(os, "killpg", lambda group, number: None)  # a trainer that does not hear
    runs.stop(run)
    assert runs.look(run).state == "stopping"
    monkeypatch.undo()
    runs.stop(run, at_once=True)
    wait(run)
    assert (runs.look(run).state, runs.look(run).resumable) == ("stopped", False)


def test_a_process_ended_from_outside_is_a_failure_even_if_its_id_lives_on(begin: Starter) -> None:
    run = begin("wait")
    about = run.folder / "process.json"
    os.killpg(json.loads(about.read_text())["group"], signal.SIGKILL)
    wait(run)
    about.write_text(json.dumps({"group": os.getpgrp(), "started": 0, "before": 0}))
    assert runs.look(run).state == "failed"
    assert "ended from outside" in runs.look(run).error
    runs.stop(run)  # signals nobody: this very process has the id
    assert runs.look(run).state == "failed"


def test_runs_are_found_again_latest_first_and_others_are_refused(begin: Starter) -> None:
    made = [begin("wait") for _ in range(runs.AT_ONCE)]
    assert runs.list_runs(runs.runs_folder()) == made[::-1]
    assert runs.find(runs.runs_folder(), made[0].id) == made[0]
    with pytest.raises(EmbeddingError, match="2 runs are under way"):
        begin("work")
    assert len(list(runs.runs_folder().glob("2*"))) == runs.AT_ONCE
    for unknown in ("..", "20260101-000000-abcdef", made[0].id + "/.."):
        with pytest.raises(EmbeddingError, match="no such run"):
            runs.find(runs.runs_folder(), unknown)


def test_a_real_trainer_runs_and_its_curves_are_read(tmp_path: Path) -> None:
    folder = runs.new_folder(tmp_path)
    arguments = [f"--data={ROOT / 'docs/examples/visits.csv'}", "--max-steps=20", "--epochs=50",
                 f"--out={folder / 'visits.embedding.parquet'}", "--patience=0",
                 f"--run-dir={folder / TRAINING_FOLDER}", "--threads=1"]  # fmt: skip
    run = runs.start(folder, "two_tower", arguments, {}, "visits.csv")
    wait(run)
    view = runs.look(run)
    assert view.state == "done", runs.log_tail(run, 20)
    assert load(view.results[0]).provenance.trainer == "two_tower"
    events = RunMetrics(run.training).look()
    assert list(events) == ["", "refit"]
    drawn = {(curve.quantity, curve.kind): curve for curve in curves({"": events[""]})}
    assert drawn["loss", "epoch"].steps == tuple(range(1, 21))
    assert drawn["recall@10", "epoch"].steps == tuple(range(1, 21))
    assert drawn["loss", "epoch"].values[-1] < drawn["loss", "epoch"].values[0]
    far = progress({"": events[""]})
    assert (far.step, far.steps, far.share, far.seconds_left) == (20, 20, 1.0, 0.0)
    assert progress(events).stage == "refit"


def write(path: Path, *events: dict, end: str = "\n") -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(json.dumps(event) for event in events) + end)


def test_a_log_is_read_as_it_grows_is_cut_back_and_has_stages(tmp_path: Path) -> None:
    log = tmp_path / "metrics.jsonl"
    metrics = RunMetrics(tmp_path)
    assert metrics.look() == {}
    assert progress({}) is None
    begun = {"event": "start", "step": 0, "steps": 10, "epoch": 1}
    lines = [{"event": "train", "step": i, "epoch": 1, "loss": 1 / i, "seconds": i}
             for i in range(1, 6)]  # fmt: skip
    write(log, begun, *lines[:2], end='\n{"event": "tr')  # a line half written
    assert metrics.look() == {"": [begun, *lines[:2]]}
    write(log, begun, *lines)
    assert metrics.look() == {"": [begun, *lines]}
    assert progress(metrics.look()).seconds_left == 5.0
    other = [{**line, "loss": 7.0} for line in lines[1:]]
    write(
        log, begun, lines[0], *other, {**other[0], "step": 6}
    )  # continued from step 1, and longer
    assert metrics.look()[""][2:-1] == other
    write(tmp_path / "refit" / "metrics.jsonl", {**begun, "steps": 4})
    os.utime(log, (0, 0))
    assert list(metrics.look()) == ["", "refit"]
    assert progress(metrics.look()).stage == "refit"
    assert progress(metrics.look()).seconds_left is None


def test_curves_leave_out_what_is_no_metric_or_not_finite() -> None:
    events = [
        {"event": "epoch", "step": 3, "epoch": 1, "ndcg": 0.1, "loss": 2.0, "seconds": 1.0},
        {"event": "epoch", "step": 6, "epoch": 2, "ndcg": float("nan"), "loss": 1.0, "name": "x"},
        {"event": "stopped", "step": 6, "epoch": 2, "loss": 9.0},
    ]
    found = curves({"": events})
    assert [(curve.quantity, curve.steps, curve.values) for curve in found] == [
        ("loss", (3, 6), (2.0, 1.0)),
        ("ndcg", (3,), (0.1,)),
    ]


def test_the_end_of_a_long_output_is_found(tmp_path: Path) -> None:
    (tmp_path / "stderr.txt").write_text("x" * 200_000 + "\nlast")
    assert run_process.tail(tmp_path / "stderr.txt").splitlines()[-1] == "last"
