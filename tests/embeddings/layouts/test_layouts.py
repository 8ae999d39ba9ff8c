"""compute and cached: what is kept and found again, what is refused, sets that have no shape."""

import numpy as np
import pytest

from embeddings import EmbeddingError, EmbeddingSet, layouts, load
from embeddings.cache import Cache
from embeddings.layouts import Layout, PcaParams, TsneParams, UmapParams
from embeddings.layouts.quality import judge
from embeddings.neighbors.graph_cache import load_or_build
from tests.embeddings.layouts.test_tsne import groups
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

    def watched(name, method):
        def run(*arguments):
            ran.append(name)
            return method(*arguments)

        return run

    for name, method in layouts.METHODS.items():
        monkeypatch.setitem(layouts.METHODS, name, watched(name, method))
    return ran


def layout_file(cache):
    (file,) = (cache.folder / "layouts").iterdir()
    return file


def test_the_recipe_is_kept_with_the_coordinates():
    embedding_set, _ = groups()
    layout = layouts.compute(embedding_set, "tsne", 3, QUICK["tsne"], seed=5)
    assert (layout.method, layout.dims, layout.seed) == ("tsne", 3, 5)
    assert layout.params["iterations"] == 20
    assert layout.fingerprint == embedding_set.fingerprint
    assert layout.metric == "euclidean"
    assert layout.seconds > 0
    assert layout.libraries.keys() == {"openTSNE"}
    graph = load_or_build(embedding_set, None)
    assert layout.quality == judge(embedding_set, graph, layout.coordinates)


@pytest.mark.parametrize("method", QUICK)
def test_a_layout_is_computed_once_and_found_after_a_restart(cache, runs, method):
    embedding_set, _ = groups()
    assert layouts.cached(embedding_set, method, 2, QUICK[method], cache=cache) is None
    first = layouts.compute(embedding_set, method, 2, QUICK[method], cache=cache)
    cache = Cache(cache.folder)
    again = layouts.compute(embedding_set, method, 2, QUICK[method], cache=cache)
    found = layouts.cached(embedding_set, method, 2, QUICK[method], cache=cache)
    assert runs == [method]
    for other in (again, found):
        assert isinstance(other, Layout)
        assert other.coordinates.tobytes() == first.coordinates.tobytes()
        assert (other.quality, other.notes, other.seconds) == (
            first.quality,
            first.notes,
            first.seconds,
        )


def test_everything_that_matters_is_part_of_the_key(cache, runs, monkeypatch):
    embedding_set, _ = groups()
    other_set, _ = groups(seed=1)
    params = QUICK["umap"]
    layouts.compute(embedding_set, "umap", 2, params, 0, cache=cache)
    for changed in (
        (other_set, "umap", 2, params, 0),
        (embedding_set.with_provenance(metric="cosine"), "umap", 2, params, 0),
        (embedding_set, "pca", 2, None, 0),
        (embedding_set, "umap", 3, params, 0),
        (embedding_set, "umap", 2, UmapParams(epochs=21), 0),
        (embedding_set, "umap", 2, UmapParams(epochs=20, threads=2), 0),
        (embedding_set, "umap", 2, params, 1),
    ):
        assert layouts.cached(*changed, cache=cache) is None
    monkeypatch.setattr(layouts, "version", lambda name: "99")
    assert layouts.cached(embedding_set, "umap", 2, params, 0, cache=cache) is None


def test_a_dot_set_is_laid_out_by_cosine_and_says_so(cache, runs):
    embedding_set, _ = groups(metric="cosine")
    dot = embedding_set.with_provenance(metric="dot")
    note = "laid out by cosine: dot is no distance"
    by_cosine = layouts.compute(embedding_set, "pca", cache=cache)
    by_dot = layouts.compute(dot, "pca", cache=cache)
    assert by_dot.coordinates.tobytes() == by_cosine.coordinates.tobytes()
    assert by_dot.metric == "cosine"
    assert note in by_dot.notes
    assert note not in by_cosine.notes
    assert note in layouts.cached(dot, "pca", cache=cache).notes
    assert note not in layouts.cached(embedding_set, "pca", cache=cache).notes


