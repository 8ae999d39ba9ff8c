"""What sessions share: jobs are joined and left, and old frames are removed."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from components import Blobs
from embeddings.cache import Cache
from pages.common import services
from server.jobs.status import JobStatus


class Pool:
    """A pool that records what is submitted and cancelled."""

    def __init__(self, *jobs: JobStatus) -> None:
        self.jobs = {job.key: job for job in jobs}
        self.submitted: list[tuple[str, str]] = []
        self.cancelled: list[tuple[str, str]] = []

    def status(self, key: str) -> JobStatus | None:
        return self.jobs.get(key)

    def submit(self, key: str, function: object, *args: object, client: str) -> JobStatus:
        self.submitted.append((key, client))
        return JobStatus(key)

    def cancel(self, key: str, client: str) -> None:
        self.cancelled.append((key, client))


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Pool:
    """Return a pool of jobs, seen from the session "me"; the session "gone" has ended."""
    made = Pool(
        JobStatus("done", "done", frozenset({"other"})),
        JobStatus("mine", "running", frozenset({"me", "gone", "other"})),
        JobStatus("other's", "running", frozenset({"other"})),
    )
    monkeypatch.setattr(services, "pool", lambda: made)
    monkeypatch.setattr(services, "session_id", lambda: "me")
    runtime = SimpleNamespace(is_active_session=lambda client: client != "gone")
    monkeypatch.setattr(services, "get_instance", lambda: runtime)
    monkeypatch.setattr(services, "exists", lambda: True)
    return made


def test_a_job_is_submitted_once_and_joined_where_it_runs_for_others(pool: Pool) -> None:
    for key in ("done", "mine", "other's", "new"):
        assert services.once(key, print).key == key
    assert pool.submitted == [("other's", "me"), ("new", "me")]


def test_this_session_and_those_that_have_ended_leave_a_job(pool: Pool) -> None:
    services.cancel("mine")
    assert sorted(pool.cancelled) == [("mine", "gone"), ("mine", "me")]
    services.cancel("other's")
    services.cancel("unknown")
    assert len(pool.cancelled) == 2


def test_the_latest_frames_stay_and_older_ones_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = Blobs(Cache(tmp_path))
    monkeypatch.setattr(services, "blobs", lambda: blobs)
    monkeypatch.setattr(services, "FRAMES", 2)
    frames = services.Frames()
    positions = np.random.default_rng(0).normal(size=(4, 50, 2)).astype(np.float32)
    points = [frames.points("run", number, positions[number]) for number in range(3)]
    assert [blobs.has(each.url) for each in points] == [False, True, True]
    assert frames.points("run", 2, positions[3]) is points[2]  # as it was made
    assert frames.points("next run", 2, positions[3]).url != points[2].url
