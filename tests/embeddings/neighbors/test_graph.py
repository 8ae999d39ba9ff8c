"""The graph in the cache: found again, sliced, and rebuilt if it is too small or damaged."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from embeddings import EmbeddingError, EmbeddingSet
from embeddings.cache import Cache
from embeddings.neighbors import build_graph, graph, load_or_build
from tests.embeddings.recorded_progress import RecordedProgress


@pytest.fixture
def embedding_set():
    vectors = np.random.default_rng(0).normal(size=(150, 5)).astype(np.float32)
    return EmbeddingSet.of(vectors, metric="cosine")


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path)


@pytest.fixture
def builds(monkeypatch):
    """List the k of every graph that is really built."""
    built = []

    def counting(embedding_set, k, metric, progress):
        built.append(k)
        return build_graph(embedding_set, k, metric, progress)

    monkeypatch.setattr(graph, "build_graph", counting)
    return built


def stored_file(cache):
    (file,) = cache.folder.rglob("*.npz")
    return file


def assert_same(graph, other):
    np.testing.assert_array_equal(graph.rows, other.rows)
    np.testing.assert_array_equal(graph.values, other.values)
    assert (graph.metric, graph.fingerprint) == (other.metric, other.fingerprint)


def test_is_the_graph_that_build_graph_makes(embedding_set, cache):
    assert_same(load_or_build(embedding_set, cache), build_graph(embedding_set, 100))


def test_is_built_once_and_found_again(embedding_set, cache, builds):
    first = load_or_build(embedding_set, cache)
    again = load_or_build(embedding_set, Cache(cache.folder))
    assert_same(first, again)
    assert builds == [100]


def test_fewer_neighbors_are_a_slice_of_the_usual_graph(embedding_set, cache, builds):
    few = load_or_build(embedding_set, cache, k=7)
    assert_same(few, build_graph(embedding_set, 7))
    load_or_build(embedding_set, cache, k=100)
    assert builds == [100]


def test_more_neighbors_are_built_once_and_stored(embedding_set, cache, builds):
    load_or_build(embedding_set, cache)
    many = load_or_build(embedding_set, cache, k=120)
    assert_same(many, build_graph(embedding_set, 120))
    load_or_build(embedding_set, cache, k=120)
    load_or_build(embedding_set, cache, k=100)
    assert builds == [100, 120]
    assert stored_file(cache)


def test_a_small_set_has_all_others_as_neighbors(cache, builds):
    embedding_set = EmbeddingSet.of(np.eye(4, dtype=np.float32))
    for k in (2, 100, 500):
        assert load_or_build(embedding_set, cache, k).k == min(k, 3)
    assert builds == [100]


def test_metrics_and_sets_are_stored_separately(embedding_set, cache, builds):
    by_cosine = load_or_build(embedding_set, cache)
    by_manhattan = load_or_build(embedding_set, cache, metric="manhattan")
    other = EmbeddingSet.of(embedding_set.vectors[::-1])
    load_or_build(other, cache)
    assert (by_cosine.metric, by_manhattan.metric) == ("cosine", "manhattan")
    assert_same(load_or_build(embedding_set, cache, metric="manhattan"), by_manhattan)
    assert len(builds) == 3


def _truncate(file):
    file.write_bytes(file.read_bytes()[:1000])


def _garble(file):
    file.write_bytes(b"no zip file at all")


def _wrong_shape(file):
    np.savez(file, rows=np.zeros((3, 2), np.int32), values=np.zeros((3, 2), np.float32))


def _rows_beyond_the_set(file):
    rows = np.full((150, 100), 150, np.int32)
    np.savez(file, rows=rows, values=np.zeros((150, 100), np.float32))


def _missing_array(file):
    np.savez(file, rows=np.zeros((150, 100), np.int32))


def _pickled(file):
    rows = np.empty((150, 100), dtype=object)
    np.savez(file, rows=rows, values=np.zeros((150, 100), np.float32))


@pytest.mark.parametrize(
    "damage",
    [_truncate, _garble, _wrong_shape, _rows_beyond_the_set, _missing_array, _pickled],
)
def test_a_damaged_file_is_built_again(embedding_set, cache, builds, damage):
    first = load_or_build(embedding_set, cache)
    damage(stored_file(cache))
    assert_same(load_or_build(embedding_set, cache), first)
    assert_same(load_or_build(embedding_set, cache), first)
    assert builds == [100, 100]


def test_without_a_cache_nothing_is_stored(embedding_set, builds):
    assert load_or_build(embedding_set, None).k == 100
    assert load_or_build(embedding_set, None).k == 100
    assert builds == [100, 100]


def test_progress_is_reported_to_the_end(embedding_set, cache):
    progress = RecordedProgress()
    load_or_build(embedding_set, cache, progress=progress)
    assert progress.reports[0][:2] == ("neighbors", 0.0)
    assert progress.reports[-1][:2] == ("neighbors", 1.0)


@pytest.mark.parametrize("k", [0, -1])
def test_no_neighbors_at_all_are_refused(embedding_set, cache, k):
    load_or_build(embedding_set, cache)
    with pytest.raises(EmbeddingError, match="at least 1 neighbor"):
        load_or_build(embedding_set, cache, k=k)


def test_one_item_has_no_graph(cache):
    with pytest.raises(EmbeddingError, match="at least 2 items"):
        load_or_build(EmbeddingSet.of(np.ones((1, 3))), cache)


def test_concurrent_requests_build_it_once(embedding_set, cache, builds):
    together = Barrier(2)

    def ask(_):
        together.wait()
        return load_or_build(embedding_set, Cache(cache.folder))

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(ask, range(2))
    assert_same(first, second)
    assert builds == [100]
