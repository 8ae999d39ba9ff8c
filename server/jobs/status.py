"""A job, its status, and the estimate of its remaining time."""

import time
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

JobState = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, eq=False)
class JobStatus:
    """What is known about a job at one moment.

    Attributes
    ----------
    key : str
        Identifies the job.
    state : JobState
        A job that is "done", "failed" or "cancelled" has finished.
    clients : frozenset of str
        Who wants the result.
    position : int or None
        Jobs ahead of it while it is queued.
    phase, fraction, note
        The latest progress: what is being done, how much of it (0 to 1, None if unknown), details.
    started : float or None
        Unix time in s when it began to run; None while it is queued.
    seconds : float
        Running time in s.
    seconds_left : float or None
        Remaining time of the current phase in s, from its rate so far; None if unknown.
    frame : ndarray or None
        The latest intermediate layout, float32, shape (n, dims), read-only; None once finished.
    frame_number : int
        The frames so far.
    result : object
        What the function returned; None unless the job is done.
    error : str
        Why it failed, for the user; "" unless it did.
    traceback : str
        For the log; "" if the mistake was the user's.
    """

    key: str
    state: JobState = "queued"
    clients: frozenset[str] = frozenset()
    position: int | None = None
    phase: str = ""
    fraction: float | None = None
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
    def is_finished(self) -> bool:
        """Whether the job has ended, successfully or not."""
        return self.state not in ("queued", "running")


@dataclass
class PhaseRate:
    """The rate of the current phase, from which its remaining time is estimated."""

    phase: str = ""
    first: tuple[float, float] | None = None  # time in s, fraction
    last: tuple[float, float] | None = None

    def update(self, phase: str, fraction: float | None, now: float) -> None:
        """Record progress at the time `now`, in s of a monotonic clock."""
        if phase != self.phase or self.last is None or fraction is None or fraction < self.last[1]:
            self.phase, self.first, self.last = phase, None, None
        if fraction is not None:
            self.first = self.first or (now, fraction)
            self.last = (now, fraction)

    def seconds_left(self, now: float) -> float | None:
        """Estimate the remaining time of the phase in s; None if unknown."""
        if self.first is None or self.last is None or self.last[1] <= self.first[1]:
            return None
        (start, first), (end, last) = self.first, self.last
        left = (1.0 - last) * (end - start) / (last - first)
        return max(0.0, left - (now - end))


@dataclass(eq=False)
class Job:
    """A job as the pool tracks it; its status is stored without position and times."""

    payload: bytes  # pickled (function, arguments)
    status: JobStatus
    rate: PhaseRate = field(default_factory=PhaseRate)
    queued: float = field(default_factory=time.monotonic)  # s
    began: float = 0.0  # monotonic clock, s; 0 while queued

    @property
    def clients(self) -> frozenset[str]:
        """Who wants the result."""
        return self.status.clients

    def again(self, phase: str) -> "Job":
        """Return the job as it was when it was submitted, with a phase to show while it waits."""
        return Job(self.payload, JobStatus(self.status.key, clients=self.clients, phase=phase))
