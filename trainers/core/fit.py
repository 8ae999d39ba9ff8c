"""The one training loop, on Lightning Fabric: a trainer describes a Task, and `fit` trains it.

    def run(config: MyConfig) -> dict[str, Any]:
        fabric = devices.start(config)              # device, precision, processes
        task = MyTask(read(config.data), config)
        if config.dry_run:
            return dry_run(task, config, fabric)
        about = provenance.settings(config) | {"data": source["sha256"]}
        fitted = fit(task, config, fabric, about)   # task.module now has the best weights
        return finish(task.embedding_set(fitted), config, fitted)

What a task promises, so that a run that continues equals one that never stopped, bit for bit, and
N processes equal one:

1. Nothing is random but through `chance.numpy_generator(seed, purpose, epoch, step)` or its sister
   for PyTorch: the first weights, the order of an epoch, negatives, masks. (Dropout needs nothing:
   the loop seeds PyTorch's own generators before each step.)
2. `batch(epoch, step)` returns the GLOBAL batch, the same in every process, computed from these two
   numbers alone. Its first tensor has one row an example.
3. `loss_sum(batch, own)` returns the SUM of the losses of the rows `own` (this process's slice of
   the batch) and what it is to be divided by: their number, or the sum of their weights. In-batch
   negatives are taken from the whole batch. Gradients are summed over the processes and divided
   by the summed count; no module is wrapped, so any of its methods may be called.
4. `validate()` runs in the first process only, in eval mode and without gradients.

One process or several, on one machine or several:

    python -m trainers NAME ...
    torchrun --nproc_per_node 2 -m trainers NAME ...
"""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn

from embeddings.errors import EmbeddingError
from trainers.core import checkpoints
from trainers.core.devices import own_rows, sum_over_processes
from trainers.core.rng import derived_seed
from trainers.core.session import Run
from trainers.core.settings import LoopConfig
from trainers.core.signals import SIGTERM, Interrupted, Stop, listening

Batch = Mapping[str, torch.Tensor]


class Task(ABC):
    """What is trained. See the top of this module for what it promises.

    Attributes
    ----------
    module : all weights; the loop moves it to the device
    steps_per_epoch : batches in an epoch
    unit : what examples are called: pairs, words
    metric : the entry of `validate()` that chooses the best epoch
    higher_is_better : its direction
    clip_norm : gradients longer than this are shortened to it; None: never
    """

    module: nn.Module
    steps_per_epoch: int
    unit: str = "examples"
    metric: str = "loss"
    higher_is_better: bool = False
    clip_norm: float | None = None

    @abstractmethod
    def optimizer(self) -> torch.optim.Optimizer:
        """Return a new optimizer of the module's weights, with dense gradients."""

    @abstractmethod
    def batch(self, epoch: int, step: int) -> Batch:
        """Return the global batch of a step, both numbered from 0, as tensors on the CPU."""

    @abstractmethod
    def loss_sum(self, batch: Batch, own: slice) -> tuple[torch.Tensor, torch.Tensor | float]:
        """Return the sum of the losses of the rows `own`, and their count or weight."""

    def learn_alone(self, batch: Batch, rate: float) -> tuple[float, float] | None:
        """Take the step without gradients, in one process; return the loss sum and its count.

        For compiled engines, which change the weights in place. None, as here: the loop takes the
        step, by the gradients of loss_sum.
        """
        return None

    def validate(self) -> dict[str, float]:
        """Return metrics of the withheld data; nothing if none are withheld."""
        return {}

    def schedule(self, progress: float) -> float:
        """Return the factor of the learning rate; progress grows from 0 to 1 over all steps."""
        return 1.0


@dataclass(frozen=True)
class Fitted:
    """What came of a training.

    Attributes
    ----------
    loss : mean training loss of the last epoch completed
    epochs, steps : taken
    best_epoch : whose weights the module has, from 1; 0: the last ones, as nothing was validated
    metrics : the validation of these weights
    seconds : time spent in steps
    examples : examples seen, in units of `unit`
    """

    loss: float
    epochs: int
    steps: int
    best_epoch: int
    metrics: Mapping[str, float]
    seconds: float
    examples: int
    unit: str

    @property
    def speed(self) -> dict[str, Any]:
        """Seconds, and examples a second."""
        per_second = round(self.examples / self.seconds) if self.seconds else 0
        return {"seconds": round(self.seconds, 3), f"{self.unit}_per_second": per_second}


