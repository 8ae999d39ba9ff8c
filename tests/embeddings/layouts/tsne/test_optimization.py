"""t-SNE: synthetic groups, few and equal points, reproducible runs, progress; beside openTSNE."""

import numpy as np
import pytest
from openTSNE import TSNEEmbedding
from openTSNE.affinity import PrecomputedAffinities

from embeddings import EmbeddingSet, layouts
from embeddings.layouts import LayoutSpec, TsneParams
from embeddings.layouts.quality import evaluate_layout
from embeddings.layouts.tsne import optimization
from embeddings.layouts.tsne.affinities import graph_affinities
from embeddings.layouts.tsne.optimization import EARLY_ITERATIONS
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


@pytest.mark.parametrize("dims", [2, 3])
def test_any_number_of_threads_gives_the_same_bytes(dims):
    embedding_set, _ = groups(per_group=101)
    one, two, default = (
        lay_out(embedding_set, dims, seed=3, **threads, **QUICK).coordinates.tobytes()
        for threads in ({"threads": 1}, {"threads": 2}, {})
    )
    assert one == two == default
    other = lay_out(embedding_set, dims, seed=4, **QUICK)
    assert one != other.coordinates.tobytes()


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


def test_progress_reports_iteration_and_error_to_the_end(monkeypatch):
    monkeypatch.setattr("embeddings.layouts.tsne.optimization._FRAME_SECONDS", 0.0)
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
    monkeypatch.setattr("embeddings.layouts.tsne.optimization._FRAME_SECONDS", 0.0)
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


@pytest.mark.parametrize("vectors", [
    np.eye(3), np.eye(5), np.ones((3, 4)), np.ones((50, 4)), np.zeros((5, 2)),
    np.repeat(np.eye(3), 30, axis=0),
])  # fmt: skip
def test_few_points_and_equal_points_have_a_layout(vectors):
    embedding_set = EmbeddingSet.of(vectors.astype(np.float32), metric="euclidean")
    coordinates = lay_out(embedding_set, **QUICK).coordinates
    assert np.isfinite(coordinates).all()
    assert len(np.unique(coordinates, axis=0)) == len(vectors)
    assert np.abs(coordinates).max() < 1e4


def divergence(probabilities, layout):
    """Return the Kullback-Leibler divergence of a layout, over all pairs of points."""
    layout = layout.astype(np.float64)
    kernel = 1 / (1 + ((layout[:, None] - layout) ** 2).sum(axis=2))
    np.fill_diagonal(kernel, 0)
    at = probabilities > 0
    return (probabilities[at] * np.log(probabilities[at] * kernel.sum() / kernel[at])).sum()


def test_layouts_are_as_good_as_those_of_open_tsne():
    random = np.random.default_rng(0)
    middles = random.normal(size=(12, 10))
    vectors = middles[random.integers(12, size=1_200)] + 0.5 * random.normal(size=(1_200, 10))
    embedding_set = EmbeddingSet.of(vectors.astype(np.float32), metric="euclidean")
    graph = build_graph(embedding_set, k=60)
    matrix = graph_affinities(graph, 30.0).matrix()
    start = optimization._initial_coordinates(embedding_set, 2, 0)
    embedding = TSNEEmbedding(start, PrecomputedAffinities(matrix.copy()), n_jobs=2)
    embedding.optimize(n_iter=250, exaggeration=12, momentum=0.8, inplace=True)
    embedding.optimize(n_iter=500, momentum=0.8, inplace=True)
    reference = np.array(embedding)
    expected = divergence(matrix.toarray(), reference)
    preserved = evaluate_layout(embedding_set, graph, reference)["neighbor_preservation"]
    for seed in range(2):
        progress = RecordedProgress()
        layout = lay_out(embedding_set, seed=seed, progress=progress)
        found = divergence(matrix.toarray(), layout.coordinates)
        assert found == pytest.approx(expected, rel=0.01)
        reported = [note for phase, _, note in progress.reports if phase == "t-SNE"][-1]
        assert float(reported.rpartition(" ")[2]) == pytest.approx(found, rel=0.01)
        assert layout.quality["neighbor_preservation"] == pytest.approx(preserved, abs=0.01)
