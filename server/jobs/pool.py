"""Long work in worker processes: one job per key whoever asks, with progress, cancel and a bound.

The server makes one JobPool. Its workers (server/jobs/worker.py) are started at once, warmed up and
kept. Each has a thread in the server that starts it, reads its messages and replaces it when it
ends; so no reader can hold up the work, and the thread lives as long as the process that it
started (Linux ends a process with the *thread* that asked for it, see worker.py).

Cancelling ends the worker process with SIGKILL: nothing less stops numba or OpenMP code at once,
and results are written atomically, so there is nothing to clean up.
"""

import logging
import pickle
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from server.jobs.status import JobView, StageRate, State
from server.jobs.worker import Worker

__all__ = ["KEPT", "Job", "JobPool", "JobView", "State"]

_log = logging.getLogger(__name__)

KEPT = 50
"""Finished jobs whose results stay readable."""

_NO_WARM_UP = pickle.dumps(None)


class Job:
    """One piece of work; its state is read through snapshot()."""

    def __init__(self, pool: "JobPool", key: str, payload: bytes) -> None:
        self.key = key
        self._pool = pool
        self._payload = payload
        self._view = JobView(key)
        self._rate = StageRate()
        self._began = 0.0

    def snapshot(self) -> JobView:
        """Return a consistent view of the present state."""
        with self._pool._changed:
            view = self._view
            if view.state == "queued":
                position = self._pool._queue.index(self)
                warming = position < self._pool._warming()
                return replace(view, position=position, stage="warming up" if warming else "queued")
            if view.state == "running":
                now = time.monotonic()
                left = self._rate.seconds_left(now)
                return replace(view, seconds=now - self._began, seconds_left=left)
            return view

    def wait(
        self,
        timeout: float | None = None,
        until: Callable[[JobView], bool] = lambda view: view.finished,
    ) -> JobView:
        """Wait until `until(view)` holds or `timeout` s have passed; return the view then."""
        with self._pool._changed:
            self._pool._changed.wait_for(lambda: until(self.snapshot()), timeout)
            return self.snapshot()


@dataclass(eq=False)
class _Slot:
    """The place of one worker: its present process and what that is doing."""

    worker: Worker | None = None
    ready: bool = False  # the worker has warmed up
    job: Job | None = None
    warms_up: bool = True  # False once that has ended a worker
    sound: bool = True  # False after a worker that ended before it was ready even so


