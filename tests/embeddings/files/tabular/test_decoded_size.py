"""How many bytes a table takes once it is decoded, computed before it is."""

import struct
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from embeddings import EmbeddingError
from embeddings.files.sizes.decoded_size import _FlatTable, batch_size, text_bytes


@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
@pytest.mark.parametrize("values", [np.zeros(5_000), np.random.default_rng(0).normal(size=5_000)])
def test_the_size_of_a_batch_is_that_of_its_columns(compression, values):
    table = pa.table({"a": values, "b": pa.array(["text"] * 5_000).dictionary_encode()})
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    messages = list(pa.ipc.MessageReader.open_stream(sink.getvalue()))
    sizes = [batch_size(message) for message in messages]
    assert sizes[0] == (0, 0)  # the schema
    assert [rows for rows, _ in sizes[1:]] == [1, 5_000]  # the dictionary and its indices
    size = sum(size for _, size in sizes)
    assert table.nbytes <= size <= table.nbytes + 64 * 5  # five buffers, each perhaps padded


def test_buffers_that_did_not_shrink_have_the_size_that_they_have_in_the_file():
    """Other writers store such a buffer as it is, after a decompressed size of -1."""
    table = pa.table({"a": np.arange(5_000)})
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    batch = list(pa.ipc.MessageReader.open_stream(sink.getvalue()))[1]
    unshrunk = SimpleNamespace(metadata=batch.metadata, body=b"\xff" * len(batch.body))
    rows, size = batch_size(unshrunk)
    assert rows == 5_000 and len(batch.body) - 64 <= size <= len(batch.body)  # padding


def test_a_field_that_is_absent_is_zero_or_a_missing_description():
    empty = _FlatTable(struct.pack("<HHi", 4, 4, 4), 4)
    assert empty.number(0, "q") == 0 and empty.position(3) is None
    with pytest.raises(EmbeddingError, match="a batch lacks its description"):
        empty.table(0)
    zero = _FlatTable(struct.pack("<HHHxxi", 6, 4, 0, 8), 8)  # a field at no offset
    assert zero.position(0) is None


def test_every_use_of_a_text_counts():
    texts = pa.array(["four", None, "five", "sixsix"])
    assert text_bytes(pa.chunked_array([texts, texts])) == 2 * 14
    assert text_bytes(pa.chunked_array([texts.cast(pa.large_string())])) == 14
    assert text_bytes(pa.chunked_array([texts.cast(pa.binary())])) == 14
    codes = pa.array([0, 0, None, 1, 0], pa.int8())
    used = pa.DictionaryArray.from_arrays(codes, pa.array(["four", None, "unused"]))
    assert text_bytes(pa.chunked_array([used])) == 3 * 4


def test_views_count_from_their_offset_and_missing_ones_do_not():
    view = np.array([7, 0, 0, 0], np.int32)
    raw = np.stack([view, 2 * view, 3 * view, 4 * view]).tobytes()
    valid = pa.py_buffer(bytes([0b1101]))  # the second is missing, whatever its length says
    views = pa.Array.from_buffers(
        pa.string_view(), 4, [valid, pa.py_buffer(raw), pa.py_buffer(bytes(100))]
    )
    assert text_bytes(pa.chunked_array([views])) == 7 + 21 + 28
    assert text_bytes(pa.chunked_array([views[2:]])) == 21 + 28
