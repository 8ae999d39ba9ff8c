"""Arrow IPC, as a file (Feather version 2) or a stream: an embedding file's columns, or any table.

A file is read by its footer, since the stream within it need not be valid: Polars, arrow-rs and
arrow-js write files whose stream is not.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc

from embeddings.arrow_types import replace_columns
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files.atomic import atomic_path
from embeddings.files.compression import read_content
from embeddings.files.damage import damaged
from embeddings.files.draft import Draft
from embeddings.files.limits import check_bytes, check_columns
from embeddings.files.options import Note, ReadContext
from embeddings.files.sizes.decoded_size import (
    batch_places,
    batch_size,
    expanded_bytes,
    run_bytes,
    text_bytes,
)
from embeddings.files.tabular.embedding_table import (
    companion_columns,
    from_table,
    table_likelihood,
    to_table,
)
from embeddings.files.tabular.roles import Likelihood

_FILE = b"ARROW1\0\0"
_MAGIC = b"ARROW1"  # ends a file, too
_FEATHER_1 = b"FEA1"
_MESSAGE = b"\xff\xff\xff\xff"  # begins each message of a stream
_DAMAGE = (pa.ArrowException, OSError, UnicodeError, struct.error)  # of pyarrow, decoded_size
_VIEWS = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}


def matches(head: bytes, path: Path) -> bool:
    """Return True if a file that starts with `head` is an Arrow file or stream, or Feather."""
    if head.startswith(_MESSAGE):  # then the length of the schema, which is never that large
        return len(head) >= 8 and 0 < int.from_bytes(head[4:8], "little") < 2**28
    return head.startswith((_FILE, _FEATHER_1))


def load(path: Path, context: ReadContext) -> Draft:
    """Read a table with vectors.

    Raises
    ------
    EmbeddingError
        the file is damaged, cut short, of Feather version 1 or too large when decoded; it holds
        no vectors, or vectors of different length
    """
    return from_table(read_table(path), path, context)


def vector_likelihood(path: Path) -> Likelihood:
    """Return how likely the file holds vectors; see roles.py."""
    return table_likelihood(read_schema(path), lambda: read_table(path))


def read_columns(path: Path, rows: int | None, note: Note) -> Iterator[tuple[pa.Table, str]]:
    """Yield the table, whose columns describe the rows of another file."""
    yield companion_columns(read_table(path), note), ""


def read_schema(path: Path) -> pa.Schema:
    """Return names and types of the columns, without reading the columns.

    Raises
    ------
    EmbeddingError
        the file is damaged
    """
    with damaged("Arrow", *_DAMAGE), pa.OSFile(str(path)) as file:
        ends = [file.read_at(size, place) for size, place in ((8, 0), (6, max(0, file.size() - 6)))]
        _check_ends(*ends)
        is_file = ends[0] == _FILE
        file.seek(0)  # read_at leaves it at no place from which a stream can be read
        with pa.ipc.open_file(file) if is_file else pa.ipc.open_stream(file) as reader:
            return reader.schema


def read_table(path: Path) -> pa.Table:
    """Read all columns, after a check of how large they will be in memory.

    Raises
    ------
    EmbeddingError
        the file is damaged, cut short, of Feather version 1, or too large when decoded
    """
    with damaged("Arrow", *_DAMAGE):
        return _read(path)


def save(embedding_set: EmbeddingSet, path: Path) -> tuple[str, ...]:
    """Write the columns of an embedding file, atomically: as a stream for .arrows, else as a file.

    Nothing is compressed, so that other programs can map the file into memory.

    Returns
    -------
    columns that could not be written, since their names are reserved
    """
    table, taken = to_table(embedding_set)
    table = replace_columns(table, list(map(_unified, table.columns)))
    write = pa.ipc.new_stream if path.suffix.lower() == ".arrows" else pa.ipc.new_file
    with atomic_path(path) as temporary, write(temporary, table.schema) as writer:
        writer.write_table(table)
    return taken


def _unified(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a dictionary column with one dictionary; a file may not have more for a column."""
    return column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column


def _read(path: Path) -> pa.Table:
    """Read all columns, after a check of how large they will be in memory."""
    content = _content(path)
    rows = size = 0
    for message in _messages(content):
        batch_rows, batch_bytes = batch_size(message)
        rows, size = rows + batch_rows, size + batch_bytes
        check_bytes(size, "its columns decode to")
        check_bytes(4 * rows, "its rows take at least")
    with _opened(content) as reader:
        check_columns(len(reader.schema))
        table = reader.read_all()
    table.validate(full=True)
    named = zip(table.column_names, table.columns, strict=True)
    return replace_columns(table, [_plain(column, name) for name, column in named])


def _is_file(content: pa.Buffer) -> bool:
    return content.slice(0, 8).to_pybytes() == _FILE


def _opened(content: pa.Buffer) -> pa.ipc.RecordBatchFileReader | pa.ipc.RecordBatchStreamReader:
    return pa.ipc.open_file(content) if _is_file(content) else pa.ipc.open_stream(content)


def _messages(content: pa.Buffer) -> Iterator[pa.Message]:
    """Yield the messages with the batches of a file or a stream."""
    if not _is_file(content):
        yield from pa.ipc.MessageReader.open_stream(content)
        return
    for start, length in batch_places(content):
        yield pa.ipc.read_message(content.slice(start, length))


def _content(path: Path) -> pa.Buffer:
    """Read an Arrow file or stream, whose buffers will be the columns' own; check its ends."""
    content = read_content(path)
    _check_ends(bytes(content[:8]), bytes(content[max(0, content.size - 6) :]))
    return content


def _check_ends(start: bytes, end: bytes) -> None:
    """Raise EmbeddingError if the first 8 or the last 6 bytes are not those of a whole file."""
    if start.startswith(_FEATHER_1):
        raise EmbeddingError(
            "Feather version 1, which is not supported; write the table as version 2: "
            "pyarrow.feather.write_feather(table, path)"
        )
    if start == _FILE and end != _MAGIC:
        raise EmbeddingError("the Arrow file is cut short; write or copy the file again")


def _plain(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Return views of texts, as polars writes them, as plain texts; other columns unchanged."""
    kind = column.type
    if pa.types.is_run_end_encoded(kind):
        check_bytes(run_bytes(column), f"column {name} decodes to")
    elif pa.types.is_dictionary(kind):
        check_bytes(sum(map(expanded_bytes, column.chunks)), f"column {name} decodes to")
        if kind.value_type == pa.string_view():
            return column.cast(pa.dictionary(kind.index_type, pa.large_string()))
    elif kind in _VIEWS:
        check_bytes(text_bytes(column), f"column {name} decodes to")
        return column.cast(_VIEWS[kind])
    return column
