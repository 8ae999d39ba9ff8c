"""The training loop, on Lightning Fabric: a trainer describes a Task, and `fit` trains it.

    def run(config: MyConfig) -> dict[str, Any]:
        fabric = devices.start(config)              # device, precision, processes
        task = MyTask(read(config.data), config)
        if config.dry_run:
            return dry_run(task, config, fabric)
        settings = provenance.settings(config) | {"data": source["sha256"]}
        result = fit(task, config, fabric, settings)  # task.module now has the best weights
        return write_result(task.embedding_set(result), config, result)

It trains in one process or several, on one machine or several:

    python -m trainers NAME ...
    torchrun --nproc_per_node 2 -m trainers NAME ...

What a task promises for that is in task.py; a step is in session.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from lightning_fabric import Fabric

from trainers.core.loop_config import LoopConfig
from trainers.core.session import TrainingSession
from trainers.core.signals import stop_on_signals
from trainers.core.task import Task


@dataclass(frozen=True)
class TrainingResult:
    """The outcome of a training.

    Attributes
    ----------
    loss : float
        Mean training loss of the last completed epoch.
    epochs, steps : int
        Number of completed epochs and of steps.
    best_epoch : int
        The epoch whose weights the module has, from 1; 0 if these are the last ones, because
        nothing was validated.
    metrics : mapping
        The validation metrics of these weights.
    seconds : float
        Time spent in steps.
    examples : int
        Examples seen, counted in `unit`.
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
        """Seconds, and examples per second."""
        per_second = round(self.examples / self.seconds) if self.seconds else 0
        return {"seconds": round(self.seconds, 3), f"{self.unit}_per_second": per_second}


def fit(
    task: Task,
    config: LoopConfig,
    fabric: Fabric,
    settings: Mapping[str, Any],
    *,
    stage: str = "",
    epochs: int | None = None,
) -> TrainingResult:
    """Train; the module ends with its best weights, or the last ones if nothing is validated.

    Parameters
    ----------
    settings : mapping
        Settings and data as JSON values: a run resumes only if they are the same.
    stage : str
        Subfolder of the run's folder, for a trainer that trains more than once.
    epochs : int, optional
        Overrides the epochs of the config.

    Raises
    ------
    EmbeddingError
        The loss is no longer finite, another run uses the folder, or the run to resume has other
        settings or data.
    Interrupted
        SIGINT or SIGTERM arrived; the state is saved.
    """
    folder = config.run_folder / stage
    with TrainingSession(
        task, config, fabric, settings, folder, epochs or config.epochs
    ) as session:
        with torch.random.fork_rng(), stop_on_signals() as stop:
            while not session.is_finished:
                session.begin_epoch()
                while not session.epoch_is_over:
                    session.step(stop)
                session.end_epoch()
        session.load_best()
    state = session.state
    return TrainingResult(
        loss=state.loss,
        epochs=state.epoch + (state.step > 0),
        steps=state.steps,
        best_epoch=state.best_epoch,
        metrics=state.best_metrics,
        seconds=state.seconds,
        examples=state.examples,
        unit=task.unit,
    )
