"""Images and sounds of a file, shown: only their bytes, never what a file gives as a path."""

import io
from collections.abc import Sequence

import pyarrow as pa
import streamlit as st
from PIL import Image

from embeddings.media import IMAGE_FORMATS, media_type
from pages.common.text import plain

IMAGE_WIDTH, SMALLEST_IMAGE = 240, 96
"""Sides of an image on the screen, in px."""
SIDE_BY_SIDE = 2
"""Images of one item in a row."""
LARGEST_IMAGE = 50_000_000
"""Pixels of an image that is decoded to be shown."""


def show_pictures(pictures: Sequence[tuple[str, bytes]]) -> None:
    """Show an item's images; several stand side by side, each above the name of its column."""
    if len(pictures) == 1:
        show_image(pictures[0][1])
        return
    for start in range(0, len(pictures), SIDE_BY_SIDE):
        columns = st.columns(SIDE_BY_SIDE)
        for column, (name, content) in zip(columns, pictures[start:], strict=False):
            with column:
                show_image(content, IMAGE_WIDTH // SIDE_BY_SIDE)
                st.caption(plain(name))


def show_media(cell: pa.StructScalar) -> str:
    """Show a sound whose content is there; else return the path of a cell, which is not opened.

    Only bytes are handed to Streamlit: it would open a text as a file or an address.
    """
    content, path = cell["bytes"].as_py(), cell["path"].as_py()
    if not content:
        return str(path or "")
    if media_type(content) is None:
        st.caption("The sound cannot be read.")
    else:
        st.audio(content, format=media_type(content) or "")
    return ""


def show_image(content: bytes, longest: int = IMAGE_WIDTH, smallest: int = SMALLEST_IMAGE) -> None:
    """Show an image: large ones made smaller, the smallest larger; GIFs that fit move.

    longest, smallest : its longest side at most, its width at least, in px
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
        width=max(shown.width, smallest),
        output_format="PNG" if not moves else "auto",
    )
