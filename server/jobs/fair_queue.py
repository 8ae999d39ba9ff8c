"""The order of waiting jobs: clients take turns, however many jobs each of them has submitted."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_CLIENTS = 1_000
"""Clients whose last turn is remembered."""


class FairQueue(Generic[T]):
    """Jobs that wait, each for one client or several; not thread-safe.

    Parameters
    ----------
    clients_of : callable
        Returns the clients of a job, at least one.
    """

    def __init__(self, clients_of: Callable[[T], Collection[str]]) -> None:
        self._clients_of = clients_of
        self._jobs: list[T] = []  # in the order of submission
        self._served: dict[str, int] = {}  # number of the turn in which a client's last job began
        self._turn = 0

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[T]:
        return iter(self._jobs)

    def append(self, job: T) -> None:
        """Add a job."""
        self._jobs.append(job)

    def put_back(self, job: T) -> None:
        """Add a job as the first of its clients' jobs."""
        self._jobs.insert(0, job)

    def remove(self, job: T) -> None:
        """Remove a job without serving it."""
        self._jobs.remove(job)

    def in_turn(self) -> list[T]:
        """Return the jobs in the order in which they will be served.

        In each round every client has one job; whose last job began longest ago comes first, and
        among equals the first to be submitted.
        """
        before = Counter[str]()
        turns = []
        for job in self._jobs:
            clients = self._clients_of(job)
            turns.append(min((before[each], self._served.get(each, 0)) for each in clients))
            before.update(clients)
        order = sorted(range(len(turns)), key=turns.__getitem__)
        return [self._jobs[i] for i in order]

    def to_put_back(self, running: Sequence[T], waiting: Iterable[T]) -> T | None:
        """Return the running job that should let another client have its worker, or None.

        It is the last of those whose clients each have two running, if one that has none waits.

        Parameters
        ----------
        running : sequence
            The running jobs, in the order in which they began.
        waiting : iterable
            The jobs that have waited long.
        """
        busy = self._counted(running)
        is_due = any(not busy[client] for job in waiting for client in self._clients_of(job))
        seconds = [job for job in running if all(busy[each] > 1 for each in self._clients_of(job))]
        return seconds[-1] if is_due and seconds else None

    def _counted(self, jobs: Iterable[T]) -> Counter[str]:
        """Return how many of the jobs each client has."""
        return Counter(client for job in jobs for client in self._clients_of(job))

    def pop(self, running: Iterable[T] = ()) -> T:
        """Remove the next job and return it: in turn, but first for who has the fewest running."""
        busy = self._counted(running)
        job = min(self.in_turn(), key=lambda job: min(busy[each] for each in self._clients_of(job)))
        self._jobs.remove(job)
        self._turn += 1
        for client in self._clients_of(job):
            self._served.pop(client, None)
            self._served[client] = self._turn  # the last in the dict
        for client in list(self._served)[:-MAX_CLIENTS]:
            del self._served[client]
        return job
