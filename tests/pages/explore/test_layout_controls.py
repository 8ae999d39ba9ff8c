"""The layout on display: a PCA that takes long is left to a worker, and a rough one is shown."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from embeddings import EmbeddingSet, layouts
from embeddings.cache import Cache
from embeddings.layouts import LayoutSpec
from pages.explore import layout_controls
from server.jobs import tasks
from server.jobs.status import JobStatus


class RecordedPool:
    """Accepts jobs and runs none."""

    def __init__(self) -> None:
        self.jobs: dict[str, JobStatus] = {}
        self.calls: list[tuple] = []

    def status(self, key: str) -> JobStatus | None:
        return self.jobs.get(key)

    def submit(self, key: str, function, *args, client: str) -> JobStatus:  # type: ignore[no-untyped-def]
        self.calls.append((function, *args))
        self.jobs[key] = JobStatus(key, state="running", clients=frozenset({client}))
        return self.jobs[key]


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordedPool:
    recorded, cache = RecordedPool(), Cache(tmp_path)
    services = SimpleNamespace(
        pool=lambda: recorded, cache=lambda: cache, session_id=lambda: "session"
    )
    monkeypatch.setattr(layout_controls, "services", services)
    monkeypatch.setattr(layout_controls.st, "session_state", {})
    layout_controls._preview.clear()
    return recorded


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> EmbeddingSet:
    """A set whose PCA counts as long, and must not be computed here."""
    compute = layouts.compute

    def refused(embedding_set, spec, **options):  # type: ignore[no-untyped-def]
        assert spec.method != "pca", "computed in the server's process"
        return compute(embedding_set, spec, **options)

    monkeypatch.setattr(layouts, "takes_seconds", lambda rows, dimensions: True)
    monkeypatch.setattr(layouts, "compute", refused)
    return EmbeddingSet.of(np.random.default_rng(0).normal(size=(40, 90)).astype(np.float32))


def test_axes_along_components_of_a_long_pca_are_a_job_others_are_shown_right_away(
    pool: RecordedPool, wide: EmbeddingSet
) -> None:
    spec = LayoutSpec("axes", params=layouts.AxesParams("#1 -> #2", "pca 2"))
    assert not layout_controls.displayed_layout(wide, spec).is_requested
    assert pool.calls[0][-1] == wide.labels
    spec = LayoutSpec("axes", params=layouts.AxesParams("#1 -> #2", "#3 -> #4"))
    shown = layout_controls.displayed_layout(wide, spec)
    assert shown.is_requested and shown.layout.notes[0].startswith("#1 → #2 explains")


def test_a_long_pca_is_a_job_and_the_map_shows_a_rough_one(
    pool: RecordedPool, wide: EmbeddingSet
) -> None:
    spec = LayoutSpec("pca")
    shown = layout_controls.displayed_layout(wide, spec)
    assert not shown.is_requested and shown.job is not None
    assert shown.layout.coordinates.shape == (40, 2) and shown.layout.coordinates.any()
    assert shown.layout.fingerprint == wide.fingerprint
    assert shown.substitute == "a rough PCA, by the directions of a sample of 40 rows"
    function, _, metric, requested, *_, with_quality, _ = pool.calls[0]
    assert (function, metric, requested) == (tasks.lay_out, "cosine", spec)
    assert with_quality
    again = layout_controls.displayed_layout(wide, spec)
    assert len(pool.calls) == 1 and again.key == shown.key


def test_a_long_pca_that_was_cancelled_is_not_started_again(
    pool: RecordedPool, wide: EmbeddingSet
) -> None:
    key = layout_controls.job_key(wide, LayoutSpec("pca"))
    pool.jobs[key] = JobStatus(key, state="cancelled")
    shown = layout_controls.displayed_layout(wide, LayoutSpec("pca"))
    assert not pool.calls and shown.job is None and not shown.is_requested


def test_another_layout_shows_the_rough_pca_or_the_cached_one(
    pool: RecordedPool, wide: EmbeddingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = layout_controls.displayed_layout(wide, LayoutSpec("umap"))
    assert shown.substitute.startswith("a rough PCA") and not pool.calls
    cache = layout_controls.services.cache()
    coordinates = np.ones((40, 2), np.float32)
    layouts.store(wide, layouts.Layout(coordinates, "pca", fingerprint=wide.fingerprint), cache)
    shown = layout_controls.displayed_layout(wide, LayoutSpec("umap"))
    assert shown.substitute == "PCA"
    np.testing.assert_array_equal(shown.layout.coordinates, coordinates)


def test_a_quick_pca_is_there_at_once(pool: RecordedPool) -> None:
    small = EmbeddingSet.of(np.random.default_rng(0).normal(size=(40, 9)).astype(np.float32))
    shown = layout_controls.displayed_layout(small, LayoutSpec("pca"))
    assert shown.is_requested and shown.substitute == ""
    assert len(pool.calls) == 1  # its quality is measured
