"""Arrow IPC, as file (Feather version 2) or as stream: the embedding file's columns, or any table.

Files are read as the stream that they hold. Buffers are mapped into memory, not copied.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files.atomic import atomic_path
from embeddings.files.draft import Draft
from embeddings.files.errors import damaged
from embeddings.files.limits import check_bytes
from embeddings.files.options import Note, ReadContext
from embeddings.files.tabular.embedding_table import describing, from_table, table_rank, to_table
from embeddings.files.tabular.roles import Rank

_FILE = b"ARROW1\0\0"
_MAGIC = b"ARROW1"  # ends a file, too
_FEATHER_1 = b"FEA1"
_MESSAGE = b"\xff\xff\xff\xff"  # begins each message of a stream
_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
_DAMAGE = (pa.ArrowException, OSError, UnicodeError, struct.error)  # pyarrow; the decoder below
_VIEWS = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}


def matches(head: bytes, path: Path) -> bool:
    """Say whether a file that starts with `head` is an Arrow file or stream, or Feather."""
    if head.startswith(_MESSAGE):  # then the length of the schema, which is never that large
        return len(head) >= 8 and 0 < int.from_bytes(head[4:8], "little") < 2**28
    return head.startswith((_FILE, _FEATHER_1))


def load(path: Path, context: ReadContext) -> Draft:
    """Read a table of Arrow with vectors in it.

    Raises
    ------
    EmbeddingError
        a file that is damaged, cut short, of Feather version 1, too large when decoded, or holds
        no vectors, or vectors of different length
    """
    return from_table(read_table(path), path, context)


def vector_likelihood(path: Path) -> Rank:
    """Say how surely the file holds vectors; see roles.py."""
    return table_rank(read_schema(path), lambda: read_table(path))


def read_columns(path: Path, rows: int | None, note: Note) -> Iterator[tuple[pa.Table, str]]:
    """Yield the table, whose columns describe the rows of another file."""
    yield describing(read_table(path), note), ""


def read_schema(path: Path) -> pa.Schema:
    """Return names and types of the columns, from the file's header or footer.

    Raises
    ------
    EmbeddingError
        a file that is damaged
    """
    with damaged("Arrow", *_DAMAGE), pa.ipc.open_stream(_content(path)) as reader:
        return reader.schema


def read_table(path: Path) -> pa.Table:
    """Read all columns, after looking at how large they will be in memory.

    Raises
    ------
    EmbeddingError
        a file that is damaged, cut short, of Feather version 1, or too large when decoded
    """
    with damaged("Arrow", *_DAMAGE):
        return _read(path)


def save(embedding_set: EmbeddingSet, path: Path) -> tuple[str, ...]:
    """Write the embedding file's columns, atomically: a stream for .arrows, else a file.

    Nothing is compressed, so that readers can map it. Returns the columns whose names are taken.
    """
    table, taken = to_table(embedding_set)
    for position, name in enumerate(table.column_names):
        table = table.set_column(position, name, _unified(table.column(position)))
    write = pa.ipc.new_stream if path.suffix.lower() == ".arrows" else pa.ipc.new_file
    with atomic_path(path) as temporary, write(temporary, table.schema) as writer:
        writer.write_table(table)
    return taken


def _unified(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a dictionary column with one dictionary, which is all that a file may have."""
    return column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column


def _read(path: Path) -> pa.Table:
    """Read all columns, after looking at how large they will be in memory."""
    content = _content(path)
    rows = size = 0
    for message in pa.ipc.MessageReader.open_stream(content):
        batch_rows, batch_size = _decoded(message)
        rows, size = rows + batch_rows, size + batch_size
        check_bytes(size, "its columns decode to")
        check_bytes(4 * rows, "its rows take at least")
    with pa.ipc.open_stream(content) as reader:
        table = reader.read_all()
    table.validate(full=True)
    for position, field in enumerate(table.schema):
        table = table.set_column(position, field.name, _plain(table.column(position), field.name))
    return table


def _content(path: Path) -> pa.Buffer:
    """Map the stream that a file of Arrow is or holds."""
    content = pa.memory_map(str(path)).read_buffer()
    start, end = content.slice(0, 8).to_pybytes(), content.slice(max(0, content.size - 6))
    if start.startswith(_FEATHER_1):
        raise EmbeddingError(
            "Feather version 1, which is outdated; write it again as version 2: "
            "pyarrow.feather.write_feather(table, path)"
        )
    if start == _FILE:
        if end.to_pybytes() != _MAGIC:
            raise EmbeddingError("the Arrow file is cut short; write or copy the file again")
        content = content.slice(8)
    return content


