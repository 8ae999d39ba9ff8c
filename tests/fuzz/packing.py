"""Compressed files and archives in memory; the same content gives the same bytes."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Mapping

import pyarrow as pa


def compressed(content: bytes, how: str) -> bytes:
    """Return content compressed as gz, bz2, xz or zst."""
    if how == "zst":
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, "zstd") as stream:
            stream.write(content)
        return sink.getvalue().to_pybytes()
    if how == "xz":
        return lzma.compress(content, preset=0)
    return bz2.compress(content, 1) if how == "bz2" else gzip.compress(content, 1, mtime=0)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of files by their names."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, each in files.items():
            archive.writestr(zipfile.ZipInfo(name), each, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def tarred(files: Mapping[str, bytes]) -> bytes:
    """Return a tar of files by their names."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, each in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(each)
            archive.addfile(info, io.BytesIO(each))
    return content.getvalue()
