"""Which columns of the metadata a file can hold; what every writer shares."""

from collections.abc import Callable, Collection
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from embeddings.arrow_types import decoded, is_binary, value_type
from embeddings.files.tabular.table_draft import is_row_numbers

Written = TypeVar("Written")


def writable_columns(
    metadata: pa.Table,
    convert: Callable[[pa.ChunkedArray], Written | None],
    reserved: Collection[str] = (),
    refuses_name: Callable[[str], bool] = lambda name: False,
) -> tuple[dict[str, Written], list[str]]:
    """Return the columns that a file can hold under their own names, and those that it cannot.

    No format can hold a name that is empty or repeats, nor a column of row numbers under the name
    that pandas gives to an index: its reader would take it for one.

    Parameters
    ----------
    convert : returns what is written of a column, or None if the format cannot hold it
    reserved : names that the format uses itself, in lower case
    refuses_name : returns True for any other name that the format cannot hold

    Returns
    -------
    columns, lost : what is written, by name; and "column NAME" for each of the others
    """
    columns: dict[str, Written] = {}
    lost = []
    for name, column in zip(metadata.column_names, metadata.columns, strict=True):
        unfit = not name or name in columns or is_row_numbers(name, column)
        unfit = unfit or name.lower() in reserved or refuses_name(name)
        written = None if unfit else convert(column)
        if written is None:
            lost.append(f"column {name}")
        else:
            columns[name] = written
    return columns, lost


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return a column as text, dates as ISO 8601; None if it is nested or binary."""
    if pa.types.is_nested(column.type) or is_binary(value_type(column.type)):
        return None
    try:
        return decoded(column).cast(pa.string())
    except pa.ArrowException:
        return None


def any_match(texts: pa.ChunkedArray, pattern: str) -> bool:
    """Return True if a regular expression matches in any of the texts."""
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())