def _decoded(message: pa.Message) -> tuple[int, int]:
    """Return the rows of a message's record batch and its bytes when unpacked; 0, 0 if it has none.

    pyarrow unpacks a batch at once and does not tell its size before, so the description is read
    here: https://arrow.apache.org/docs/format/Columnar.html, "Encapsulated message format".
    """
    described = message.metadata.to_pybytes()
    root = _Struct(described, struct.unpack_from("<I", described)[0])
    kind = root.number(1, "B")
    if kind not in (_DICTIONARY_BATCH, _RECORD_BATCH):
        return 0, 0
    batch = root.child(2)
    if kind == _DICTIONARY_BATCH:
        batch = batch.child(1)
    rows, packed = batch.number(0, "q"), batch.field(3) is not None
    size = 0
    for offset, length in batch.pairs(2):
        if packed and length >= 8:  # the size when unpacked comes first, -1 where it is not packed
            unpacked = int.from_bytes(message.body[offset : offset + 8], "little", signed=True)
            length = unpacked if unpacked >= 0 else length
        size += length
    return rows, size


class _Struct:
    """A table of flatbuffers, in which Arrow's messages are described."""

    def __init__(self, content: bytes, start: int):
        self.content, self.start = content, start
        self.fields = start - struct.unpack_from("<i", content, start)[0]

    def field(self, number: int) -> int | None:
        """Return where a field is, or None if it is absent."""
        at = 4 + 2 * number
        if at >= struct.unpack_from("<H", self.content, self.fields)[0]:
            return None
        offset = struct.unpack_from("<H", self.content, self.fields + at)[0]
        return self.start + offset if offset else None

    def number(self, number: int, kind: str) -> int:
        """Return a field that holds a number, 0 by default."""
        at = self.field(number)
        return 0 if at is None else struct.unpack_from(f"<{kind}", self.content, at)[0]

    def _target(self, number: int) -> int:
        at = self.field(number)
        if at is None:
            raise EmbeddingError("damaged Arrow: a batch lacks its description")
        return at + struct.unpack_from("<I", self.content, at)[0]

    def child(self, number: int) -> "_Struct":
        """Return a field that is a table."""
        return _Struct(self.content, self._target(number))

    def pairs(self, number: int) -> Iterator[tuple[int, int]]:
        """Yield a field that is a list of pairs of 64-bit numbers."""
        start = self._target(number)
        count = struct.unpack_from("<I", self.content, start)[0]
        held = self.content[start + 4 : start + 4 + 16 * count]
        return struct.iter_unpack("<qq", held)


def _plain(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Return views of texts, as polars writes them, as plain texts; all else as it is.

    Many views may show the same bytes, and many numbers of a dictionary the same text, so what
    they come to when written out is looked at first.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        texts = kind.value_type
        if _is_text(texts):
            size = sum(_dictionary_bytes(chunk) for chunk in column.chunks)
            check_bytes(size, f"column {name} decodes to")
        if texts == pa.string_view():
            return column.cast(pa.dictionary(kind.index_type, pa.large_string()))
    elif kind in _VIEWS:
        size = sum(int(_lengths(chunk).sum()) for chunk in column.chunks)
        check_bytes(size, f"column {name} decodes to")
        return column.cast(_VIEWS[kind])
    return column


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view()


def _dictionary_bytes(array: pa.DictionaryArray) -> int:
    lengths = _lengths(array.dictionary)
    used = np.bincount(array.indices.drop_null().to_numpy(), minlength=len(lengths))
    return int((lengths * used).sum())


def _lengths(texts: pa.Array) -> np.ndarray:
    """Return how many bytes each text has: int64, 0 for one that is missing."""
    if texts.type not in _VIEWS:
        return pc.binary_length(texts).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    views = np.frombuffer(texts.buffers()[1], dtype=np.int32).reshape(-1, 4)
    lengths = views[texts.offset : texts.offset + len(texts), 0].astype(np.int64)
    return lengths * texts.is_valid().to_numpy(zero_copy_only=False)
