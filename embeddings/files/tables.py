"""A table with vectors in it becomes a set: which columns are the vector, the label, the rest.

Every tabular format uses it: Parquet and CSV now, and whatever reads into a pyarrow Table.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.embedding_set import empty_metadata
from embeddings.errors import EmbeddingError
from embeddings.files import provenance
from embeddings.files.cells import is_list, parse_lists
from embeddings.files.dialogue import Dialogue
from embeddings.files.draft import Draft
from embeddings.files.reading import as_float32

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
_SPELLED = 3  # columns of a vector that are written out
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


def choose_roles(columns: Sequence[Column], dialogue: Dialogue) -> Roles:
    """Find the vector and the label among named columns; say what was assumed.

    The vector is, in this order: a list column `vector`; dim_0, dim_1, ...; the list column (the
    best name, if several); columns numbered in another way; x, y[, z]; all columns of numbers but
    ids and the like.
    An answer may also list columns of numbers, with commas.

    Raises
    ------
    EmbeddingError
        no list column, and fewer than two columns of numbers; or an answer that is no candidate
    """
    vector = _choose_vector(columns, dialogue)
    rest = [i for i in range(len(columns)) if i not in set(vector)]
    return Roles(vector, choose_label(columns, rest, dialogue))


def choose_label(columns: Sequence[Column], among: Sequence[int], dialogue: Dialogue) -> int | None:
    """Return the position of the label: the best name, else the first column of text."""
    default = guess_label(columns, among)
    candidates = [i for i in among if i == default or columns[i].kind in ("text", "number")]
    if not candidates:
        return None
    name = None if default is None else columns[default].name
    sure = name is not None and name.lower() in LABEL_NAMES
    taken = dialogue.choose("label", [columns[i].name for i in candidates], name, sure=sure)
    if taken == name:
        return default
    return next(i for i in candidates if columns[i].name == taken)


def guess_label(columns: Sequence[Column], among: Sequence[int]) -> int | None:
    """Return the position of the label as choose_label does where nobody has answered."""
    by_name = {columns[i].name.lower(): i for i in reversed(among) if columns[i].kind != "other"}
    named = [by_name[name] for name in LABEL_NAMES if name in by_name]
    texts = [i for i in among if columns[i].kind == "text"]
    return next(iter(named + texts), None)


def _choose_vector(columns: Sequence[Column], dialogue: Dialogue) -> tuple[int, ...]:
    """Return the columns of the vector: one of lists, or several of numbers."""
    numbers = [i for i, column in enumerate(columns) if column.kind == "number"]
    assumed: list[str] = []
    default = (
        tuple(i for i, c in enumerate(columns) if c == Column(VECTOR_NAMES[0], "list"))[:1]
        or _numbered(columns, numbers, "dim_")
        or _list_column(columns, assumed)
        or _number_columns(columns, numbers, assumed)
    )
    if not default:
        names = ", ".join(column.name or "(no name)" for column in columns[:20])
        raise EmbeddingError(
            f"no vectors among its {len(columns)} column{'s' * (len(columns) != 1)} ({names}); "
            "expected a column of lists of numbers, or at least two columns of numbers; where "
            "it describes the rows of another file, open both together"
        )
    runs = [run for run in _runs(columns, numbers).values() if len(run) >= 2]
    lists = [(i,) for i, column in enumerate(columns) if column.kind == "list"]
    every = _all_numbers(columns, numbers)
    named = {_spelled(columns, each): each for each in (default, *lists, *runs, every) if each}

    def listed(answer: str) -> tuple[int, ...]:
        by_name = {columns[i].name: i for i in reversed(numbers)}
        parts = [part.strip() for part in answer.split(",")]
        known = len(parts) >= 2 and all(part in by_name for part in parts)
        return tuple(by_name[part] for part in parts) if known else ()

    taken = dialogue.choose(
        "vector", list(named), _spelled(columns, default), " ".join(assumed),
        accepts=lambda answer: bool(listed(answer)), sure=not assumed,
    )  # fmt: skip
    assert taken is not None
    return named.get(taken) or listed(taken)


def _spelled(columns: Sequence[Column], positions: Sequence[int]) -> str:
    """Return how a choice of columns is written: its name, or the first and the last of many."""
    names = [columns[i].name for i in positions]
    return ", ".join(names) if len(names) <= _SPELLED else f"{names[0]} to {names[-1]}"


def _list_column(columns: Sequence[Column], assumed: list[str]) -> tuple[int, ...]:
    lists = [i for i, column in enumerate(columns) if column.kind == "list"]
    if len(lists) < 2:
        return tuple(lists)
    names = {columns[i].name.lower(): i for i in reversed(lists)}
    known = [names[name] for name in VECTOR_NAMES if name in names]
    if known:
        return (known[0],)
    chosen = next((i for i in lists if "emb" in columns[i].name.lower()), lists[0])
    assumed.append(
        f"several columns of vectors ({', '.join(columns[i].name for i in lists)}): "
        f"took {columns[chosen].name}"
    )
    return (chosen,)


def _number_columns(
    columns: Sequence[Column], numbers: Sequence[int], assumed: list[str]
) -> tuple[int, ...]:
    run = _numbered(columns, numbers)
    if len(run) >= 2 and 2 * len(run) >= len(numbers):
        return run
    by_name = {columns[i].name.lower(): i for i in numbers}
    if "x" in by_name and "y" in by_name:
        return tuple(by_name[axis] for axis in "xyz" if axis in by_name)
    rest = _all_numbers(columns, numbers)
    if not rest:
        return ()
    names = [columns[i].name for i in rest]
    names[8:] = ["..."] if len(names) > 8 else []
    assumed.append(
        f"no column of lists and no numbered columns: took all {len(rest)} columns of numbers "
        f"as the vector ({', '.join(names)})"
    )
    return rest


def _all_numbers(columns: Sequence[Column], numbers: Sequence[int]) -> tuple[int, ...]:
    """Return all columns of numbers but ids, counts and the like; none where it is but one."""
    rest = [i for i in numbers if not _NO_COMPONENT.fullmatch(columns[i].name.lower())]
    return tuple(rest) if len(rest) >= 2 else ()


def _numbered(
    columns: Sequence[Column], numbers: Sequence[int], prefix: str | None = None
) -> tuple[int, ...]:
    """Return the columns numbered without a gap, in order: those of `prefix`, or the most."""
    runs = _runs(columns, numbers)
    return max((run for start, run in runs.items() if prefix in (None, start)), key=len, default=())


def _runs(columns: Sequence[Column], numbers: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Return all columns that are numbered without a gap, in order, by what stands before it."""
    found: dict[str, dict[int, int]] = {}
    for i in numbers:
        match = _COMPONENT.fullmatch(columns[i].name)
        if match:
            start = columns[i].name[: match.start(2)]
            found.setdefault(start, {}).setdefault(int(match[2]), i)
    return {
        start: tuple(numbered[number] for number in sorted(numbered))
        for start, numbered in found.items()
        if max(numbered) - min(numbered) + 1 == len(numbered)
    }


