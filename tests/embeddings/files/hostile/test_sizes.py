"""Files of a few bytes that stand for many: what they expand to is counted before it is made.

Each takes a few times the limit in memory, not all memory there is, so that a reader without the
check fails the test and does no harm.
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

from embeddings import EmbeddingError, load
from embeddings.files.delimited import dialect
from embeddings.files.hdf5 import access
from embeddings.files.plain_text import lines

LIMIT = 2**25
TEXT = "x" * 2**20
MANY = 200
"""Repetitions of TEXT, or of a million numbers: six times the limit."""

POOLS: list[pa.MemoryPool] = []
"""The pools of all tests, which must outlive the arrays in them: an error may hold one for long."""

VECTORS = np.zeros((MANY, 2), np.float32)


def table(**columns: pa.Array) -> pa.Table:
    return pa.table({"x": VECTORS[:, 0], "y": VECTORS[:, 1], **columns})


def write_first_small(path: Path) -> None:
    lengths = np.array([1] + [10**6] * 60)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int64())
    numbers = pa.array(np.zeros(lengths.sum(), np.float32))
    pq.write_table(pa.table({"vector": pa.LargeListArray.from_arrays(offsets, numbers)}), path)


def write_nested_text(path: Path) -> None:
    pq.write_table(table(tags=pa.array([[TEXT]] * MANY)), path)


def write_text_in_one_row(path: Path) -> None:
    pq.write_table(table(tags=pa.array([[TEXT] * MANY] + [[]] * (MANY - 1))), path)


def write_binary(path: Path) -> None:
    pq.write_table(table(raw=pa.array([TEXT.encode()] * MANY)), path)


def write_text_in_records(path: Path) -> None:
    pq.write_table(table(page=pa.array([{"text": TEXT}] * MANY)), path)


def write_prefixes(path: Path) -> None:
    texts = [TEXT + str(i) for i in range(MANY)]
    pq.write_table(
        table(raw=pa.array([text.encode() for text in texts])), path, use_dictionary=False,
        column_encoding={"raw": "DELTA_BYTE_ARRAY", "x": "PLAIN", "y": "PLAIN"},
    )  # fmt: skip


def write_missing_numbers(path: Path) -> None:
    missing = pa.nulls(5 * 10**6, pa.float64())
    pq.write_table(pa.table({"x": missing, "y": missing}), path)


def write_arrow(path: Path, columns: pa.Table) -> None:
    with pa.ipc.new_file(path, columns.schema) as writer:
        writer.write_table(columns)


def write_runs_of_text(path: Path) -> None:
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([MANY], pa.int32()), pa.array([TEXT]))
    write_arrow(path, table(text=runs))


def write_dictionary_of_bytes(path: Path) -> None:
    codes = pa.array([0] * MANY, pa.int32())
    values = pa.DictionaryArray.from_arrays(codes, pa.array([TEXT.encode()]))
    write_arrow(path, table(raw=values))


def write_shared_strings(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["vectors"] = VECTORS
        strings = file.create_dataset("text", (MANY,), h5py.string_dtype())
        strings[0] = TEXT
    share_the_first(path, 16)


def share_the_first(path: Path, width: int) -> None:
    """Make every reference to a string, in a dataset of references, the first one."""
    content = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        place, size = file["text"].id.get_offset(), file["text"].id.get_storage_size()
    first = content[place : place + width]
    content[place : place + size] = first * (size // width)
    path.write_bytes(content)


def write_bytes_labels(path: Path) -> None:
    labels = np.array([b"x" * 2**17] * 8 + [b"y"] * (MANY - 8))
    np.savez_compressed(path, vectors=VECTORS, labels=labels)


def write_numbers_as_json(path: Path) -> None:
    path.write_text(json.dumps([1] * 2_000_000, separators=(",", ":")))


def write_objects_as_lines(path: Path) -> None:
    path.write_text('{"v":[1,2]}\n' * 200_000)


BOMBS: dict[str, tuple[Callable[[Path], None], int]] = {
    "first_small.parquet": (write_first_small, 10_000),
    "nested_text.parquet": (write_nested_text, 100_000),
    "one_row.parquet": (write_text_in_one_row, 100_000),
    "binary.parquet": (write_binary, 100_000),
    "records.parquet": (write_text_in_records, 100_000),
    "prefixes.parquet": (write_prefixes, 100_000),
    "missing.parquet": (write_missing_numbers, 25_000),
    "runs.arrow": (write_runs_of_text, 1_100_000),
    "dictionary.arrow": (write_dictionary_of_bytes, 1_100_000),
    "shared.h5": (write_shared_strings, 1_200_000),
    "numbers.json": (write_numbers_as_json, 4_100_000),
    "lines.jsonl": (write_objects_as_lines, 2_500_000),
}


@pytest.fixture(autouse=True)
def limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", str(LIMIT))


@pytest.fixture
def memory() -> pa.MemoryPool:
    """Count what Arrow takes from now on."""
    before = pa.default_memory_pool()
    counted = pa.proxy_memory_pool(before)
    POOLS.append(counted)
    pa.set_memory_pool(counted)
    yield counted
    pa.set_memory_pool(before)


@pytest.mark.parametrize("name", BOMBS)
def test_what_a_file_expands_to_is_counted_before(
    tmp_path: Path, memory: pa.MemoryPool, name: str
) -> None:
    write, size = BOMBS[name]
    write(tmp_path / name)
    del write
    assert (tmp_path / name).stat().st_size < size
    written = memory.max_memory()
    tracemalloc.start()
    try:
        with pytest.raises(EmbeddingError, match=rf"^{name}: .* more than the limit of"):
            load(tmp_path / name)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * LIMIT
    assert memory.max_memory() <= max(written, 2 * LIMIT)


def test_labels_of_fixed_width_take_what_they_hold(tmp_path: Path) -> None:
    write_bytes_labels(tmp_path / "a.npz")
    tracemalloc.start()
    found = load(tmp_path / "a.npz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.labels[0] == "x" * 2**17 and found.labels[-1] == "y"
    assert peak < 3 * MANY * 2**17  # as characters of four bytes they would take more than four


def test_texts_of_hdf5_are_read_in_parts_by_the_longest_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, parts = tmp_path / "a.h5", []
    with h5py.File(path, "w") as file:
        file["text"] = [TEXT[: LIMIT // 32], *["y"] * 20]
    longest = access.check_heaps(path)
    assert longest in range(LIMIT // 32, LIMIT // 32 + 8)

    def read(rows: slice) -> list[str]:
        parts.append(rows)
        return ["y"] * len(range(*rows.indices(21)))

    assert len(access.read_texts(read, 21, longest, "text")) == 21
    assert max(part.stop - part.start for part in parts) == LIMIT // 8 // longest


def test_records_of_texts_take_what_they_hold(tmp_path: Path) -> None:
    kind = np.dtype([("index", h5py.string_dtype()), ("n", "i4")])
    records = np.array([(TEXT[: 2**19], 1)] + [(f"row{i}", i) for i in range(1, MANY)], kind)
    with h5py.File(tmp_path / "a.h5ad", "w") as file:
        file["obs"] = records
        file["obsm/X_pca"] = VECTORS
    tracemalloc.start()
    found = load(tmp_path / "a.h5ad")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.labels[1] == "row1" and len(found.labels[0]) == 2**19
    assert peak < 2**24  # as an array of characters, 419 MB


def test_a_first_line_of_any_length_is_refused_before_it_is_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialect, "_LONGEST_LINES", 2**21)
    (tmp_path / "a.csv").write_text("1," * (2**20 + 1) + "1")
    with pytest.raises(EmbeddingError, match=r"a\.csv: line 1 or 2 is longer than 2,097,152 bytes"):
        load(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("name,x,y\n" + "t" * (2**20 + 10) + ",1,2\nb,3,4\n")
    assert load(tmp_path / "b.csv").vectors.tolist() == [[1, 2], [3, 4]]


def test_lines_are_those_of_the_whole_text_split_but_a_block_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = b"\r\na\r\n\nlonger than a block\n\r\nb\rc\n"
    expected = [line.removesuffix(b"\r") for line in text.split(b"\n")]
    for block in range(1, len(text) + 2):
        monkeypatch.setattr("embeddings.files.plain_text._LINES_BYTES", block)
        assert list(lines(pa.py_buffer(text))) == expected
    assert list(lines(pa.py_buffer(b""))) == [b""]
    tracemalloc.start()
    monkeypatch.undo()
    assert sum(1 for _ in lines(pa.py_buffer(b"a\n" * 2**21))) == 2**21 + 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**25 + 2**22


def test_a_wrong_row_is_found_without_the_text_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for block in (
        "detect.HEAD_BYTES",
        "plain_text._LINES_BYTES",
        "delimited.dialect._SAMPLE_BYTES",
        "word2vec.text_format._SAMPLE_BYTES",
    ):
        monkeypatch.setattr(f"embeddings.files.{block}", 2**16)
    (tmp_path / "a.csv").write_text("name,x,y\nword,1,2\nbad,1\n")
    with pytest.raises(EmbeddingError, match="line 3 "):
        load(tmp_path / "a.csv")  # and import what takes memory once
    rows = "name,x,y\n" + "word,1,2\n" * 120_000 + "bad,1\n"
    (tmp_path / "a.csv").write_text(rows)
    tracemalloc.start()
    with pytest.raises(EmbeddingError, match=r"line 120002 .*2 columns where the first line has 3"):
        load(tmp_path / "a.csv")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * len(rows)  # a list of its lines would take seven times its bytes
