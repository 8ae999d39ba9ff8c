"""Rows of a set with their columns, as CSV, JSON Lines, Parquet or an embedding file.

A file is made block by block, and each block can be sent before the next one is made, so that the
vectors are never copied as a whole.
"""

import io
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from embeddings.arrow_types import decoded, is_binary, is_list, is_number, is_text, value_type
from embeddings.embedding_set import EmbeddingSet
from embeddings.files.atomic import atomic_path
from embeddings.files.delimited.formulas import harmless, harmless_column
from embeddings.files.tabular.embedding_table import held_columns, item_table
from embeddings.files.tabular.parquet import GROUP_ROWS, writer_options
from embeddings.files.tabular.writable_columns import as_text

Format = Literal["csv", "parquet", "jsonl", "embedding"]

ENDINGS: dict[Format, str] = {
    "csv": ".csv",
    "parquet": ".parquet",
    "jsonl": ".jsonl",
    "embedding": ".embedding.parquet",
}
"""How the name of a file ends, by format."""

_OURS = ("row", "label")
_BLOCK_NUMBERS = 1_000_000  # numbers and cells of a block of text
_LONGEST_PART = 40  # characters of a part of a file's name


@dataclass(frozen=True, eq=False)
class Export:
    """What is written of a set.

    Attributes
    ----------
    rows : whole numbers, shape (m,), in the order in which they are written; None for all rows
    metadata : whether the columns of the metadata are written
    vectors : whether the vectors are written; an embedding file always has them
    columns : further columns of n values by name, such as coordinates; a name that the set or the
        file has already is numbered
    name : of the set in an embedding file; by default that of the set
    """

    embedding_set: EmbeddingSet
    rows: np.ndarray | None = None
    metadata: bool = True
    vectors: bool = False
    columns: Mapping[str, pa.ChunkedArray] = field(default_factory=dict)
    name: str = ""

    @property
    def count(self) -> int:
        """Number of rows m that are written."""
        return len(self.embedding_set) if self.rows is None else len(self.rows)

    def part(self, block: slice) -> slice | np.ndarray:
        """Return which rows of the set a block of the file holds."""
        return block if self.rows is None else self.rows[block]


def encode(export: Export, format_: Format) -> Iterator[bytes]:
    """Yield the parts of the file.

    CSV and JSON Lines have the row number, the label and the columns, and the vector as dim_0,
    dim_1, ... or as a list. Numbers that are not finite are missing in JSON. In CSV an apostrophe
    is put before texts that a spreadsheet would run as formulas.
    """
    if format_ == "csv":
        return _csv(export)
    if format_ == "jsonl":
        return _json_lines(export)
    return _parquet(export, is_embedding_file=format_ == "embedding")


def write(export: Export, format_: Format, path: Path) -> None:
    """Write the file, atomically."""
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        for part in encode(export, format_):
            file.write(part)


def left_out(metadata: pa.Table, format_: Format) -> list[str]:
    """Return the columns of the metadata that a format cannot hold."""
    if format_ == "embedding":
        return [lost.removeprefix("column ") for lost in held_columns(metadata)[1]]
    return [each.name for each in metadata.schema if not _is_writable(each.type, format_)]


def file_name(name: str, part: str, format_: Format) -> str:
    """Return the name of a file from those of the set and of the rows, which may be ""."""
    words = [re.sub(r"[^\w.]+", "-", each)[:_LONGEST_PART].strip("-.") for each in (name, part)]
    return ("-".join(word for word in words if word) or "rows") + ENDINGS[format_]


def _is_writable(kind: pa.DataType, format_: Format) -> bool:
    """Return True for a type of column that the format can hold."""
    if format_ == "parquet":
        return True
    if format_ == "jsonl" and is_list(kind):
        kind = kind.value_type
    return not pa.types.is_nested(kind) and not is_binary(value_type(kind))


def _columns(export: Export, format_: Format) -> dict[str, pa.ChunkedArray]:
    """Return the columns after label and row number, under names that are unique."""
    metadata = export.embedding_set.metadata
    taken = {*_OURS, "vector"}
    if format_ == "csv" and export.vectors:
        taken.update(f"dim_{i}" for i in range(export.embedding_set.dimensions))
    written: list[tuple[str, pa.ChunkedArray]] = []
    if export.metadata:
        columns = zip(metadata.column_names, metadata.columns, strict=True)
        written += [(name, each) for name, each in columns if _is_writable(each.type, format_)]
    found = {}
    for name, column in [*written, *export.columns.items()]:
        name = _unique(name, taken)
        taken.add(name)
        found[name] = column
    return found


def _unique(name: str, taken: set[str]) -> str:
    """Return a name, with a number if it is taken."""
    number, unique = 1, name
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    return unique


def _blocks(export: Export, step: int) -> Iterator[slice]:
    """Yield the blocks of rows; an empty one if there are no rows."""
    for start in range(0, max(export.count, 1), max(step, 1)):
        yield slice(start, min(start + step, export.count))