def fit(
    task: Task,
    config: LoopConfig,
    fabric: Fabric,
    about: Mapping[str, Any],
    *,
    stage: str = "",
    epochs: int | None = None,
) -> Fitted:
    """Train; the module ends with its best weights, or the last ones where nothing is validated.

    Parameters
    ----------
    about : settings and data, as JSON values: a run continues only if they are the same
    stage : folder within the run's, for a trainer that trains more than once
    epochs : instead of the config's

    Raises
    ------
    EmbeddingError
        the loss is no longer finite, or the run to continue was another one
    Interrupted
        SIGINT or SIGTERM came; the state is saved
    """
    folder = config.run_folder / stage
    with Run(task, config, fabric, about, folder, epochs or config.epochs) as run:
        place = run.place
        with torch.random.fork_rng(), listening() as stop:
            while place.steps < run.limit and not run.patience_is_over():
                _train_epoch(run, stop)

                place.loss = place.loss_sum / place.count
                metrics = _validate(task, fabric)
                if metrics and _is_better(task, metrics[task.metric], place.best):
                    place.best, place.best_epoch = metrics[task.metric], place.epoch + 1
                    place.best_metrics = metrics
                    run.save_best()
                run.tell_epoch(metrics)
                if place.step == task.steps_per_epoch:  # not so where --max-steps ends the run
                    place.epoch += 1
                    place.step, place.loss_sum, place.count = 0, 0.0, 0.0
                run.save()
        fabric.barrier()  # the first process has written best.pt
        if place.best_epoch:
            checkpoints.read_best(folder, task.module)
    return Fitted(
        loss=place.loss,
        epochs=place.epoch + (place.step > 0),
        steps=place.steps,
        best_epoch=place.best_epoch,
        metrics=place.best_metrics,
        seconds=place.seconds,
        examples=place.examples,
        unit=task.unit,
    )


def _train_epoch(run: Run, stop: Stop) -> None:
    """Take the steps that are left of the epoch; raise Interrupted if asked to stop."""
    task, place, fabric = run.task, run.place, run.fabric
    unread: list[torch.Tensor] = []  # totals of the steps since the last look
    task.module.train()
    started = time.perf_counter()
    while place.step < task.steps_per_epoch and place.steps < run.limit:
        factor = task.schedule(place.steps / run.limit)
        for group, rate in zip(run.optimizer.param_groups, run.rates, strict=True):
            group["lr"] = rate * factor
        batch = task.batch(place.epoch, place.step)
        seed = derived_seed(run.config.seed, "step", place.epoch, place.step, fabric.global_rank)
        torch.manual_seed(seed)
        unread.append(learn(task, batch, run.optimizer, fabric, stop))
        place.step += 1
        place.steps += 1
        place.examples += rows(batch)
        run.progress.step()

        a_line = place.step % run.line_every == 0
        at_end = place.step == task.steps_per_epoch or place.steps == run.limit
        if a_line or at_end or len(unread) >= run.look_every:
            totals = torch.stack(unread).tolist()
            unread.clear()
            place.seconds += time.perf_counter() - started
            started = time.perf_counter()
            _count(run, totals)
            if a_line:
                run.tell_step(run.rates[0] * factor)
            if totals[-1][2]:
                run.save()
                raise Interrupted(stop.signal or SIGTERM, run.how_to_continue())
            if run.saved_long_ago():
                run.save()


def learn(
    task: Task, batch: Batch, optimizer: torch.optim.Optimizer, fabric: Fabric, stop: Stop
) -> torch.Tensor:
    """Take one step; return the loss sum, the count and whether to stop, of all processes: (3,)."""
    batch = {name: fabric.to_device(tensor) for name, tensor in batch.items()}
    alone = task.learn_alone(batch, optimizer.param_groups[0]["lr"])
    if alone is not None:
        return torch.tensor([*alone, stop.signal])
    with fabric.autocast():
        loss_sum, count = task.loss_sum(batch, own_rows(rows(batch), fabric))
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


def rows(batch: Batch) -> int:
    """Return the number of examples of a batch: the rows of its first tensor."""
    return len(next(iter(batch.values())))


def _count(run: Run, totals: list[list[float]]) -> None:
    """Add steps' losses to those of the epoch; raise EmbeddingError if one is not finite."""
    place = run.place
    for number, (loss_sum, count, _) in enumerate(totals, start=place.step - len(totals) + 1):
        if not math.isfinite(loss_sum):
            reason = (
                f"the loss is {loss_sum} in epoch {place.epoch + 1}, step {number}; give a "
                f"--learning-rate below {run.config.learning_rate:g}"
            )
            run.tell("stopped", reason=reason)
            raise EmbeddingError(reason)
        place.loss_sum += loss_sum
        place.count += count


def _validate(task: Task, fabric: Fabric) -> dict[str, float]:
    """Validate in the first process; all get the same metrics, so that all go on or stop."""
    metrics: dict[str, float] = {}
    if fabric.is_global_zero:
        task.module.eval()
        with torch.no_grad():
            metrics = task.validate()
    return fabric.broadcast(metrics)


def _is_better(task: Task, value: float, best: float | None) -> bool:
    if best is None:
        return True
    return value > best if task.higher_is_better else value < best
