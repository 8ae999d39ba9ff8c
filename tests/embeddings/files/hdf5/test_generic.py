"""HDF5: the matrix and its columns; nothing outside of the file; claims, cuts and damage."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from embeddings import EmbeddingError, load
from tests.embeddings.files.hdf5.test_h5ad import new_encoding

PCA = np.arange(12, dtype=np.float32).reshape(4, 3)
UMAP = PCA[:, :2] + 0.5
TEXT = h5py.string_dtype()
KINDS = ["b", "a", None, "b"]


def opened(path: Path):
    notes: list[str] = []
    return load(path, note=notes.append), notes


def test_other_hdf5_is_its_matrix_and_what_has_its_rows(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["a/distances"] = np.ones((2, 2))
        file["a/neighbors"] = np.ones((2, 2), int)
        file["b/train"] = PCA
        file["b/name"] = np.array([b"p", b"q", b"r", b"s"])
        file["b/year"] = np.arange(4)
        file["b/short"] = np.arange(3)
    found, notes = opened(path)
    np.testing.assert_array_equal(found.vectors, PCA)
    assert found.labels == ("p", "q", "r", "s")
    assert found.metadata.column_names == ["year"]
    assert notes == [
        "several matrices: took /b/train (4, 3) as the vectors, not /a/distances (2, 2)"
    ]


@pytest.mark.parametrize("name", ["obsm/X_pca", "vectors"])
def test_nothing_outside_of_the_file_is_read(tmp_path, name):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["v"] = PCA
    PCA.tofile(tmp_path / "raw")
    path = tmp_path / "x.h5"

    def fresh():
        file = h5py.File(path, "w")
        if name != "vectors":
            new_encoding(file)
            file.create_group("obsm")
        return file

    with fresh() as file:
        file[name] = h5py.ExternalLink(str(secret), "v")
    with pytest.raises(EmbeddingError, match=r"x\.h5: no "):
        load(path)
    with fresh() as file:
        raw = [(str(tmp_path / "raw"), 0, PCA.nbytes)]
        file.create_dataset(name, PCA.shape, "f4", external=raw)
    with pytest.raises(EmbeddingError, match=rf"x\.h5: /{name} is stored in other files"):
        load(path)
    with fresh() as file:
        layout = h5py.VirtualLayout(PCA.shape, "f4")
        layout[:] = h5py.VirtualSource(str(secret), "v", PCA.shape)
        file.create_virtual_dataset(name, layout)
    with pytest.raises(EmbeddingError, match=rf"x\.h5: /{name} is stored in other files"):
        load(path)


def test_what_a_shape_claims_is_refused_before_memory_is_taken(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("vectors", (10**9, 1000), "f4", chunks=(1000, 1000))
    assert path.stat().st_size < 10_000
    with pytest.raises(EmbeddingError, match=r"x\.h5: /vectors needs 4,000,000,000,000 bytes"):
        load(path)
    with h5py.File(path, "w") as file:
        file["X"] = PCA
        file.create_dataset("obs/a", (10**12,), "f8", chunks=(1000,))
    with pytest.raises(EmbeddingError, match=r"x\.h5: /obs takes 8,000,000,000,000 bytes"):
        load(path)


def test_columns_that_are_small_each_but_not_together_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["vectors"] = np.ones((1_000, 2), "f4")
        for i in range(5):
            file.create_dataset(f"n{i}", (1_000,), "f8", chunks=(1_000,))
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "30000")
    with pytest.raises(EmbeddingError, match=r"x\.h5: its columns take 40,000 bytes"):
        load(path)


def test_single_vectors_of_another_file_are_not_read(tmp_path):
    PCA.tofile(tmp_path / "raw")
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["a"] = np.ones(12, "f4")
        file.create_dataset("b", (12,), "f4", external=[(str(tmp_path / "raw"), 0, PCA.nbytes)])
    with pytest.raises(EmbeddingError, match=r"x\.h5: /b is stored in other files"):
        load(path)


@pytest.mark.parametrize("kind", ["<f4", ">f4", "<f8", "<f2"])
@pytest.mark.parametrize("stored", [{}, {"chunks": (3,)}, {"chunks": (3,), "compression": "gzip"}])
def test_single_vectors_are_read_however_they_are_stored(tmp_path, kind, stored):
    vectors = np.random.default_rng(0).normal(size=(20, 5)).astype(kind)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for i, vector in enumerate(vectors):
            file.create_dataset(f"group {i % 3}/word {i}", data=vector, **stored)
        file.create_dataset("never written", (5,), kind, fillvalue=0.5)
    found = load(tmp_path / "a.h5", note=lambda sentence: None)
    order = [*sorted(range(20), key=lambda i: (i % 3, str(i)))]
    assert found.labels == (*(f"word {i}" for i in order), "never written")
    assert np.array_equal(found.vectors[:-1], vectors[order].astype(np.float32))
    assert (found.vectors[-1] == 0.5).all()


def test_single_vectors_are_found_without_opening_them_twice(tmp_path, monkeypatch):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for i in range(30):
            file[f"word {i}"] = np.ones(4, np.float32)
    names: list[bytes] = []
    open_object = h5py.h5o.open

    def opened_by_name(parent, name, *rest, **options):
        names.append(name)
        return open_object(parent, name, *rest, **options)

    monkeypatch.setattr(h5py.h5o, "open", opened_by_name)
    assert len(load(tmp_path / "a.h5", note=lambda sentence: None)) == 30
    assert names.count(b"word 7") + names.count(b"/word 7") == 1


def test_columns_x_and_y_are_not_single_vectors(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["x"], file["y"] = np.ones(3), np.ones(3)
    with pytest.raises(EmbeddingError, match=r"x\.h5: no matrix of numbers in it \(x, y\)"):
        load(path)


def test_a_matrix_of_booleans_holds_no_vectors(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["mask"] = np.ones((3, 2), bool)
    with pytest.raises(EmbeddingError, match=r"x\.h5: no matrix of numbers in it \(mask\)"):
        load(path)


def test_references_and_files_without_numbers(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["vectors"] = np.array([[file.ref]], dtype=h5py.ref_dtype)
        file["names"] = np.array(["a"], dtype=TEXT)
    with pytest.raises(EmbeddingError, match=r"x\.h5: no matrix of numbers in it \(names, vectors"):
        load(path)


def test_files_cut_anywhere(tmp_path):
    path = tmp_path / "x.h5ad"
    with h5py.File(path, "w") as file:
        new_encoding(file)
        file["obsm/X_pca"] = PCA
    content = path.read_bytes()
    for length in range(9, len(content) - 1, 509):
        path.write_bytes(content[:length])
        with pytest.raises(EmbeddingError, match=r"x\.h5ad: damaged "):
            load(path)
