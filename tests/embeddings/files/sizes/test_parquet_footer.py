"""The footer of Parquet: the same numbers as pyarrow's, and damage is a ValueError."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeddings.files.sizes.parquet_footer import ColumnChunk, read_footer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    columns = {f"c{i}": range(40) for i in range(20)}  # more than a short list of Thrift holds
    columns |= {"tags": [["a", None], []] * 20, "record": [{"x": 1.0, "y": None}] * 40}
    columns |= {"flag": [True, None] * 20, "missing": pa.nulls(40)}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet", row_group_size=17)
    return tmp_path / "a.parquet"


def test_the_numbers_are_those_of_pyarrow(path: Path) -> None:
    metadata = pq.read_metadata(path)
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    chunks = [[group.column(j) for j in range(metadata.num_columns)] for group in groups]
    assert read_footer(path) == [
        [ColumnChunk(chunk.num_values, chunk.total_uncompressed_size) for chunk in group]
        for group in chunks
    ]
    assert len(groups) == 3


def test_a_damaged_footer_is_a_value_error(path: Path) -> None:
    content = path.read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    random = np.random.default_rng(0)
    failed = 0
    for _ in range(1_000):
        broken = bytearray(content)
        for place in random.integers(len(content) - 8 - length, len(content), 3):
            broken[place] = random.integers(256)
        path.write_bytes(broken)
        try:
            found = read_footer(path)
        except ValueError:
            failed += 1
        else:
            assert all(chunk.values >= 0 and chunk.size >= 0 for group in found for chunk in group)
    assert failed > 100


@pytest.mark.parametrize("content", [b"", b"PAR1", b"\xff\xff\xff\x7fPAR1", b"\x00" * 8])
def test_no_footer(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(ValueError, match="no footer"):
        read_footer(tmp_path / "a")


@pytest.mark.parametrize("nested", [b"\x1c", b"\x19\x19"])
def test_nesting_ends(tmp_path: Path, nested: bytes) -> None:
    footer = nested * 100_000
    (tmp_path / "a").write_bytes(footer + len(footer).to_bytes(4, "little") + b"PAR1")
    with pytest.raises(ValueError, match="nested too deeply"):
        read_footer(tmp_path / "a")