def _text_blocks(export: Export, columns: int) -> Iterator[slice]:
    width = columns + export.embedding_set.dimensions * export.vectors
    yield from _blocks(export, _BLOCK_NUMBERS // (width + len(_OURS)))


def _take(column: pa.ChunkedArray, part: slice | np.ndarray) -> pa.ChunkedArray:
    """Return some rows of a column."""
    if isinstance(part, slice):
        return column.slice(part.start, part.stop - part.start)
    return column.take(pa.array(part))


def _names(export: Export, part: slice | np.ndarray) -> dict[str, pa.ChunkedArray]:
    """Return the columns of row numbers and labels."""
    rows = np.arange(part.start, part.stop) if isinstance(part, slice) else part
    labels = export.embedding_set.labels
    return {
        "row": pa.chunked_array([pa.array(rows, pa.int64())]),
        "label": pa.chunked_array([pa.array([labels[row] for row in rows], pa.string())]),
    }


def _csv(export: Export) -> Iterator[bytes]:
    columns = _columns(export, "csv")
    for block in _text_blocks(export, len(columns)):
        part = export.part(block)
        taken = {name: _take(column, part) for name, column in columns.items()}
        cells = {name: _csv_cells(each) for name, each in {**_names(export, part), **taken}.items()}
        if export.vectors:
            components = np.ascontiguousarray(export.embedding_set.vectors[part].T)
            cells |= {f"dim_{i}": pa.array(each) for i, each in enumerate(components)}
        out = pa.BufferOutputStream()
        table = pa.Table.from_arrays(list(cells.values()), [str(harmless(name)) for name in cells])
        pa_csv.write_csv(table, out, pa_csv.WriteOptions(include_header=block.start == 0))
        yield out.getvalue().to_pybytes()


def _csv_cells(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return numbers and booleans as they are, all else as harmless text."""
    if is_number(column.type) or pa.types.is_boolean(column.type):
        return column.cast(pa.float32()) if pa.types.is_float16(column.type) else column
    texts = as_text(column)
    assert texts is not None, "the columns were chosen by type"
    return harmless_column(texts)


def _json_lines(export: Export) -> Iterator[bytes]:
    columns = _columns(export, "jsonl")
    for block in _text_blocks(export, len(columns)):
        part = export.part(block)
        cells: dict[str, list[Any]] = {}
        for name, column in _names(export, part).items():
            cells[name] = column.to_pylist()
        for name, column in columns.items():
            cells[name] = _json_cells(_take(column, part))
        if export.vectors:
            cells["vector"] = export.embedding_set.vectors[part].tolist()
        rows = zip(*cells.values(), strict=True)
        lines = (json.dumps(dict(zip(cells, row, strict=True))) for row in rows)
        yield "".join(f"{line}\n" for line in lines).encode()


def _json_cells(column: pa.ChunkedArray) -> list[Any]:
    """Return a column as values of JSON; dates and times are texts in ISO 8601."""
    kind = value_type(column.type)
    if is_list(kind):
        return [None if v is None else list(map(_json_value, v)) for v in column.to_pylist()]
    if is_text(kind) or is_number(kind) or pa.types.is_boolean(kind):
        values = decoded(column).to_pylist()
        return list(map(_json_value, values)) if pa.types.is_floating(kind) else values
    texts = as_text(column)
    assert texts is not None, "the columns were chosen by type"
    found: list[Any] = texts.to_pylist()
    return found


def _json_value(value: Any) -> Any:
    """Return a value, or an item of a list, as JSON can hold it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else str(value)


def _parquet(export: Export, is_embedding_file: bool) -> Iterator[bytes]:
    make = _embedding_rows if is_embedding_file else _plain_rows
    sink, writer = _Sink(), None
    columns = _embedding_columns(export) if is_embedding_file else _columns(export, "parquet")
    for block in _blocks(export, GROUP_ROWS):
        part = export.part(block)
        table = make(export, part, {name: _take(each, part) for name, each in columns.items()})
        if writer is None:
            options = writer_options(table.schema)
            writer = pq.ParquetWriter(pa.PythonFile(sink, "w"), table.schema, **options)
        writer.write_table(table, GROUP_ROWS)
        yield sink.taken()
    assert writer is not None, "there is at least one block"
    writer.close()
    yield sink.taken()


def _plain_rows(
    export: Export, part: slice | np.ndarray, columns: Mapping[str, pa.ChunkedArray]
) -> pa.Table:
    cells = {**_names(export, part), **columns}
    if export.vectors:
        vectors = export.embedding_set.vectors[part]
        flat = pa.array(vectors.reshape(-1))
        cells["vector"] = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    return pa.table(cells)


def _embedding_columns(export: Export) -> dict[str, pa.ChunkedArray]:
    """Return the columns beside label and vector, as the writer of embedding files holds them."""
    metadata = export.embedding_set.metadata
    found = held_columns(metadata)[0] if export.metadata else {}
    taken = {"label", "vector", *found}
    return found | {_unique(name, taken): column for name, column in export.columns.items()}


def _embedding_rows(
    export: Export, part: slice | np.ndarray, columns: Mapping[str, pa.ChunkedArray]
) -> pa.Table:
    embedding_set = export.embedding_set
    labels = _names(export, part)["label"].to_pylist()
    provenance = embedding_set.provenance
    described = replace(provenance, name=export.name or provenance.name)
    return item_table(labels, embedding_set.vectors[part], columns, described)


class _Sink(io.RawIOBase):
    """A file that holds what has been written since it was last taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: Any) -> int:
        """Append a copy of the data."""
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def taken(self) -> bytes:
        """Return what has been written since the last call."""
        found = b"".join(self._parts)
        self._parts.clear()
        return found
