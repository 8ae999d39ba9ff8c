"""Which jobs have lost their clients for so long that they are to end."""

import time
from collections.abc import Callable, Collection, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")

YIELD_SECONDS, END_SECONDS = 10.0, 120.0
"""How long a job may run on without a client: while others wait for a worker, and at most. A page
that is loaded again is back by then. YIELD_SECONDS is also how long others wait for a worker that
runs the second job of a session."""


class Presence(Generic[T]):
    """Remembers when a client of each job was last present.

    Parameters
    ----------
    clients_of : callable
        Returns the clients of a job.
    is_present : callable
        Whether a client is still there.
    yield_seconds, end_seconds : float
        See YIELD_SECONDS.
    """

    def __init__(
        self,
        clients_of: Callable[[T], Collection[str]],
        is_present: Callable[[str], bool],
        yield_seconds: float,
        end_seconds: float,
    ) -> None:
        self._clients_of, self._is_present = clients_of, is_present
        self._yield_seconds, self._end_seconds = yield_seconds, end_seconds
        self._seen: dict[T, float] = {}  # monotonic clock, s

    def overdue(self, jobs: Iterable[T], queued: Iterable[T]) -> list[T]:
        """Return the jobs that are to end now.

        Parameters
        ----------
        jobs : iterable
            All unfinished jobs; their clients are looked for.
        queued : iterable
            Those that wait for a worker.
        """
        now = time.monotonic()
        seen, gone = {}, []
        for job in jobs:
            seen[job] = self._seen.get(job, now)
            if any(map(self._is_present, self._clients_of(job))):
                seen[job] = now
            else:
                gone.append(job)
        self._seen = seen
        is_awaited = any(job not in gone for job in queued)
        most = self._yield_seconds if is_awaited else self._end_seconds
        return [job for job in gone if now - seen[job] >= most]
