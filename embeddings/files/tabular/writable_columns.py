"""What every writer shares: which columns of the metadata a file can name, and which it loses."""

from collections.abc import Callable, Collection
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from embeddings.files.tabular.tables import is_row_numbers

Written = TypeVar("Written")


def writable_columns(
    metadata: pa.Table,
    convert: Callable[[pa.ChunkedArray], Written | None],
    taken: Collection[str] = (),
    refused: Callable[[str], bool] = lambda name: False,
) -> tuple[dict[str, Written], list[str]]:
    """Return the columns that a file can hold under their own names, and say which it cannot.

    No reader gives back a name that is empty or repeats, nor a column of row numbers under the
    name that pandas gives to an index.

    Parameters
    ----------
    convert : returns what is written of a column, or None where the format has no place for it
    taken : names that the format uses itself, in lower case
    refused : says of any other name whether the format cannot have it

    Returns
    -------
    what is written, by name; and "column NAME" for each of the others
    """
    columns: dict[str, Written] = {}
    lost = []
    for name, column in zip(metadata.column_names, metadata.columns, strict=True):
        unfit = not name or name in columns or is_row_numbers(name, column)
        unfit = unfit or name.lower() in taken or refused(name)
        written = None if unfit else convert(column)
        if written is None:
            lost.append(f"column {name}")
        else:
            columns[name] = written
    return columns, lost


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column with its categories written out."""
    if pa.types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    return column


def as_texts(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return a column as texts, dates as ISO 8601; None where it is nested or binary."""
    if pa.types.is_nested(column.type) or _is_binary(column.type):
        return None
    try:
        return plain(column).cast(pa.string())
    except pa.ArrowException:
        return None


def is_text(kind: pa.DataType) -> bool:
    """Say whether a type is text, of any of Arrow's kinds."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view()


def _is_binary(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return (
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def holds(texts: pa.ChunkedArray, pattern: str) -> bool:
    """Say whether a regular expression is found in any of the texts."""
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())
