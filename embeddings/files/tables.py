"""A table with vectors in it becomes a set: which columns are the vector, the label, the rest.

Every tabular format uses it: Parquet and CSV now, and whatever reads into a pyarrow Table.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from embeddings.embedding_set import EmbeddingSet, empty_metadata
from embeddings.errors import EmbeddingError
from embeddings.files.cells import is_list, parse_lists
from embeddings.files.reading import Note, as_float32

Kind = Literal["list", "number", "text", "other"]

LABEL_NAMES = (
    "label", "labels", "name", "names", "title", "titles", "word", "words", "token", "term",
    "item", "text", "sentence", "id", "key",
)  # fmt: skip
"""Names of the column that labels the items, best first; else it is the first one of text."""

VECTOR_NAMES = ("vector", "embedding", "vectors", "embeddings", "emb", "values", "features")
"""Names of the list column that holds the vectors, best first."""

_COMPONENT = re.compile(r"(.*?)[ _.\-\[]?(\d+)\]?")  # dim_0, x1, "pc 3", 17
_NO_COMPONENT = re.compile(
    r"|index|idx|row|target|class|cluster|category|count|year|unnamed: \d+|.*[_ ]id|"
    + "|".join(LABEL_NAMES)
)
_ROW_NUMBERS = re.compile(r"|Unnamed: 0|__index_level_0__")  # how pandas calls its index


@dataclass(frozen=True)
class Column:
    """Name of a column and what its cells hold: lists of numbers, numbers, text, or else."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Roles:
    """Which columns, by position, are the vector (one of lists, or several numbers) and label."""

    vector: tuple[int, ...]
    label: int | None


def choose_roles(columns: Sequence[Column], note: Note) -> Roles:
    """Find the vector and the label among named columns; say what was assumed.

    The vector is, in this order: dim_0, dim_1, ...; the list column (the best name, if several);
    columns numbered in another way; x, y[, z]; all columns of numbers but ids and the like.

    Raises
    ------
    EmbeddingError
        no list column, and fewer than two columns of numbers
    """
    numbers = [i for i, column in enumerate(columns) if column.kind == "number"]
    vector = (
        _numbered(columns, numbers, "dim_")
        or _list_column(columns, note)
        or _number_columns(columns, numbers, note)
    )
    if not vector:
        names = ", ".join(column.name or "(no name)" for column in columns[:20])
        raise EmbeddingError(
            f"no vectors among its {len(columns)} column{'s' * (len(columns) != 1)} ({names}); "
            "expected a column of lists of numbers, or at least two columns of numbers; where "
            "it describes the rows of another file, open both together"
        )
    rest = [i for i in range(len(columns)) if i not in set(vector)]
    return Roles(vector, choose_label(columns, rest))


def choose_label(columns: Sequence[Column], among: Sequence[int]) -> int | None:
    """Return the position of the label: the best name, else the first column of text."""
    by_name = {columns[i].name.lower(): i for i in reversed(among) if columns[i].kind != "other"}
    named = [by_name[name] for name in LABEL_NAMES if name in by_name]
    texts = [i for i in among if columns[i].kind == "text"]
    return next(iter(named + texts), None)


def _list_column(columns: Sequence[Column], note: Note) -> tuple[int, ...]:
    lists = [i for i, column in enumerate(columns) if column.kind == "list"]
    if len(lists) < 2:
        return tuple(lists)
    names = {columns[i].name.lower(): i for i in reversed(lists)}
    known = [names[name] for name in VECTOR_NAMES if name in names]
    if known:
        return (known[0],)
    chosen = next((i for i in lists if "emb" in columns[i].name.lower()), lists[0])
    note(
        f"several columns of vectors ({', '.join(columns[i].name for i in lists)}): "
        f"took {columns[chosen].name}; name the wanted one `vector` to have it instead"
    )
    return (chosen,)


def _number_columns(
    columns: Sequence[Column], numbers: Sequence[int], note: Note
) -> tuple[int, ...]:
    run = _numbered(columns, numbers)
    if len(run) >= 2 and 2 * len(run) >= len(numbers):
        return run
    by_name = {columns[i].name.lower(): i for i in numbers}
    if "x" in by_name and "y" in by_name:
        return tuple(by_name[axis] for axis in "xyz" if axis in by_name)
    rest = [i for i in numbers if not _NO_COMPONENT.fullmatch(columns[i].name.lower())]
    if len(rest) < 2:
        return ()
    names = [columns[i].name for i in rest]
    names[8:] = ["..."] if len(names) > 8 else []
    note(
        f"no column of lists and no numbered columns: took all {len(rest)} columns of numbers "
        f"as the vector ({', '.join(names)})"
    )
    return tuple(rest)


def _numbered(
    columns: Sequence[Column], numbers: Sequence[int], prefix: str | None = None
) -> tuple[int, ...]:
    """Return the columns numbered without a gap, in order: those of `prefix`, or the most."""
    found: dict[str, dict[int, int]] = {}
    for i in numbers:
        match = _COMPONENT.fullmatch(columns[i].name)
        if match and prefix in (None, columns[i].name.removesuffix(match[2])):
            found.setdefault(match[1], {}).setdefault(int(match[2]), i)
    runs = [
        tuple(numbered[number] for number in sorted(numbered))
        for numbered in found.values()
        if max(numbered) - min(numbered) + 1 == len(numbered)
    ]
    return max(runs, key=len, default=())


