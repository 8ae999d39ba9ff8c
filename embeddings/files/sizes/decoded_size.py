"""The size of a table in memory, found out before it is decoded: files may be bombs.

A few bytes of a file may stand for any number in memory: a compressed batch, a dictionary whose one
text is used in each row, views that all show the same text. pyarrow decompresses a batch of Arrow
as a whole and offers no way to learn its size before, nor to limit its memory; reading batch by
batch does not help, since one batch may hold everything. The size is in the batch's description,
a flatbuffer. Its few fields are read here: the flatbuffers package would be one more dependency,
and would need Arrow's generated classes beside it.
"""

import struct
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.arrow_types import is_binary, is_list, is_text
from embeddings.errors import EmbeddingError

_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
_DICTIONARIES, _RECORD_BATCHES = 2, 3  # fields of the footer
_FOOTER_END = 10  # bytes after it: its length, and the mark ARROW1
_VIEWS = (pa.string_view(), pa.binary_view())


def batch_size(message: pa.Message) -> tuple[int, int]:
    """Return how many rows a message's record batch has, and how many bytes it takes when decoded.

    Both are 0 for a message without a batch. The format:
    https://arrow.apache.org/docs/format/Columnar.html, "Encapsulated message format".

    Raises
    ------
    EmbeddingError
        a batch without a description
    struct.error
        a description that is damaged
    """
    description = message.metadata.to_pybytes()
    root = _FlatTable(description, struct.unpack_from("<I", description)[0])
    kind = root.number(1, "B")
    if kind not in (_DICTIONARY_BATCH, _RECORD_BATCH):
        return 0, 0
    batch = root.table(2)
    if kind == _DICTIONARY_BATCH:
        batch = batch.table(1)
    rows, compressed = batch.number(0, "q"), batch.position(3) is not None
    size = 0
    for offset, length in batch.structs(2, "<qq"):
        if compressed and length >= 8:  # the size when decompressed comes first, -1 for the same
            decompressed = int.from_bytes(message.body[offset : offset + 8], "little", signed=True)
            length = decompressed if decompressed >= 0 else length
        size += length
    return rows, size


def batch_places(content: pa.Buffer) -> Iterator[tuple[int, int]]:
    """Yield where the batches and dictionaries of an Arrow file are, as its footer says.

    The footer, a flatbuffer, its length and a mark end the file:
    https://arrow.apache.org/docs/format/Columnar.html, "IPC File Format".

    Yields
    ------
    start, length : in bytes, the description included

    Raises
    ------
    EmbeddingError, struct.error
        a damaged footer
    """
    end = content.size - _FOOTER_END
    length = struct.unpack("<i", content.slice(end, 4).to_pybytes())[0]
    if not 4 <= length <= end:
        raise EmbeddingError("damaged Arrow: it has no footer; write or copy the file again")
    description = content.slice(end - length, length).to_pybytes()
    footer = _FlatTable(description, struct.unpack_from("<I", description)[0])
    for field in (_DICTIONARIES, _RECORD_BATCHES):
        if footer.position(field) is None:
            continue
        for start, described, body in footer.structs(field, "<qi4xq"):
            if min(start, described, body) < 0 or start + described + body > content.size:
                raise EmbeddingError(
                    "damaged Arrow: a batch lies outside the file; write or copy the file again"
                )
            yield start, described + body


def text_bytes(column: pa.ChunkedArray) -> int:
    """Return how many bytes the texts of a column take, each value written out.

    Parameters
    ----------
    column : texts, byte strings, views of them, or a dictionary of one of these
    """
    if not pa.types.is_dictionary(column.type):
        return sum(int(_lengths(chunk).sum()) for chunk in column.chunks)
    total = 0
    for chunk in column.chunks:
        lengths = _lengths(chunk.dictionary)
        used = np.bincount(chunk.indices.drop_null().to_numpy(), minlength=len(lengths))
        total += int((lengths * used).sum())
    return total


def run_bytes(column: pa.ChunkedArray) -> int:
    """Return how many bytes a run-end encoded column takes, each value written out."""
    size = 0
    for chunk in column.chunks:
        values = chunk.values.slice(chunk.find_physical_offset(), chunk.find_physical_length())
        if not _has_length(values.type):
            size += len(chunk) * max(1, values.type.bit_width // 8)
            continue
        ends = chunk.run_ends.slice(chunk.find_physical_offset(), len(values)).to_numpy()
        ends = np.minimum(ends.astype(np.int64) - chunk.offset, len(chunk))
        size += int((np.diff(ends, prepend=0) * _lengths(values)).sum()) + 4 * len(chunk)
    return size


def expanded_bytes(array: pa.Array) -> int:
    """Return how many bytes the texts take in all dictionaries of an array, each written out.

    Parameters
    ----------
    array : of any type; the dictionaries may be within lists or records
    """
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    kind = array.type
    if pa.types.is_dictionary(kind):
        return text_bytes(pa.chunked_array([array])) if _has_length(kind.value_type) else 0
    if pa.types.is_struct(kind):
        return sum(map(expanded_bytes, array.flatten()))
    if pa.types.is_map(kind):
        return expanded_bytes(array.keys) + expanded_bytes(array.items)
    return expanded_bytes(array.flatten()) if is_list(kind) else 0


def _has_length(kind: pa.DataType) -> bool:
    return is_text(kind) or is_binary(kind)


def _lengths(texts: pa.Array) -> np.ndarray:
    """Return the length of each text in bytes: int64, shape (n,); 0 for a missing one."""
    if texts.type not in _VIEWS:
        return pc.binary_length(texts).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    views = np.frombuffer(texts.buffers()[1], dtype=np.int32).reshape(-1, 4)
    lengths = views[texts.offset : texts.offset + len(texts), 0].astype(np.int64)
    return lengths * texts.is_valid().to_numpy(zero_copy_only=False)


class _FlatTable:
    """A table of a flatbuffer: numbered fields, each of which may be absent."""

    def __init__(self, content: bytes, start: int):
        self._content, self._start = content, start
        self._fields = start - struct.unpack_from("<i", content, start)[0]

    def position(self, field: int) -> int | None:
        """Return where a field is in the content, or None if it is absent."""
        at = 4 + 2 * field
        if at >= struct.unpack_from("<H", self._content, self._fields)[0]:
            return None
        offset = struct.unpack_from("<H", self._content, self._fields + at)[0]
        return self._start + offset if offset else None

    def number(self, field: int, kind: str) -> int:
        """Return a number, 0 by default; `kind` is the letter of the struct module for its type."""
        at = self.position(field)
        return 0 if at is None else struct.unpack_from(f"<{kind}", self._content, at)[0]

    def table(self, field: int) -> "_FlatTable":
        """Return a field that is a table itself."""
        return _FlatTable(self._content, self._target(field))

    def structs(self, field: int, layout: str) -> Iterator[tuple[int, ...]]:
        """Yield a field that is a list of structs, laid out as the struct module says."""
        start = self._target(field)
        count = struct.unpack_from("<I", self._content, start)[0]
        end = start + 4 + struct.calcsize(layout) * count
        return struct.iter_unpack(layout, self._content[start + 4 : end])

    def _target(self, field: int) -> int:
        at = self.position(field)
        if at is None:
            raise EmbeddingError("damaged Arrow: a batch lacks its description; copy it again")
        return at + struct.unpack_from("<I", self._content, at)[0]
