""".npz: which array is what, objects left out, bombs refused, everything plain survives."""

import io
import zipfile

import numpy as np
import pyarrow as pa
import pytest

from embeddings import EmbeddingError, EmbeddingSet, load, save
from embeddings.files.arrays import npz

VECTORS = np.arange(12, dtype=np.float32).reshape(4, 3)
NAMES = np.array(["a", "b", "c", "ä"])


def test_the_matrix_the_labels_and_the_columns(tmp_path):
    np.savez_compressed(
        tmp_path / "x.npz",
        year=np.array([1, 2, 3, 4], ">i4"),
        day=np.array(["2020-01-01"] * 4, "datetime64[D]"),
        hour=np.array(["2020-01-01T07"] * 4, "datetime64[h]"),
        weight=np.array([1, 2, 3, 4], "longdouble"),
        title=NAMES,
        code=np.array([b"x", b"y", b"\xff", b""]),
        other=np.ones(5),
        cube=np.ones((4, 3, 2)),
        X=VECTORS.astype(">f8"),
        whole=np.ones((9, 9), int),
    )
    notes: list[str] = []
    found = load(tmp_path / "x.npz", note=notes.append)
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert found.labels == ("a", "b", "c", "ä")
    assert found.metadata.column_names == ["year", "day", "hour", "weight", "code"]
    assert found.metadata["code"].to_pylist() == ["x", "y", "\ufffd", ""]
    assert found.metadata["day"].type == pa.date32()
    assert notes == []


def test_of_several_matrices_the_best_name_is_taken_and_noted(tmp_path):
    notes: list[str] = []
    np.savez(tmp_path / "x.npz", a=np.ones((2, 2)), embeddings=VECTORS)
    assert load(tmp_path / "x.npz", note=notes.append).dimensions == 3
    assert "took embeddings (4, 3)" in notes[0] and "a (2, 2)" in notes[0]
    np.savez(tmp_path / "y.npz", first=VECTORS, second=np.ones((2, 2)))
    assert load(tmp_path / "y.npz", note=notes.append).dimensions == 3


def test_numbers_called_labels_label_and_stay_a_column(tmp_path):
    np.savez(tmp_path / "x.npz", X=VECTORS, labels=np.array([1, 0, 1, 0]))
    found = load(tmp_path / "x.npz")
    assert found.labels == ("1", "0", "1", "0")
    assert found.metadata["labels"].to_pylist() == [1, 0, 1, 0]


def test_whole_numbers_are_vectors_where_no_floats_are(tmp_path):
    np.savez(tmp_path / "x.npz", counts=np.ones((3, 2), int))
    assert load(tmp_path / "x.npz").vectors.shape == (3, 2)


def test_objects_are_left_out_and_named(tmp_path):
    notes: list[str] = []
    np.savez(tmp_path / "x.npz", vectors=VECTORS, labels=np.array(["a", None, 1, 2], object))
    found = load(tmp_path / "x.npz", note=notes.append)
    assert found.labels == ("0", "1", "2", "3")
    assert notes == ["left out labels.npy: it holds Python objects, which are never unpickled"]
    np.savez(tmp_path / "y.npz", vectors=VECTORS.astype(object))
    with pytest.raises(EmbeddingError, match=r"y\.npz: vectors\.npy: an array of Python objects"):
        load(tmp_path / "y.npz", note=notes.append)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": np.ones(3)}, "one-dimensional array of 3"),
        ({"a": np.ones(3), "b": NAMES}, r"no matrix of numbers among its arrays \(a float64"),
        ({"a": np.ones((2, 2, 2))}, r"shape \(2, 2, 2\)"),
        ({"a": np.array([[np.inf]])}, "row 0, column 0: inf"),
        ({"a": np.ones((0, 3))}, "0 rows of 3"),
    ],
)
def test_archives_without_vectors(tmp_path, arrays, message):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(EmbeddingError, match=rf"x\.npz: .*{message}"):
        load(tmp_path / "x.npz")


