"""The loop on a task whose answer is known: a line through points."""

import json
import math
import os
import signal
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import pytest
import torch
from torch import nn

from embeddings import EmbeddingError, EmbeddingSet
from trainers.core import session
from trainers.core.devices import choose_device, local_rows, start, sum_over_processes
from trainers.core.dry_run import dry_run
from trainers.core.fit import fit
from trainers.core.log import RunLog, write_projector
from trainers.core.loop_config import ADDED, LoopConfig
from trainers.core.rng import numpy_generator, torch_generator
from trainers.core.signals import Interrupted, stop_on_signals
from trainers.core.task import Task


class Line(Task):
    """y = 2 x + 1, learned from its points by least squares."""

    steps_per_epoch = 8
    unit = "points"
    metric, higher_is_better = "error", False

    def __init__(self, validations=(), learning_rate=0.1, optimizer=torch.optim.SGD):
        self.module = nn.Linear(1, 1)
        nn.init.zeros_(self.module.weight)
        nn.init.zeros_(self.module.bias)
        self.validations = iter(validations)
        self.seen = []
        self.rate, self.kind = learning_rate, optimizer

    def optimizer(self):
        return self.kind(self.module.parameters(), lr=self.rate)

    def batch(self, epoch, step):
        x = torch.rand(16, 1, generator=torch_generator(0, "points", epoch, step))
        return {"x": x, "y": 2 * x + 1}

    def loss_sum(self, batch, local_rows):
        error = self.module(batch["x"][local_rows]) - batch["y"][local_rows]
        return error.square().sum(), len(error)

    def validate(self):
        assert not self.module.training and not torch.is_grad_enabled()
        value = next(self.validations, None)
        if value is None:
            return {}
        self.seen.append(self.module.weight.item())
        return {"error": value}


def config(tmp_path, **changes):
    changes = {"device": "cpu", "threads": 1, "quiet": True, **changes}
    return LoopConfig(out=tmp_path / "line.embedding.parquet", **changes)


def train(tmp_path, task, **changes):
    settings = config(tmp_path, **changes)
    return fit(task, settings, start(settings), {"data": "points", "seed": settings.seed})


