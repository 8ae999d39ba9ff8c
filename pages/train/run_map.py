"""A small image of the map of what a run has made; a click opens it in Explore."""

from pathlib import Path

import streamlit as st

from pages.common import services
from pages.common.formatting import plain
from pages.common.sources import Source
from pages.explore import opening
from server.jobs import tasks
from server.jobs.status import JobStatus
from server.runs.records import RunRecord, RunStatus


def draw(run: RunRecord, status: RunStatus) -> bool:
    """Draw the map, or what comes in its place.

    Returns
    -------
    Whether the map is still being painted
    """
    with st.container(key="run_map"):
        if not status.results:
            is_coming = status.is_active
            st.caption("The map appears here when the run is done." if is_coming else "No map.")
            return False
        job = _painting(status.results[0])
        if not job.is_finished:
            st.caption("Painting the map…")
            return True
        if job.error:
            st.caption(plain(job.error))
            return False
        painted: tasks.PaintedMap = job.result
        of = (
            f"{painted.rows:,} items"
            if painted.shown == painted.rows
            else (f"{painted.shown:,} of {painted.rows:,} items, drawn at random")
        )
        st.image(painted.png, alt=f"Map by {painted.method} of {of}", width="stretch")
        st.button(
            "Open this map",
            key="open_map",
            type="tertiary",
            help="In Explore",
            on_click=opening.request,
            args=(Source("run", run.id).key,),
        )
        st.caption(f"{painted.method}, {of}")
    return False


def _painting(path: Path) -> JobStatus:
    """Return the job that paints the map of an embedding file."""
    stat = path.stat()
    key = f"painted map {path} {stat.st_mtime_ns} {stat.st_size}"
    return services.once(key, tasks.paint_map, path, services.cache().folder)
