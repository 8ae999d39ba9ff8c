"""Images and sounds: what their first bytes, or the end of a file's name, say they are."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Literal

import pyarrow as pa

MEDIA = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
"""Type of a column of images or of audio, as the embedding file and Hugging Face's have it.

Which of the two it is, the content says, so that no format needs to carry a mark.
"""

SUFFIXES = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif",
    ".webp": "image/webp", ".bmp": "image/bmp", ".wav": "audio/wav", ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg", ".oga": "audio/ogg", ".opus": "audio/ogg", ".flac": "audio/flac",
    ".m4a": "audio/mp4",
}  # fmt: skip
"""Media type by the end of a file's name."""

IMAGE_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
"""Images that are opened, as Pillow calls their formats."""

HEAD = 16
"""First bytes that tell the type."""

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
    """Return the media type of an image or a sound, such as "image/png"; None for anything else.

    PNG, JPEG, GIF, WebP, BMP; WAV, MP3, Ogg, FLAC, M4A. The first HEAD bytes suffice.
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
    """Say whether bytes are the header of a frame of MPEG audio, layer 3."""
    return (
        len(head) > 3
        and head[0] == 0xFF
        and head[1] & 0xE6 == 0xE2
        and head[1] & 0x18 != 0x08  # a version that does not exist
        and head[2] >> 4 not in (0, 15)  # bit rate
        and head[2] & 0x0C != 0x0C  # sampling rate
    )


def cell_media_type(cell: Mapping[str, Any]) -> str | None:
    """Return the media type of one cell of a MEDIA column: by its bytes, else by its path."""
    found = media_type(cell["bytes"]) if cell.get("bytes") else None
    return found or SUFFIXES.get(PurePosixPath(cell.get("path") or "").suffix.lower())


def majority(types: Sequence[str | None]) -> Literal["image", "audio"] | None:
    """Return what at least half of the cells are; None where they are neither."""
    images = sum(found is not None and found.startswith("image/") for found in types)
    sounds = sum(found is not None and found.startswith("audio/") for found in types)
    if 2 * max(images, sounds, 1) < len(types) or not images + sounds:
        return None
    return "image" if images >= sounds else "audio"


def is_media(kind: pa.DataType) -> bool:
    """Say whether a column's type is that of images or audio: a struct of bytes and path."""
    if not pa.types.is_struct(kind) or {field.name for field in kind} != {"bytes", "path"}:
        return False
    content = kind.field("bytes").type
    return any(is_type(content) for is_type in _BINARY)
