"""Files of a folder or an archive that may be tables: each must be looked into, so few may be."""

import zipfile
from collections.abc import Sequence
from pathlib import PurePosixPath

from embeddings.errors import EmbeddingError
from embeddings.files.unsupported import is_document
from embeddings.media import HEAD, SUFFIXES, media_type

MAX_TABLES = 2_000
"""Maximum number of files of one set beside images and vectors of a file each."""

_OTHERS = {*SUFFIXES, ".npy", ".arrow", ".parquet"}  # the last two may be shards of one table

_ARRAYS_OR_SHARDS = (b"\x93NUMPY", b"PAR1", b"ARROW1\0\0", b"FEA1", b"\xff" * 4)  # see files.detect


def check_tables(count: int) -> None:
    """Raise EmbeddingError for more files beside images than can be looked into."""
    if count > MAX_TABLES:
        raise EmbeddingError(
            f"{count:,} files that are no images; expected one of vectors, and at most "
            f"{MAX_TABLES:,} that describe its rows"
        )


def may_be_table(name: str) -> bool:
    """Return True if a file may be a table by its name, and is no document for people."""
    return PurePosixPath(name).suffix.lower() not in _OTHERS and not is_document(name)


def is_table(name: str, head: bytes) -> bool:
    """Return True if a file is a table, whatever its suffix, as far as its first bytes tell.

    It is one of the files that check_tables counts: neither a document for people, an image or a
    sound, nor an array of NumPy or a shard.
    """
    return (
        not head.startswith(_ARRAYS_OR_SHARDS)
        and media_type(head) is None
        and not (is_document(name))
    )


def check_zip(archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo]) -> None:
    """Raise EmbeddingError if a zip has too many tables, before it is unpacked."""
    candidates = [member for member in members if may_be_table(member.filename)]
    if len(candidates) <= MAX_TABLES:
        return
    tables = 0
    for member in candidates:
        with archive.open(member) as file:
            tables += media_type(file.read(HEAD)) is None
        if tables > MAX_TABLES:
            check_tables(len(candidates))
