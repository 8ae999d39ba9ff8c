"""Media types of images and sounds, from their first bytes or the suffix of a file name."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Literal

import pyarrow as pa

MEDIA = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
"""The type of a column of images or audio, in the embedding file and in Hugging Face datasets.

The content tells which of the two it is.
"""

SUFFIXES = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif",
    ".webp": "image/webp", ".bmp": "image/bmp", ".wav": "audio/wav", ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg", ".oga": "audio/ogg", ".opus": "audio/ogg", ".flac": "audio/flac",
    ".m4a": "audio/mp4",
}  # fmt: skip
"""Media types by the suffix of a file name."""

IMAGE_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
"""Pillow's names of the image formats that are supported."""

HEAD = 16
"""Number of first bytes that determine the media type."""

_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif", b"GIF89a": "image/gif",
    b"OggS": "audio/ogg", b"fLaC": "audio/flac", b"ID3": "audio/mpeg",
}  # fmt: skip
_RIFF = {b"WAVE": "audio/wav", b"WEBP": "image/webp"}
_BINARY = (
    pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view, pa.types.is_null,
)  # fmt: skip
_AUDIO_BRANDS = (b"M4A ", b"M4B ")


def media_type(content: bytes) -> str | None:
    """Return the media type of an image or a sound, such as "image/png"; None for other content.

    It recognizes PNG, JPEG, GIF, WebP, BMP, WAV, MP3, Ogg, FLAC and M4A by the first HEAD bytes.
    """
    head = bytes(content[:HEAD])
    for magic, found in _MAGIC.items():
        if head.startswith(magic):
            return found
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp" and head[8:12] in _AUDIO_BRANDS:
        return "audio/mp4"
    if head[:2] == b"BM" and len(head) > 10 and head[6:10] == bytes(4):
        return "image/bmp"
    return "audio/mpeg" if _is_mpeg_frame(head) else None


def _is_mpeg_frame(head: bytes) -> bool:
    """Return True for the header of a frame of MPEG audio, layer 3."""
    return (
        len(head) > 3
        and head[0] == 0xFF
        and head[1] & 0xE6 == 0xE2
        and head[1] & 0x18 != 0x08  # a version that does not exist
        and head[2] >> 4 not in (0, 15)  # bit rate
        and head[2] & 0x0C != 0x0C  # sampling rate
    )


def cell_media_type(cell: Mapping[str, Any]) -> str | None:
    """Return the media type of a cell of a MEDIA column, from its bytes or else from its path."""
    found = media_type(cell["bytes"]) if cell.get("bytes") else None
    return found or SUFFIXES.get(PurePosixPath(cell.get("path") or "").suffix.lower())


def majority(types: Sequence[str | None]) -> Literal["image", "audio"] | None:
    """Return which of the two at least half of the cells are; None if neither."""
    images = sum(found is not None and found.startswith("image/") for found in types)
    sounds = sum(found is not None and found.startswith("audio/") for found in types)
    if 2 * max(images, sounds, 1) < len(types) or not images + sounds:
        return None
    return "image" if images >= sounds else "audio"


def is_media(kind: pa.DataType) -> bool:
    """Return True for the type of a column of images or audio: a struct of bytes and path."""
    if not pa.types.is_struct(kind) or {field.name for field in kind} != {"bytes", "path"}:
        return False
    content = kind.field("bytes").type
    return any(is_type(content) for is_type in _BINARY)
