"""One training in progress: takes steps, validates, saves, and resumes where it stopped."""

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from lightning_fabric import Fabric
from torch import nn

from embeddings.errors import EmbeddingError
from server.runs.contract import EPOCH, LAST_CHECKPOINT, STARTED, STOPPED, TRAIN
from trainers.core import checkpoints
from trainers.core.checkpoints import TrainState
from trainers.core.console import ProgressBar, print_progress
from trainers.core.devices import local_rows, sum_over_processes
from trainers.core.log import RunLog
from trainers.core.loop_config import LoopConfig, added_defaults
from trainers.core.rng import derived_seed, seed_default_generators
from trainers.core.signals import SIGTERM, Interrupted, Stop
from trainers.core.task import Batch, Task, count_examples

SAVE_SECONDS = 300
"""last.pt is written after each epoch, and within an epoch at this interval."""

LINES_PER_EPOCH = 10
"""Number of `train` events that an epoch writes to metrics.jsonl."""

READ_EVERY = 10
"""On a GPU, number of steps between two reads of the loss: each read waits for the device."""


def train_step(
    task: Task, batch: Batch, optimizer: torch.optim.Optimizer, fabric: Fabric, stop: Stop
) -> torch.Tensor:
    """Take one step and return its totals over all processes.

    Returns
    -------
    torch.Tensor
        float32, shape (3,): the loss sum, its divisor, and a number above 0 if any process has
        received a stop signal.
    """
    batch = {name: fabric.to_device(tensor) for name, tensor in batch.items()}
    custom = task.custom_step(batch, optimizer.param_groups[0]["lr"])
    if custom is not None:
        return torch.tensor([*custom, stop.signal])
    with fabric.autocast():
        loss_sum, count = task.loss_sum(batch, local_rows(count_examples(batch), fabric))
    totals = torch.stack([torch.as_tensor(value, dtype=torch.float32, device=fabric.device)
                          for value in (loss_sum.detach(), count, stop.signal)])  # fmt: skip
    sum_over_processes([totals])
    optimizer.zero_grad()
    fabric.backward(loss_sum / totals[1].clamp(min=1e-12))
    gradients = [p.grad for p in task.module.parameters() if p.grad is not None]
    sum_over_processes(gradients)
    if task.clip_norm is not None:
        fabric.strategy.precision.unscale_gradients(optimizer)
        nn.utils.clip_grad_norm_(task.module.parameters(), task.clip_norm)
    fabric.strategy.optimizer_step(optimizer)  # through the scaler of fp16
    return totals


