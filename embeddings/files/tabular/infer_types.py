"""Types of metadata, inferred from their values: images, audio, lists, dates, fields of records.

Text that is certainly one of these is converted; numbers that were written as text stay text.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from embeddings.arrow_types import decoded, is_text, value_type
from embeddings.files.limits import check_bytes
from embeddings.files.media_columns import FIRST, media_column
from embeddings.files.options import Note, log_note
from embeddings.files.sizes.decoded_size import expanded_bytes, run_bytes
from embeddings.files.tabular.table_draft import with_unique_names
from embeddings.files.tabular.text_types import infer_type
from embeddings.media import is_media

_LONG_LISTS = 1_000  # mean characters; longer lists are vectors or documents, and stay text
_LONGEST_LIST = 65_536
_ROWS = 16_384  # parsed at once
_DATE_LENGTHS = (10, 35)
_NOTHING: Mapping[str, Path] = MappingProxyType({})


def infer_types(
    table: pa.Table,
    files: Mapping[str, Path] = _NOTHING,
    note: Note = log_note,
    *,
    retype: bool = True,
) -> pa.Table:
    """Return a table with each column under the type of its values.

    - images and audio: see media_columns.media_column
    - texts that are all JSON lists of texts, of numbers or of booleans: lists
    - texts that are all dates or times in ISO 8601: date32, timestamp
    - records: a column `name.field` for each field, one level deep, as for JSON
    - views, run-end encoded arrays and extension types: the plain type that they stand for; a time
      zone that this machine does not know becomes UTC, with a note

    Texts of numbers stay text, since their author chose a format with types (the reader of CSV,
    which has none, infers them). Categories, numbers, decimals and durations stay unchanged.

    Parameters
    ----------
    files : files given with the table, such as the members of a zip, by their path there
    note : receives what could not be read, one sentence per call
    retype : True to turn texts into lists and dates, and records into columns; False for an
        embedding file, whose columns have types already

    Raises
    ------
    EmbeddingError
        images or audio of more bytes than the limit
    """
    read_bytes = 0
    names: list[str] = []
    columns: list[pa.ChunkedArray] = []
    for name, column in _fields(table, retype, note):
        found = (
            media_column(column, name, files, read_bytes, note) if _may_be_media(column) else None
        )
        if found is not None:
            read_bytes += found.nbytes
        elif retype and is_text(value_type(column.type)):
            found = _as_lists(column) or _as_dates(column)
        names.append(name)
        columns.append(column if found is None else found)
    if not columns:
        return table
    return with_unique_names(pa.table(columns, names=names), range(len(columns)))


def _fields(table: pa.Table, flatten: bool, note: Note) -> list[tuple[str, pa.ChunkedArray]]:
    """Return name and column of each field under its plain type, records split into fields."""
    fields = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        column = _plain(column, name, note)
        kind = column.type
        if flatten and pa.types.is_struct(kind) and kind.num_fields and not is_media(kind):
            for field, inner in zip(kind, column.flatten(), strict=True):
                inner_name = f"{name}.{field.name}"
                fields.append((inner_name, _plain(inner, inner_name, note)))
        else:
            fields.append((name, column))
    return fields


def _plain(column: pa.ChunkedArray, name: str, note: Note) -> pa.ChunkedArray:
    """Return a column under the plain type that its encoding or extension type stands for."""
    if isinstance(column.type, pa.BaseExtensionType):
        storage = [chunk.storage for chunk in column.chunks]
        column = pa.chunked_array(storage, column.type.storage_type)
    kind = column.type
    if pa.types.is_dictionary(kind):
        check_bytes(sum(map(expanded_bytes, column.chunks)), f"column {name} decodes to")
    if pa.types.is_run_end_encoded(kind):
        check_bytes(run_bytes(column), f"column {name} decodes to")
        column = pa.chunked_array([pc.run_end_decode(c) for c in column.chunks], kind.value_type)
    elif pa.types.is_string_view(kind):
        column = column.cast(pa.large_string())
    elif pa.types.is_binary_view(kind):
        column = column.cast(pa.large_binary())
    elif pa.types.is_dictionary(kind) and pa.types.is_string_view(kind.value_type):
        column = column.cast(pa.dictionary(pa.int32(), pa.large_string()))
    elif pa.types.is_timestamp(kind) and kind.tz and not _is_zone(kind.tz):
        note(f"column {name}: unknown time zone {kind.tz!r}; the times are shown in UTC")
        column = column.cast(pa.timestamp(kind.unit, "UTC"))
    return column


def _is_zone(name: str) -> bool:
    try:
        pa.array([0], pa.timestamp("s", name)).cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


def _may_be_media(column: pa.ChunkedArray) -> bool:
    kind = column.type
    binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    return binary or is_media(kind) or is_text(value_type(kind))


def _as_lists(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return texts as lists if all are lists in JSON, else None."""
    first = column.drop_null().slice(0, FIRST).to_pylist()
    if not first or not all(text.lstrip().startswith("[") for text in first):
        return None
    column = decoded(column)
    lengths = pc.binary_length(column)
    if pc.mean(lengths).as_py() > _LONG_LISTS or pc.max(lengths).as_py() > _LONGEST_LIST:
        return None
    parts: list[list[list[Any] | None]] = []
    types: set[type] = set()
    for start in range(0, len(column), _ROWS):
        lists = _parse_lists(column.slice(start, _ROWS).to_pylist())
        if lists is None:
            return None
        types.update(type(item) for each in lists if each for item in each)
        if _item_type(types) is None:
            return None
        parts.append(lists)
    kind = pa.list_(_item_type(types))
    try:
        return pa.chunked_array([pa.array(lists, kind) for lists in parts], kind)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError):  # a number of 30 digits
        return None


def _parse_lists(texts: list[str | None]) -> list[list[Any] | None] | None:
    """Return the lists that the texts are in JSON; None if one is something else."""
    try:
        values = [None if text is None else json.loads(text) for text in texts]
    except (ValueError, RecursionError):
        return None
    return values if all(value is None or type(value) is list for value in values) else None


def _item_type(types: set[type]) -> pa.DataType | None:
    """Return the type of lists with items of these types; None for nested or mixed items."""
    present = types - {type(None)}
    if present <= {str}:
        return pa.string()
    if present == {int}:
        return pa.int64()
    if present == {bool}:
        return pa.bool_()
    return pa.float64() if present <= {int, float} else None


def _as_dates(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return texts as dates or times if all are, else None."""
    shortest, longest = _DATE_LENGTHS
    first = column.drop_null().slice(0, FIRST).to_pylist()
    for text in first:
        if not shortest <= len(text) <= longest or text[4] != "-" or not text[:4].isdigit():
            return None
    column = decoded(column)
    found = infer_type(column)
    return found if pa.types.is_temporal(found.type) else None
