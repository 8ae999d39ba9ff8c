"""The tasks of the workers: by file name, through a real worker, found again by the server."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from embeddings import gallery, layouts, save
from embeddings.analysis.neighborhoods import examine_neighbors
from embeddings.cache import Cache
from embeddings.embedding_set import EmbeddingSet
from embeddings.layouts.map_image import map_image
from embeddings.neighbors import load_or_build
from embeddings.progress import NullProgress
from server.jobs import tasks
from server.jobs.pool import JobPool

LONG = 300.0  # s


@pytest.fixture(scope="module")
def embedding_set():
    random = np.random.default_rng(0)
    centers = random.normal(scale=8, size=(3, 6))
    vectors = (centers[:, None] + random.normal(size=(3, 40, 6))).reshape(120, 6)
    return EmbeddingSet.of(vectors.astype(np.float32), metric="euclidean")


def test_vectors_are_shared_once(tmp_path, embedding_set):
    cache = Cache(tmp_path)
    path = tasks.share_vectors(embedding_set, cache)
    np.testing.assert_array_equal(np.load(path), embedding_set.vectors)
    written = path.stat()
    assert tasks.share_vectors(embedding_set, cache) == path
    assert path.stat().st_ino == written.st_ino  # not written again


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", None])
def test_a_damaged_file_is_written_again(tmp_path, embedding_set, damage):
    cache = Cache(tmp_path)
    path = tasks.share_vectors(embedding_set, cache)
    path.write_bytes(path.read_bytes()[:-8] if damage is None else damage)
    assert tasks.share_vectors(embedding_set, cache) == path
    np.testing.assert_array_equal(np.load(path), embedding_set.vectors)


def test_vectors_that_a_power_cut_has_lost_are_written_again(tmp_path, embedding_set):
    cache = Cache(tmp_path)
    path = tasks.share_vectors(embedding_set, cache)
    np.save(path, np.zeros_like(embedding_set.vectors))  # of the same size
    assert tasks.share_vectors(embedding_set, cache) == path
    np.testing.assert_array_equal(np.load(path), embedding_set.vectors)


def test_a_mapped_set_is_not_copied(tmp_path, embedding_set):
    path = tasks.share_vectors(embedding_set, Cache(tmp_path))
    mapped = tasks.open_vectors(path, "euclidean")
    assert isinstance(mapped.vectors.base, np.memmap) or isinstance(mapped.vectors, np.memmap)
    assert mapped.fingerprint == embedding_set.fingerprint
    assert mapped.provenance.metric == "euclidean"


def test_a_worker_lays_out_and_finds_clusters(tmp_path, embedding_set):
    """Warmed up; the server finds the layout in the cache, and its three groups are recovered."""
    cache = Cache(tmp_path)
    vectors = tasks.share_vectors(embedding_set, cache)
    params = layouts.TsneParams(perplexity=10, iterations=250)
    spec = layouts.LayoutSpec("tsne", params=params)
    with JobPool(warm_up=tasks.warm_up) as pool:
        pool.submit("layout", tasks.lay_out, vectors, "euclidean", spec, tmp_path, client="a")
        job = pool.wait("layout", LONG)
        assert (job.state, job.error, job.result) == ("done", "", None)
        layout = layouts.load_cached(embedding_set, spec, cache=cache)
        assert layout is not None and layout.coordinates.shape == (120, 2)
        pool.submit("clusters", tasks.find_clusters, layout.coordinates, 0.0, client="a")
        found = pool.wait("clusters", LONG).result
    np.testing.assert_array_equal(found.labels, np.repeat(found.labels[::40], 40))
    assert found.sizes == (40, 40, 40)


def test_mistakes_reach_the_user(tmp_path):
    vectors = tmp_path / "two.npy"
    np.save(vectors, np.eye(2, dtype=np.float32))
    with JobPool() as pool:
        pool.submit(
            "few", tasks.lay_out, vectors, "cosine", layouts.LayoutSpec("pca"), tmp_path, client="a"
        )
        job = pool.wait("few", LONG)
    assert job.state == "failed" and "3" in job.error and not job.traceback


def test_clusters_without_a_worker():
    points = np.concatenate([np.zeros((9, 2)), np.ones((8, 2))]).astype(np.float32)
    assert tasks.find_clusters(points, 0.5, NullProgress()).sizes == (9, 8)


def test_precomputed_coordinates_are_stored_where_the_server_finds_them(tmp_path, embedding_set):
    """The worker has only the columns that the method reads; the key is the full set's."""
    cache = Cache(tmp_path)
    columns = {"x": embedding_set.vectors[:, 0], "y": embedding_set.vectors[:, 1]}
    full = EmbeddingSet.of(
        embedding_set.vectors,
        [f"item {i}" for i in range(120)],
        {"kind": ["a", "b"] * 60, **columns},
        metric="euclidean",
    )
    read = {name: full.metadata.column(name) for name in columns}
    spec = layouts.LayoutSpec("precomputed")
    tasks.lay_out(
        tasks.share_vectors(full, cache), "euclidean", spec, tmp_path, read, progress=NullProgress()
    )
    found = layouts.load_cached(full, spec, cache=cache)
    assert found is not None
    np.testing.assert_array_equal(found.coordinates, embedding_set.vectors[:, :2])
    assert 0 < found.quality["neighbor_preservation"] < 1


