"""LayoutSpec: what it refuses, its title and its cache key; the methods and their aliases."""

from dataclasses import asdict
from importlib.metadata import version

import numpy as np
import pytest
import xxhash

from embeddings import EmbeddingError, EmbeddingSet
from embeddings.cache import key_hash
from embeddings.layouts import (
    METHODS,
    AxesParams,
    Layout,
    LayoutSpec,
    PcaParams,
    TsneParams,
    UmapParams,
    find_method,
    spec,
)


def a_set(seed=0, metric="euclidean", **columns):
    vectors = np.random.default_rng(seed).normal(size=(4, 6))
    return EmbeddingSet.of(vectors, metadata=columns, metric=metric)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"method": "mds"},
            "unknown method 'mds'; expected one of pca, tsne, umap, precomputed, axes",
        ),
        ({"dims": 4}, "4 dimensions; a layout has 2 or 3"),
        ({"params": UmapParams()}, "UmapParams for method tsne; expected TsneParams"),
        ({"seed": -1}, "seed = -1; expected a whole number from 0 to 4,294,967,295"),
        ({"seed": 2**32}, "seed = 4294967296; expected a whole number"),
        ({"seed": 1.5}, "seed = 1.5; expected a whole number"),
    ],
)
def test_mistakes_are_refused(changes, message):
    with pytest.raises(EmbeddingError, match=message):
        LayoutSpec(**{"method": "tsne", **changes})


@pytest.mark.parametrize("method", METHODS)
def test_parameters_are_the_defaults_of_the_method(method):
    assert LayoutSpec(method).params == METHODS[method].params()
    assert LayoutSpec(method) == LayoutSpec(method, 2, METHODS[method].params(), 0)


def test_none_is_a_former_name_of_precomputed():
    assert find_method("none") is METHODS["precomputed"]
    assert LayoutSpec("none") == LayoutSpec("precomputed")
    assert LayoutSpec("none").method == "precomputed"


@pytest.mark.parametrize(
    ("layout_spec", "title"),
    [
        (LayoutSpec("pca", 3, seed=7), "PCA"),
        (LayoutSpec("precomputed"), "Precomputed"),
        (LayoutSpec("axes"), "Axes, x pca 1, y pca 2"),
        (LayoutSpec("axes", 3, AxesParams("a -> b", z="year")), "Axes, x a -> b, y pca 2, z year"),
        (LayoutSpec("tsne", seed=1), "t-SNE, perplexity 30, seed 1"),
        (LayoutSpec("umap"), "UMAP, n neighbors 15, min dist 0.1, seed 0"),
        (LayoutSpec("tsne", params=TsneParams(perplexity=12.5, exaggeration=2, threads="fast")),
         "t-SNE, perplexity 12.5, exaggeration 2, seed 0"),
        (LayoutSpec("umap", params=UmapParams(metric="manhattan")),
         "UMAP, n neighbors 15, min dist 0.1, metric manhattan, seed 0"),
    ],
)  # fmt: skip
def test_the_title_has_the_best_known_and_the_changed_parameters(layout_spec, title):
    assert layout_spec.title == title


def test_everything_that_matters_is_part_of_the_cache_key(monkeypatch):
    embedding_set, params = a_set(), UmapParams(epochs=20)
    umap = LayoutSpec("umap", params=params)
    keys = [
        umap.cache_key(embedding_set),
        umap.cache_key(a_set(seed=1)),
        umap.cache_key(embedding_set.with_provenance(metric="cosine")),
        LayoutSpec("pca").cache_key(embedding_set),
        LayoutSpec("umap", 3, params).cache_key(embedding_set),
        LayoutSpec("umap", 2, UmapParams(epochs=21)).cache_key(embedding_set),
        LayoutSpec("umap", 2, params, seed=1).cache_key(embedding_set),
    ]
    monkeypatch.setattr(spec, "_version", lambda library: "99")
    keys.append(umap.cache_key(embedding_set))
    assert len(set(keys)) == len(keys)
    assert keys[-1] == umap.cache_key(a_set())


@pytest.mark.parametrize(
    ("method", "params", "library"),
    [("pca", PcaParams(), "numpy")],
)  # fmt: skip
def test_files_cached_before_there_was_a_spec_are_found(method, params, library):
    embedding_set = a_set(metric="dot")
    key = {
        "fingerprint": embedding_set.fingerprint,
        "metric": "dot",
        "method": method,
        "dims": 3,
        "params": asdict(params),
        "seed": 5,
        "libraries": {library: version(library)},
    }
    assert LayoutSpec(method, 3, params, 5).cache_key(embedding_set) == key_hash(key)


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize(("method", "kind"), [("tsne", TsneParams), ("umap", UmapParams)])
def test_the_threads_are_not_part_of_the_cache_key(dims, method, kind):
    keys = {
        LayoutSpec(method, dims, kind(threads=threads)).cache_key(a_set())
        for threads in ("reproducible", "fast", 1, 2)
    }
    assert len(keys) == 1


def test_the_library_of_tsne_depends_on_the_dimensions():
    assert LayoutSpec("tsne", 2).libraries == {"numba": version("numba")}
    assert LayoutSpec("tsne", 3).libraries == {"openTSNE": version("openTSNE")}


def test_files_cached_under_the_name_none_are_found():
    embedding_set = a_set(x=[1, 2, 3, 4], y=[4, 3, 2, 1])
    coordinates = np.array([[1, 4], [2, 3], [3, 2], [4, 1]], dtype=np.float32)
    key = {
        "fingerprint": embedding_set.fingerprint,
        "metric": "euclidean",
        "method": "none",
        "dims": 2,
        "params": {},
        "seed": 0,
        "libraries": {"numpy": version("numpy")},
        "given": xxhash.xxh3_128_hexdigest(coordinates.tobytes()),
    }
    assert LayoutSpec("precomputed").cache_key(embedding_set) == key_hash(key)


def test_a_layout_has_the_spec_that_made_it():
    layout = Layout(np.zeros((4, 3), np.float32), "tsne", {"perplexity": 9.0}, seed=2)
    assert layout.spec == LayoutSpec("tsne", 3, TsneParams(perplexity=9), 2)


@pytest.mark.parametrize(
    ("method", "params", "message"),
    [
        ("trimap", {}, "unknown method 'trimap'"),
        ("tsne", {"kind": 1}, "unknown parameters of tsne"),
    ],
)
def test_a_layout_of_another_program_has_no_spec(method, params, message):
    layout = Layout(np.zeros((4, 2), np.float32), method, params)
    with pytest.raises(EmbeddingError, match=message):
        layout.spec  # noqa: B018
