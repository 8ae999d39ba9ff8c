"""Logs are read while they grow and are truncated; curves hold metrics only."""

import json
import os
from pathlib import Path

from server.runs.metrics import RunMetrics, curves, progress


def write(path: Path, *events: dict, end: str = "\n") -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(json.dumps(event) for event in events) + end)


def test_a_log_is_read_while_it_grows_and_after_it_was_truncated(tmp_path: Path) -> None:
    log = tmp_path / "metrics.jsonl"
    metrics = RunMetrics(tmp_path)
    assert metrics.read() == {}
    assert progress({}) is None
    started = {"event": "start", "step": 0, "steps": 10, "epoch": 1}
    lines = [{"event": "train", "step": i, "epoch": 1, "loss": 1 / i, "seconds": i}
             for i in range(1, 6)]  # fmt: skip
    write(log, started, *lines[:2], end='\n{"event": "tr')  # an incomplete line
    assert metrics.read() == {"": [started, *lines[:2]]}
    write(log, started, *lines)
    assert metrics.read() == {"": [started, *lines]}
    assert progress(metrics.read()).seconds_left == 5.0
    resumed = [{**line, "loss": 7.0} for line in lines[1:]]  # from step 1, and longer than before
    write(log, started, lines[0], *resumed, {**resumed[0], "step": 6})
    assert metrics.read()[""][2:-1] == resumed


def test_stages_come_in_the_order_of_their_start(tmp_path: Path) -> None:
    started = {"event": "start", "step": 0, "steps": 4, "epoch": 1}
    write(tmp_path / "metrics.jsonl", started)
    write(tmp_path / "refit" / "metrics.jsonl", started)
    os.utime(tmp_path / "metrics.jsonl", (0, 0))
    metrics = RunMetrics(tmp_path)
    assert list(metrics.read()) == ["", "refit"]
    assert progress(metrics.read()).stage == "refit"
    assert progress(metrics.read()).seconds_left is None


def test_curves_leave_out_what_is_not_a_metric_or_not_finite() -> None:
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
