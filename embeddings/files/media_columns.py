"""Columns of images and audio: from bytes, from data URIs, or from names of files given beside.

Only the given files are opened: no other path on this machine, no remote address.
"""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote_to_bytes

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embeddings.arrow_types import decoded
from embeddings.files.limits import check_bytes
from embeddings.files.options import Note
from embeddings.media import MEDIA, SUFFIXES, is_media, majority, media_type
from embeddings.text import shorten

FIRST = 20
"""How many cells that are not null are examined before a column is read in full."""

_MOST_FOLDERS = 32  # that the end of a path may have in a text
_CHUNK = 2**28  # bytes; an Arrow array of binaries holds less than 2^31
_DATA_URI = re.compile(r"\s*data:([\w.+-]+/[\w.+-]+)?((?:;[^,;]*)*),", re.IGNORECASE)
_NO_RELATIVE = re.compile(r"[/~]|[A-Za-z][A-Za-z0-9+.\-]*:|(.*/)?\.\.(/|$)")
_SPACES = str.maketrans("", "", " \t\r\n")


def media_column(
    column: pa.ChunkedArray, name: str, files: Mapping[str, Path], used: int, note: Note
) -> pa.ChunkedArray | None:
    """Return a column as images or audio (type MEDIA); None if it holds neither.

    - binary, if its first cells are images or sounds: all cells are returned as they are
    - texts that are data URIs are decoded
    - texts of which at least half name a file of `files`, and a MEDIA column that has only paths:
      the content of the files, and the names

    Parameters
    ----------
    name : of the column, for notes and errors
    files : the images and sounds given beside the table, by their path there
    used : bytes that other columns take already
    note : receives how many cells are left empty because their content is not available

    Raises
    ------
    EmbeddingError
        the column and the bytes already used exceed the size limit
    """
    kind = column.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        types = [media_type(cell.as_py()) for cell in column.drop_null().slice(0, FIRST)]
        return _from_binary(column) if majority(types) else None
    if is_media(kind):
        content, paths = (pc.struct_field(column, field) for field in ("bytes", "path"))
        empty = content.null_count == len(content)
        return named_files(paths, name, files, used, note) if files and empty else None
    texts = column.drop_null().slice(0, FIRST).to_pylist()
    if _are_data_uris(texts):
        return _from_data_uris(column, name, used, note)
    return named_files(column, name, files, used, note) if files else None


def named_files(
    column: pa.ChunkedArray, name: str, files: Mapping[str, Path], used: int, note: Note
) -> pa.ChunkedArray | None:
    """Return the images or sounds that texts name; None if fewer than half of the texts name one.

    A text names the file of that path; else the only file whose path ends so; else the only file
    with its last part, if no other text has the same last part. Absolute paths and addresses name
    nothing. Parameters and exceptions are those of media_column.
    """
    column = decoded(column)
    found = _find(column.drop_null().unique().to_pylist(), files)
    if not found:
        return None
    texts = pa.array(list(found), column.type)
    codes = pc.index_in(column, value_set=texts).fill_null(-1).to_numpy()
    present = len(column) - column.null_count
    matched = int((codes >= 0).sum())
    if 2 * matched < present:
        note(
            f"column {name}: {matched:,} of {present:,} texts name a given image or sound, fewer "
            "than half; left as text"
        )
        return None
    counts = np.bincount(codes[codes >= 0], minlength=len(found))
    sizes = [path.stat().st_size for path in found.values()]
    total = sum(int(count) * size for count, size in zip(counts, sizes, strict=True))
    check_bytes(used + total, f"with the files of column {name}, the metadata take")
    cells = [_read(text, path) for text, path in found.items()]
    lost = np.array([cell is None for cell in cells] + [True])[codes] & column.is_valid().to_numpy()
    if lost.any():
        row = int(np.flatnonzero(lost)[0])
        note(
            f"column {name}: {lost.sum():,} of {present:,} texts name no given image or sound and "
            f"are left empty; the first, in row {row}: {shorten(column[row].as_py())!r}"
        )
    cells.append(None)  # at position -1, the code of texts without a match
    return media_array(cells[code] for code in codes)


