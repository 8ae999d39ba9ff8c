""".npy: every order of bytes and axes, lying headers, no pickles, and what is not a matrix."""

import io
from pathlib import Path

import numpy as np
import pytest

from embeddings import EmbeddingError, load
from embeddings.files import read
from embeddings.files.arrays import npy
from embeddings.files.options import ReadContext

ROWS = [[0.5, -2.0, 3.0], [4.0, 5.25, 6.0]]


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8", "<f2", ">f2", "longdouble"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_floats_of_any_kind_and_order(tmp_path, dtype, order):
    np.save(tmp_path / "v.npy", np.array(ROWS, dtype=dtype, order=order))
    assert load(tmp_path / "v.npy").vectors.tolist() == ROWS


@pytest.mark.parametrize("dtype", ["i1", ">i2", "<i4", "i8", "u1", ">u4", "bool"])
def test_whole_numbers_and_booleans(tmp_path, dtype):
    array = np.array([[0, 1], [1, 1], [1, 0]], dtype=dtype)
    np.save(tmp_path / "v.npy", array)
    found = load(tmp_path / "v.npy")
    assert found.vectors.tolist() == array.astype(float).tolist()
    assert found.labels == ("0", "1", "2")


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_all_versions_of_the_header(tmp_path, version):
    with (tmp_path / "v.npy").open("wb") as file:
        np.lib.format.write_array(file, np.array(ROWS), version=version)
    assert load(tmp_path / "v.npy").vectors.tolist() == ROWS


def test_the_vectors_do_not_depend_on_the_file_any_more(tmp_path):
    path = tmp_path / "v.npy"
    np.save(path, np.array(ROWS, np.float32))
    found = load(path)
    path.write_bytes(bytes(path.stat().st_size))
    assert found.vectors.tolist() == ROWS
    assert not found.vectors.flags.writeable


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones(5), r"one-dimensional array of 5 values; .*reshape"),
        (np.float32(1), r"shape \(\)"),
        (np.ones((2, 3, 4)), r"shape \(2, 3, 4\); .*reshape"),
        (np.ones((0, 4)), r"shape \(0, 4\)"),
        (np.ones((4, 0)), r"shape \(4, 0\)"),
        (np.array(ROWS, complex), "complex128"),
        (np.array([["a", "b"]]), "<U1"),
        (np.zeros((2, 2), "V2"), "bfloat16"),
        (np.zeros(3, [("a", "f4")]), "no vectors among its 1 column"),
        (np.zeros((3, 2), [("a", "f4")]), "not records"),
        (np.array([[1.0, np.nan]]), "row 0, column 1: nan"),
        (np.array([[1.0], [1e300]]), "row 1, column 0: inf"),
    ],
    ids=lambda value: str(getattr(value, "shape", "")),
)
def test_what_is_no_matrix_of_numbers(tmp_path, array, message):
    np.save(tmp_path / "v.npy", array)
    with pytest.raises(EmbeddingError, match=rf"v\.npy: .*{message}"):
        load(tmp_path / "v.npy")


def test_python_objects_are_never_unpickled(tmp_path):
    np.save(tmp_path / "v.npy", np.array([[1, "x"]], dtype=object), allow_pickle=True)
    with pytest.raises(EmbeddingError, match=r"v\.npy: .*Python objects.*numpy\.save"):
        load(tmp_path / "v.npy")


def with_shape(shape: str) -> bytes:
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        content, {"descr": "<f4", "fortran_order": False, "shape": (2, 3)}
    )
    header = content.getvalue().replace(b"(2, 3)", shape.encode())
    header = header.replace(b" " * (len(shape) - 6) + b"\n", b"\n")
    return header + np.ones((2, 3), np.float32).tobytes()


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ("(1000000000000, 300)", r"claims an array of shape \(1000000000000, 300\).* 24 follow"),
        ("(2, 4)", r"32 bytes, but 24 follow; .*cut short"),
        ("(-2, -3)", "impossible shape"),
        ("(2, x)", "damaged or incomplete .npy header"),
        ("(2.0, 3)", "damaged or incomplete .npy header"),
        (")(2, 3)", "damaged or incomplete .npy header"),
    ],
)
def test_a_lying_header_is_found_before_memory_is_taken(tmp_path, shape, message):
    (tmp_path / "v.npy").write_bytes(with_shape(shape))
    with pytest.raises(EmbeddingError, match=rf"v\.npy: .*{message}"):
        load(tmp_path / "v.npy")


