"""Images and sounds of a file, shown: only their bytes, never what a file gives as a path."""

import io

import pyarrow as pa
import streamlit as st
from PIL import Image

from embeddings.media import IMAGE_FORMATS, media_type

IMAGE_WIDTH, SMALLEST_IMAGE = 240, 96
"""Sides of an image on the screen, in px."""
LARGEST_IMAGE = 50_000_000
"""Pixels of an image that is decoded to be shown."""


def show_media(what: str, cell: pa.StructScalar) -> str:
    """Show an image or a sound whose content is there; else return its path, which is not opened.

    Only bytes are handed to Streamlit: it would open a text as a file or an address.
    """
    content, path = cell["bytes"].as_py(), cell["path"].as_py()
    if not content:
        return str(path or "")
    if what == "image":
        show_image(content)
    elif media_type(content) is None:
        st.caption("The sound cannot be read.")
    else:
        st.audio(content, format=media_type(content) or "")
    return ""


def show_image(content: bytes, longest: int = IMAGE_WIDTH) -> None:
    """Show an image: large ones made smaller, the smallest larger; GIFs that fit move.

    longest : of its sides, in px
    """
    try:
        with Image.open(io.BytesIO(content), formats=IMAGE_FORMATS) as image:
            width, height = image.size
            if width * height > LARGEST_IMAGE:
                st.caption(f"The image is too large to be shown here: {width:,} x {height:,}")
                return
            image.load()
            scale = min(1.0, longest / max(width, height))
            moves = image.format == "GIF" and scale == 1.0
            shown = image.convert("RGBA").resize(
                (max(1, round(scale * width)), max(1, round(scale * height)))
            )
    except Exception:  # a damaged image makes its reader raise anything
        st.caption("The image cannot be read.")
        return
    st.image(
        content if moves else shown,
        width=max(shown.width, SMALLEST_IMAGE),
        output_format="PNG" if not moves else "auto",
    )
