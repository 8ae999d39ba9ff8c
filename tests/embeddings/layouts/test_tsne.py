"""t-SNE: planted groups, the perplexity that few points allow, reproducible runs, progress."""

import numpy as np
import pytest

from embeddings import EmbeddingSet, layouts
from embeddings.layouts import TsneParams
from embeddings.layouts.tsne import EARLY_ITERATIONS
from embeddings.neighbors.search import build_graph
from tests.embeddings.recorded_progress import RecordedProgress

QUICK = {"iterations": 100}


def groups(per_group=40, dimensions=8, metric="euclidean", seed=0):
    """Return three groups of points, far apart from each other, and the group of each point."""
    random = np.random.default_rng(seed)
    middles = 30 * np.eye(3, dimensions)
    of = np.repeat(np.arange(3), per_group)
    vectors = middles[of] + random.normal(size=(len(of), dimensions))
    return EmbeddingSet.of(vectors.astype(np.float32), metric=metric), of


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean", "manhattan"])
@pytest.mark.parametrize("dims", [2, 3])
def test_groups_stay_together(metric, dims):
    embedding_set, of = groups(metric=metric)
    layout = layouts.compute(embedding_set, "tsne", dims, TsneParams(**QUICK))
    assert layout.coordinates.shape == (len(of), dims)
    assert layout.coordinates.dtype == np.float32
    picture = EmbeddingSet.of(layout.coordinates, metric="euclidean")
    nearest = build_graph(picture, k=10).rows
    assert (of[nearest] == of[:, None]).all()


def test_one_thread_gives_the_same_bytes_twice():
    embedding_set, _ = groups()
    params = TsneParams(threads=1, **QUICK)
    one, two = (layouts.compute(embedding_set, "tsne", params=params, seed=3) for _ in range(2))
    assert one.coordinates.tobytes() == two.coordinates.tobytes()
    other = layouts.compute(embedding_set, "tsne", params=params, seed=4)
    assert one.coordinates.tobytes() != other.coordinates.tobytes()


def test_the_fast_way_says_that_another_run_differs():
    embedding_set, _ = groups()
    layout = layouts.compute(embedding_set, "tsne", params=TsneParams(threads=2, **QUICK))
    assert "laid out by several threads: another run will differ" in layout.notes
    assert np.isfinite(layout.coordinates).all()


def test_too_large_a_perplexity_is_lowered_and_said():
    embedding_set, _ = groups(per_group=20)
    layout = layouts.compute(embedding_set, "tsne", params=TsneParams(perplexity=50, **QUICK))
    assert layout.notes == ("perplexity lowered from 50 to 19.7: 60 points allow no more",)
    assert layout.params["perplexity"] == 50  # as asked: the recipe that finds it again


def test_a_perplexity_that_fits_is_left_alone():
    embedding_set, _ = groups(per_group=20)
    assert (
        layouts.compute(embedding_set, "tsne", params=TsneParams(perplexity=19, **QUICK)).notes
        == ()
    )


def test_scaling_the_vectors_hardly_changes_the_distances_it_sees():
    embedding_set, _ = groups()
    params = TsneParams(iterations=1)
    small = EmbeddingSet.of(embedding_set.vectors * np.float32(2**-70), metric="euclidean")
    one = layouts.compute(embedding_set, "tsne", params=params).coordinates
    two = layouts.compute(small, "tsne", params=params).coordinates
    np.testing.assert_allclose(one, two, rtol=0.05, atol=0.05 * np.abs(one).max())


def test_progress_tells_iteration_and_error_to_the_end(monkeypatch):
    monkeypatch.setattr("embeddings.layouts.tsne._FRAME_SECONDS", 0.0)
    embedding_set, _ = groups()
    progress = RecordedProgress()
    layouts.compute(embedding_set, "tsne", params=TsneParams(iterations=50), progress=progress)
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
    layouts.compute(embedding_set, "tsne", params=TsneParams(iterations=1), progress=progress)
    start = layouts.compute(embedding_set, "pca").coordinates
    for axis in range(2):
        assert np.corrcoef(progress.frames[0][:, axis], start[:, axis])[0, 1] > 0.9


def test_early_stops_of_the_optimizer_do_not_leave_the_first_phase_out():
    embedding_set, _ = groups()
    gentle = layouts.compute(
        embedding_set, "tsne", params=TsneParams(early_exaggeration=1, **QUICK)
    )
    strong = layouts.compute(embedding_set, "tsne", params=TsneParams(**QUICK))
    assert gentle.coordinates.tobytes() != strong.coordinates.tobytes()
