"""Tables of one schema in several Parquet or Arrow files: put together, one behind the other."""

import re
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.detect import ARROW, PARQUET, first_match
from embeddings.files.limits import check_bytes, error_context


def are_shards(paths: Sequence[Path]) -> bool:
    """Say whether several files are Parquet or Arrow tables that have the same columns."""
    if len(paths) < 2:
        return False
    first, *others = (_schema(path) for path in paths)
    return first is not None and all(
        other is not None and _difference(first, other) == "" for other in others
    )


def in_order(paths: Sequence[Path]) -> list[Path]:
    """Return paths by name, with numbers in names as numbers: part-2 comes before part-10."""
    return sorted(
        paths,
        key=lambda path: [
            (part.isdecimal(), int(part) if part.isdecimal() else 0, part)
            for part in re.split(r"(\d{1,18})", str(path))
        ],
    )


def concatenate(paths: Sequence[Path]) -> pa.Table:
    """Return the rows of all files in the order given.

    A column that is missing in all rows of a file, of type null, takes the type of the others; the
    schema's metadata are the first file's.

    Raises
    ------
    EmbeddingError
        a file that cannot be read or has other columns than the first, or more bytes in all than
        the limit
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
                    f"{difference}, but {paths[0].name} has it otherwise; shards of one set have "
                    "the same columns"
                )
            tables.append(table)
    return pa.concat_tables(tables, promote_options="default").unify_dictionaries()


def _reader(path: Path) -> ModuleType:
    """Return the module that reads the file."""
    with path.open("rb") as file:
        found = first_match(file.read(8), path, (PARQUET, ARROW))
    if found is None:
        raise EmbeddingError("neither Parquet nor Arrow, as a shard is; copy the file again")
    return found.module


def _schema(path: Path) -> pa.Schema | None:
    """Return the columns of a Parquet or Arrow file; None for any other or a damaged one."""
    try:
        return _reader(path).read_schema(path)
    except EmbeddingError:  # who reads it says what
        return None


def _difference(first: pa.Schema, other: pa.Schema) -> str:
    """Say what the second schema has that the first has not, "" where they are alike."""
    if first.names != other.names:
        unlike = [name for name in other.names if name not in first.names] or other.names
        return f"columns {', '.join(unlike[:10])}"
    for mine, its in zip(first, other, strict=True):
        if mine.type != its.type and pa.null() not in (mine.type, its.type):
            return f"column {its.name} of type {its.type}"
    return ""
