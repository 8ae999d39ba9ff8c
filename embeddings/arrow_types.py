"""Kinds of Arrow types, and dictionary columns decoded to their values."""

from collections.abc import Sequence

import pyarrow as pa


def replace_columns(table: pa.Table, columns: Sequence[pa.ChunkedArray]) -> pa.Table:
    """Return a table with other columns under its names, one for each.

    Table.set_column copies the whole list of columns, which for each of many takes too long.
    """
    if not columns:
        return table
    fields = [
        field if field.type == column.type else pa.field(field.name, column.type)
        for field, column in zip(table.schema, columns, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields, table.schema.metadata))


def value_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of a dictionary's values, or `kind` itself if it is no dictionary."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a dictionary column as a column of its values; any other column unchanged."""
    return column.cast(value_type(column.type)) if pa.types.is_dictionary(column.type) else column


def is_text(kind: pa.DataType) -> bool:
    """Return True for string, large_string and string_view; False for dictionaries of them."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view()


def is_binary(kind: pa.DataType) -> bool:
    """Return True for binary, large_binary, binary_view and fixed_size_binary."""
    return (
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or kind == pa.binary_view()
    )


def is_number(kind: pa.DataType) -> bool:
    """Return True for integers and floats; False for booleans, decimals, dates and times."""
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def is_list(kind: pa.DataType) -> bool:
    """Return True for list, large_list and fixed_size_list."""
    return (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )
