"""What all sessions of a server share: the cache on disk, worker processes, served files."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import streamlit as st
from streamlit.runtime import get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

from components import Blobs, Points, points_of
from embeddings.cache import Cache
from server.encoders import EncoderPool
from server.jobs import tasks
from server.jobs.pool import JobPool
from server.jobs.status import JobStatus
from server.runs.checkpoint_index import CheckpointIndex, record_missing_hashes

WORKERS = 2
"""Jobs that run concurrently; the others wait in order."""

FRAMES = 30
"""The latest frames, which browsers may still be fetching."""


@st.cache_resource(show_spinner=False)
def cache() -> Cache:
    """Return the cache of results on disk."""
    return Cache()


@st.cache_resource(show_spinner=False, on_release=JobPool.close)
def pool() -> JobPool:
    """Return the worker processes; they are started once for the server."""
    return JobPool(workers=WORKERS, warm_up=tasks.warm_up)


@st.cache_resource(show_spinner=False, on_release=EncoderPool.close)
def encoders() -> EncoderPool:
    """Return the models of runs that encode texts and images and decode vectors."""
    return EncoderPool()


@st.cache_resource(show_spinner=False)
def checkpoints() -> CheckpointIndex:
    """Return the index of checkpoints; those of older releases are hashed in the background."""
    threading.Thread(target=record_missing_hashes, daemon=True).start()
    return CheckpointIndex()


@st.cache_resource(show_spinner=False)
def threads() -> ThreadPoolExecutor:
    """Return threads that wait for the models' responses, so that no page does."""
    return ThreadPoolExecutor(max_workers=8)


@st.cache_resource(show_spinner=False)
def blobs() -> Blobs:
    """Return the files that browsers fetch by content."""
    return Blobs(cache())


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


@st.cache_resource(show_spinner=False)
def frames() -> Frames:
    """Return the frames of running layouts."""
    return Frames()


def session_id() -> str:
    """Return the id of the session that runs this script."""
    context = get_script_run_ctx()
    assert context is not None, "called outside of a Streamlit script"
    return context.session_id


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
    runtime = get_instance()
    job = pool().status(key)
    for client in job.clients if job is not None else ():
        if client == session_id() or not runtime.is_active_session(client):
            pool().cancel(key, client)