class TrainingSession:
    """One training, from its beginning or from where it stopped.

    A context manager: it locks the run's folder, and closes the log and the progress bar.

    Parameters
    ----------
    settings : mapping
        Settings and data as JSON values: a run resumes only if they are the same.
    folder : Path
        Where the checkpoints and the log are written.
    epochs : int
        Maximum number of epochs.

    Attributes
    ----------
    state : TrainState
        The progress of the training.
    total_steps : int
        Maximum number of steps, over all epochs.

    Raises
    ------
    EmbeddingError
        Another run uses the folder, or the run to resume has other settings or data.
    """

    def __init__(
        self,
        task: Task,
        config: LoopConfig,
        fabric: Fabric,
        settings: Mapping[str, Any],
        folder: Path,
        epochs: int,
    ) -> None:
        self.task, self.config, self.fabric = task, config, fabric
        self.settings, self.folder, self.epochs = settings, folder, epochs
        self.total_steps = min(epochs * task.steps_per_epoch, config.max_steps or 2**62)
        self._log_every = math.ceil(task.steps_per_epoch / LINES_PER_EPOCH)
        self._read_every = 1 if fabric.device.type == "cpu" else READ_EVERY
        task.module.to(fabric.device)
        self._optimizer = task.optimizer()
        self._base_rates = [group["lr"] for group in self._optimizer.param_groups]
        self._unread: list[torch.Tensor] = []  # totals of the steps since the last read
        self._clock = time.perf_counter()
        self._lock = FileLock(folder / ".lock")
        self._acquire_folder()
        self.state = self._resumed_state() or TrainState()
        self._log = None
        if fabric.is_global_zero:
            if self.state.steps == 0:
                checkpoints.clear(folder)
            self._log = RunLog(folder, self.state.logged, config.tensorboard)
        self._progress = ProgressBar(self.total_steps, self.state.steps, task.unit, config.quiet)
        self._saved_at = time.monotonic()
        self._logged = (self.state.examples, self.state.seconds)
        if self.state.steps == 0:
            self.log(
                STARTED,
                about=dict(settings),
                steps=self.total_steps,
                processes=fabric.world_size,
            )

    def __enter__(self) -> "TrainingSession":
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.close()
        if self._log is not None:
            self._log.close()
        self._lock.release()

    @property
    def is_finished(self) -> bool:
        """Whether all steps are taken, or validation has not improved for `patience` epochs."""
        patience, state = self.config.patience, self.state
        stalled = 0 < patience <= state.epoch - state.best_epoch and state.best_epoch > 0
        return state.steps >= self.total_steps or stalled

    @property
    def epoch_is_over(self) -> bool:
        """Whether the epoch has no steps left."""
        state = self.state
        return state.step == self.task.steps_per_epoch or state.steps == self.total_steps

    def begin_epoch(self) -> None:
        """Prepare for the remaining steps of the epoch: train mode, and the clock starts."""
        self.task.module.train()
        self._clock = time.perf_counter()

    def step(self, stop: Stop) -> None:
        """Take the next step of the epoch; log and save when due.

        Raises
        ------
        EmbeddingError
            The loss is not finite.
        Interrupted
            A stop signal has arrived; the state is saved.
        """
        task, state, fabric = self.task, self.state, self.fabric
        factor = task.schedule(state.steps / self.total_steps)
        for group, rate in zip(self._optimizer.param_groups, self._base_rates, strict=True):
            group["lr"] = rate * factor
        batch = task.batch(state.epoch, state.step)
        seed = derived_seed(self.config.seed, "step", state.epoch, state.step, fabric.global_rank)
        seed_default_generators(seed, fabric.device)
        self._unread.append(train_step(task, batch, self._optimizer, fabric, stop))
        state.step += 1
        state.steps += 1
        state.examples += count_examples(batch)
        self._progress.step()

        log_is_due = state.step % self._log_every == 0
        if not (log_is_due or self.epoch_is_over or len(self._unread) >= self._read_every):
            return
        must_stop = self._read_totals()
        if log_is_due:
            self.log(
                TRAIN,
                loss=state.loss_sum / state.count,
                learning_rate=self._base_rates[0] * factor,
                **self._speed(),
            )
        if must_stop:
            self.save()
            raise Interrupted(stop.signal or SIGTERM, self.resume_hint())
        if time.monotonic() - self._saved_at > SAVE_SECONDS:
            self.save()

    def validate(self) -> dict[str, float]:
        """Validate in the first process; all processes get the metrics, so that all decide alike.

        Weights that are the best so far are written to best.pt.
        """
        task, state = self.task, self.state
        metrics: dict[str, float] = {}
        if self.fabric.is_global_zero:
            task.module.eval()
            with torch.no_grad():
                metrics = task.validate()
        metrics = self.fabric.broadcast(metrics)
        if metrics and self._is_better(metrics[task.metric]):
            state.best, state.best_epoch = metrics[task.metric], state.epoch + 1
            state.best_metrics = metrics
            if self._log is not None:
                checkpoints.write_best(self.folder, task.module, self.settings)
        return metrics

    def end_epoch(self) -> None:
        """Validate, log and save."""
        state = self.state
        state.loss = state.loss_sum / state.count
        self.log_epoch(self.validate())
        if state.step == self.task.steps_per_epoch:  # not so if max_steps ends the run
            state.epoch += 1
            state.step, state.loss_sum, state.count = 0, 0.0, 0.0
        self.save()

    def save(self) -> None:
        """Write last.pt, in the first process."""
        self._saved_at = time.monotonic()
        if self._log is not None:
            self.state.logged = self._log.size
            states = {
                "module": self.task.module.state_dict(),
                "optimizer": self._optimizer.state_dict(),
                "precision": self.fabric.strategy.precision.state_dict(),
            }
            checkpoints.write_last(self.folder, self.state, self.settings, states)

    def load_best(self) -> None:
        """Load the best weights into the module; the last ones stay if nothing was validated."""
        self.fabric.barrier()  # the first process has written best.pt
        if self.state.best_epoch:
            checkpoints.read_best(self.folder, self.task.module)

    def resume_hint(self) -> str:
        """Return where the run stopped, and the option that resumes it."""
        state = self.state
        return (
            f"stopped after {state.steps:,} steps, in epoch {state.epoch + 1}; the same command "
            f"with --resume auto continues from {self.folder / LAST_CHECKPOINT}"
        )

    def log(self, event: str, **values: Any) -> None:
        """Write an event to metrics.jsonl, in the first process."""
        if self._log is not None:
            self._log.write(event, self.state.steps, epoch=self.state.epoch + 1, **values)

    def log_epoch(self, metrics: Mapping[str, float]) -> None:
        """Log and show the loss of the epoch and its validation metrics."""
        values = {"loss": self.state.loss, **metrics}
        examples, seconds = self._logged
        self._logged = (self.state.examples, self.state.seconds)
        per_second = (self.state.examples - examples) / max(self.state.seconds - seconds, 1e-9)
        self.log(EPOCH, **values, **self._speed())
        self._progress.epoch(self.state.epoch + 1, self.epochs, values, per_second)

    def _acquire_folder(self) -> None:
        """Lock the folder in the first process; raise EmbeddingError if another run uses it."""
        if self.fabric.is_global_zero:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire(timeout=0)
            except Timeout as error:
                raise EmbeddingError(
                    f"another run is using {self.folder}; wait for it to finish, or choose "
                    "another --run-dir"
                ) from error

    def _resumed_state(self) -> TrainState | None:
        """Load last.pt if the run is to be resumed; None if it starts from the beginning."""
        found = None
        if self.config.resume == "auto":
            added = added_defaults(type(self.config))
            found = checkpoints.read_last(self.folder, self.settings, added)
        self.fabric.barrier()  # no process clears the folder before all have read it
        if found is None:
            return None
        state, states = found
        self.task.module.load_state_dict(states["module"])
        self._optimizer.load_state_dict(states["optimizer"])
        self.fabric.strategy.precision.load_state_dict(states["precision"])
        note = f"resuming after {state.steps:,} steps, in epoch {state.epoch + 1}"
        print_progress(note, self.config.quiet)
        return state

    def _read_totals(self) -> bool:
        """Add the unread losses to those of the epoch; return whether to stop.

        Raises
        ------
        EmbeddingError
            A loss is not finite.
        """
        state = self.state
        totals = torch.stack(self._unread).tolist()
        self._unread.clear()
        now = time.perf_counter()
        state.seconds += now - self._clock
        self._clock = now
        for number, (loss_sum, count, _) in enumerate(totals, start=state.step - len(totals) + 1):
            if not math.isfinite(loss_sum):
                reason = (
                    f"the loss is {loss_sum} in epoch {state.epoch + 1}, step {number}; choose a "
                    f"--learning-rate below {self.config.learning_rate:g}"
                )
                self.log(STOPPED, reason=reason)
                raise EmbeddingError(reason)
            state.loss_sum += loss_sum
            state.count += count
        return bool(totals[-1][2])

    def _is_better(self, value: float) -> bool:
        best = self.state.best
        if best is None:
            return True
        return value > best if self.task.higher_is_better else value < best

    def _speed(self) -> dict[str, float]:
        return {"seconds": round(self.state.seconds, 3), "examples": self.state.examples}
