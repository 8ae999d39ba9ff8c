"""compute, load_cached and store: what is cached and found again, and odd sets."""

from dataclasses import replace

import numpy as np
import pytest

from embeddings import EmbeddingError, EmbeddingSet, layouts, load
from embeddings.cache import Cache
from embeddings.layouts import Layout, LayoutSpec, PcaParams, TsneParams, UmapParams
from embeddings.layouts.quality import evaluate_layout
from embeddings.neighbors import graph, load_or_build
from tests.embeddings.layouts.tsne.test_optimization import groups
from tests.embeddings.recorded_progress import RecordedProgress

QUICK = {
    "pca": PcaParams(),
    "tsne": TsneParams(iterations=20),
    "umap": UmapParams(epochs=20),
}
METRICS = ["cosine", "dot", "euclidean", "manhattan"]


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path)


@pytest.fixture
def runs(monkeypatch):
    """List every method that really runs."""
    ran = []

    def watched(method):
        def run(*arguments):
            ran.append(method.name)
            return method.function(*arguments)

        return replace(method, function=run)

    for name, method in layouts.METHODS.items():
        monkeypatch.setitem(layouts.METHODS, name, watched(method))
    return ran


def layout_file(cache):
    (file,) = (cache.folder / "layouts").iterdir()
    return file


def test_the_recipe_is_stored_with_the_coordinates():
    embedding_set, _ = groups()
    spec = LayoutSpec("tsne", 3, QUICK["tsne"], seed=5)
    layout = layouts.compute(embedding_set, spec)
    assert (layout.method, layout.dims, layout.seed) == ("tsne", 3, 5)
    assert layout.params["iterations"] == 20
    assert layout.fingerprint == embedding_set.fingerprint
    assert layout.metric == "euclidean"
    assert layout.seconds > 0
    assert layout.libraries.keys() == {"openTSNE"}
    graph = load_or_build(embedding_set, None)
    assert layout.quality == evaluate_layout(embedding_set, graph, layout.coordinates)
    assert layout.spec == spec


@pytest.mark.parametrize("method", QUICK)
def test_a_layout_is_computed_once_and_found_after_a_restart(cache, runs, method):
    embedding_set, _ = groups()
    spec = LayoutSpec(method, 2, QUICK[method])
    assert layouts.load_cached(embedding_set, spec, cache=cache) is None
    first = layouts.compute(embedding_set, spec, cache=cache)
    cache = Cache(cache.folder)
    again = layouts.compute(embedding_set, spec, cache=cache)
    found = layouts.load_cached(embedding_set, spec, cache=cache)
    assert runs == [method]
    for other in (again, found):
        assert isinstance(other, Layout)
        assert other.coordinates.tobytes() == first.coordinates.tobytes()
        assert (other.quality, other.notes, other.seconds) == (
            first.quality,
            first.notes,
            first.seconds,
        )


def test_a_dot_set_is_laid_out_by_cosine_with_a_note(cache, runs):
    embedding_set, _ = groups(metric="cosine")
    dot = embedding_set.with_provenance(metric="dot")
    note = "laid out by cosine, since the dot product is not a distance"
    by_cosine = layouts.compute(embedding_set, LayoutSpec("pca"), cache=cache)
    by_dot = layouts.compute(dot, LayoutSpec("pca"), cache=cache)
    assert by_dot.coordinates.tobytes() == by_cosine.coordinates.tobytes()
    assert by_dot.metric == "cosine"
    assert note in by_dot.notes
    assert note not in by_cosine.notes
    assert note in layouts.load_cached(dot, LayoutSpec("pca"), cache=cache).notes
    assert note not in layouts.load_cached(embedding_set, LayoutSpec("pca"), cache=cache).notes


def test_a_broken_file_is_computed_again(cache, runs):
    embedding_set, _ = groups()
    first = layouts.compute(embedding_set, LayoutSpec("pca"), cache=cache)
    for damage in (b"", b"PAR1 but no more", layout_file(cache).read_bytes()[:300]):
        layout_file(cache).write_bytes(damage)
        again = layouts.compute(embedding_set, LayoutSpec("pca"), cache=cache)
        assert again.coordinates.tobytes() == first.coordinates.tobytes()
    assert len(runs) == 4


def test_a_file_of_another_shape_is_computed_again(cache, runs):
    embedding_set, _ = groups()
    layouts.compute(embedding_set, LayoutSpec("pca"), cache=cache)
    small = Layout(np.zeros((3, 2), np.float32), "pca", quality={"trustworthiness": 1.0})
    layouts.save_layout(small, None, layout_file(cache))
    assert len(layouts.compute(embedding_set, LayoutSpec("pca"), cache=cache).coordinates) == len(
        embedding_set
    )
    assert len(runs) == 2


