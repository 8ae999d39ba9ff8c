"""The places of the workers: the process and the job of each."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from server.jobs.status import Job
from server.jobs.worker import Worker


@dataclass(eq=False)
class Slot:
    """The place of one worker: its current process and job."""

    worker: Worker | None = None
    is_ready: bool = False  # the worker has warmed up
    job: Job | None = None
    warms_up: bool = True  # False after a worker ended while it warmed up
    can_start: bool = True  # False after a worker ended before it was ready, without warm-up

    @property
    def is_free(self) -> bool:
        """Whether its worker can take a job now."""
        return self.worker is not None and self.is_ready and self.job is None

    def run(self, job: Job) -> None:
        """Give a job to the worker, which is free."""
        assert self.worker is not None
        self.job, job.began = job, time.monotonic()
        job.status = replace(job.status, state="running", phase="starting", started=time.time())
        self.worker.send(job.payload)


class Slots:
    """All slots of a pool; not thread-safe."""

    def __init__(self, count: int) -> None:
        self._slots = [Slot() for _ in range(count)]

    def __iter__(self) -> Iterator[Slot]:
        return iter(self._slots)

    @property
    def running(self) -> list[Job]:
        """The running jobs, in the order in which they began."""
        jobs = [slot.job for slot in self if slot.job and not slot.job.status.is_finished]
        return sorted(jobs, key=lambda job: job.began)

    @property
    def warming_up(self) -> int:
        """Number of workers that are not ready."""
        return sum(not slot.is_ready for slot in self)

    def is_full(self) -> bool:
        """Return whether every worker has a job that runs, so that none will be free soon."""
        return len(self.running) == len(self._slots)

    def kill_worker_of(self, job: Job) -> None:
        """Kill the worker that runs a job, if any does; its thread starts another."""
        for slot in self:
            if slot.job is job and slot.worker:
                slot.is_ready = False
                slot.worker.kill()  # its thread sees the end of the pipe
