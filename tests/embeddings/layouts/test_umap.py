"""UMAP: umap-learn's own graph, synthetic groups, reproducible runs, few points, progress."""

import numpy as np
import pytest
import umap

from embeddings import EmbeddingSet, layouts
from embeddings.layouts import LayoutSpec, UmapParams
from embeddings.layouts.umap import _fuzzy_edges, _initial_coordinates, umap_layout
from embeddings.neighbors import build_graph
from embeddings.progress import NullProgress
from tests.embeddings.layouts.tsne.test_optimization import groups
from tests.embeddings.recorded_progress import RecordedProgress

QUICK = {"epochs": 60}


def lay_out(embedding_set, dims=2, seed=0, progress=NullProgress(), **params):  # noqa: B008
    """Return the layout of a set by UMAP, with these parameters."""
    spec = LayoutSpec("umap", dims, UmapParams(**params), seed)
    return layouts.compute(embedding_set, spec, progress=progress)


def peer(embedding_set, graph, metric, **settings):
    """Return umap-learn's own UMAP, fitted on our exact neighbors; its lists start with itself."""
    count = len(embedding_set)
    rows = np.hstack([np.arange(count)[:, None], graph.rows])
    distances = 1 - graph.values if metric == "cosine" else graph.values
    distances = np.hstack([np.zeros((count, 1)), distances]).astype(np.float32)
    return umap.UMAP(
        metric=metric,
        precomputed_knn=(rows[:, :15].copy(), distances[:, :15].copy()),
        force_approximation_algorithm=True,
        n_jobs=1,
        **settings,
    ).fit(embedding_set.vectors)


@pytest.mark.filterwarnings("ignore:precomputed_knn")
@pytest.mark.parametrize("metric", ["cosine", "euclidean", "manhattan"])
def test_the_fuzzy_graph_is_umap_learns(metric):
    embedding_set, _ = groups(metric=metric)
    graph = build_graph(embedding_set)
    reference = peer(embedding_set, graph, metric, n_epochs=1, init="random", random_state=0)
    edges = _fuzzy_edges(graph, 15, epochs=500)  # umap-learn drops the weakest as 500 epochs would
    difference = abs(edges.tocsr() - reference.graph_.tocsr())
    assert difference.max() < 1e-6
    assert edges.nnz == reference.graph_.count_nonzero()


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


def test_the_same_seed_gives_the_same_bytes_with_any_number_of_threads():
    embedding_set, _ = groups()
    layout = lay_out(embedding_set, seed=3, **QUICK)
    assert layout.notes == ()
    for threads in (1, 2, "fast"):
        again = lay_out(embedding_set, seed=3, threads=threads, **QUICK)
        assert again.coordinates.tobytes() == layout.coordinates.tobytes()
    other = lay_out(embedding_set, seed=4, **QUICK)
    assert other.coordinates.tobytes() != layout.coordinates.tobytes()


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("dims", [2, 3])
def test_a_few_points_are_laid_out(count, dims):
    embedding_set = EmbeddingSet.of(np.eye(count, 6, dtype=np.float32), metric="euclidean")
    graph = build_graph(embedding_set)
    coordinates, _ = umap_layout(embedding_set, graph, UmapParams(), dims, 0, NullProgress())
    assert coordinates.shape == (count, dims) and np.isfinite(coordinates).all()
    assert len(np.unique(coordinates, axis=0)) == count


@pytest.mark.parametrize("params", [{"min_dist": 0}, {"spread": 50}, {"min_dist": 1}])
def test_duplicates_and_extreme_curves_stay_finite(params):
    embedding_set, _ = groups()
    vectors = np.repeat(embedding_set.vectors[::6], 6, axis=0)
    layout = lay_out(EmbeddingSet.of(vectors, metric="euclidean"), epochs=200, **params)
    assert np.isfinite(layout.coordinates).all()
    assert np.abs(layout.coordinates).max() < 1e4


def test_too_many_neighbors_are_lowered_and_noted():
    embedding_set, _ = groups(per_group=3)
    layout = lay_out(embedding_set, n_neighbors=15, **QUICK)
    assert layout.notes == ("n_neighbors lowered from 15 to 9, the number of points",)


def test_more_neighbors_than_the_default_graph_has_are_searched():
    embedding_set, _ = groups()
    layout = lay_out(embedding_set, n_neighbors=115, **QUICK)
    assert layout.notes == ()
    assert np.isfinite(layout.coordinates).all()


def test_the_start_is_the_pca_from_0_to_10_along_each_axis():
    embedding_set, _ = groups()
    start = _initial_coordinates(embedding_set, 3, seed=0)
    pca = layouts.compute(embedding_set, LayoutSpec("pca", 3)).coordinates
    assert start.dtype == np.float32
    np.testing.assert_allclose(start.min(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(start.max(axis=0), 10, atol=1e-5)
    for axis in range(3):
        assert np.corrcoef(start[:, axis], pca[:, axis])[0, 1] > 0.999


def test_progress_reports_epochs_and_frames(monkeypatch):
    monkeypatch.setattr("embeddings.layouts.umap._FRAME_SECONDS", 0.0)
    monkeypatch.setattr("embeddings.layouts.umap._REPORT_SECONDS", 0.0)
    embedding_set, of = groups()
    progress = RecordedProgress()
    lay_out(embedding_set, epochs=40, progress=progress)
    reports = [(fraction, note) for phase, fraction, note in progress.reports if phase == "UMAP"]
    assert reports[-1] == (1.0, "epoch 40 of 40")
    fractions = [fraction for fraction, _ in reports]
    assert fractions == sorted(fractions)
    assert len(progress.frames) > 2
    assert all(frame.shape == (len(of), 2) for frame in progress.frames)
    assert not np.shares_memory(progress.frames[0], progress.frames[1])