def test_quality_may_be_measured_later(cache, runs):
    embedding_set, _ = groups()
    first = layouts.compute(embedding_set, LayoutSpec("pca"), cache=cache, with_quality=False)
    assert first.quality == {}
    assert not (cache.folder / "graphs").exists()
    measured = layouts.compute(embedding_set, LayoutSpec("pca"), cache=cache)
    assert measured.quality["neighbor_preservation"] > 0
    assert runs == ["pca"]
    assert (
        layouts.load_cached(embedding_set, LayoutSpec("pca"), cache=cache).quality
        == measured.quality
    )


def test_a_stored_layout_is_found_and_does_not_replace_another(cache, runs):
    embedding_set, _ = groups()
    spec = LayoutSpec("tsne", 2, QUICK["tsne"])
    layout = layouts.compute(embedding_set, spec)
    layouts.store(embedding_set, layout, cache)
    assert layouts.compute(embedding_set, spec, cache=cache).notes == layout.notes
    assert runs == ["tsne"]
    layouts.store(embedding_set, replace(layout, notes=("another",)), cache)
    assert layouts.load_cached(embedding_set, spec, cache=cache).notes == layout.notes


def test_a_layout_of_other_vectors_is_not_stored(cache):
    embedding_set, _ = groups()
    other_set, _ = groups(seed=1)
    layout = layouts.compute(other_set, LayoutSpec("pca"))
    with pytest.raises(EmbeddingError, match="belongs to other vectors"):
        layouts.store(embedding_set, layout, cache)
    assert layouts.load_cached(embedding_set, LayoutSpec("pca"), cache=cache) is None


def test_the_graph_is_shared_by_all_layouts(cache, monkeypatch):
    embedding_set, _ = groups()
    built = []
    build = graph.build_graph
    monkeypatch.setattr(
        graph, "build_graph", lambda *arguments: built.append(1) or build(*arguments)
    )
    for method, params in QUICK.items():
        for dims in (2, 3):
            layouts.compute(embedding_set, LayoutSpec(method, dims, params), cache=cache)
    assert len(built) == 1


def test_phases_are_reported_in_order():
    embedding_set, _ = groups()
    progress = RecordedProgress()
    layouts.compute(embedding_set, LayoutSpec("tsne", params=QUICK["tsne"]), progress=progress)
    phases = list(dict.fromkeys(phase for phase, _, _ in progress.reports))
    assert phases == ["neighbors", "affinities", "t-SNE", "quality"]


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("method", [*QUICK, "precomputed"])
def test_fewer_than_three_rows_have_no_layout(rows, method):
    with pytest.raises(EmbeddingError, match="a layout needs at least 3 rows"):
        layouts.compute(EmbeddingSet.of(np.ones((rows, 2))), LayoutSpec(method))


def _odd_sets():
    random = np.random.default_rng(0)
    yield "three rows", random.normal(size=(3, 4))
    yield "four rows", random.normal(size=(4, 4))
    yield "eleven rows", random.normal(size=(11, 4))
    yield "duplicates only", np.ones((20, 4))
    yield "two points, often", np.repeat(random.normal(size=(2, 4)), 15, axis=0)
    yield "zero rows only", np.zeros((20, 4))
    yield "some zero rows", np.vstack([np.zeros((5, 4)), random.normal(size=(30, 4))])
    yield "one dimension", random.normal(size=(30, 1))
    yield "constant columns", np.hstack([np.full((30, 2), 2.5), random.normal(size=(30, 1))])
    yield "tiny values", random.normal(size=(30, 4)) * 1e-30


ODD_SETS = dict(_odd_sets())


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("name", ODD_SETS)
def test_odd_sets_have_layouts_too(name, metric):
    embedding_set = EmbeddingSet.of(ODD_SETS[name].astype(np.float32), metric=metric)
    for method, params in QUICK.items():
        for dims in (2, 3):
            layout = layouts.compute(embedding_set, LayoutSpec(method, dims, params))
            assert layout.coordinates.shape == (len(embedding_set), dims)
            assert np.isfinite(layout.coordinates).all(), (method, dims)
            assert 0 <= layout.quality["trustworthiness"] <= 1, (method, dims)


@pytest.mark.parametrize("name", ["glove/glove_6B_50d_top3k.txt", "articles_bge_small.parquet"])
def test_neighbor_preservation_of_real_files_is_as_measured(data, name):
    path = data / "emb" / name
    if not path.is_file():
        pytest.skip(f"{path} is absent")
    embedding_set = load(path)
    preserved = {
        method: layouts.compute(embedding_set, LayoutSpec(method)).quality["neighbor_preservation"]
        for method in ("pca", "tsne", "umap")
    }
    assert preserved["tsne"] > preserved["umap"] > preserved["pca"]
    assert preserved["tsne"] > 0.39
    assert preserved["umap"] > 0.3