def test_files_cut_anywhere(tmp_path):
    path = tmp_path / "v.npy"
    np.save(path, np.array(ROWS))
    content = path.read_bytes()
    for length in range(1, len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(EmbeddingError, match=r"v\.npy: "):
            load(path)


def test_a_narrow_type_must_fit_as_float32(tmp_path, monkeypatch):
    np.save(tmp_path / "v.npy", np.zeros((1000, 1000), np.int8))
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "2000000")
    with pytest.raises(EmbeddingError, match="the array needs 4,000,000 bytes"):
        load(tmp_path / "v.npy")


class Bomb:
    """An object whose pickle creates a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_pickles_are_never_opened_neither_as_vectors_nor_as_columns(tmp_path):
    bomb = Bomb(tmp_path / "exploded")
    objects = np.array([bomb, bomb])
    records = np.zeros(2, [("label", "U1"), ("vector", "f4", 2), ("bomb", "O")])
    records["bomb"] = objects
    for array in (objects, objects.reshape(1, 2), records):
        np.save(tmp_path / "v.npy", array, allow_pickle=True)
        with pytest.raises(EmbeddingError, match=r"v\.npy: an array of Python objects"):
            load(tmp_path / "v.npy")
    np.save(tmp_path / "v.npy", objects, allow_pickle=True)
    with pytest.raises(EmbeddingError, match=r"an array of Python objects, .*dtype=str"):
        list(npy.read_columns(tmp_path / "v.npy", 2, print))
    assert not (tmp_path / "exploded").exists()
    np.load(tmp_path / "v.npy", allow_pickle=True)
    assert (tmp_path / "exploded").exists()


@pytest.mark.parametrize("array", [np.ones((2, 2)), np.ones(2, complex), np.array(1.5)])
def test_a_column_is_one_value_for_each_row(tmp_path, array):
    np.save(tmp_path / "c.npy", array)
    with pytest.raises(EmbeddingError, match="expected one text, number, boolean or date"):
        list(npy.read_columns(tmp_path / "c.npy", 2, print))


def test_packed_bits_are_compared_by_hamming_distance(tmp_path):
    signs = np.random.default_rng(0).normal(size=(40, 64)) > 0.1
    np.save(tmp_path / "x.npy", np.packbits(signs, axis=1))
    notes: list[str] = []
    found = load(tmp_path / "x.npy", note=notes.append)
    np.testing.assert_array_equal(found.vectors, np.where(signs, 1, -1))
    assert any("packed bits: read as 64 numbers" in note for note in notes)
    context = ReadContext(lambda _: None, {"dimensions": "8"})
    assert read([tmp_path / "x.npy"], context).vectors.shape == (40, 8)


@pytest.mark.parametrize(
    "made",
    [
        lambda rng: rng.normal(128, 40, (60, 16)).clip(0, 255),  # rounded embeddings
        lambda rng: rng.integers(0, 256, (60, 16)) * (rng.random((60, 16)) > 0.6),  # pixels
        lambda rng: rng.integers(0, 10, (60, 16)),
        lambda rng: rng.integers(0, 256, (3, 16)),  # too few to tell
    ],
)
def test_other_bytes_are_numbers(tmp_path, made):
    array = made(np.random.default_rng(0)).astype(np.uint8)
    np.save(tmp_path / "x.npy", array)
    np.testing.assert_array_equal(load(tmp_path / "x.npy").vectors, array)
