"""JSON Lines, and JSON as one document: an array of objects, an object of arrays, and their like.

The vector is found by shape: a list of numbers, of the same length in every row.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import provenance
from embeddings.files.atomic import atomic_path
from embeddings.files.cells import typed
from embeddings.files.dialogue import Dialogue, Note
from embeddings.files.draft import Draft
from embeddings.files.reading import check_bytes, first_line
from embeddings.files.roles import Column, Kind, choose_roles
from embeddings.files.tables import draft_from_table, table_columns
from embeddings.files.text import is_text, lines, read_text
from embeddings.files.writing import writable_columns

_OURS = ("label", "vector")
_BLANK = b" \t\r\n\xef\xbb\xbf"  # and the byte order mark
_DOCUMENT = 8  # bytes in memory for a byte of JSON that is parsed at once, about
_CELL = 8  # bytes in memory for a field of a row, at least
_LONG = 16  # lists of as many floats are held as arrays
_TOO_DEEP = "JSON that is nested too deeply; expected objects of numbers, texts and lists"
_SCALARS = (str, int, float, bool, type(None))

Row = dict[str, Any]


def matches(head: bytes, path: Path) -> bool:
    """Say whether the file is text that begins like a JSON object or array."""
    start = head[:4].replace(b"\0", b"") if head.startswith((b"\xff\xfe", b"\xfe\xff")) else head
    return is_text(head) and start.lstrip(_BLANK + b"\xff\xfe")[:1] in (b"{", b"[")


def load(path: Path, dialogue: Dialogue) -> Draft:
    """Read vectors, labels and typed metadata; nested objects are flattened one level.

    Raises
    ------
    EmbeddingError
        no JSON, or one that is nested too deeply; no vectors in it, or vectors that are missing
        or of different length
    """
    rows = _rows(read_text(path, dialogue.note), dialogue.note)
    if not rows:
        raise EmbeddingError("no rows; expected at least one")
    names = list(dict.fromkeys(name for row in rows for name in row))
    check_bytes(_CELL * len(rows) * len(names), "its table of rows and fields takes at least")
    fields = {name: [row.pop(name, None) for row in rows] for name in names}
    shaped = {name for name, values in fields.items() if _are_vectors(values)}
    table = pa.table(
        {
            name: pa.nulls(len(rows)) if name in shaped else _column(values)
            for name, values in fields.items()
        }
    )
    roles = choose_roles(_described(table, shaped), dialogue)
    for i, name in enumerate(names):
        if name in shaped:
            column = _vectors(fields[name]) if i in roles.vector else _column(fields[name])
            table = table.set_column(i, name, column)
        elif i != roles.label and i not in roles.vector:
            table = table.set_column(i, name, _typed(table.column(i)))
    return draft_from_table(table, roles, path)


def _described(table: pa.Table, shaped: set[str]) -> list[Column]:
    """Return what the columns hold; beside vectors, lists of any other length are metadata."""
    columns = table_columns(table)
    if not shaped:
        return columns
    described = []
    for found, field in zip(columns, table.schema, strict=True):
        kind: Kind = "other" if pa.types.is_list(field.type) else found.kind
        described.append(Column(found.name, "list" if found.name in shaped else kind))
    return described


def save(embedding_set: EmbeddingSet, path: Path) -> tuple[str, ...]:
    """Write one object a row, with label, vector and the metadata, atomically.

    For .json they are the items of one array. Dates are written as ISO 8601. Returns what was
    left out: columns that JSON has no values for, or of names that are taken; and the provenance.
    """
    columns, left_out = writable_columns(embedding_set.metadata, _plain, _OURS)
    array = path.suffix.lower() == ".json"
    first, between, last = ("[\n", ",\n", "\n]\n") if array else ("", "\n", "\n")
    with atomic_path(path) as temporary, temporary.open("w", encoding="ascii") as file:
        file.write(first)
        for i, label in enumerate(embedding_set.labels):
            row = {"label": label, "vector": embedding_set.vectors[i].tolist()}
            row |= {name: values[i] for name, values in columns.items()}
            file.write((between if i else "") + json.dumps(row))
        file.write(last)
    return (*left_out, *provenance.lost(embedding_set.provenance))


def _plain(column: pa.ChunkedArray) -> list[Any] | None:
    """Return a column as values of JSON, or None if it has others."""
    kind = column.type.value_type if pa.types.is_list(column.type) else column.type
    if pa.types.is_nested(kind):
        return None
    values = column.to_pylist()
    values = [v.isoformat() if isinstance(v, date | datetime) else v for v in values]
    try:
        json.dumps(values, allow_nan=False)
    except (TypeError, ValueError):
        return None
    return values


def _rows(text: pa.Buffer, note: Note) -> list[Row]:
    """Return the rows of JSON Lines, or of one document."""
    found = lines(text)
    first = next(line for line in found if line.strip())
    try:
        value = _parse(first, "line 1")
    except EmbeddingError:  # a document that goes over several lines, or no JSON
        value = None
    if value is None or not any(line.strip() for line in found):
        check_bytes(_DOCUMENT * text.size, "as one JSON document it may take")
        return [_flat(row, i) for i, row in enumerate(_document(_parse(text.to_pybytes()), note))]
    return list(_json_lines(text))


def _json_lines(text: pa.Buffer) -> Iterator[Row]:
    row = 0
    for number, line in enumerate(lines(text), 1):
        if line.strip():
            yield _flat(_parse(line, f"line {number}"), row, f" (line {number})")
            row += 1


def _parse(text: bytes, place: str = "") -> Any:
    where = f"{place}: " if place else ""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise EmbeddingError(where + _TOO_DEEP) from error
    except ValueError as error:
        raise EmbeddingError(f"{where}not JSON ({first_line(error)})") from error


def _document(value: Any, note: Note) -> Sequence[Any]:
    """Return the rows of a whole document, of whatever arrangement (see docs/format.md)."""
    if isinstance(value, list):
        if value and not any(isinstance(item, dict | list) for item in value):
            raise EmbeddingError("one list of values; expected one object, or one list, for a row")
        return value
    values = list(value.values())
    if values and all(isinstance(each, dict) for each in values):
        return _keyed(value)
    lists = {name: each for name, each in value.items() if isinstance(each, list)}
    names, items = lists.get("columns", []), lists.get("data", [])
    if items and set(map(type, names)) == {str} and set(map(type, items)) == {list}:  # "split"
        return [dict(zip(names, item, strict=False)) for item in items]
    matrix = next((each for each in lists.values() if each and _are_vectors(each)), None)
    if matrix is not None:
        kept = {name: each for name, each in lists.items() if len(each) == len(matrix)}
        others = ", ".join(name for name in value if name not in kept)
        if others:
            note(f"left out {others}: not one value for each of the {len(matrix):,} vectors")
        return _transposed(kept)
    for name, each in lists.items():
        alone = sum(len(other) == len(each) for other in lists.values()) == 1
        if alone and each and all(isinstance(item, dict) for item in each):
            if len(values) > 1:
                note(f"took the {len(each):,} objects under {name} as the rows")
            return each
    if len(lists) == len(values) and len(set(map(len, lists.values()))) == 1:
        if _are_labelled(lists):
            note("no field of vectors, all lists of one length: took them as vectors, by label")
            return [{"label": name, "vector": each} for name, each in lists.items()]
        return _transposed(lists)
    return [value]


def _keyed(value: dict[str, Row]) -> list[Row]:
    """Return the rows of an object of objects: columns as pandas writes them, or rows by label."""
    inner = list(next(iter(value.values())))
    same = all(list(each) == inner for each in value.values())
    if same and inner == [str(i) for i in range(len(inner))] and inner:
        return _transposed({name: list(each.values()) for name, each in value.items()})
    return [{"key": name, **each} for name, each in value.items()]


def _transposed(columns: dict[str, list[Any]]) -> list[Row]:
    check_bytes(_CELL * sum(map(len, columns.values())), "its table of rows and fields takes")
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def _are_labelled(lists: dict[str, list[Any]]) -> bool:
    """Say whether lists of one length are vectors by label, rather than columns of numbers."""
    if {"x", "y"} <= {name.lower() for name in lists} or all(n[-1:].isdigit() for n in lists):
        return False
    return all(_are_numbers(each) for each in lists.values())


def _are_numbers(items: list[Any]) -> bool:
    return set(map(type, items)) <= {int, float}


def _flat(value: Any, row: int, place: str = "") -> Row:
    """Return a row with its nested objects flattened one level, and long lists as arrays."""
    if isinstance(value, list):
        value = {"vector": value}
    if not isinstance(value, dict):
        raise EmbeddingError(f"row {row}{place}: {value!r:.40}; expected an object or a list")
    flat: Row = {}
    for name, each in value.items():
        if isinstance(each, dict):
            flat |= {_whole(f"{name}.{key}"): _packed(inner) for key, inner in each.items()}
        else:
            flat[_whole(name)] = _packed(each)
    return flat


def _packed(value: Any) -> Any:
    """Return a value without nesting: a long list of floats as an array, what is deep as text."""
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, list):
        if len(value) >= _LONG and float in set(map(type, value)) and _are_numbers(value):
            try:
                return np.array(value, dtype=np.float64)
            except OverflowError:  # a whole number of hundreds of digits
                return _as_text(value)
        if all(isinstance(item, _SCALARS) for item in value):
            return [_whole(item) if isinstance(item, str) else item for item in value]
    return _as_text(value) if isinstance(value, dict | list) else value


def _whole(text: str) -> str:
    """Return a text in which halves of characters, which only JSON can hold, are replaced."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _as_text(value: Any) -> str:
    try:
        return _whole(json.dumps(value, ensure_ascii=False))
    except RecursionError as error:
        raise EmbeddingError(_TOO_DEEP) from error