def draft_from_table(
    table: pa.Table, roles: Roles, path: Path, found: Mapping[str, Any] | None = None
) -> Draft:
    """Return a table's vectors and labels by `roles`, and all other columns as metadata.

    A label that was guessed and that repeats is a category as well, and stays in the metadata.

    Parameters
    ----------
    found : the provenance that the file holds

    Raises
    ------
    EmbeddingError
        no rows, or vectors of different length
    """
    if table.num_rows == 0:
        raise EmbeddingError("no rows; expected at least one")
    kind = table.field(roles.vector[0]).type
    if _is_numeric(kind):
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
        if i not in left_out and not is_row_numbers(table.column_names[i], table.column(i))
    ]
    about = provenance.described(path, _dtype_name(kind), found)
    return Draft.of(vectors, labels, metadata(table, kept), **about)


def _dtype_name(kind: pa.DataType) -> str:
    """Return the numbers of a column of numbers, lists or texts as numpy calls them."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if holds_vectors(kind):
        kind = kind.value_type
    return str(np.dtype(kind.to_pandas_dtype())) if _is_numeric(kind) else "text"


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


def is_row_numbers(name: str, column: pa.ChunkedArray) -> bool:
    """Say whether a column is the row numbers that pandas wrote beside the data."""
    if not _ROW_NUMBERS.fullmatch(name) or not pa.types.is_integer(column.type):
        return False
    return column.null_count == 0 and bool((column.to_numpy() == np.arange(len(column))).all())


def read_vectors(table: pa.Table, position: int | str) -> np.ndarray:
    """Return a column of lists as float32, shape (rows, d), read-only; what is missing is NaN.

    Raises
    ------
    EmbeddingError
        vectors of different length
    """
    column, name = table.column(position), table.field(position).name
    if column.null_count == len(column):
        raise EmbeddingError(f"column {name}: all its vectors are missing")
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        if column.null_count:
            first = parse_lists(column.drop_null().slice(0, 1), name)
            column = pc.fill_null(column, str([np.nan] * first.shape[1]))
        return as_float32(parse_lists(column, name))
    length = next(len(cell.as_py()) for cell in column if cell.is_valid)
    parts: list[np.ndarray] = []
    for chunk in column.chunks:
        if len(chunk):
            parts.append(_list_matrix(chunk, name, sum(map(len, parts)), length))
    return as_float32(parts[0] if len(parts) == 1 else np.concatenate(parts, dtype=np.float32))


def _list_matrix(array: pa.Array, name: str, start: int, length: int) -> np.ndarray:
    """Return one chunk of a list column as a matrix; what is missing is NaN.

    Parameters
    ----------
    start : row of the first list, for errors
    length : numbers that each list must have
    """
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    present = array.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_fixed_size_list(array.type):
        lengths = np.full(len(array), array.type.list_size)
    else:
        lengths = np.diff(array.offsets.to_numpy())
    wrong = (lengths != length) & present
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise EmbeddingError(
            f"row {start + row}, column {name}: {lengths[row]} numbers where the first row has "
            f"{length}; all vectors must be of one length"
        )
    matrix = array.flatten().to_numpy(zero_copy_only=False)
    matrix = matrix.reshape(int(present.sum()), length)
    if array.null_count == 0:
        return matrix
    filled = np.full((len(array), length), np.nan, np.float32)
    with np.errstate(over="ignore"):
        filled[present] = matrix
    return filled


def stack_columns(table: pa.Table, positions: Sequence[int]) -> np.ndarray:
    """Return columns of numbers side by side, shape (rows, columns): float32, read-only.

    A cell that is empty is NaN.
    """
    vectors = np.empty((table.num_rows, len(positions)), dtype=np.float32)
    start = 0
    for batch in table.to_batches():
        rows = slice(start, start + len(batch))
        for j, position in enumerate(positions):
            with np.errstate(over="ignore"):
                vectors[rows, j] = batch.column(position).to_numpy(zero_copy_only=False)
        start += len(batch)
    return as_float32(vectors)
