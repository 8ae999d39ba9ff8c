"""Vectors that are stored as bytes, hex or base64, and bytes and texts that are no vectors."""

import base64
import hashlib
import io
import json
import uuid

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeddings import EmbeddingError, load
from embeddings.files.options import NotFinite
from embeddings.files.tabular.vector_bytes import holds_vector_bytes

ROWS = 12
VECTORS = np.random.default_rng(0).normal(size=(ROWS, 6)).astype(np.float16).astype(np.float32)
VECTORS += np.float32(2**-13)  # so that float32 needs all of its bits
NAMES = [f"item {i}" for i in range(ROWS)]


def npy(vector: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, vector)
    return file.getvalue()


def cells(dtype: str, vectors=VECTORS) -> list[bytes]:
    return [vector.astype(dtype).tobytes() for vector in vectors]


def opened(tmp_path, column: pa.Array | list, name="embedding", notes=None, **options):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"name": NAMES[: len(column)], name: column}), path)
    return load(path, note=(notes if notes is not None else []).append, **options)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", ["embedding", "blob"])
@pytest.mark.parametrize("fixed", [False, True])
def test_bytes_of_numbers(tmp_path, dtype, name, fixed):
    contents = cells(dtype)
    notes: list[str] = []
    column = pa.array(contents, pa.binary(len(contents[0])) if fixed else pa.binary())
    found = opened(tmp_path, column, name, notes)
    np.testing.assert_array_equal(found.vectors, VECTORS.astype(dtype).astype(np.float32))
    assert found.labels == tuple(NAMES)
    assert found.metadata.column_names == []
    assert notes == [f"column {name}: read its bytes as vectors of 6 x {dtype}"]


@pytest.mark.parametrize(
    "values", [np.arange(1, 73).reshape(12, 6), np.maximum(VECTORS, 0), VECTORS / 300 + 2]
)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_whole_numbers_zeros_and_narrow_ranges(tmp_path, values, dtype):
    found = opened(tmp_path, cells(dtype, values))
    np.testing.assert_array_equal(found.vectors, values.astype(dtype).astype(np.float32))


def test_npy_in_cells(tmp_path):
    found = opened(tmp_path, [npy(vector) for vector in VECTORS], "blob")
    np.testing.assert_array_equal(found.vectors, VECTORS)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
@pytest.mark.parametrize("encoded", ["hex", "base64", "urlsafe"])
def test_bytes_as_text(tmp_path, suffix, encoded):
    write = {
        "hex": lambda content: "\\x" + content.hex(),
        "base64": lambda content: base64.b64encode(content).decode(),
        "urlsafe": lambda content: base64.urlsafe_b64encode(content).decode().rstrip("="),
    }[encoded]
    frame = pd.DataFrame({"name": NAMES, "embedding": list(map(write, cells("float32")))})
    path = tmp_path / f"x{suffix}"
    if suffix == ".csv":
        frame.to_csv(path, index=False)
    elif suffix == ".parquet":
        frame.to_parquet(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in frame.to_dict("records")))
    notes: list[str] = []
    found = load(path, note=notes.append)
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert found.labels == tuple(NAMES)
    assert notes == ["column embedding: read its bytes as vectors of 6 x float32"]


def test_a_missing_cell_is_a_missing_vector(tmp_path):
    for missing in (None, b""):
        contents = [*cells("float32")[:3], missing, *cells("float32")[4:]]
        with pytest.raises(NotFinite) as caught:
            opened(tmp_path, contents)
        assert caught.value.rows.tolist() == [3]
        assert len(opened(tmp_path, contents, leave_out=True)) == ROWS - 1


def test_a_cell_of_another_length_is_named(tmp_path):
    contents = cells("float32", np.tile(VECTORS, (3, 1)))
    contents[30] = contents[30][:-4]
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"embedding": contents}), path)
    with pytest.raises(EmbeddingError, match="row 30, column embedding: 20 bytes where the first"):
        load(path)


@pytest.mark.parametrize(
    "made",
    [
        [uuid.uuid5(uuid.NAMESPACE_URL, str(i)).bytes for i in range(ROWS)],
        [hashlib.sha256(name.encode()).digest() for name in NAMES],
        [b"\x89PNG\r\n\x1a\n" + bytes([i] * 8) for i in range(ROWS)],
        [b"hello world 1234"] * ROWS,
        [hashlib.md5(name.encode()).hexdigest() for name in NAMES],
        ["internationalize", "characterization", "responsibilities"],
        [content[: 8 + i] for i, content in enumerate(cells("float32"))],
        [b"\0" * 16] * ROWS,
        [b"\0" * 4] * ROWS,
    ],
)
def test_other_bytes_and_texts_are_no_vectors(made):
    assert not holds_vector_bytes(pa.chunked_array([made]))


def test_texts_like_base64_are_vectors_only_by_name(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("".join(f"item{i:08d},{i}.5,{i}.25\n" for i in range(ROWS)))
    found = load(path)
    assert found.vectors.shape == (ROWS, 2)
    assert found.labels[1] == "item00000001"