def _are_vectors(values: list[Any]) -> bool:
    """Say whether all are lists of numbers, and of the same length."""
    first = values[0]
    if not isinstance(first, list | np.ndarray) or len(first) == 0:
        return False
    return all(
        isinstance(value, list | np.ndarray)
        and len(value) == len(first)
        and (isinstance(value, np.ndarray) or _are_numbers(value))
        for value in values
    )


def _vectors(values: list[Any]) -> pa.Array:
    """Return lists of numbers of the same length as vectors of float32."""
    matrix = np.empty((len(values), len(values[0])), dtype=np.float32)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes inf, which is refused
        for row, value in enumerate(values):
            try:
                matrix[row] = value
            except OverflowError as error:
                raise EmbeddingError(f"row {row}: a number too large for a vector") from error
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.reshape(-1)), matrix.shape[1])


def _column(values: list[Any]) -> pa.Array:
    """Return one field of all rows under a type that fits all; else as text."""
    if all(value is None for value in values):
        return pa.nulls(len(values), pa.string())
    try:
        return pa.array(values)
    except (pa.ArrowException, TypeError, OverflowError):
        values = [v.tolist() if isinstance(v, np.ndarray) else v for v in values]
        return pa.array([v if isinstance(v, str | type(None)) else _as_text(v) for v in values])


def _typed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give texts the type of dates or categories; what is quoted is no number."""
    if not pa.types.is_string(column.type):
        return column
    found = typed(column)
    kind = found.type
    return found if pa.types.is_temporal(kind) or pa.types.is_dictionary(kind) else column
