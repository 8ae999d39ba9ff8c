"""What is known about a job at one moment, and how long it will still take."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

State = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, eq=False)
class JobView:
    """What is known about a job at one moment.

    Attributes
    ----------
    key, state : which job, and how far it is
    owners : who is interested in it
    position : jobs ahead of it while it is queued, else None
    stage, done, note : the last report; done is the share of the stage, 0 to 1, None if unknown
    started : when it began to run, Unix time in s; None while queued
    seconds : how long it has run, or ran, in s
    seconds_left : estimated for the current stage from its rate so far, in s; None while unknown
    frame : latest intermediate layout, float32, shape (n, dims), read-only; None once finished
    frame_number : counts the frames from 1; 0 before the first
    result : what the function returned; None unless done
    error : what to tell the user; "" unless failed
    traceback : for the log, where the error was not the user's
    """

    key: str
    state: State = "queued"
    owners: frozenset[str] = frozenset()
    position: int | None = None
    stage: str = ""
    done: float | None = None
    note: str = ""
    started: float | None = None
    seconds: float = 0.0
    seconds_left: float | None = None
    frame: np.ndarray | None = None
    frame_number: int = 0
    result: Any = None
    error: str = ""
    traceback: str = ""

    @property
    def finished(self) -> bool:
        """Whether it is over, well or not."""
        return self.state not in ("queued", "running")


@dataclass
class StageRate:
    """The progress of the current stage, for the estimate of the time left."""

    stage: str = ""
    first: tuple[float, float] | None = None  # time in s, share done
    last: tuple[float, float] | None = None

    def update(self, stage: str, done: float | None, now: float) -> None:
        """Note a report made at `now`, in s of a clock that never goes back."""
        if stage != self.stage or self.last is None or done is None or done < self.last[1]:
            self.stage, self.first, self.last = stage, None, None
        if done is not None:
            self.first = self.first or (now, done)
            self.last = (now, done)

    def seconds_left(self, now: float) -> float | None:
        """Estimate the time that the stage still takes, in s; None while unknown."""
        if self.first is None or self.last is None or self.last[1] <= self.first[1]:
            return None
        (start, done_first), (end, done) = self.first, self.last
        left = (1.0 - done) * (end - start) / (done - done_first)
        return max(0.0, left - (now - end))