class JobPool:
    """Runs jobs in `workers` processes at once; the others wait in order.

    Parameters
    ----------
    workers : how many jobs run together
    warm_up : an importable function that each new worker calls before its first job; the first
        worker does so alone, since what it compiles and keeps on disk spares the others the work
    """

    def __init__(self, workers: int = 1, warm_up: Callable[[], None] | None = None) -> None:
        if workers < 1:
            raise ValueError(f"workers = {workers}; at least 1 is needed")
        self._changed = threading.Condition()  # guards everything below
        self._jobs: dict[str, Job] = {}
        self._queue: deque[Job] = deque()
        self._closed = False
        self._tried = False  # the first worker got ready, or failed to
        self._warm_up = pickle.dumps(warm_up and _importable(warm_up))
        self._slots = [_Slot() for _ in range(workers)]
        self._threads = [
            threading.Thread(target=self._serve, args=(slot,), name=f"worker-{i}", daemon=True)
            for i, slot in enumerate(self._slots)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> "JobPool":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def submit(self, key: str, function: Callable[..., Any], *args: Any, owner: str) -> Job:
        """Have a worker call function(*args, progress=...), unless the key is at work already.

        Parameters
        ----------
        key : names the result; whoever submits a key that is queued or running joins that job
        function : importable by its module and name; its arguments and result are pickled
        owner : who wants it; see cancel
        """
        payload = pickle.dumps((_importable(function), args))
        with self._changed:
            if self._closed:
                raise RuntimeError("the pool is closed")
            job = self._jobs.get(key)
            if job is None or job._view.finished:
                job = Job(self, key, payload)
                self._jobs.pop(key, None)
                self._jobs[key] = job
                self._queue.append(job)
            job._view = replace(job._view, owners=job._view.owners | {owner})
            self._dispatch()
            self._changed.notify_all()
        return job

    def get(self, key: str) -> Job | None:
        """Return the last job of this key, if it is at work or among the last finished."""
        with self._changed:
            return self._jobs.get(key)

    def cancel(self, key: str, owner: str) -> None:
        """Take away an owner's interest; the work stops when no owner is left."""
        with self._changed:
            job = self._jobs.get(key)
            if job is None or owner not in job._view.owners:
                return
            job._view = replace(job._view, owners=job._view.owners - {owner})
            if not job._view.owners and not job._view.finished:
                self._stop(job)
            self._changed.notify_all()

    def leave(self, owner: str) -> None:
        """Cancel everything that this owner asked for: the session has ended."""
        with self._changed:
            for key in list(self._jobs):
                self.cancel(key, owner)

    def close(self) -> None:
        """Cancel all jobs, end the workers, and wait until they are gone."""
        with self._changed:
            self._closed = True
            for job in list(self._jobs.values()):
                if not job._view.finished:
                    self._stop(job)
            for slot in self._slots:
                if slot.worker:
                    slot.worker.kill()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _warming(self) -> int:
        return sum(not slot.ready for slot in self._slots)

    def _stop(self, job: Job) -> None:
        if job._view.state == "queued":
            self._queue.remove(job)
        for slot in self._slots:
            if slot.job is job and slot.worker:
                slot.ready = False
                slot.worker.kill()  # its thread sees the end of the pipe and starts another
        self._finish(job, state="cancelled")

    def _finish(self, job: Job, **changes: Any) -> None:
        seconds = time.monotonic() - job._began if job._began else 0.0
        job._view = replace(job._view, frame=None, seconds=seconds, **changes)
        self._jobs[job.key] = self._jobs.pop(job.key)  # the last finished are kept longest
        finished = [key for key, other in self._jobs.items() if other._view.finished]
        for key in finished[:-KEPT]:
            del self._jobs[key]
        self._changed.notify_all()

    def _succeed(self, job: Job, pickled_result: bytes) -> None:
        try:
            result = pickle.loads(pickled_result)
        except Exception:  # whatever its class does when it is made again
            self._fail(job, "the result could not be read", traceback.format_exc())
        else:
            self._finish(job, state="done", done=1.0, result=result)

    def _fail(self, job: Job, error: str, details: str = "") -> None:
        level = logging.ERROR if details else logging.INFO
        _log.log(level, "job %s failed: %s\n%s", job.key, error, details)
        self._finish(job, state="failed", error=error, traceback=details)

    def _dispatch(self) -> None:
        """Give queued jobs to idle workers."""
        for slot in self._slots:
            if self._queue and slot.worker and slot.ready and slot.job is None:
                job = self._queue.popleft()
                slot.job = job
                job._began = time.monotonic()
                job._view = replace(
                    job._view, state="running", stage="starting", started=time.time()
                )
                slot.worker.send(job._payload)
                job._payload = b""

    def _serve(self, slot: _Slot) -> None:
        """Keep one worker alive; the body of its thread."""
        with self._changed:
            first = slot is self._slots[0]
            self._changed.wait_for(lambda: first or self._tried or self._closed)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or slot.sound or self._queue)
                if self._closed:
                    return
                try:
                    worker = slot.worker = Worker()
                except OSError as error:
                    self._ended(slot, f"the system cannot start it ({error})", was_ready=False)
                    continue
            worker.send(self._warm_up if slot.warms_up else _NO_WARM_UP)
            for message in worker.messages():
                with self._changed:
                    self._receive(slot, *message)
            with self._changed:
                was_ready, slot.ready = slot.ready, False
            reason = worker.end()
            with self._changed:
                self._ended(slot, reason, was_ready)

    def _receive(self, slot: _Slot, kind: str, *content: Any) -> None:
        """Take in one message of a worker."""
        if kind == "ready":
            slot.ready = slot.sound = self._tried = True
            if content[0]:
                _log.error("warming up failed; jobs run all the same\n%s", content[0])
            self._dispatch()
        job = slot.job
        if job is None or job._view.state != "running":
            return
        if kind == "progress":
            stage, done, note = content
            job._rate.update(stage, done, time.monotonic())
            job._view = replace(job._view, stage=stage, done=done, note=note)
        elif kind == "frame":
            content[0].flags.writeable = False
            job._view = replace(
                job._view, frame=content[0], frame_number=job._view.frame_number + 1
            )
        elif kind == "done":
            slot.job = None
            self._succeed(job, content[0])
            self._dispatch()
        elif kind == "failed":
            slot.job = None
            self._fail(job, *content)
            self._dispatch()
        self._changed.notify_all()

    def _ended(self, slot: _Slot, reason: str, was_ready: bool) -> None:
        """Note the end of a worker. Its job fails.

        If it never got ready, the next worker does without warming up; if that was it already, the
        next job fails, lest it wait forever.
        """
        job = slot.job
        slot.worker, slot.job, self._tried = None, None, True
        self._changed.notify_all()
        if self._closed or (job and job._view.finished):  # it was ended on purpose
            return
        _log.warning("a worker process ended by itself: %s", reason)
        if not was_ready:
            slot.sound = slot.warms_up
            slot.warms_up = False
            if not slot.sound and self._queue:
                job = self._queue.popleft()
        if job:
            self._fail(job, f"the worker process ended before the work was done: {reason}")


def _importable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function; raise ValueError if it is in a script, which no worker imports."""
    if function.__module__ == "__main__":
        raise ValueError(f"{function!r} is in the script; move it to a module that can be imported")
    return function
