"""AnnData in every encoding: which array is the vectors, and the columns of obs."""

from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse

from embeddings import EmbeddingError, load

PCA = np.arange(12, dtype=np.float32).reshape(4, 3)
UMAP = PCA[:, :2] + 0.5
TEXT = h5py.string_dtype()
KINDS = ["b", "a", None, "b"]


def opened(path: Path):
    notes: list[str] = []
    return load(path, note=notes.append), notes


def column(group, name, values, **attributes):
    values = values if isinstance(values, np.ndarray) else np.array(values, dtype=TEXT)
    dataset = group.create_dataset(name, data=values)
    dataset.attrs.update(attributes)
    return dataset


def new_encoding(file: h5py.File):
    """Write obs as anndata 0.8 and later do."""
    obs = file.create_group("obs")
    obs.attrs.update({"encoding-type": "dataframe", "_index": "cell"})
    obs.attrs["column-order"] = np.array(["kind", "size", "count", "good", "note"], dtype=TEXT)
    column(obs, "cell", ["c0", "c1", "c2", "ä"])
    kind = obs.create_group("kind")
    column(kind, "codes", np.array([1, 0, -1, 1], np.int8))
    column(kind, "categories", ["a", "b"])
    column(obs, "size", np.array([1.5, 2, 3, 4], ">f8"))
    count = obs.create_group("count")
    column(count, "values", np.array([1, 2, 3, 4]))
    column(count, "mask", np.array([False, True, False, False]))
    column(obs, "good", np.array([True, False, True, True]))
    column(obs, "note", ["x", "", "y", "z"])


def middle_encoding(file: h5py.File):
    """Write obs as anndata 0.7 did: codes in obs, categories under __categories."""
    obs = file.create_group("obs")
    obs.attrs["_index"] = "_index"
    column(obs, "_index", ["c0", "c1", "c2", "ä"])
    column(obs, "kind", np.array([1, 0, -1, 1], np.int8))
    column(obs, "__categories/kind", ["a", "b"])
    column(obs, "size", np.array([1.5, 2, 3, 4]))


def old_encoding(file: h5py.File):
    """Write obs as anndata 0.6 did: a table of records, categories in uns."""
    index = np.array([name.encode() for name in ("c0", "c1", "c2", "ä")])
    obs = np.empty(4, dtype=[("index", "S8"), ("kind", "i1"), ("size", "<f8")])
    obs["index"], obs["kind"], obs["size"] = index, [1, 0, -1, 1], [1.5, 2, 3, 4]
    file["obs"] = obs
    file["uns/kind_categories"] = np.array([b"a", b"b"])


@pytest.mark.parametrize("encoding", [new_encoding, middle_encoding, old_encoding])
def test_every_encoding_of_obs(tmp_path, encoding):
    path = tmp_path / "cells.h5ad"
    with h5py.File(path, "w") as file:
        encoding(file)
        file["obsm/A"] = UMAP
        file["obsm/X_pca"] = PCA.astype(">f8")
        file["X"] = np.ones((4, 9))
    found, notes = opened(path)
    np.testing.assert_array_equal(found.vectors, PCA)
    assert found.labels == ("c0", "c1", "c2", "ä")
    assert found.metadata["kind"].to_pylist() == KINDS
    assert pa.types.is_dictionary(found.metadata["kind"].type)
    assert found.metadata["size"].to_pylist() == [1.5, 2, 3, 4]
    assert found.provenance.name == "cells"
    assert notes == [
        "several matrices: took obsm/X_pca (4, 3) as the vectors, not obsm/A (4, 2), X (4, 9)"
    ]


def test_missing_values_booleans_texts_and_the_order_of_columns(tmp_path):
    path = tmp_path / "x.h5ad"
    with h5py.File(path, "w") as file:
        new_encoding(file)
        column(file["obs"], "odd", np.ones((4, 2)))
        file["X"] = PCA
    found, notes = opened(path)
    assert found.metadata.column_names == ["kind", "size", "count", "good", "note"]
    assert found.metadata["count"].to_pylist() == [1, None, 3, 4]
    assert found.metadata["good"].to_pylist() == [True, False, True, True]
    assert found.metadata["note"].to_pylist() == ["x", "", "y", "z"]
    assert any("left out obs column odd" in note for note in notes)


def test_obsm_as_a_table_of_records(tmp_path):
    path = tmp_path / "x.h5ad"
    obsm = np.empty(4, dtype=[("X_umap", "<f8", (2,)), ("X_pca", "<f4", (3,))])
    obsm["X_umap"], obsm["X_pca"] = UMAP, PCA
    with h5py.File(path, "w") as file:
        old_encoding(file)
        file["obsm"] = obsm
    found, notes = opened(path)
    np.testing.assert_array_equal(found.vectors, PCA)
    assert notes == [
        "several matrices: took obsm/X_pca (4, 3) as the vectors, not obsm/X_umap (4, 2)"
    ]


