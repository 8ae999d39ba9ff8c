"""Placing the new points on the layout that the map shows, by jobs where it takes long.

Points that were added together are a batch. The nearest items of each batch are searched once for
all layouts; a layout that is a projection of the vectors places them without.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from components import PlacedPoints, points_of, text_address
from embeddings import layouts
from embeddings.layouts import Layout, NearestItems, Placement
from embeddings.text import count_noun
from pages.common import services
from pages.common.formatting import duration, error_box, plain
from pages.explore import navigation
from pages.explore.layers import ActiveSet
from pages.explore.layout_controls import DisplayedLayout
from pages.explore.navigation import Batch
from server.jobs import tasks
from server.jobs.status import JobStatus

QUICK_PRODUCTS = 1_500_000_000
"""Multiplications of a search for nearest items that takes a moment: about 0.1 s."""

QUICK_NUMBERS = 5_000_000
"""Numbers of a set that are projected in a moment."""


@dataclass(frozen=True, eq=False)
class Placing:
    """Where the new points are on the map, and the job that places more of them.

    Attributes
    ----------
    placement : of all new points, or of the first ones; None while there are none on the map
    job : of the next batch: unfinished, or cancelled or failed; None if nothing is left to do
    """

    placement: Placement | None = None
    job: JobStatus | None = None

    @property
    def is_working(self) -> bool:
        """Whether more points will be placed without a click."""
        return self.job is not None and not self.job.is_finished

    @property
    def count(self) -> int:
        """Number of points that are on the map."""
        return 0 if self.placement is None else len(self.placement.coordinates)


def place(active: ActiveSet, displayed: DisplayedLayout) -> Placing:
    """Place the new points on the layout that the map shows, or have them placed by a job.

    While a layout is being computed, its frames have none: they are placed when it is ready.
    """
    new, job = navigation.open_set().new_points, displayed.job
    is_frame = not displayed.is_requested and job is not None and job.frame is not None
    if not new.batches or is_frame:
        return Placing()
    of = (displayed.key, active.key)
    last, placed = new.placed
    if last != of:
        placed = ()
    waiting, found = new.batches[len(placed) :], None
    if waiting:
        layout = replace(displayed.layout, coordinates=active.shown(displayed.layout))
    for batch in waiting:
        found = _place_batch(active, displayed.key, layout, batch)
        if isinstance(found, JobStatus):
            break
        placed = (*placed, found)
    placing_job = found if isinstance(found, JobStatus) else None
    new.placed = (of, placed)
    new.placing = placing_job.key if placing_job and not placing_job.is_finished else ""
    return Placing(_joined(placed), placing_job)


def _place_batch(
    active: ActiveSet, layout_key: str, layout: Layout, batch: Batch
) -> Placement | JobStatus:
    """Return where the points of a batch are, or the job that is to find it."""
    embedding_set = active.embedding_set
    if layout.method == "pca":
        projected: Placement | JobStatus | None
        if embedding_set.vectors.size <= QUICK_NUMBERS:
            projected = layouts.project(embedding_set, layout, batch.vectors)
        else:
            key = f"project {active.key} {layout_key} {batch.digest}"
            projected = _result(key, tasks.project_points, active, layout, batch.vectors)
        if projected is not None:
            return projected
    nearest = _nearest(active, batch)
    if isinstance(nearest, JobStatus):
        return nearest
    return layouts.place_by_neighbors(layout, nearest)


def _nearest(active: ActiveSet, batch: Batch) -> NearestItems | JobStatus:
    """Return the items nearest to the points of a batch, or the job that is to find them."""
    found = navigation.open_set().new_points.nearest
    of, embedding_set = (active.key, batch.digest), active.embedding_set
    if of not in found:
        nearest: NearestItems | JobStatus
        if embedding_set.vectors.size * len(batch.vectors) <= QUICK_PRODUCTS:
            nearest = layouts.nearest_items(embedding_set, batch.vectors)
        else:
            about = f"{embedding_set.fingerprint} {embedding_set.provenance.metric}"
            key = f"nearest items {about} {batch.digest}"
            nearest = _result(key, tasks.find_nearest_items, active, batch.vectors)
        if isinstance(nearest, JobStatus):
            return nearest
        found[of] = nearest
    return found[of]


def _result(key: str, function: Any, active: ActiveSet, *arguments: Any) -> Any:
    """Return the result of a job, or its status where it has none; it is started if need be.

    One that others cancelled is started again.
    """
    pool, new = services.pool(), navigation.open_set().new_points
    job = pool.status(key)
    if job is not None and job.state == "cancelled" and new.cancelled != key:
        pool.forget(key)
        job = None
    if job is not None and not job.is_finished and new.cancelled == key:  # it runs on for others
        return replace(job, state="cancelled")
    if job is None or not (job.is_finished or services.session_id() in job.clients):
        embedding_set = active.embedding_set
        vectors = tasks.share_vectors(embedding_set, services.cache())
        metric = embedding_set.provenance.metric
        job = services.once(key, function, vectors, metric, *arguments)
    return job.result if job.state == "done" else job


def _joined(placed: tuple[Placement, ...]) -> Placement | None:
    """Return the places of all batches together, or None for none."""
    if len(placed) < 2:
        return placed[0] if placed else None
    return Placement(np.concatenate([each.coordinates for each in placed]), placed[0].how)


def cancel(key: str) -> None:
    """Cancel the job that places new points: a callback of the button."""
    navigation.open_set().new_points.cancelled = key
    services.cancel(key)


def resume(key: str) -> None:
    """Start a job again that was cancelled or has failed: a callback of the button."""
    navigation.open_set().new_points.cancelled = ""
    services.pool().forget(key)


def draw_progress(placing: Placing) -> None:
    """Show how far the placing is, and a button that cancels it; or offer to start it again."""
    job = placing.job
    if job is None:
        return
    if job.is_finished:
        st.button("Place new points", key="place_new_points", on_click=resume, args=(job.key,))
        return
    left = f"{duration(job.seconds_left)} left" if job.seconds_left else duration(job.seconds)
    text = job.phase if job.state == "queued" else left
    st.progress(job.fraction or 0.0, text=plain(f"New points: {text}"), width=200)
    st.button("Cancel", key="cancel_placing", on_click=cancel, args=(job.key,))


def show_error(placing: Placing) -> None:
    """Say why new points could not be placed."""
    if placing.job is not None and placing.job.error:
        error_box(placing.job.error)


def notes(placing: Placing) -> list[str]:
    """Return what the status bar says of the new points: nothing if there are none."""
    count = len(navigation.open_set().new_points.labels)
    if not count:
        return []
    if placing.placement is not None and placing.count == count:
        how = placing.placement.how
    elif placing.is_working:
        how = ""  # the progress says so
    elif placing.job is not None:
        how = f"{placing.count:,} of them placed" if placing.count else "not placed"
    else:
        how = "placed when the layout is ready"
    return [", ".join(filter(None, [f"+{count_noun(count, 'new point')}", how]))]


def on_map(placing: Placing) -> PlacedPoints | None:
    """Return the new points for the map, or None."""
    if placing.placement is None:
        return None
    blobs, labels = services.blobs(), navigation.open_set().new_points.labels
    points = points_of(placing.placement.coordinates, blobs)
    return PlacedPoints(points, text_address(labels[: placing.count], blobs))


def position(placing: Placing) -> tuple[float, ...] | None:
    """Return the place on the map of the new point whose neighbors are shown, or None."""
    query = navigation.current().query
    number = None if query is None else query.new_point
    if placing.placement is None or number is None or number >= placing.count:
        return None
    return tuple(placing.placement.coordinates[number].tolist())
