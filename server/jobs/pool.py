"""Long computations in worker processes: one job per key, with progress and cancellation.

Clients take turns. While others wait, no client has two jobs running for long: the second is put
back in the queue. A job whose clients have all gone makes room for others, and ends if nobody comes
back for it.

The server creates one JobPool. Its workers (server/jobs/worker.py) start immediately, warm up and
stay. Each has a thread in the server that starts it, reads its messages and replaces it when it
ends; the thread lives as long as the process that it started (Linux ends a process with the
*thread* that requested that, see worker.py).

Cancelling kills the worker process: nothing less stops numba or OpenMP code immediately.
"""

import logging
import pickle
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from typing import Any

from server.jobs.fair_queue import FairQueue
from server.jobs.presence import END_SECONDS, YIELD_SECONDS, Presence
from server.jobs.slots import Slot, Slots
from server.jobs.status import Job, JobStatus
from server.jobs.worker import NICENESS, Worker, importable

_log = logging.getLogger(__name__)

MAX_FINISHED = 50
"""Finished jobs whose results can still be read."""

MAX_WAITING = 40
"""Jobs of one client that may wait for a worker."""

_NO_WARM_UP = pickle.dumps(None)


class JobPool:
    """Runs up to `workers` jobs at the same time; further jobs wait, and clients take turns.

    Parameters
    ----------
    workers : int
        Number of worker processes.
    warm_up : callable, optional
        An importable function that each new worker calls before its first job. The first worker
        does so alone: what it compiles and caches on disk saves the others the work.
    is_present : callable
        Whether a client is still there; by default they all are. Any thread may call it.
    yield_seconds, end_seconds, niceness : see presence.YIELD_SECONDS and Worker
    """

    def __init__(
        self,
        workers: int = 1,
        warm_up: Callable[[], None] | None = None,
        is_present: Callable[[str], bool] = lambda client: True,
        yield_seconds: float = YIELD_SECONDS,
        end_seconds: float = END_SECONDS,
        niceness: int = NICENESS,
    ) -> None:
        if workers < 1:
            raise ValueError(f"workers = {workers}; at least 1 is needed")
        self._niceness = niceness
        self._changed = threading.Condition()  # guards everything below
        self._jobs: dict[str, Job] = {}  # the latest of each key; finished ones by their end
        clients_of = attrgetter("clients")
        self._queue = FairQueue[Job](clients_of)
        self._presence = Presence[Job](clients_of, is_present, yield_seconds, end_seconds)
        self._is_present, self._yield_seconds = is_present, yield_seconds
        self._is_closed = False
        self._first_has_started = False  # the first worker is ready, or has failed
        self._warm_up = pickle.dumps(warm_up and importable(warm_up))
        self._slots = Slots(workers)
        self._threads = [
            threading.Thread(target=self._serve, args=(slot,), name=f"worker-{i}", daemon=True)
            for i, slot in enumerate(self._slots)
        ]
        self._threads.append(threading.Thread(target=self._end_abandoned_jobs, daemon=True))
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> "JobPool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, key: str, function: Callable[..., Any], *args: Any, client: str) -> JobStatus:
        """Have a worker call function(*args, progress=...), unless a job of the key is unfinished.

        Parameters
        ----------
        key : str
            Identifies the result; all clients that submit it share an unfinished job.
        function : callable
            Importable by its module and name; its arguments and result are pickled.
        client : str
            Who wants the result; see `cancel`. If MAX_WAITING jobs of it are waiting, the status is
            "failed", and nothing is submitted.
        """
        payload = pickle.dumps((importable(function), args))
        with self._changed:
            if self._is_closed:
                raise RuntimeError("the pool is closed")
            job = self._jobs.get(key)
            if job is None or job.status.is_finished:
                if sum(client in other.status.clients for other in self._queue) >= MAX_WAITING:
                    reason = f"{MAX_WAITING} of your computations are waiting; cancel one, or wait"
                    return JobStatus(key, "failed", error=reason)
                job = Job(payload, JobStatus(key))
                self._jobs.pop(key, None)
                self._jobs[key] = job
                self._queue.append(job)
            job.status = replace(job.status, clients=job.status.clients | {client})
            self._dispatch()
            self._changed.notify_all()
            return self._current_status(job)

    def status(self, key: str) -> JobStatus | None:
        """Return the status of the latest job of a key, unless it finished too long ago."""
        with self._changed:
            return self._current_status(self._jobs[key]) if key in self._jobs else None

    def wait(
        self,
        key: str,
        timeout: float | None = None,
        until: Callable[[JobStatus], bool] = lambda status: status.is_finished,
    ) -> JobStatus:
        """Wait until the condition holds for the latest job of a key; return its status then.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the status is returned in any case.
        until : callable
            The condition; by default, that the job has finished.

        Raises
        ------
        KeyError
            There is no job of the key.
        """
        with self._changed:
            job = self._jobs[key]
            self._changed.wait_for(lambda: until(self._current_status(job)), timeout)
            return self._current_status(job)

    def forget(self, key: str) -> None:
        """Drop a finished job; the next one with its key is computed again."""
        with self._changed:
            if key in self._jobs and self._jobs[key].status.is_finished:
                del self._jobs[key]

    def cancel(self, key: str, client: str) -> None:
        """Withdraw a client from a job; the job is cancelled when no client is left."""
        with self._changed:
            job = self._jobs.get(key)
            if job is None or client not in job.status.clients:
                return
            job.status = replace(job.status, clients=job.status.clients - {client})
            if not job.status.clients and not job.status.is_finished:
                self._cancel(job)
            self._changed.notify_all()

    def close(self) -> None:
        """Cancel all jobs, end the workers, and wait until they have ended."""
        with self._changed:
            self._is_closed = True
            for job in list(self._jobs.values()):
                if not job.status.is_finished:
                    self._cancel(job)
            for slot in self._slots:
                if slot.worker:
                    slot.worker.kill()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _current_status(self, job: Job) -> JobStatus:
        status = job.status
        if status.state == "queued":
            position = self._queue.in_turn().index(job)
            is_warming_up = position < self._slots.warming_up
            phase = status.phase or ("warming up" if is_warming_up else "queued")
            return replace(status, position=position, phase=phase)
        if status.state == "running":
            now = time.monotonic()
            left = job.rate.seconds_left(now)
            return replace(status, seconds=now - job.began, seconds_left=left)
        return status

    def _cancel(self, job: Job) -> None:
        if job.status.state == "queued":
            self._queue.remove(job)
        self._slots.kill_worker_of(job)
        self._finish(job, state="cancelled")

    def _finish(self, job: Job, **changes: Any) -> None:
        key = job.status.key
        seconds = time.monotonic() - job.began if job.began else 0.0
        job.status = replace(job.status, frame=None, seconds=seconds, **changes)
        job.payload = b""
        self._jobs[key] = self._jobs.pop(key)  # to the end: the oldest are removed first
        finished = [key for key, other in self._jobs.items() if other.status.is_finished]
        for key in finished[:-MAX_FINISHED]:
            del self._jobs[key]
        self._changed.notify_all()

    def _complete(self, job: Job, pickled_result: bytes) -> None:
        try:
            result = pickle.loads(pickled_result)
        except Exception:  # whatever its class raises when it is unpickled
            self._fail(job, "the result could not be read", traceback.format_exc())
        else:
            self._finish(job, state="done", fraction=1.0, result=result)

    def _fail(self, job: Job, error: str, details: str = "") -> None:
        level = logging.ERROR if details else logging.INFO
        _log.log(level, "job %s failed: %s\n%s", job.status.key, error, details)
        self._finish(job, state="failed", error=error, traceback=details)

    def _dispatch(self) -> None:
        """Give queued jobs to idle workers."""
        for slot in self._slots:
            if self._queue and slot.is_free:
                slot.run(self._queue.pop(self._slots.running))

    def _make_room(self) -> None:
        """Put the second job of a client back if another, with none running, has waited long."""
        long_ago = time.monotonic() - self._yield_seconds
        waiting = [each for each in self._queue if each.queued <= long_ago]
        waiting = [each for each in waiting if any(map(self._is_present, each.clients))]
        job = self._queue.to_put_back(self._slots.running, waiting)
        if job is None or not self._slots.is_full():
            return
        again = job.again("stopped for others who were waiting, will start again")
        self._jobs[again.status.key] = again
        self._queue.put_back(again)  # it starts from the beginning when it is its turn
        job.status = replace(job.status, state="cancelled")  # ignores what its worker still sends
        self._slots.kill_worker_of(job)
        self._changed.notify_all()

    def _end_abandoned_jobs(self) -> None:
        """Cancel jobs whose clients have gone, and let others have their turn, every second."""
        with self._changed:
            while not self._is_closed:
                unfinished = [job for job in self._jobs.values() if not job.status.is_finished]
                for job in self._presence.overdue(unfinished, self._queue):
                    self._cancel(job)
                self._make_room()
                self._changed.wait(1.0 if unfinished else None)

    def _serve(self, slot: Slot) -> None:
        """Keep one worker running; the body of its thread."""
        with self._changed:
            is_first = slot is next(iter(self._slots))
            self._changed.wait_for(lambda: is_first or self._first_has_started or self._is_closed)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_closed or slot.can_start or self._queue)
                if self._is_closed:
                    return
                try:
                    worker = slot.worker = Worker(self._niceness)
                except OSError as error:
                    reason = f"the system cannot start it ({error})"
                    self._on_worker_exit(slot, reason, was_ready=False)
                    continue
            worker.send(self._warm_up if slot.warms_up else _NO_WARM_UP)
            for message in worker.messages():
                with self._changed:
                    self._on_message(slot, *message)
            with self._changed:
                was_ready, slot.is_ready = slot.is_ready, False
            reason = worker.end()
            with self._changed:
                self._on_worker_exit(slot, reason, was_ready)

    def _on_message(self, slot: Slot, kind: str, *content: Any) -> None:
        if kind == "ready":
            slot.is_ready = slot.can_start = self._first_has_started = True
            if content[0]:
                _log.error("the warm-up failed; jobs run without it\n%s", content[0])
            self._dispatch()
        job = slot.job
        if job is None or job.status.state != "running":
            return
        if kind == "progress":
            phase, fraction, note = content
            job.rate.update(phase, fraction, time.monotonic())
            job.status = replace(job.status, phase=phase, fraction=fraction, note=note)
        elif kind == "frame":
            content[0].flags.writeable = False
            number = job.status.frame_number + 1
            job.status = replace(job.status, frame=content[0], frame_number=number)
        elif kind == "done":
            slot.job = None
            self._complete(job, content[0])
            self._dispatch()
        elif kind == "failed":
            slot.job = None
            self._fail(job, *content)
            self._dispatch()
        self._changed.notify_all()

    def _on_worker_exit(self, slot: Slot, reason: str, was_ready: bool) -> None:
        """Fail the job of a worker that has ended by itself.

        If the worker was never ready, the next one starts without the warm-up; if that one was
        not ready either, the next job fails too, or it would wait forever.
        """
        job = slot.job
        slot.worker, slot.job, self._first_has_started = None, None, True
        self._changed.notify_all()
        if self._is_closed or (job and job.status.is_finished):  # it was killed by the pool
            return
        _log.warning("a worker process ended by itself: %s", reason)
        if not was_ready:
            slot.can_start = slot.warms_up
            slot.warms_up = False
            if not slot.can_start and self._queue:
                job = self._queue.pop()
        if job:
            self._fail(job, f"the worker process ended before the job was done: {reason}")
