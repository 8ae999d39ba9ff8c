"""Compressed streams: gzip, bzip2, xz and zstd, detected by content, read in bounded memory."""

import bz2
import gzip
import io
import lzma
import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, cast

import numpy as np
import pyarrow as pa

from embeddings.files.damage import damaged
from embeddings.files.limits import check_bytes, limited_reading, max_bytes

STREAM_DAMAGE = (zlib.error, lzma.LZMAError, pa.ArrowException, OSError, EOFError, ValueError,
                 RuntimeError, NotImplementedError)  # fmt: skip
"""The exceptions that readers raise over damaged streams."""

_MAGIC = {
    b"\x1f\x8b\x08": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_SUFFIXES = (".gz", ".gzip", ".bz2", ".xz", ".zst", ".zstd")
_TAR_SUFFIXES = (".tgz", ".tbz", ".tbz2", ".txz", ".tzst")
_PART = 2**24  # bytes that a thread reads
_BLOCK = 2**20
_XZ_BYTES = 256 * 2**20  # memory that unpacking xz may take; `xz -9` needs 65 MiB


def compression(head: bytes) -> str | None:
    """Return how a file that starts with `head` is compressed: gzip, bzip2, xz, zstd or None."""
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)


def compression_of(path: Path) -> str | None:
    """Return how a file is compressed, or None."""
    with path.open("rb") as file:
        return compression(file.read(16))


def inner_name(path: Path) -> str:
    """Return the name of a compressed file once it is unpacked."""
    suffix = path.suffix.lower()
    if suffix in _TAR_SUFFIXES:
        return f"{path.stem}.tar"
    return path.stem if suffix in _SUFFIXES else path.name


def title(path: Path) -> str:
    """Return the name of a folder, an archive or a compressed file, without its suffixes."""
    if path.is_dir():
        return path.name
    inner = inner_name(path)
    return inner.removesuffix(".tar").removesuffix(".zip") or path.name


def open_compressed(path: Path, kind: str) -> IO[bytes]:
    """Open a compressed file for reading; the stream raises STREAM_DAMAGE if it is damaged.

    Parameters
    ----------
    kind : as `compression` returned it
    """
    if kind == "gzip":
        return cast(IO[bytes], gzip.GzipFile(path))
    if kind == "bzip2":
        return bz2.BZ2File(path)
    if kind == "xz":
        return io.BufferedReader(_Xz(path), _BLOCK)
    return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")


def read_content(path: Path) -> pa.Buffer:
    """Return all bytes of a file; fewer if it is cut while it is read.

    Anyone who may write a file can cut or overwrite it while it is open here. A process that then
    touches a page of a memory map that is gone is ended by the system (SIGBUS), and a server takes
    all its sessions with it. So files are read, not mapped, except those that do not fit in memory
    (see ReadContext.path_to_map).
    """
    content = np.empty(path.stat().st_size, dtype=np.uint8)  # in huge pages, unlike pyarrow's
    view = content.data

    def read_part(start: int) -> int:
        end = min(start + _PART, len(view))
        with path.open("rb", buffering=0) as file:
            file.seek(start)
            at = start
            while at < end and (count := file.readinto(view[at:end])):
                at += count
        return at - start

    if len(view) <= _PART:  # a thread would only delay it
        return pa.py_buffer(content).slice(0, read_part(0))
    starts = range(0, len(view), _PART)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = list(pool.map(read_part, starts))
    whole = next((i for i, count in enumerate(counts) if count < _PART), len(counts))
    return pa.py_buffer(content).slice(0, sum(counts[: whole + 1]))


def read_decompressed(path: Path) -> pa.Buffer:
    """Return the content of a file, decompressed if it is compressed.

    Raises
    ------
    EmbeddingError
        a damaged compressed file, or more bytes than the limit
    """
    kind = compression_of(path)
    if kind is None:
        return read_content(path)
    with (
        limited_reading([path]),
        damaged(kind, *STREAM_DAMAGE, advice="copy the file again"),
        open_compressed(path, kind) as stream,
    ):
        content = stream.read(max_bytes() + 1)
    check_bytes(len(content), f"{inner_name(path)} has, decompressed, at least")
    return pa.py_buffer(content)


class _Xz(io.RawIOBase):
    """An .xz file, read with a memory limit, which the reader of the standard library lacks."""

    def __init__(self, path: Path):
        self._file = path.open("rb")
        self._decoder = self._new_decoder()

    @staticmethod
    def _new_decoder() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_BYTES)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        block = b""
        while not block:
            packed = b""
            if self._decoder.eof:  # another stream may follow, after padding
                packed = (self._decoder.unused_data or self._file.read(_BLOCK)).lstrip(b"\0")
                if not packed:
                    return 0
                self._decoder = self._new_decoder()
            elif self._decoder.needs_input:
                packed = self._file.read(_BLOCK)
                if not packed:
                    raise EOFError("the file ends before its stream does")
            block = self._decoder.decompress(packed, len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._file.close()
        super().close()