def test_a_broken_file_is_computed_again(cache, runs):
    embedding_set, _ = groups()
    first = layouts.compute(embedding_set, "pca", cache=cache)
    for damage in (b"", b"PAR1 but no more", layout_file(cache).read_bytes()[:300]):
        layout_file(cache).write_bytes(damage)
        again = layouts.compute(embedding_set, "pca", cache=cache)
        assert again.coordinates.tobytes() == first.coordinates.tobytes()
    assert len(runs) == 4


def test_a_file_of_another_shape_is_computed_again(cache, runs):
    embedding_set, _ = groups()
    layouts.compute(embedding_set, "pca", cache=cache)
    small = Layout(np.zeros((3, 2), np.float32), "pca", quality={"trustworthiness": 1.0})
    layouts.save_layout(small, None, layout_file(cache))
    assert len(layouts.compute(embedding_set, "pca", cache=cache).coordinates) == len(embedding_set)
    assert len(runs) == 2


def test_a_first_picture_may_be_judged_later(cache, runs):
    embedding_set, _ = groups()
    first = layouts.compute(embedding_set, "pca", cache=cache, judged=False)
    assert first.quality == {}
    assert not (cache.folder / "graphs").exists()
    judged = layouts.compute(embedding_set, "pca", cache=cache)
    assert judged.quality["neighbor_preservation"] > 0
    assert runs == ["pca"]
    assert layouts.cached(embedding_set, "pca", cache=cache).quality == judged.quality


def test_the_graph_is_shared_by_all_layouts(cache, monkeypatch):
    embedding_set, _ = groups()
    built = []
    build = layouts.load_or_build.__globals__["build_graph"]
    monkeypatch.setitem(
        layouts.load_or_build.__globals__,
        "build_graph",
        lambda *arguments: built.append(1) or build(*arguments),
    )
    for method, params in QUICK.items():
        for dims in (2, 3):
            layouts.compute(embedding_set, method, dims, params, cache=cache)
    assert len(built) == 1


def test_phases_are_reported_in_order():
    embedding_set, _ = groups()
    progress = RecordedProgress()
    layouts.compute(embedding_set, "tsne", params=QUICK["tsne"], progress=progress)
    phases = list(dict.fromkeys(phase for phase, _, _ in progress.reports))
    assert phases == ["neighbors", "affinities", "t-SNE", "quality"]


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("method", [*QUICK, "none"])
def test_fewer_than_three_rows_have_no_layout(rows, method):
    with pytest.raises(EmbeddingError, match="a layout needs at least 3 rows"):
        layouts.compute(EmbeddingSet.of(np.ones((rows, 2))), method)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "mds"}, "unknown method 'mds'; expected one of pca, tsne, umap, none"),
        ({"dims": 4}, "4 dimensions; a layout has 2 or 3"),
        ({"params": UmapParams()}, "UmapParams for method tsne; expected TsneParams"),
        ({"seed": -1}, "seed = -1; expected a whole number from 0 to 4,294,967,295"),
        ({"seed": 1.5}, "seed = 1.5; expected a whole number"),
    ],
)
def test_what_cannot_be_is_refused(changes, message):
    embedding_set, _ = groups()
    with pytest.raises(EmbeddingError, match=message):
        layouts.compute(embedding_set, **{"method": "tsne", **changes})


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
def test_sets_without_shape_are_laid_out_all_the_same(name, metric):
    embedding_set = EmbeddingSet.of(ODD_SETS[name].astype(np.float32), metric=metric)
    for method, params in QUICK.items():
        for dims in (2, 3):
            layout = layouts.compute(embedding_set, method, dims, params)
            assert layout.coordinates.shape == (len(embedding_set), dims)
            assert np.isfinite(layout.coordinates).all(), (method, dims)
            assert 0 <= layout.quality["trustworthiness"] <= 1, (method, dims)


@pytest.mark.parametrize("name", ["glove/glove_6B_50d_top3k.txt", "articles_bge_small.parquet"])
def test_real_files_keep_what_was_measured(data, name):
    path = data / "emb" / name
    if not path.is_file():
        pytest.skip(f"{path} is absent")
    embedding_set = load(path)
    kept = {
        method: layouts.compute(embedding_set, method).quality["neighbor_preservation"]
        for method in ("pca", "tsne", "umap")
    }
    assert kept["tsne"] > kept["umap"] > kept["pca"]
    assert kept["tsne"] > 0.4
    assert kept["umap"] > 0.3
