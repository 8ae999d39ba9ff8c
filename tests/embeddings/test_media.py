"""Media types are determined by the first bytes of a file."""

import io
import wave

import pytest
from PIL import Image

from embeddings.media import media_type


def image(form: str = "PNG", color: int = 0) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (4, 3), (color, 0, 0)).save(content, form)
    return content.getvalue()


def sound() -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as out:
        out.setparams((1, 2, 8_000, 0, "NONE", ""))
        out.writeframes(bytes(1_600))
    return content.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_pillow_s_images_are_known_by_their_first_bytes(form: str) -> None:
    assert media_type(image(form)[:16]) == f"image/{form.lower()}"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"ID3\x04\0\0\0\0\0\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64" + bytes(12), "audio/mpeg"),
        (b"OggS" + bytes(12), "audio/ogg"),
        (b"fLaC" + bytes(12), "audio/flac"),
        (b"\0\0\0\x1cftypM4A \0\0\0\0", "audio/mp4"),
        (b"\0\0\0\x1cftypisom\0\0\0\0", None),  # a video
        (b"\xff\xff\xff\xff" + bytes(12), None),
        (b"\xff\xeb\x90\x64" + bytes(12), None),  # a reserved version of MPEG
        (b"\xff\xfb\x00\x64" + bytes(12), None),  # no bit rate
        (b"\xff\xfb\xf0\x64" + bytes(12), None),  # a reserved bit rate
        (b"\xff\xfb\x9c\x64" + bytes(12), None),  # a reserved sampling rate
        (b"BM, a text about cars", None),
        (b"", None),
    ],
)
def test_first_bytes(head: bytes, kind: str | None) -> None:
    assert media_type(head) == kind


def test_a_sound_is_known_by_its_first_bytes() -> None:
    assert media_type(sound()) == "audio/wav"
