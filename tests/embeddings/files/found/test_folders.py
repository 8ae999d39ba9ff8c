"""Folders as other tools write them: a vector a file, shards, settings and other files beside."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeddings import EmbeddingError, EmbeddingSet, load, save

VECTORS = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)


def noted(path, *companions, **options):
    notes: list[str] = []
    return load(path, companions, note=notes.append, **options), notes


@pytest.mark.parametrize("shape", [(4,), (1, 4)])
def test_a_vector_in_each_file(tmp_path, shape):
    for i, vector in enumerate(VECTORS):
        np.save(tmp_path / f"item_{i}.npy", vector.reshape(shape))
    found, notes = noted(tmp_path)
    np.testing.assert_array_equal(found.vectors, VECTORS)  # item_10 after item_9
    assert found.labels == tuple(f"item_{i}" for i in range(12))
    assert notes == ["took each of 12 files as a vector, its name as the label"]


def test_a_vector_in_each_file_and_a_table_that_describes_them(tmp_path):
    for name, vector in zip("abc", VECTORS, strict=False):
        np.save(tmp_path / f"{name}.npy", vector)
    (tmp_path / "table.csv").write_text("name,kind\nc,z\na,x\nb,y\n")
    found, _ = noted(tmp_path)
    assert found.labels == ("a", "b", "c")
    assert found.metadata["kind"].to_pylist() == ["x", "y", "z"]


def test_shards_of_a_matrix_with_shards_of_its_table(tmp_path):
    for i in range(12):  # of different lengths, and more than nine
        rows = slice(i, i + 1) if i < 11 else slice(11, 12)
        part = np.concatenate([VECTORS[rows], VECTORS[rows] + 1])
        np.save(tmp_path / f"img_emb_{i}.npy", part)
        table = pa.table({"caption": [f"{i} one", f"{i} two"]})
        pq.write_table(table, tmp_path / f"metadata_{i}.parquet")
    found, notes = noted(tmp_path)
    np.testing.assert_array_equal(found.vectors[::2], VECTORS)
    assert found.labels[20:22] == ("10 one", "10 two")
    assert "put 12 .npy files together, in order of name" in notes
    assert "put 12 tables of the same columns together, in order of name" in notes


def test_of_two_matrices_in_shards_one_is_chosen(tmp_path):
    for i in range(3):
        np.save(tmp_path / f"img_emb_{i}.npy", VECTORS[4 * i : 4 * i + 4])
        np.save(tmp_path / f"text_emb_{i}.npy", -VECTORS[4 * i : 4 * i + 4])
    found, notes = noted(tmp_path)
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert notes[0] == "took the files img_emb_#.npy as the vectors, not text_emb_#.npy"
    found, _ = noted(tmp_path, vector="text_emb_#.npy")
    np.testing.assert_array_equal(found.vectors, -VECTORS)


@pytest.mark.parametrize("names", [("train", "test"), ("emb_0", "other")])
def test_matrices_of_other_names_are_no_shards(tmp_path, names):
    for name in names:
        np.save(tmp_path / f"{name}.npy", VECTORS)
    with pytest.raises(EmbeddingError, match="more than one of them holds vectors"):
        load(tmp_path)


def test_columns_beside_vectors_are_not_taken_for_vectors(tmp_path):
    save(EmbeddingSet.of(VECTORS, list("abcdefghijkl")), tmp_path / "v.parquet")
    for name in ("width", "height"):
        np.save(tmp_path / f"{name}.npy", np.arange(12.0) + 0.5)
    found, _ = noted(tmp_path)
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert set(found.metadata.column_names) == {"width", "height"}


def test_settings_beside_vectors_are_left_out_of_a_folder(tmp_path):
    np.save(tmp_path / "vectors.npy", VECTORS)
    (tmp_path / "arguments.json").write_text(json.dumps({"metric": "cosine", "index": {"m": 1}}))
    names = [f"n{i}" for i in range(12)]
    (tmp_path / "data.json").write_text(json.dumps({"items": names, "metadata": {}}))
    found, notes = noted(tmp_path)
    assert found.labels == tuple(names)
    assert "left out arguments.json: settings, not data" in notes
    with pytest.raises(EmbeddingError, match=r"arguments\.json: 1 rows for 12 vectors"):
        load(tmp_path / "vectors.npy", [tmp_path / "arguments.json"])


@pytest.mark.parametrize(
    "document", [{f"w{i}": i for i in range(12)}, {"label": [f"w{i}" for i in range(12)]}]
)
def test_json_that_describes_rows_is_no_settings(tmp_path, document):
    np.save(tmp_path / "vectors.npy", VECTORS)
    (tmp_path / "words.json").write_text(json.dumps(document))
    assert load(tmp_path).labels == tuple(f"w{i}" for i in range(12))


def test_files_that_a_config_does_not_name_are_left_out_of_its_folder(tmp_path):
    VECTORS.tofile(tmp_path / "tensor.bytes")
    (tmp_path / "tsne.bytes").write_bytes(VECTORS[:, :2].tobytes())
    entry = {"tensorName": "t", "tensorShape": [12, 4], "tensorPath": "tensor.bytes"}
    (tmp_path / "projector.json").write_text(json.dumps({"embeddings": [entry]}))
    found, notes = noted(tmp_path)
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert any("tsne.bytes" in note for note in notes)


@pytest.mark.parametrize(
    ("made", "message"),
    [("_versions/1.manifest data/0.lance", "a Lance data set"), (".zgroup a/0", "a Zarr store")],
)
def test_stores_of_other_formats_are_named(tmp_path, made, message):
    for name in made.split():
        (tmp_path / "x" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "x" / name).write_bytes(b"1")
    with pytest.raises(EmbeddingError, match=f"x: {message}; write its"):
        load(tmp_path / "x")


def test_a_map_without_a_metric_is_compared_by_euclidean_distance(tmp_path):
    np.save(tmp_path / "map.npy", VECTORS[:, :2])
    found, notes = noted(tmp_path / "map.npy")
    assert found.provenance.metric == "euclidean"
    assert notes == [
        "vectors of two dimensions, as of a map: compared by euclidean distance, not by cosine"
    ]
    np.save(tmp_path / "v.npy", VECTORS[:, :3])
    assert load(tmp_path / "v.npy").provenance.metric == "cosine"
    save(EmbeddingSet.of(VECTORS[:, :2], metric="cosine"), tmp_path / "ours.parquet")
    assert load(tmp_path / "ours.parquet").provenance.metric == "cosine"


@pytest.mark.parametrize("stated", [[12, 9], [13, 4]])
def test_a_config_with_another_shape_than_its_table_opens_with_a_note(tmp_path, stated):
    np.savetxt(tmp_path / "v.tsv", VECTORS, delimiter="\t")
    entry = {"tensorName": "t", "tensorShape": stated, "tensorPath": "v.tsv"}
    (tmp_path / "projector.json").write_text(json.dumps({"embeddings": [entry]}))
    found, notes = noted(tmp_path / "projector.json")
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert notes == [f"v.tsv: vectors of shape [12, 4], although the config says {stated}"]


@pytest.mark.parametrize("text", ["x,y,umap", "x,title,umap"])
@pytest.mark.parametrize("values", [["neg", "pos"], ["a", "b"]])
def test_texts_called_x_and_y_are_no_coordinates(tmp_path, text, values):
    from embeddings import layouts

    path = tmp_path / "x.csv"
    rows = [f'text {i},{values[i % 2]},"[{i}.5, {i * i}.25]"\n' for i in range(6)]
    path.write_text(text + "\n" + "".join(rows))
    found = load(path)
    spec = layouts.LayoutSpec("precomputed")
    assert spec.cache_key(found)
    layout = layouts.compute(found, spec)
    np.testing.assert_array_equal(layout.coordinates, found.vectors)
