"""New points on the map: placed on each layout, at once or by a job that can be cancelled."""

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from embeddings import EmbeddingSet, layouts
from embeddings.cache import Cache
from embeddings.layouts import Layout, LayoutSpec
from embeddings.layouts.placement import BY_NEIGHBORS, BY_PROJECTION
from embeddings.progress import NullProgress
from pages.common import services
from pages.explore import navigation
from pages.explore.layers import ActiveSet
from pages.explore.layout_controls import DisplayedLayout
from pages.explore.navigation import OpenSet
from pages.explore.new_points import adding, placing
from pages.explore.new_points.placing import Placing, place
from server.jobs.status import JobStatus

RANDOM = np.random.default_rng(0)
SET = EmbeddingSet.of(
    RANDOM.normal(size=(50, 3)).astype(np.float32), name="things", metric="euclidean"
)
ACTIVE = ActiveSet("key", SET)


class Pool:
    """Jobs that wait until the test has them run."""

    def __init__(self) -> None:
        self.jobs: dict[str, JobStatus] = {}
        self.started: list[str] = []
        self.work: dict[str, bytes] = {}

    def status(self, key: str) -> JobStatus | None:
        return self.jobs.get(key)

    def submit(self, key: str, function: Callable[..., Any], *args: Any, client: str) -> JobStatus:
        self.work[key] = pickle.dumps((function, args))
        self.started.append(key.partition(" ")[0])
        self.jobs[key] = JobStatus(key, clients=frozenset({client}))
        return self.jobs[key]

    def forget(self, key: str) -> None:
        self.jobs.pop(key, None)

    def cancel(self, key: str, client: str) -> None:
        del self.work[key]
        self.jobs[key] = JobStatus(key, "cancelled")

    def run(self) -> None:
        for key, work in self.work.items():
            function, args = pickle.loads(work)
            result = function(*args, progress=NullProgress())
            self.jobs[key] = JobStatus(key, "done", result=result)
        self.work.clear()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> OpenSet:
    """Return the open set of a session."""
    made = OpenSet("gallery:x")
    monkeypatch.setattr(navigation, "open_set", lambda: made)
    return made


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pool:
    """Have all points placed by jobs."""
    made = Pool()
    monkeypatch.setattr(services, "pool", lambda: made)
    monkeypatch.setattr(services, "cache", lambda: Cache(tmp_path))
    monkeypatch.setattr(services, "session_id", lambda: "me")
    monkeypatch.setattr(placing, "QUICK_PRODUCTS", 0)
    monkeypatch.setattr(placing, "QUICK_NUMBERS", 0)
    return made


def displayed(key: str, dims: int = 2) -> DisplayedLayout:
    layout = Layout(RANDOM.normal(size=(50, dims)).astype(np.float32), "tsne")
    return DisplayedLayout(layout, key, True, None, "")


def add(*rows: int) -> None:
    """Add twins of some items."""
    labels = tuple(f"twin of {row}" for row in rows)
    adding._add(SET, labels, SET.vectors[list(rows)], "x.npy")


def places(found: Placing) -> np.ndarray:
    assert found.placement is not None
    return found.placement.coordinates


