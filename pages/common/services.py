"""What all sessions of a server share: the cache on disk, worker processes, served files.

It is held here rather than in st.cache_resource, which any browser can clear for all sessions with
a message: that would end everybody's work.
"""

import atexit
import functools
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from streamlit.runtime import RuntimeState, exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

from components import Blobs, Points, points_of
from embeddings.cache import Cache
from server.encoders import EncoderPool
from server.exports import Exports
from server.jobs import tasks
from server.jobs.pool import JobPool
from server.jobs.status import JobStatus
from server.open_sets import OpenSets, configured_limit
from server.reading.reader import FileReader
from server.runs.checkpoint_index import CheckpointIndex, record_missing_hashes
from server.similarities import Similarities
from server.thumbnails import Thumbnails

WORKERS = 2
"""Jobs that run concurrently; the others wait in order."""

FRAMES = 30
"""The latest frames, which browsers may still be fetching."""


T = TypeVar("T")

_lock = threading.RLock()
_held: dict[Callable[..., Any], Any] = {}


def _shared(make: Callable[[], T]) -> Callable[[], T]:
    """Return a function that calls `make` once per server and then returns the same object."""

    @functools.wraps(make)
    def get() -> T:
        with _lock:
            if make not in _held:
                _held[make] = make()
            found: T = _held[make]
            return found

    return get


@atexit.register
def close() -> None:
    """End the processes of the server and forget what is shared."""
    with _lock:
        for each in _held.values():
            if isinstance(each, JobPool | EncoderPool | FileReader):
                each.close()
        _held.clear()


def cache() -> Cache:
    """Return the cache of results on disk."""
    return Cache()


@_shared
def pool() -> JobPool:
    """Return the worker processes; they are started once for the server."""
    return JobPool(workers=WORKERS, warm_up=tasks.warm_up, is_present=is_active)


@_shared
def reader() -> FileReader:
    """Return the processes that read files of users; they are started once for the server."""
    return FileReader(is_present=is_active)


@_shared
def encoders() -> EncoderPool:
    """Return the models of runs that encode texts and images and decode vectors."""
    return EncoderPool()


@_shared
def checkpoints() -> CheckpointIndex:
    """Return the index of checkpoints; those of older releases are hashed in the background."""
    threading.Thread(target=record_missing_hashes, daemon=True).start()
    return CheckpointIndex()


@_shared
def threads() -> ThreadPoolExecutor:
    """Return threads that wait for the models' responses, so that no page does."""
    return ThreadPoolExecutor(max_workers=8)


def blobs() -> Blobs:
    """Return the files that browsers fetch by content."""
    found, folder = _blobs(), cache().folder
    with _lock:
        if folder not in found:
            found[folder] = Blobs(cache())
        return found[folder]


@_shared
def _blobs() -> dict[Path, Blobs]:
    """Return the served files by the folder of the cache."""
    return {}


class Frames:
    """The latest frames of running layouts, as files that the browsers of all sessions fetch."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._points: OrderedDict[tuple[str, int], Points] = OrderedDict()

    def points(self, run: str, number: int, frame: np.ndarray) -> Points:
        """Return the points of a frame of a job's run; old frames are removed."""
        with self._lock:
            known = self._points.get((run, number))
            if known is None:
                known = self._points[run, number] = points_of(frame, blobs())
                if len(self._points) > FRAMES:
                    _, passed = self._points.popitem(last=False)
                    blobs().drop(passed.url)
            return known


@_shared
def frames() -> Frames:
    """Return the frames of running layouts."""
    return Frames()


@_shared
def open_sets() -> OpenSets:
    """Return the sets that sessions have open, with what is derived from them."""
    return OpenSets(configured_limit(), is_active)


@_shared
def similarities() -> Similarities:
    """Return the sets that maps are colored by the similarity in."""
    return Similarities()


@_shared
def thumbnails() -> Thumbnails:
    """Return the columns of images whose items can be shown small."""
    return Thumbnails()


@_shared
def exports() -> Exports:
    """Return the files of rows that can be downloaded."""
    return Exports()


def hold(
    key: str, load: Callable[[], T], size_of: Callable[[T], int], part_of: str | None = None
) -> T:
    """Return what is held for all sessions under a key; see OpenSets.get."""
    return open_sets().get(key, session_id(), load, size_of, part_of)


def session_id() -> str:
    """Return the id of the session that runs this script; "" outside of a script."""
    context = get_script_run_ctx()
    return context.session_id if context is not None else ""


def is_active(client: str) -> bool:
    """Return whether the browser of a session is connected; outside of a server, all are."""
    return not exists() or get_instance().is_active_session(client)


def has_browsers() -> bool:
    """Return whether browsers are connected, which run fragments again; in a test, none are."""
    return exists() and get_instance().state == RuntimeState.ONE_OR_MORE_SESSIONS_CONNECTED


def once(key: str, function: Callable[..., Any], *args: Any) -> JobStatus:
    """Submit a job unless it has been submitted before; join it if it runs for other sessions."""
    job = pool().status(key)
    if job is not None and (job.is_finished or session_id() in job.clients):
        return job
    return pool().submit(key, function, *args, client=session_id())


def cancel(key: str) -> None:
    """Withdraw this session, and sessions that have ended, from a job.

    A reload of the page starts a new session; the old one must not keep the job alive.
    """
    job = pool().status(key)
    for client in job.clients if job is not None else ():
        if client == session_id() or not is_active(client):
            pool().cancel(key, client)