def media_array(cells: Iterable[tuple[bytes, str | None] | None]) -> pa.ChunkedArray:
    """Return a MEDIA column from pairs of content and path; None is a missing cell."""
    chunks, block, size = [], [], 0
    for cell in cells:
        block.append(None if cell is None else {"bytes": cell[0], "path": cell[1]})
        size += len(cell[0]) if cell else 0
        if size >= _CHUNK:
            chunks.append(pa.array(block, MEDIA))
            block, size = [], 0
    return pa.chunked_array([*chunks, pa.array(block, MEDIA)])


def decode_data_uri(text: str) -> bytes | None:
    """Return the content of a data URI; None for other text, or if it is damaged or empty."""
    match = _DATA_URI.match(text)
    if match is None:
        return None
    body = text[match.end() :]
    if not match[2].lower().endswith(";base64"):
        return unquote_to_bytes(body) or None
    if "%" in body:
        body = unquote_to_bytes(body).decode("latin-1")
    body = body.translate(_SPACES).rstrip("=")
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _from_binary(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return binaries as MEDIA without a path; the content is not copied."""
    chunks = []
    for chunk in column.chunks:
        paths = pa.nulls(len(chunk), pa.string())
        chunks.append(
            pa.StructArray.from_arrays(
                [chunk, paths], names=["bytes", "path"], mask=chunk.is_null()
            )
        )
    kind = pa.struct([("bytes", column.type), ("path", pa.string())])
    return pa.chunked_array(chunks, kind)


def _are_data_uris(texts: list[str]) -> bool:
    """Return True if the first texts are data URIs of images or sounds."""
    if not texts or not all(text[:10].lstrip().lower().startswith("data:") for text in texts):
        return False
    declared = (match[1] or "" for text in texts if (match := _DATA_URI.match(text[:200])))
    return any(each.lower().startswith(("image/", "audio/")) for each in declared)


def _from_data_uris(column: pa.ChunkedArray, name: str, used: int, note: Note) -> pa.ChunkedArray:
    column = decoded(column)
    size = int(pc.sum(pc.binary_length(column)).as_py())
    check_bytes(used + 3 * size // 4, f"with column {name} decoded, the metadata take")
    bad: list[int] = []

    def cells() -> Iterator[tuple[bytes, None] | None]:
        for row, cell in enumerate(column):
            content = decode_data_uri(cell.as_py()) if cell.is_valid else None
            if content is None and cell.is_valid:
                bad.append(row)
            yield None if content is None else (content, None)

    found = media_array(cells())
    if bad:
        note(
            f"column {name}: {len(bad):,} of {len(column) - column.null_count:,} texts are not "
            f"valid data URIs and are left empty; the first is in row {bad[0]}"
        )
    return found


def _find(texts: list[str], files: Mapping[str, Path]) -> dict[str, Path]:
    """Return the file that each text names, for the texts that name an image or a sound."""
    ends: dict[str, Path | None] = {}
    media = {n: p for n, p in files.items() if PurePosixPath(n).suffix.lower() in SUFFIXES}
    for file, path in media.items():
        parts = file.split("/")
        for start in range(max(1, len(parts) - _MOST_FOLDERS), len(parts)):
            end = "/".join(parts[start:])
            ends[end] = None if end in ends else path
    known = ends | media
    if not known:
        return {}
    plain = {text: text.replace("\\", "/").removeprefix("./") for text in texts}
    relative = {text: each for text, each in plain.items() if not _NO_RELATIVE.match(each)}
    lasts = Counter(each.rsplit("/", 1)[-1] for each in relative.values())
    found: dict[str, Path] = {}
    for text, each in relative.items():
        last = each.rsplit("/", 1)[-1]
        matched = known.get(each) or (known.get(last) if lasts[last] == 1 else None)
        if matched is not None:
            found[text] = matched
    return found


def _read(text: str, path: Path) -> tuple[bytes, str] | None:
    content = path.read_bytes()
    return (content, text) if media_type(content) else None