def zipped(path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def npy(array) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", str(2**24))
    path = zipped(tmp_path / "bomb.npz", {"vectors.npy": npy(np.zeros((2**12, 2**12), np.float32))})
    assert path.stat().st_size < 2**18
    with pytest.raises(EmbeddingError, match=r"bomb\.npz: its arrays unpack to 67,108,992 bytes"):
        load(path)
    # a directory with a wrong size: no more is read than it gives, and the checksum fails
    content = path.read_bytes().replace((67_108_992).to_bytes(4, "little"), b"\x80\x10\0\0")
    path.write_bytes(content)
    with pytest.raises(EmbeddingError, match=r"bomb\.npz: .*claims an array of shape"):
        load(path)


def test_a_lying_header_inside_is_found(tmp_path):
    wrong = npy(VECTORS).replace(b"(4, 3), }" + b" " * 20, b"(999999999999, 3), }" + b" " * 9)
    with pytest.raises(EmbeddingError, match=r"x\.npz: its header claims an array of shape \(9999"):
        load(zipped(tmp_path / "x.npz", {"vectors.npy": wrong}))


def test_members_without_extension_and_every_compression(tmp_path):
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        path = zipped(tmp_path / "x.dat", {"README.txt": b"x", "arr_0": npy(VECTORS)}, method)
        np.testing.assert_array_equal(load(path).vectors, VECTORS)


def test_other_zips_are_not_taken_for_it(tmp_path):
    with pytest.raises(EmbeddingError, match=r"x\.zip: README\.txt: no vectors"):
        load(zipped(tmp_path / "x.zip", {"README.txt": b"x"}))


def test_files_cut_anywhere(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, vectors=VECTORS)
    content = path.read_bytes()
    for length in range(1, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(EmbeddingError, match=r"x\.npz: "):
            load(path)


def test_what_we_write_opens_in_numpy_and_comes_back(tmp_path):
    columns = {
        "year": pa.array([1, 2, 3], pa.int16()),
        "kind": pa.array(["a", "b", "a"]).dictionary_encode(),
        "day": pa.array([0, 1, 2], pa.date32()),
        "good": pa.array([True, False, True]),
        "file": pa.array(["x", "", "é"]),
        "gaps": pa.array([1, None, 3]),
        "tags": pa.array([["x"], [], ["y"]]),
        "labels": pa.array([1, 2, 3]),
        "ends": pa.array(["a\0", "b", "c"]),
        "n\0l": pa.array([1, 2, 3]),
    }
    made = EmbeddingSet.of(VECTORS[:3], ["a", "", "same"], columns, name="x", metric="dot", seed=3)
    assert save(made, tmp_path / "x.npz") == (
        "column gaps", "column tags", "column labels", "column ends", "column n\0l",
    )  # fmt: skip
    with np.load(tmp_path / "x.npz") as archive:
        assert archive["vectors"].tobytes() == VECTORS[:3].tobytes()
        assert archive["labels"].tolist() == ["a", "", "same"]
        assert archive["day"].dtype == "datetime64[D]"
    found = load(tmp_path / "x.npz")
    assert found.labels == made.labels
    assert found.provenance == made.provenance
    assert found.fingerprint == made.fingerprint
    found_columns = [found.metadata[name].to_pylist() for name in found.metadata.column_names]
    assert found_columns == [
        columns[name].to_pylist() for name in ("year", "kind", "day", "good", "file")
    ]


def test_labels_that_do_not_fit_are_refused_before_writing(tmp_path, monkeypatch):
    made = EmbeddingSet.of(np.ones((2, 2)), ["x\0", "y"])
    with pytest.raises(EmbeddingError, match=r"x\.npz: labels .*NUL"):
        save(made, tmp_path / "x.npz")
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "1000")
    with pytest.raises(EmbeddingError, match=r"x\.npz: labels .*\.parquet"):
        save(EmbeddingSet.of(np.ones((2, 2)), ["x" * 1000, "y"]), tmp_path / "x.npz")
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_matrices_has_no_columns(tmp_path):
    np.savez(tmp_path / "x.npz", a=VECTORS, b=np.float32(1))
    expected = r"no array of one value for each row \(a float32 \(4, 3\), b float32 \(\)\)"
    with pytest.raises(EmbeddingError, match=expected):
        list(npz.read_columns(tmp_path / "x.npz", 4, print))