def test_axes_are_stored_where_the_server_finds_them(tmp_path, embedding_set):
    """The worker has the labels and only the columns that axes read; the key is the full set's."""
    cache = Cache(tmp_path)
    labels = [f"item {i}" for i in range(120)]
    columns = {"kind": ["a", "b"] * 60, "year": list(range(120))}
    full = EmbeddingSet.of(embedding_set.vectors, labels, columns, metric="euclidean")
    spec = layouts.LayoutSpec("axes", params=layouts.AxesParams("item 3 -> item 5", "year"))
    read = {"year": full.metadata.column("year")}
    tasks.lay_out(
        tasks.share_vectors(full, cache), "euclidean", spec, tmp_path, read, True, labels,
        progress=NullProgress(),
    )  # fmt: skip
    found = layouts.load_cached(full, spec, cache=cache)
    assert found is not None and found.quality
    expected = layouts.compute(full, spec, with_quality=False)
    np.testing.assert_array_equal(found.coordinates, expected.coordinates)


def test_neighborhoods_are_examined_with_the_cached_graph_or_without(tmp_path, embedding_set):
    cache = Cache(tmp_path)
    vectors = tasks.share_vectors(embedding_set, cache)
    with JobPool() as pool:
        pool.submit("health", tasks.examine_neighbors, vectors, "euclidean", tmp_path, client="a")
        found = pool.wait("health", LONG).result
    assert found == examine_neighbors(embedding_set) and found.sampled_rows == 120
    load_or_build(embedding_set, cache, 3)
    again = tasks.examine_neighbors(vectors, "euclidean", tmp_path, progress=NullProgress())
    assert again == found


def test_a_map_is_painted_by_pca_until_another_layout_is_in_the_cache(tmp_path, embedding_set):
    path, cache = tmp_path / "result.embedding.parquet", Cache(tmp_path)
    save(embedding_set, path)
    with JobPool() as pool:
        pool.submit("map", tasks.paint_map, path, tmp_path, client="a")
        painted = pool.wait("map", LONG).result
    assert (painted.method, painted.rows, painted.shown) == ("PCA", 120, 120)
    expected = layouts.compute(embedding_set, layouts.LayoutSpec("pca"), with_quality=False)
    assert painted.png == map_image(embedding_set, expected.coordinates, (560, 400))
    spec = layouts.LayoutSpec("tsne")
    other = replace(expected, method="tsne", coordinates=expected.coordinates[:, ::-1].copy())
    layouts.store(embedding_set, replace(other, params=asdict(spec.params)), cache)
    again = tasks.paint_map(path, tmp_path, progress=NullProgress())
    assert again.method == "t-SNE" and again.png != painted.png


def test_of_words_in_context_the_last_layer_is_painted(tmp_path):
    path = gallery.item("homonyms").path
    painted = tasks.paint_map(path, tmp_path, progress=NullProgress())
    assert painted.rows == 400
