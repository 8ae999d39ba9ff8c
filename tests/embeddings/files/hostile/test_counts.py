"""Files of very many columns, members, groups or tensors: the work grows as their number does.

The same is written with two numbers of parts, and the lines of this project's code that run for
both are counted. Calls into pyarrow or HDF5 that copy all parts for each are forbidden by name.
"""

import ast
import builtins
import io
import json
import os
import shutil
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import embeddings.files
from embeddings import EmbeddingError, load
from embeddings.files import archives, assemble
from embeddings.files.delimited.dialect import Dialect
from embeddings.files.hdf5 import access
from embeddings.files.limits import MAX_COLUMNS
from embeddings.files.sizes import table_count
from embeddings.files.tabular.table_draft import with_unique_names
from embeddings.text import LONGEST_MESSAGE, listed

FEW, MANY = 100, 800


def items_seen(read: Callable[[], Any]) -> int:
    """Return how many lines and calls of embeddings/ ran, comprehensions counted by item."""
    seen = 0

    def count(frame: FrameType, event: str, _: object) -> Any:
        nonlocal seen
        if "embeddings/" not in frame.f_code.co_filename.replace("\\", "/"):
            return None
        seen += 1
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        read()
    finally:
        sys.settrace(before)
    return seen


def growth(write: Callable[[Path, int], None], folder: Path, name: str) -> float:
    """Return how many times as many lines run for MANY parts as for FEW."""
    counts = []
    for parts in (FEW, MANY):
        path = folder / str(parts) / name
        path.parent.mkdir()
        write(path, parts)
        load(path)  # what is imported and compiled once
        counts.append(items_seen(lambda path=path: load(path)))
    return counts[1] / counts[0]


def write_text_columns(path: Path, columns: int) -> None:
    rows = [[f"c{i}" for i in range(columns)] + ["x", "y"]]
    rows += [[f"t{row}{i}" for i in range(columns)] + ["0.5", "1.5"] for row in range(4)]
    path.write_text("\n".join(map(",".join, rows)))


def write_parquet(path: Path, columns: int) -> None:
    table = {f"c{i}": ["a", f"b{i}"] for i in range(columns)}
    pq.write_table(pa.table(table | {"x": [1.0, 2.0], "y": [3.0, 4.0]}), path)


def write_datasets(path: Path, datasets: int) -> None:
    with h5py.File(path, "w") as file:
        file["vectors"] = np.eye(3)
        for i in range(datasets):
            file[f"d{i}"] = [1.0, 2.0]


def write_tensors(path: Path, tensors: int) -> None:
    places = [(f"t{i}", [3], 24 + 12 * i, 12) for i in range(tensors)]
    places.insert(0, ("vectors", [3, 2], 0, 24))
    header = json.dumps({
        name: {"dtype": "F32", "shape": shape, "data_offsets": [start, start + size]}
        for name, shape, start, size in places
    }).encode()  # fmt: skip
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(24 + 12 * tensors))


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.csv", write_text_columns),
        ("a.parquet", write_parquet),
        ("a.h5", write_datasets),
        ("a.safetensors", write_tensors),
    ],
)
def test_the_work_grows_as_the_number_of_parts(
    tmp_path: Path, name: str, write: Callable[[Path, int], None]
) -> None:
    assert growth(write, tmp_path, name) < 1.5 * MANY / FEW


def test_the_names_of_all_columns_of_a_text_are_not_listed_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listings, names = [], Dialect.names

    def counted(dialect: Dialect) -> list[str]:
        listings.append(dialect)
        return names.fget(dialect)

    monkeypatch.setattr(Dialect, "names", property(counted))
    write_text_columns(tmp_path / "a.csv", MANY)
    assert load(tmp_path / "a.csv").metadata.num_columns >= MANY - 1
    assert len(listings) < 10


def test_no_column_of_a_table_is_replaced_alone() -> None:
    """Table.set_column copies the list of all columns: see arrow_types.replace_columns."""
    sources = Path(embeddings.files.__file__).parent.rglob("*.py")
    assert [path.name for path in sources if ".set_column(" in path.read_text()] == []


class _CountedTable:
    """A table that counts how often the names of all its columns are listed."""

    def __init__(self, table: pa.Table):
        self._table, self.listings = table, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    @property
    def column_names(self) -> list[str]:
        self.listings += 1
        return self._table.column_names


def test_columns_are_renamed_in_one_pass() -> None:
    table = _CountedTable(pa.table([[1]] * MANY, names=["a"] * MANY))
    renamed = with_unique_names(table, range(MANY))  # type: ignore[arg-type]
    assert renamed.column_names[:3] == ["a", "a_2", "a_3"] and table.listings == 1


