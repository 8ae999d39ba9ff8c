"""What belongs to one training beside its task: place, optimizer, folder, log and progress."""

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from lightning_fabric import Fabric

from embeddings.errors import EmbeddingError
from trainers.core import checkpoints
from trainers.core.checkpoints import Place
from trainers.core.log import RunLog
from trainers.core.progress import Progress, say
from trainers.core.settings import LoopConfig

if TYPE_CHECKING:
    from trainers.core.fit import Task

SAVE_SECONDS = 300
"""last.pt is written after each epoch, and within an epoch whenever so much time has passed."""

LINES_AN_EPOCH = 10
"""Of event `train` in metrics.jsonl."""

LOOK_EVERY = 10
"""On a GPU, steps between two looks at the loss: each look waits for the device."""


class Run:
    """One training, from its beginning or from where it stopped.

    Attributes
    ----------
    place : where it is
    limit : steps in all
    rates : the optimizer's learning rates before the schedule, one a parameter group
    """

    def __init__(
        self,
        task: "Task",
        config: LoopConfig,
        fabric: Fabric,
        about: Mapping[str, Any],
        folder: Path,
        epochs: int,
    ) -> None:
        self.task, self.config, self.fabric = task, config, fabric
        self.about, self.folder, self.epochs = about, folder, epochs
        self.limit = min(epochs * task.steps_per_epoch, config.max_steps or 2**62)
        self.line_every = math.ceil(task.steps_per_epoch / LINES_AN_EPOCH)
        self.look_every = 1 if fabric.device.type == "cpu" else LOOK_EVERY
        task.module.to(fabric.device)
        self.optimizer = task.optimizer()
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self._lock = FileLock(folder / ".lock")
        self._take()
        self.place = self._continued() or Place()
        self.log = None
        if fabric.is_global_zero:
            if self.place.steps == 0:
                checkpoints.clear(folder)
            self.log = RunLog(folder, self.place.logged, config.tensorboard)
        self.progress = Progress(self.limit, self.place.steps, task.unit, config.quiet)
        self._saved_at = time.monotonic()
        self._told = (self.place.examples, self.place.seconds)
        if self.place.steps == 0:
            self.tell("start", about=dict(about), steps=self.limit, processes=fabric.world_size)

    def _take(self) -> None:
        """Take the folder; raise EmbeddingError if another run is at work in it."""
        if self.fabric.is_global_zero:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire(timeout=0)
            except Timeout as error:
                raise EmbeddingError(
                    f"another run is at work in {self.folder}; wait for its end, or give another "
                    "--run-dir"
                ) from error

    def _continued(self) -> Place | None:
        """Load what last.pt holds, where the run is to continue and there is one."""
        found = None
        if self.config.resume == "auto":
            found = checkpoints.read_last(self.folder, self.about)
        self.fabric.barrier()  # nobody clears the folder before all have looked
        if found is None:
            return None
        place, states = found
        self.task.module.load_state_dict(states["module"])
        self.optimizer.load_state_dict(states["optimizer"])
        self.fabric.strategy.precision.load_state_dict(states["precision"])
        say(f"continues after {place.steps:,} steps, in epoch {place.epoch + 1}", self.config.quiet)
        return place

    def patience_is_over(self) -> bool:
        """Say whether validation has not become better for `patience` epochs."""
        patience, place = self.config.patience, self.place
        return 0 < patience <= place.epoch - place.best_epoch and place.best_epoch > 0

    def save(self) -> None:
        """Write last.pt."""
        self._saved_at = time.monotonic()
        if self.log is not None:
            self.place.logged = self.log.size
            states = {
                "module": self.task.module.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "precision": self.fabric.strategy.precision.state_dict(),
            }
            checkpoints.write_last(self.folder, self.place, self.about, states)

    def save_best(self) -> None:
        """Write best.pt."""
        if self.log is not None:
            checkpoints.write_best(self.folder, self.task.module, self.about)

    def saved_long_ago(self) -> bool:
        """Say whether last.pt is older than SAVE_SECONDS."""
        return time.monotonic() - self._saved_at > SAVE_SECONDS

    def how_to_continue(self) -> str:
        """Say where the run stopped, and what continues it."""
        place = self.place
        return (
            f"stopped after {place.steps:,} steps, in epoch {place.epoch + 1}; the same command "
            f"with --resume auto continues from {self.folder / checkpoints.LAST}"
        )

    def tell(self, event: str, **values: Any) -> None:
        """Write a line to metrics.jsonl, in the first process."""
        if self.log is not None:
            self.log.line(event, self.place.steps, epoch=self.place.epoch + 1, **values)

    def tell_step(self, learning_rate: float) -> None:
        """Write the mean loss of the epoch so far."""
        loss = self.place.loss_sum / self.place.count
        self.tell("train", loss=loss, learning_rate=learning_rate, **self._speed())

    def tell_epoch(self, metrics: Mapping[str, float]) -> None:
        """Write and show the epoch's loss and its validation."""
        told = {"loss": self.place.loss, **metrics}
        examples, seconds = self._told
        self._told = (self.place.examples, self.place.seconds)
        per_second = (self.place.examples - examples) / max(self.place.seconds - seconds, 1e-9)
        self.tell("epoch", **told, **self._speed())
        self.progress.epoch(self.place.epoch + 1, self.epochs, told, per_second)

    def _speed(self) -> dict[str, float]:
        return {"seconds": round(self.place.seconds, 3), "examples": self.place.examples}

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *error: object) -> None:
        self.progress.close()
        if self.log is not None:
            self.log.close()
        self._lock.release()