def test_new_points_are_placed_again_on_each_layout_and_searched_once(
    opened: OpenSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place(ACTIVE, displayed("one")).placement is None
    adding._add(SET, ("twin", ""), SET.vectors[[8, 30]], "x.npy")
    assert opened.new_points.labels == ("twin", "new 2")
    place(ACTIVE, displayed("zero"))
    monkeypatch.setattr(layouts, "nearest_items", None)  # it was called before
    for shown in (displayed("one"), displayed("two"), displayed("three", 3)):
        before = shown.layout.coordinates.copy()
        found = place(ACTIVE, shown)
        assert not found.is_working
        np.testing.assert_array_equal(places(found), before[[8, 30]])
        np.testing.assert_array_equal(shown.layout.coordinates, before)
        assert place(ACTIVE, shown).placement is found.placement
        assert placing.notes(found) == [f"+2 new points, {BY_NEIGHBORS}"]


def test_frames_of_a_running_layout_have_none(opened: OpenSet) -> None:
    add(3)
    job: Any = SimpleNamespace(frame=np.zeros((50, 2)))
    shown = replace(displayed("one"), is_requested=False, job=job)
    found = place(ACTIVE, shown)
    assert found.placement is None and placing.on_map(found) is None
    assert placing.notes(found) == ["+1 new point, placed when the layout is ready"]
    assert place(ACTIVE, replace(shown, job=None)).placement is not None


def test_a_click_is_a_query_of_the_vector_and_removing_ends_it(opened: OpenSet) -> None:
    add(1)
    adding._add(SET, ("a", "b"), SET.vectors[[3, 4]] + 0.01, "x.npy")
    found = place(ACTIVE, displayed("one"))
    assert placing.position(found) is None
    adding.show_neighbors(2)
    query = opened.history.query
    assert query is not None and query.title == "b" and query.new_point == 2
    np.testing.assert_array_equal(query.vector, SET.vectors[4] + np.float32(0.01))
    assert placing.position(found) == tuple(places(found)[2].tolist())
    adding.remove()
    assert opened.history.query is None and opened.new_points.labels == ()
    adding.show_neighbors(1)  # a click that was on its way
    assert opened.history.query is None


def test_a_long_search_is_a_job_and_done_once_for_all_layouts(opened: OpenSet, pool: Pool) -> None:
    add(8, 30)
    found = place(ACTIVE, displayed("one"))
    assert found.is_working and found.placement is None
    assert placing.notes(found) == ["+2 new points"]
    assert place(ACTIVE, displayed("two")).is_working
    assert pool.started == ["nearest"]
    pool.run()
    shown = displayed("two")
    np.testing.assert_array_equal(places(place(ACTIVE, shown)), shown.layout.coordinates[[8, 30]])
    assert places(place(ACTIVE, displayed("one"))).shape == (2, 2)
    assert pool.started == ["nearest"]


def test_points_that_are_added_later_are_searched_alone(opened: OpenSet, pool: Pool) -> None:
    shown = displayed("one")
    add(8, 30)
    place(ACTIVE, shown)
    pool.run()
    place(ACTIVE, shown)
    add(7)
    found = place(ACTIVE, shown)
    assert found.is_working and found.count == 2 and len(pool.work) == 1
    pool.run()
    np.testing.assert_array_equal(
        places(place(ACTIVE, shown)), shown.layout.coordinates[[8, 30, 7]]
    )
    assert pool.started == ["nearest"] * 2


def test_a_pca_is_projected_by_a_job(opened: OpenSet, pool: Pool) -> None:
    layout = layouts.compute(SET, LayoutSpec("pca"), with_quality=False)
    shown = DisplayedLayout(layout, "pca", True, None, "")
    add(8, 30)
    assert place(ACTIVE, shown).is_working
    pool.run()
    found = place(ACTIVE, shown)
    assert found.placement is not None and found.placement.how == BY_PROJECTION
    np.testing.assert_allclose(places(found), layout.coordinates[[8, 30]], atol=1e-5)
    assert pool.started == ["project"]


def test_what_is_cancelled_stays_so_until_it_is_started_again(opened: OpenSet, pool: Pool) -> None:
    shown = displayed("one")
    add(8, 30)
    found = place(ACTIVE, shown)
    assert found.job is not None
    placing.cancel(found.job.key)
    found = place(ACTIVE, shown)
    assert found.job is not None and not found.is_working
    assert placing.notes(found) == ["+2 new points, not placed"]
    placing.resume(found.job.key)
    assert place(ACTIVE, shown).is_working
    pool.run()
    assert place(ACTIVE, shown).count == 2


def test_what_another_session_cancelled_is_started_again(opened: OpenSet, pool: Pool) -> None:
    add(8)
    job = place(ACTIVE, displayed("one")).job
    assert job is not None
    pool.cancel(job.key, "other")
    assert place(ACTIVE, displayed("one")).is_working and pool.started == ["nearest"] * 2


def test_what_others_wait_for_runs_on_and_is_not_joined_again(opened: OpenSet, pool: Pool) -> None:
    add(8)
    job = place(ACTIVE, displayed("one")).job
    assert job is not None
    placing.cancel(job.key)
    pool.jobs[job.key] = replace(job, clients=frozenset({"other"}))
    assert not place(ACTIVE, displayed("one")).is_working and pool.started == ["nearest"]
    placing.resume(job.key)
    assert place(ACTIVE, displayed("one")).is_working


def test_removing_points_cancels_their_job(opened: OpenSet, pool: Pool) -> None:
    add(8)
    place(ACTIVE, displayed("one"))
    adding.remove()
    assert [job.state for job in pool.jobs.values()] == ["cancelled"]
    assert place(ACTIVE, displayed("one")).job is None


def test_a_part_has_nearest_items_of_its_own(opened: OpenSet) -> None:
    add(8)
    place(ACTIVE, displayed("one"))
    part = EmbeddingSet.of(SET.vectors[20:], metric="euclidean")
    layout = Layout(RANDOM.normal(size=(30, 2)).astype(np.float32), "tsne")
    shown = DisplayedLayout(layout, "part", True, None, "")
    expected = layouts.place(part, layout, SET.vectors[[8]])
    found = place(ActiveSet("key within", part), shown)
    np.testing.assert_array_equal(places(found), expected.coordinates)
