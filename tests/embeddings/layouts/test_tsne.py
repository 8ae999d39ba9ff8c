"""t-SNE: synthetic groups, the perplexity that few points allow, reproducible runs, progress."""

import numpy as np
import pytest

from embeddings import EmbeddingSet, layouts
from embeddings.layouts import LayoutSpec, TsneParams
from embeddings.layouts.tsne import EARLY_ITERATIONS, _affinities
from embeddings.neighbors import build_graph
from embeddings.progress import NullProgress
from tests.embeddings.recorded_progress import RecordedProgress

QUICK = {"iterations": 100}


def groups(per_group=40, dimensions=8, metric="euclidean", seed=0):
    """Return three groups of points, far apart from each other, and the group of each point."""
    random = np.random.default_rng(seed)
    middles = 30 * np.eye(3, dimensions)
    of = np.repeat(np.arange(3), per_group)
    vectors = middles[of] + random.normal(size=(len(of), dimensions))
    return EmbeddingSet.of(vectors.astype(np.float32), metric=metric), of


def lay_out(embedding_set, dims=2, seed=0, progress=NullProgress(), **params):  # noqa: B008
    """Return the layout of a set by t-SNE, with these parameters."""
    spec = LayoutSpec("tsne", dims, TsneParams(**params), seed)
    return layouts.compute(embedding_set, spec, progress=progress)


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean", "manhattan"])
@pytest.mark.parametrize("dims", [2, 3])
def test_groups_stay_together(metric, dims):
    embedding_set, of = groups(metric=metric)
    layout = lay_out(embedding_set, dims, **QUICK)
    assert layout.coordinates.shape == (len(of), dims)
    assert layout.coordinates.dtype == np.float32
    drawn = EmbeddingSet.of(layout.coordinates, metric="euclidean")
    nearest = build_graph(drawn, k=10).rows
    assert (of[nearest] == of[:, None]).all()


def test_one_thread_gives_the_same_bytes_twice():
    embedding_set, _ = groups()
    one, two = (lay_out(embedding_set, seed=3, threads=1, **QUICK) for _ in range(2))
    assert one.coordinates.tobytes() == two.coordinates.tobytes()
    other = lay_out(embedding_set, seed=4, threads=1, **QUICK)
    assert one.coordinates.tobytes() != other.coordinates.tobytes()


def test_several_threads_are_noted_as_not_reproducible():
    embedding_set, _ = groups()
    layout = lay_out(embedding_set, threads=2, **QUICK)
    assert "computed with several threads: not reproducible" in layout.notes
    assert np.isfinite(layout.coordinates).all()


def test_a_perplexity_that_is_too_high_is_lowered_and_noted():
    embedding_set, _ = groups(per_group=20)
    layout = lay_out(embedding_set, perplexity=50, **QUICK)
    assert layout.notes == ("perplexity lowered from 50 to 19.7, the limit for 60 points",)
    assert layout.params["perplexity"] == 50  # the spec, not what was lowered, is stored


def test_a_perplexity_that_fits_is_left_alone():
    embedding_set, _ = groups(per_group=20)
    assert lay_out(embedding_set, perplexity=19, **QUICK).notes == ()


def test_scaling_the_vectors_hardly_changes_the_distances_it_sees():
    embedding_set, _ = groups()
    small = EmbeddingSet.of(embedding_set.vectors * np.float32(2**-70), metric="euclidean")
    one = lay_out(embedding_set, iterations=1).coordinates
    two = lay_out(small, iterations=1).coordinates
    np.testing.assert_allclose(one, two, rtol=0.05, atol=0.05 * np.abs(one).max())


def test_cosine_affinities_equal_euclidean_ones_of_unit_vectors():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(90, 5)) * random.uniform(0.1, 10, size=(90, 1))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = build_graph(EmbeddingSet.of(vectors, metric="cosine"), k=60)
    euclidean = build_graph(EmbeddingSet.of(unit, metric="euclidean"), k=60)
    np.testing.assert_array_equal(cosine.rows, euclidean.rows)
    one, two = (_affinities(graph, 20.0, threads=1).P.toarray() for graph in (cosine, euclidean))
    np.testing.assert_allclose(one, two, atol=1e-6)


def test_progress_reports_iteration_and_error_to_the_end(monkeypatch):
    monkeypatch.setattr("embeddings.layouts.tsne._FRAME_SECONDS", 0.0)
    embedding_set, _ = groups()
    progress = RecordedProgress()
    lay_out(embedding_set, iterations=50, progress=progress)
    reports = [(fraction, note) for phase, fraction, note in progress.reports if phase == "t-SNE"]
    total = EARLY_ITERATIONS + 50
    assert [fraction for fraction, _ in reports] == [i / total for i in range(10, total + 1, 10)]
    assert reports[0][1].startswith("iteration 10 of 300, KL error ")
    assert len(progress.frames) == len(reports) + 1  # and the finished layout
    assert all(frame.dtype == np.float32 for frame in progress.frames)


def test_frames_grow_out_of_the_pca(monkeypatch):
    monkeypatch.setattr("embeddings.layouts.tsne._FRAME_SECONDS", 0.0)
    embedding_set, _ = groups()
    progress = RecordedProgress()
    lay_out(embedding_set, iterations=1, progress=progress)
    start = layouts.compute(embedding_set, LayoutSpec("pca")).coordinates
    for axis in range(2):
        assert np.corrcoef(progress.frames[0][:, axis], start[:, axis])[0, 1] > 0.9


def test_early_stops_of_the_optimizer_do_not_leave_the_first_phase_out():
    embedding_set, _ = groups()
    gentle = lay_out(embedding_set, early_exaggeration=1, **QUICK)
    strong = lay_out(embedding_set, **QUICK)
    assert gentle.coordinates.tobytes() != strong.coordinates.tobytes()