def set_from_table(table: pa.Table, roles: Roles, provenance: Mapping[str, Any]) -> EmbeddingSet:
    """Build a set from a table: vectors and labels by `roles`, all other columns as metadata.

    A label that was guessed and that repeats is a category as well, and stays in the metadata.

    Raises
    ------
    EmbeddingError
        a vector or a component that is missing, or vectors of different length
    """
    if table.num_rows == 0:
        raise EmbeddingError("no rows; expected at least one")
    if _is_numeric(table.field(roles.vector[0]).type):
        vectors = stack_columns(table, roles.vector)
    else:
        vectors = read_vectors(table, roles.vector[0])
    left_out = set(roles.vector)
    labels = None
    if roles.label is not None:
        labels = to_labels(table.column(roles.label))
        name = table.column_names[roles.label]
        if name.lower() == "label" or len(set(labels)) > len(labels) // 2:
            left_out.add(roles.label)
    kept = [
        i
        for i in range(table.num_columns)
        if i not in left_out and not _is_row_numbers(table.column_names[i], table.column(i))
    ]
    return EmbeddingSet.of(vectors, labels, metadata(table, kept), **provenance)


def metadata(table: pa.Table, kept: Sequence[int]) -> pa.Table:
    """Return the columns at `kept` under names that are present and unique."""
    if not kept:
        return empty_metadata(table.num_rows)
    names: Counter[str] = Counter()
    unique = []
    for i in kept:
        name = table.column_names[i] or f"column_{i + 1}"
        names[name] += 1
        unique.append(name if names[name] == 1 else f"{name}_{names[name]}")
    return pa.table([table.column(i) for i in kept], names=unique)


def to_labels(column: pa.ChunkedArray) -> list[str]:
    """Return a column as labels; a missing one is empty."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column.fill_null("").to_pylist()
    return ["" if value is None else str(value) for value in column.to_pylist()]


def are_row_numbers(labels: Sequence[str]) -> bool:
    """Say whether labels are the row numbers, as given to items that have no label."""
    return all(label == str(row) for row, label in enumerate(labels))


def table_columns(table: pa.Table) -> list[Column]:
    """Return what the columns of a typed table hold."""
    return [Column(field.name, _kind(table.column(i))) for i, field in enumerate(table.schema)]


def _kind(column: pa.ChunkedArray) -> Kind:
    kind = column.type
    if holds_vectors(kind):
        return "list"
    if _is_numeric(kind):
        return "number"
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        return "text" if pa.types.is_string(kind) or pa.types.is_large_string(kind) else "other"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        first = next((v.as_py() for v in column.slice(0, 100) if v.is_valid), "")
        return "list" if first.lstrip().startswith("[") and is_list(first) else "text"
    return "other"


def holds_vectors(kind: pa.DataType) -> bool:
    """Say whether a type is a list of numbers, or an extension stored as one."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _is_numeric(kind.value_type)
    return False


def _is_numeric(kind: pa.DataType) -> bool:
    return pa.types.is_floating(kind) or pa.types.is_integer(kind)


def _is_row_numbers(name: str, column: pa.ChunkedArray) -> bool:
    """Say whether a column is the row numbers that pandas wrote beside the data."""
    if not _ROW_NUMBERS.fullmatch(name) or not pa.types.is_integer(column.type):
        return False
    return column.null_count == 0 and bool((column.to_numpy() == np.arange(len(column))).all())


def read_vectors(table: pa.Table, position: int | str) -> np.ndarray:
    """Return a column of lists as float32, shape (rows, d), read-only.

    Raises
    ------
    EmbeddingError
        a vector or a number in it that is missing, or vectors of different length
    """
    column, name = table.column(position), table.field(position).name
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return as_float32(parse_lists(column, name))
    parts: list[np.ndarray] = []
    for chunk in column.chunks:
        if len(chunk):
            length = parts[0].shape[1] if parts else None
            parts.append(_list_matrix(chunk, name, sum(map(len, parts)), length))
    return as_float32(parts[0] if len(parts) == 1 else np.concatenate(parts, dtype=np.float32))


def _list_matrix(array: pa.Array, name: str, start: int, length: int | None) -> np.ndarray:
    """Return one chunk of a list column as a matrix; rows must be present and of one length."""
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if array.null_count:
        row = start + int(np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))[0])
        raise EmbeddingError(f"row {row}, column {name}: the vector is missing")
    if pa.types.is_fixed_size_list(array.type):
        lengths = np.full(len(array), array.type.list_size)
    else:
        lengths = np.diff(array.offsets.to_numpy())
    length = int(lengths[0]) if length is None else length
    if (lengths != length).any():
        row = int(np.flatnonzero(lengths != length)[0])
        raise EmbeddingError(
            f"row {start + row}, column {name}: {lengths[row]} numbers where row 0 has {length}; "
            "all vectors must be of one length"
        )
    flat = array.flatten()
    if flat.null_count:
        place = int(np.flatnonzero(flat.is_null().to_numpy(zero_copy_only=False))[0])
        raise EmbeddingError(
            f"row {start + place // length}, column {name}[{place % length}]: a number is missing"
        )
    return flat.to_numpy(zero_copy_only=False).reshape(len(array), length)


def stack_columns(table: pa.Table, positions: Sequence[int]) -> np.ndarray:
    """Return columns of numbers side by side: float32, shape (rows, columns), read-only.

    Raises
    ------
    EmbeddingError
        a cell that is empty
    """
    vectors = np.empty((table.num_rows, len(positions)), dtype=np.float32)
    start = 0
    for batch in table.to_batches():
        rows = slice(start, start + len(batch))
        for j, position in enumerate(positions):
            values = batch.column(position)
            if values.null_count:
                row = int(np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))[0])
                name = table.column_names[position]
                raise EmbeddingError(f"row {start + row}, column {name}: a number is missing")
            with np.errstate(over="ignore"):
                vectors[rows, j] = values.to_numpy()
        start += len(batch)
    return as_float32(vectors)
