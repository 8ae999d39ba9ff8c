"""Shards: a table whose rows are in several Parquet or Arrow files with the same columns."""

import re
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.detect import ARROW, PARQUET, first_match
from embeddings.files.limits import check_bytes, error_context
from embeddings.text import listed


def are_shards(paths: Sequence[Path]) -> bool:
    """Return True if several files are Parquet or Arrow tables with the same columns."""
    if len(paths) < 2:
        return False
    first, *others = (_schema(path) for path in paths)
    return first is not None and all(
        other is not None and _difference(first, other) == "" for other in others
    )


def sort_by_name(paths: Sequence[Path]) -> list[Path]:
    """Return paths in order of name, numbers in it compared as such: part-2 is before part-10."""
    return sorted(
        paths,
        key=lambda path: [
            (part.isdecimal(), int(part) if part.isdecimal() else 0, part)
            for part in re.split(r"(\d{1,18})", str(path))
        ],
    )


def read_shards(paths: Sequence[Path]) -> pa.Table:
    """Return the rows of all files, in the order given.

    A column whose values are all missing in a file, of type null, gets its type from the others.
    The metadata of the schema are those of the first file.

    Raises
    ------
    EmbeddingError
        a file cannot be read or has other columns than the first, or all together have more bytes
        than the limit
    """
    tables: list[pa.Table] = []
    size = 0
    for path in paths:
        with error_context(path):
            table = _reader(path).read_table(path)
            size += table.nbytes
            check_bytes(size, f"{len(tables) + 1} files together decode to")
            difference = _difference(tables[0].schema, table.schema) if tables else ""
            if difference:
                raise EmbeddingError(
                    f"{difference}, unlike {paths[0].name}; all shards of a set must have the "
                    "same columns"
                )
            tables.append(table)
    return pa.concat_tables(tables, promote_options="default").unify_dictionaries()


def _reader(path: Path) -> ModuleType:
    """Return the module that reads a file."""
    with path.open("rb") as file:
        found = first_match(file.read(8), path, (PARQUET, ARROW))
    if found is None:
        raise EmbeddingError(
            "neither Parquet nor Arrow, unlike the other shards; copy the file again"
        )
    return found.module


def _schema(path: Path) -> pa.Schema | None:
    """Return the columns of a Parquet or Arrow file; None for any other or a damaged one."""
    try:
        return _reader(path).read_schema(path)
    except EmbeddingError:  # reported when it is read
        return None


def _difference(first: pa.Schema, other: pa.Schema) -> str:
    """Return what the second schema has and the first has not; "" if they are equal."""
    if first.names != other.names:
        known = set(first.names)
        unlike = [name for name in other.names if name not in known] or other.names
        return f"columns {listed(unlike)}"
    for one, two in zip(first, other, strict=True):
        if one.type != two.type and pa.null() not in (one.type, two.type):
            return f"column {two.name} of type {two.type}"
    return ""