def test_nested_groups_are_opened_each_from_its_parent(tmp_path: Path) -> None:
    path, depth = tmp_path / "a.h5", 300
    with h5py.File(path, "w") as file:
        group = file
        for _ in range(depth):
            group = group.create_group("g")
        group["v"] = np.eye(2)
        group["root"] = file  # a hard link back: no endless walk
        file["again"] = group["v"]
    with access.opened(path) as file:
        opened: list[bytes] = []
        original = h5py.h5o.open

        def counted(parent: Any, name: bytes) -> Any:
            opened.append(name)
            return original(parent, name)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(h5py.h5o, "open", counted)
            patch.setattr(h5py.Group, "visititems", None)
            names = [dataset.name for dataset in access.datasets(file)]
    assert names == ["/again"]
    assert sorted(opened) == [b"/", b"again", *[b"g"] * depth]  # "v" and "root" are known by then


def test_all_tensors_are_read_from_one_open_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    original = Path.open

    def counted(path: Path, *arguments: Any, **named: Any) -> Any:
        opened.append(path)
        return original(path, *arguments, **named)

    counts = []
    monkeypatch.setattr(Path, "open", counted)
    for tensors in (2, MANY):
        write_tensors(tmp_path / "a.safetensors", tensors)
        opened.clear()
        assert load(tmp_path / "a.safetensors").metadata.num_columns == tensors
        counts.append(len(opened))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.parquet", "a.arrow", "a.csv"])
def test_more_columns_than_can_be_looked_at_are_refused(tmp_path: Path, name: str) -> None:
    columns = MAX_COLUMNS + 1
    path = tmp_path / name
    if name in ("a.json", "a.jsonl"):
        row = json.dumps({f"c{i}": i for i in range(columns)})
        path.write_text(f"[{row}]" if name == "a.json" else f"{row}\n{row}\n")
    elif name == "a.csv":
        path.write_text(",".join(f"c{i}" for i in range(columns)) + "\n" + "a," * columns + "\n")
    else:
        table = pa.table({f"c{i}": pa.nulls(1, pa.float32()) for i in range(columns)})
        if name == "a.parquet":
            pq.write_table(table, path)
        else:
            with pa.ipc.new_file(path, table.schema) as writer:
                writer.write_table(table)
    with pytest.raises(EmbeddingError, match=r"65,53\d columns; expected at most 65,536"):
        load(path)


def test_tables_that_are_called_npy_are_counted_by_their_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_count, "MAX_TABLES", 3)
    monkeypatch.setattr(assemble, "find_vectors", None)  # none of them is read
    for i in range(9):
        (tmp_path / f"{i}.npy").write_text("x,y\n1,2\n")
    with pytest.raises(EmbeddingError, match=r"4 files that are no images; expected one of"):
        load(tmp_path)


def test_more_tables_than_can_be_looked_into_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_count, "MAX_TABLES", 3)
    monkeypatch.setattr(assemble, "detect_format", None)  # none of them is looked into
    for i in range(4):
        (tmp_path / f"{i}.csv").write_text("x,y\n1,2\n")
    with pytest.raises(EmbeddingError, match=r"4 files that are no images; expected one of"):
        load(tmp_path)


def test_a_zip_of_too_many_members_is_refused_before_any_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for i in range(4):
            archive.writestr(f"{i}.csv", "x,y\n1,2\n")
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
    monkeypatch.setattr(archives, "_write", None)
    with pytest.raises(EmbeddingError, match="more than 3 files in the archive"):
        load(tmp_path / "a.zip")


@pytest.mark.parametrize(
    ("kind", "suffix", "before"), [("zip", ".csv", 0), ("tar", ".csv", 3), ("tar", ".npy", 3)]
)
def test_an_archive_of_more_tables_than_can_be_looked_into_is_refused_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, suffix: str, before: int
) -> None:
    for i in range(9):
        (tmp_path / f"{i}{suffix}").write_text("x,y\n1,2\n")
    shutil.make_archive(str(tmp_path / "a"), kind, tmp_path)
    written: list[Path] = []
    write = archives._write

    def counted(target: Path, *rest: Any) -> int:
        written.append(target)
        return write(target, *rest)

    monkeypatch.setattr(table_count, "MAX_TABLES", 3)
    monkeypatch.setattr(archives, "_write", counted)
    with pytest.raises(EmbeddingError, match=r"files that are no images; expected one of"):
        load(tmp_path / f"a.{kind}")
    assert len(written) == before


def test_a_member_of_an_archive_takes_no_look_at_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is a folder made, or any file opened, more often than there are members."""
    for i in range(40):
        (tmp_path / "set" / str(i % 4)).mkdir(parents=True, exist_ok=True)
        np.save(tmp_path / "set" / str(i % 4) / f"{i}.npy", np.full(3, i, np.float32))
    shutil.make_archive(str(tmp_path / "a"), "tar", tmp_path / "set")
    made: list[str] = []
    opened: Counter[str] = Counter()
    makedirs, open_file = os.makedirs, io.open

    def counted_makedirs(path: str, **options: Any) -> None:
        made.append(path)
        makedirs(path, **options)

    def counted_open(path: Any, *rest: Any, **options: Any) -> Any:
        opened[str(path).rpartition("/")[2]] += 1
        return open_file(path, *rest, **options)

    monkeypatch.setattr(os, "makedirs", counted_makedirs)
    monkeypatch.setattr(io, "open", counted_open)
    monkeypatch.setattr(builtins, "open", counted_open)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", None)  # by which Path.exists and Path.is_dir look
        with archives.unpacked(tmp_path / "a.tar", print) as members:
            assert len(members) == 40
    assert len(made) == 4 and {opened[f"{i}.npy"] for i in range(40)} == {1}
    opened.clear()
    assert load(tmp_path / "a.tar").vectors.shape == (40, 3)
    assert {opened[f"{i}.npy"] for i in range(40)} == {3}  # unpacked, its header, its numbers


@pytest.mark.parametrize("content", [b"\x93NUMPY\1\0", b"\x93NUMPY\1\0\x76\0{", b"\x93NUMPY\2\0\1"])
def test_an_array_that_ends_in_its_header_is_refused_before_the_rest_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    for i in range(9):
        (tmp_path / f"{i}.npy").write_bytes(content)
    shutil.make_archive(str(tmp_path / "a"), "tar", tmp_path)
    monkeypatch.setattr(archives, "_write", None)
    with pytest.raises(EmbeddingError, match=r"^a\.tar: \d\.npy: the \.npy ends within its header"):
        load(tmp_path / "a.tar")


def test_the_same_header_of_many_arrays_is_parsed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(40):
        np.save(tmp_path / f"{i}.npy", np.array([i, 2 * i, 31.0]))
    parsed: list[str] = []
    literal_eval = ast.literal_eval

    def counted(text: str) -> Any:
        parsed.append(text)
        return literal_eval(text)

    monkeypatch.setattr(ast, "literal_eval", counted)  # by which numpy parses headers
    found = load(tmp_path)
    assert found.vectors.tolist() == [[i, 2 * i, 31] for i in range(40)]
    assert len(parsed) <= 1


def test_images_in_an_archive_are_not_searched_for_a_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x.csv", "x,y\n1,2\n3,4\n")
        for i in range(9):
            archive.writestr(f"{i}.png", b"\x89PNG\r\n\x1a\n" + bytes(20))
    searched: list[str] = []
    is_config = assemble.is_config

    def counted(path: Path) -> bool:
        searched.append(path.name)
        return is_config(path)

    monkeypatch.setattr(assemble, "is_config", counted)
    assert load(tmp_path / "a.zip").vectors.shape == (2, 2)
    assert searched == ["x.csv"]


def test_images_without_a_suffix_do_not_count_as_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = b"\x89PNG\r\n\x1a\n" + bytes(20)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x.csv", "x,y\n1,2\n3,4\n")
        for i in range(9):
            archive.writestr(f"{i}", image)
    monkeypatch.setattr(table_count, "MAX_TABLES", 3)
    assert load(tmp_path / "a.zip").vectors.shape == (2, 2)


def test_a_message_has_a_readable_length() -> None:
    place, advice = "a.csv, line 1", "write the table again"
    long = str(EmbeddingError(f"{place}: {'name, ' * 100_000}; {advice}"))
    assert long.startswith(place) and long.endswith(advice)
    assert "[... 599," in long and len(long) < LONGEST_MESSAGE
    assert str(EmbeddingError("short")) == "short"
    assert len(listed(["x" * 10_000] * 3)) < 400


def test_the_error_of_a_file_of_long_names_is_readable(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(",".join(["x" * 9_000] * 30) + "\n" + ",".join(["a"] * 30))
    with pytest.raises(EmbeddingError, match=r"^a\.csv: no vectors among its 30 columns") as caught:
        load(tmp_path / "a.csv")
    assert len(str(caught.value)) < LONGEST_MESSAGE
    assert str(caught.value).endswith("open both together")