def test_without_a_pca_the_first_dense_array_then_x(tmp_path):
    path = tmp_path / "x.h5ad"
    with h5py.File(path, "w") as file:
        new_encoding(file)
        file["obsm/sparse/data"] = np.ones(3)
        file["X"] = PCA
    assert opened(path)[0].dimensions == 3
    with h5py.File(path, "a") as file:
        file["obsm/u"] = UMAP
    np.testing.assert_array_equal(opened(path)[0].vectors, UMAP)


@pytest.mark.parametrize("kind", ["csr", "csc"])
@pytest.mark.parametrize("described", [False, True])
def test_a_sparse_x_is_read_with_its_zeros(tmp_path, kind, described):
    path, matrix = tmp_path / "x.h5ad", scipy.sparse.csr_array(np.eye(4, 6) * 2.5)
    parts = matrix if kind == "csr" else scipy.sparse.csc_array(matrix)
    with h5py.File(path, "w") as file:
        if described:
            new_encoding(file)
        group = file.create_group("X")
        group.attrs["encoding-type"], group.attrs["shape"] = f"{kind}_matrix", parts.shape
        for name in ("data", "indices", "indptr"):
            group[name] = getattr(parts, name)
    found, notes = opened(path)
    np.testing.assert_array_equal(found.vectors, matrix.toarray())
    assert "a sparse matrix: read as 4 x 6 numbers, zeros included" in notes
    with h5py.File(path, "a") as file:
        file["X"].attrs["shape"] = (4, 2**30)
    if kind == "csr":
        with pytest.raises(EmbeddingError, match=r"sparse matrix \(csr, 4 x .*scanpy\.pp\.pca"):
            load(path)


def test_only_sparse_arrays_are_refused_with_the_reason(tmp_path):
    path = tmp_path / "x.h5ad"
    with h5py.File(path, "w") as file:
        new_encoding(file)
        file["X/data"] = np.ones(3)
    with pytest.raises(EmbeddingError, match=r"x\.h5ad: no dense array .*X is sparse.*pca"):
        load(path)


def test_columns_that_do_not_fit(tmp_path):
    path = tmp_path / "x.h5ad"
    with h5py.File(path, "w") as file:
        old_encoding(file)
        file["X"] = PCA[:3]
    with pytest.raises(EmbeddingError, match=r"obs column kind: 4 values for the 3 rows of X"):
        load(path)
    with h5py.File(path, "w") as file:
        new_encoding(file)
        file["obs/kind/codes"][0] = 7
        file["X"] = PCA
    with pytest.raises(EmbeddingError, match="code of 7 for 2 categories"):
        load(path)
    with h5py.File(path, "w") as file:
        new_encoding(file)
        del file["obs/kind/codes"]
        file["obs/kind/codes"] = np.array([0.5, 1, 0, 1])
        file["X"] = PCA
    with pytest.raises(EmbeddingError, match="codes of categories of type double; expected int"):
        load(path)
    with h5py.File(path, "w") as file:
        new_encoding(file)
        del file["obs/count/mask"]
        file["obs/count/mask"] = np.array([True, False])
        file["X"] = PCA
    with pytest.raises(EmbeddingError, match="4 values and a mask of 2; the file is damaged"):
        load(path)


def test_a_provenance_that_claims_too_many_bytes_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "x.h5ad"
    with h5py.File(path, "w") as file:
        new_encoding(file)
        file["X"] = PCA
        file.create_dataset("uns/embedding", (), "S5000000")
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "4000000")
    with pytest.raises(EmbeddingError, match="/uns/embedding needs 5,000,000 bytes, more than"):
        load(path)


def outside(file: h5py.File, name: str, array: np.ndarray, folder: Path):
    """Store an array's numbers in another file."""
    array.tofile(folder / "raw")
    raw = [(str(folder / "raw"), 0, array.nbytes)]
    file.create_dataset(name, array.shape, array.dtype, external=raw)


def test_no_part_of_a_file_is_read_from_another(tmp_path):
    path = tmp_path / "x.h5ad"
    records = np.zeros(4, [("X_pca", "f4", 3)])
    obs = np.zeros(4, [("index", "S2"), ("size", "f8")])
    parts = {"obsm": records, "obs": obs, "obs/size": np.ones(4)}
    for name, array in parts.items():
        with h5py.File(path, "w") as file:
            if name != "obs":
                new_encoding(file)
            if name == "obs/size":
                del file["obs/size"]
            file["X"] = PCA
            outside(file, name, array, tmp_path)
        with pytest.raises(EmbeddingError, match=rf"x\.h5ad: /{name} is stored in other files"):
            load(path, note=lambda _: None)


def test_the_real_cells(data):
    found, notes = opened(data / "emb" / "10x_pbmc68k_reduced.h5ad")
    assert found.vectors.shape == (700, 50)
    assert found.labels[0] == "AAAGCCTGGCTAAC-1"
    assert {"bulk_labels", "louvain", "phase"} <= set(found.metadata.column_names)
    assert len(found.metadata["bulk_labels"].unique()) == 10
    assert set(found.metadata["phase"].to_pylist()) == {"G1", "S", "G2M"}
    assert "took obsm/X_pca (700, 50)" in notes[0] and "X_umap (700, 2)" in notes[0]
