"""What all sessions of one server share: the cache on disk, the worker processes, served files."""

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
from server.encoders import Coders
from server.jobs import tasks
from server.jobs.pool import Job, JobPool

WORKERS = 2
"""Long jobs that run together; the others wait in order."""

KEPT_FRAMES = 30
"""Frames that browsers may still be fetching."""


@st.cache_resource(show_spinner=False)
def cache() -> Cache:
    """Return the results on disk."""
    return Cache()


@st.cache_resource(show_spinner=False, on_release=JobPool.close)
def pool() -> JobPool:
    """Return the worker processes, started with the server."""
    return JobPool(workers=WORKERS, warm_up=tasks.warm_up)


@st.cache_resource(show_spinner=False, on_release=Coders.close)
def coders() -> Coders:
    """Return the trained models that answer questions."""
    return Coders()


@st.cache_resource(show_spinner=False)
def threads() -> ThreadPoolExecutor:
    """Return threads that wait for the models' answers, so that no page does."""
    return ThreadPoolExecutor(max_workers=8)


@st.cache_resource(show_spinner=False)
def blobs() -> Blobs:
    """Return the files that browsers fetch by content."""
    return Blobs(cache())


class Frames:
    """The latest frames of running layouts as files for browsers; all sessions see the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._points: OrderedDict[tuple[str, int], Points] = OrderedDict()

    def points(self, run: str, number: int, frame: np.ndarray) -> Points:
        """Return where a frame of a job's run lies; those passed long ago are removed."""
        with self._lock:
            known = self._points.get((run, number))
            if known is None:
                known = self._points[run, number] = points_of(frame, blobs())
                if len(self._points) > KEPT_FRAMES:
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


def once(key: str, function: Callable[..., Any], *args: Any) -> Job:
    """Start a job unless it has been started before; join it if it runs for others."""
    job = pool().get(key)
    if job is not None:
        view = job.snapshot()
        if view.finished or session_id() in view.owners:
            return job
    return pool().submit(key, function, *args, owner=session_id())


def cancel(job: Job) -> None:
    """Take this session's interest in a job away, and that of sessions that have ended.

    A reload of the page is a new session: without this the old one would keep the job alive.
    """
    runtime = get_instance()
    for owner in job.snapshot().owners:
        if owner == session_id() or not runtime.is_active_session(owner):
            pool().cancel(job.key, owner)