def log(tmp_path):
    text = (tmp_path / "line.run" / "metrics.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_the_line_is_learned(tmp_path):
    task = Line()
    fitted = train(tmp_path, task, epochs=60)
    assert task.module.weight.item() == pytest.approx(2, abs=1e-2)
    assert task.module.bias.item() == pytest.approx(1, abs=1e-2)
    assert (fitted.epochs, fitted.steps, fitted.examples) == (60, 480, 480 * 16)
    assert fitted.best_epoch == 0 and fitted.metrics == {} and fitted.loss < 1e-3
    assert fitted.speed["points_per_second"] > 0


def test_a_step_is_that_of_gradient_descent_written_out(tmp_path):
    task = Line()
    batch = task.batch(0, 0)
    train(tmp_path, task, max_steps=1)
    gradient = -2 * (batch["y"] * batch["x"]).mean()
    assert task.module.weight.item() == pytest.approx(-0.1 * gradient.item(), rel=1e-5)


def test_the_best_weights_are_restored_and_patience_ends_the_run(tmp_path):
    task = Line(validations=[5, 3, 4, 3, 3.5, 1])
    fitted = train(tmp_path, task, epochs=6, patience=3)
    assert (fitted.epochs, fitted.best_epoch, fitted.metrics) == (5, 2, {"error": 3})
    assert task.module.weight.item() == task.seen[1]


def test_higher_may_be_better_and_patience_0_never_ends(tmp_path):
    task = Line(validations=[5, 7, 4, 3, 2, 1])
    task.higher_is_better = True
    fitted = train(tmp_path, task, epochs=6, patience=0)
    assert (fitted.epochs, fitted.best_epoch) == (6, 2)


def test_metrics_are_logged_line_by_line(tmp_path):
    train(tmp_path, Line(validations=[2, 1]), epochs=2)
    lines = log(tmp_path)
    assert lines[0]["event"] == "start" and lines[0]["about"]["data"] == "points"
    epochs = [line for line in lines if line["event"] == "epoch"]
    assert [(line["epoch"], line["step"], line["error"]) for line in epochs] == [
        (1, 8, 2), (2, 16, 1),
    ]  # fmt: skip
    steps = [line["step"] for line in lines if line["event"] == "train"]
    assert steps == list(range(1, 17))


def test_a_loss_that_is_not_finite_stops_with_a_hint(tmp_path):
    with pytest.raises(EmbeddingError, match=r"the loss is (inf|nan) in epoch 1, step \d+; "):
        train(tmp_path, Line(learning_rate=1e30), epochs=5, learning_rate=1e30)
    assert log(tmp_path)[-1]["event"] == "stopped" and "loss" in log(tmp_path)[-1]["reason"]


def test_the_schedule_scales_the_rate(tmp_path):
    task = Line()
    task.schedule = lambda progress: 1 - progress
    train(tmp_path, task, epochs=2)
    rates = [line["learning_rate"] for line in log(tmp_path) if line["event"] == "train"]
    np.testing.assert_allclose(rates, 0.1 * (1 - np.arange(16) / 16))


def test_long_gradients_are_clipped(tmp_path):
    task = Line()
    task.clip_norm = 0.001
    train(tmp_path, task, max_steps=1)
    moved = math.hypot(task.module.weight.item(), task.module.bias.item())
    assert moved == pytest.approx(0.1 * 0.001, rel=1e-3)


class Dropped(Line):
    """Draws from PyTorch's global generator, as dropout does."""

    def loss_sum(self, batch, local_rows):
        x, y = batch["x"][local_rows], batch["y"][local_rows]
        error = self.module(nn.functional.dropout(x, 0.5)) - y
        return error.square().sum(), len(error)


def test_dropout_and_the_optimizers_state_continue_too(tmp_path):
    whole = Dropped(optimizer=torch.optim.Adam)
    train(tmp_path / "whole", whole, epochs=3)

    class Stopped(Dropped):
        def batch(self, epoch, step):
            if (epoch, step) == (1, 4):
                signal.raise_signal(signal.SIGTERM)
            return super().batch(epoch, step)

    torch.manual_seed(99)
    with pytest.raises(Interrupted, match=r"stopped after 13 steps, in epoch 2; .* --resume auto"):
        train(tmp_path / "parts", Stopped(optimizer=torch.optim.Adam), epochs=3)
    parts = Dropped(optimizer=torch.optim.Adam)
    train(tmp_path / "parts", parts, epochs=3, resume="auto")
    assert torch.equal(parts.module.weight, whole.module.weight)


def test_the_callers_random_state_is_unchanged(tmp_path):
    task = Line()
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    train(tmp_path, task, epochs=1)
    assert torch.equal(torch.rand(3), expected)


def test_a_run_may_be_made_longer(tmp_path):
    train(tmp_path, Line(), epochs=2)
    longer, whole = Line(), Line()
    fitted = train(tmp_path, longer, epochs=5, resume="auto")
    train(tmp_path / "whole", whole, epochs=5)
    assert fitted.epochs == 5 and fitted.steps == 40
    assert torch.equal(longer.module.weight, whole.module.weight)


def test_another_run_is_not_continued(tmp_path):
    train(tmp_path, Line(), epochs=1)
    with pytest.raises(EmbeddingError, match="differs: seed was 0, now 3; use the same"):
        train(tmp_path, Line(), epochs=1, seed=3, resume="auto")


@dataclass(frozen=True, kw_only=True)
class LaterConfig(LoopConfig):
    added: Annotated[str | None, ADDED] = None
    changed: bool = False


def test_a_run_from_before_a_setting_was_added_can_be_continued(tmp_path):
    """By the default of `added` a run goes as it went without it; that of `changed` changes it."""
    settings = LaterConfig(out=tmp_path / "line.embedding.parquet", device="cpu", quiet=True,
                           epochs=2, resume="auto")  # fmt: skip
    fabric, before = start(settings), {"data": "points"}
    fit(Line(), settings, fabric, before)
    longer = replace(settings, epochs=3)
    for name, value in (("added", "header=no"), ("changed", False)):
        with pytest.raises(EmbeddingError, match=f"differs: {name} was None, now {value}; use"):
            fit(Line(), longer, fabric, {**before, name: value})
    assert fit(Line(), longer, fabric, {**before, "added": None}).epochs == 3


def test_two_runs_do_not_share_a_folder(tmp_path):
    class Nested(Line):
        def batch(self, epoch, step):
            train(tmp_path, Line(), epochs=1)
            raise AssertionError("the folder was taken")

    with pytest.raises(EmbeddingError, match=r"another run is using .*; wait for it to finish"):
        train(tmp_path, Nested(), epochs=1)
    train(tmp_path, Line(), epochs=1)  # the first has ended


def test_resume_never_starts_over(tmp_path):
    train(tmp_path, Line(validations=[1, 2]), epochs=2)
    fitted = train(tmp_path, Line(), epochs=1, seed=3)
    assert fitted.epochs == 1 and fitted.best_epoch == 0
    assert [line["event"] for line in log(tmp_path)].count("start") == 1


@dataclass
class Evil:
    def __reduce__(self):
        return os.abort, ()


def test_nothing_in_a_checkpoint_is_run(tmp_path):
    folder = tmp_path / "line.run"
    folder.mkdir()
    torch.save({"place": Evil()}, folder / "last.pt")
    with pytest.raises(EmbeddingError, match=r"last\.pt: not a readable checkpoint"):
        train(tmp_path, Line(), resume="auto")
    (folder / "last.pt").write_bytes(b"junk")
    with pytest.raises(EmbeddingError, match=r"last\.pt: not a readable checkpoint"):
        train(tmp_path, Line(), resume="auto")


def test_long_epochs_are_saved_midway(tmp_path, monkeypatch):
    monkeypatch.setattr(session, "SAVE_SECONDS", -1)
    places = []
    write = session.checkpoints.write_last

    def write_and_record(folder, state, *more):
        places.append(state.steps)
        write(folder, state, *more)

    monkeypatch.setattr(session.checkpoints, "write_last", write_and_record)
    train(tmp_path, Line(), max_steps=3)
    assert places == [1, 2, 3, 3]


def test_dry_run_reports_and_writes_nothing(tmp_path):
    settings = config(tmp_path, epochs=5)
    report = dry_run(Line(), settings, start(settings))
    assert report["shapes"] == {"weight": [1, 1], "bias": [1]} and report["parameters"] == 2
    assert report["batch"]["x"] == [16, 1, "torch.float32"] and report["examples_per_step"] == 16
    assert report["weights_bytes"] == 8 and report["steps"] == 40 and report["steps_per_second"] > 0
    assert not (tmp_path / "line.run").exists()


def test_tensorboard_has_curves_and_the_projector(tmp_path):
    pytest.importorskip("tensorboard")
    train(tmp_path, Line(validations=[1]), epochs=1, tensorboard=True)
    made = EmbeddingSet.of(np.eye(3), ["a", "b\tb", ""], {"kind": ["x", None, "y"]})
    write_projector(tmp_path / "line.run", made)
    folder = tmp_path / "line.run" / "tensorboard"
    assert list(folder.glob("events.out.tfevents.*"))
    (written,) = folder.glob("**/metadata.tsv")
    assert written.read_text().splitlines() == ["label\tkind", "a\tx", "b b\tNone", "-\ty"]
    assert len((written.parent / "tensors.tsv").read_text().splitlines()) == 3


def test_a_log_is_truncated_to_a_size(tmp_path):
    first = RunLog(tmp_path)
    first.write("train", 1, loss=3.0)
    size = first.size
    first.write("train", 2, loss=2.0)
    first.close()
    second = RunLog(tmp_path, size=size)
    second.write("train", 2, loss=2.5)
    second.close()
    assert [json.loads(line)["loss"] for line in (tmp_path / "metrics.jsonl").open()] == [3.0, 2.5]


def test_random_numbers_depend_on_seed_purpose_and_step_alone():
    drawn = [
        tuple(numpy_generator(*key).integers(2**62, size=2))
        for key in [(0, "a", 1), (0, "a", 1), (1, "a", 1), (0, "b", 1), (0, "a", 1, 0), (0, "a")]
    ]
    assert drawn[0] == drawn[1] and len(set(drawn)) == 5


def test_local_rows_cover_the_batch():
    class Process:
        world_size = 3

        def __init__(self, rank):
            self.global_rank = rank

    parts = [list(range(11))[local_rows(11, Process(rank))] for rank in range(3)]
    assert [len(part) for part in parts] == [3, 4, 4]
    assert [row for part in parts for row in part] == list(range(11))


def test_one_process_sums_nothing():
    tensor = torch.ones(2)
    sum_over_processes([tensor])
    assert tensor.tolist() == [1, 1]


def test_a_second_interrupt_raises_immediately():
    before = signal.getsignal(signal.SIGINT)  # ignored where a shell has started us behind it
    with pytest.raises(KeyboardInterrupt), stop_on_signals() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.signal == signal.SIGINT
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_unavailable_devices_are_refused(tmp_path):
    assert choose_device("cpu") == "cpu"
    with pytest.raises(EmbeddingError, match="--device cuda: not available"):
        choose_device("cuda")
    with pytest.raises(EmbeddingError, match="--precision fp16 needs a GPU"):
        start(config(tmp_path, precision="fp16"))
