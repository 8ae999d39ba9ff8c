"""Files of a few bytes that state millions of rows: refused before anything of that length is made.

The files state 2**22 rows. So a reader without the check takes hundreds of megabytes, not all
memory, and the test fails.
"""

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeddings import EmbeddingError, EmbeddingSet, load

ROWS = 2**22
LIMIT = 2**26
"""Less than the labels of ROWS rows take, more than ROWS float32."""


def write_safetensors(path: Path, dimensions: int) -> None:
    tensor = {"dtype": "F32", "shape": [ROWS, dimensions], "data_offsets": [0, 0]}
    header = json.dumps({"vectors": tensor}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)


def write_npy(path: Path, dimensions: int) -> None:
    np.save(path, np.zeros((ROWS, dimensions), np.int8))


def write_npz(path: Path, dimensions: int) -> None:
    np.savez_compressed(path, vectors=np.zeros((ROWS, dimensions), np.int8))


def write_hdf5(path: Path, dimensions: int) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("vectors", (ROWS, dimensions), "f4")


def write_h5ad(path: Path, dimensions: int) -> None:
    with h5py.File(path, "w") as file:
        file.create_group("obs")
        file.create_dataset("obsm/X_pca", (ROWS, dimensions), "f4")


def write_elmo(path: Path, dimensions: int) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("0", (1, ROWS, dimensions), "f4")


NO_NUMBERS = {
    "a.safetensors": write_safetensors,
    "a.npy": write_npy,
    "a.npz": write_npz,
    "a.h5": write_hdf5,
    "a.h5ad": write_h5ad,
    "elmo.hdf5": write_elmo,
}

EQUAL_NUMBERS = {name: write for name, write in NO_NUMBERS.items() if name != "a.safetensors"}


def refused_with_peak(path: Path, message: str) -> int:
    """Open a file that is refused; return the most bytes that Python and NumPy took meanwhile."""
    tracemalloc.start()
    try:
        with pytest.raises(EmbeddingError, match=message):
            load(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture(autouse=True)
def limit(monkeypatch):
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", str(LIMIT))


@pytest.mark.parametrize("name", NO_NUMBERS)
def test_rows_without_numbers_are_refused_before_labels_are_made(tmp_path: Path, name: str) -> None:
    NO_NUMBERS[name](tmp_path / name, 0)
    message = rf"^{name}: .*(rows of 0 numbers|is empty|is of shape \(1, 4194304, 0\))"
    assert refused_with_peak(tmp_path / name, message) < 2**22


@pytest.mark.parametrize("name", EQUAL_NUMBERS)
def test_rows_of_equal_numbers_are_refused_before_labels_are_made(
    tmp_path: Path, name: str
) -> None:
    EQUAL_NUMBERS[name](tmp_path / name, 1)
    message = rf"^{name}: its 4,194,304 rows, with a label each, take [\d,]+ bytes, more than the"
    assert refused_with_peak(tmp_path / name, message) < 3 * 4 * ROWS


@pytest.mark.parametrize("write", [write_safetensors, write_hdf5, write_h5ad, write_npy])
def test_more_rows_without_numbers_than_any_machine_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, int], None]
) -> None:
    monkeypatch.setattr(f"{__name__}.ROWS", 2**40)
    write(tmp_path / "a.npy", 0)
    assert refused_with_peak(tmp_path / "a.npy", r"more than the limit") < 2**22


def test_a_column_of_equal_labels_is_refused_before_they_are_strings(tmp_path: Path) -> None:
    word, row = pa.array(["word"]), pa.nulls(ROWS // 2, pa.int32()).fill_null(0)
    labels = pa.DictionaryArray.from_arrays(row, word)
    table = pa.table({"label": labels, "x": row.cast(pa.int8()), "y": row.cast(pa.int8())})
    pq.write_table(table, tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 100_000
    message = "its 2,097,152 rows, with a label each, take"
    assert refused_with_peak(tmp_path / "a.parquet", message) < 2**26


def test_a_set_of_no_numbers_is_refused_before_labels_are_made() -> None:
    tracemalloc.start()
    with pytest.raises(EmbeddingError, match=r"^4194304 rows of 0 numbers"):
        EmbeddingSet.of(np.empty((ROWS, 0)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**22
