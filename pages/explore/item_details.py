"""An item in the inspector: its title, images, sounds and columns.

Only the bytes of images and sounds are shown: what a file gives as a path is never opened.
"""

import html
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import streamlit as st

from embeddings import EmbeddingError, EmbeddingSet
from embeddings.analysis.contexts import CONTEXT, Excerpt, is_layer
from embeddings.columns import list_text, texts
from embeddings.media import media_type
from pages.common.formatting import number, plain, show_text
from server.thumbnails import read_image

UNFOLDED_COLUMNS = 4
LONG_TEXT = 200
"""Characters of a text from which it is folded away."""
LONGEST_TEXT = 20_000
"""Characters of a text that are shown once it is unfolded."""
IMAGE_WIDTH, SMALLEST_IMAGE = 240, 96
"""Largest and smallest width of an image on the screen, in px."""
IMAGES_IN_A_ROW = 2


def show_title(text: str) -> None:
    """Show the title of an item, a selection or a query."""
    with st.container(key="title"):
        show_text(text)


def show_excerpt(excerpt: Excerpt) -> None:
    """Show an excerpt, its word in bold."""
    before, word, after = map(html.escape, (excerpt.before, excerpt.word, excerpt.after))
    st.html(f"<p>{before}<b>{word}</b>{after}</p>")


def show_columns(embedding_set: EmbeddingSet, kinds: Mapping[str, str], row: int) -> None:
    """Show an item's images, sounds and first columns; long texts and the rest are folded away."""
    cells, long = [], []
    images: list[tuple[str, bytes]] = []
    for name in embedding_set.metadata.column_names:
        if name == CONTEXT and is_layer(embedding_set):
            continue  # shown above
        column, kind = embedding_set.metadata.column(name), kinds[name]
        cell = column[row]
        if not cell.is_valid:
            continue
        if kind == "image" and cell["bytes"].as_py():
            images.append((name, cell["bytes"].as_py()))
            continue
        is_media = kind in ("image", "audio")
        text = _show_media(cell) if is_media else cell_texts(kind, column, [row])[0] or ""
        if len(text) > LONG_TEXT:
            long.append((name, text))
        elif text:
            cells.append(f"{name}: {text}")
    _show_images(images)
    if cells:
        show_text(*cells[:UNFOLDED_COLUMNS])
    for name, text in long:
        with st.expander(f"{plain(name)}, {len(text):,} characters"):
            show_text(*(line.strip() for line in text[:LONGEST_TEXT].splitlines()))
            if len(text) > LONGEST_TEXT:
                st.caption(f"and {len(text) - LONGEST_TEXT:,} more characters")
    if len(cells) > UNFOLDED_COLUMNS:
        with st.expander(f"{len(cells) - UNFOLDED_COLUMNS} more columns"):
            show_text(*cells[UNFOLDED_COLUMNS:])


def cell_texts(kind: str, column: pa.ChunkedArray, rows: Sequence[int]) -> list[str | None]:
    """Write the cells of some rows of a column; those that are missing are None.

    Parameters
    ----------
    kind : of the column
    """
    if kind not in ("boolean", "list", "number"):
        cells = [chunk for row in rows for chunk in column.slice(row, 1).chunks]
        found: list[str | None] = texts(pa.chunked_array(cells, column.type)).to_pylist()
        return found
    return [_written(kind, column[row].as_py()) for row in rows]


def _written(kind: str, value: Any) -> str | None:
    if value is None or value != value:  # NaN
        return None
    if kind == "boolean":
        return "yes" if value else "no"
    if kind == "list":
        return list_text(value)
    return number(value) if isinstance(value, int | float) else str(value)


def _show_images(images: Sequence[tuple[str, bytes]]) -> None:
    """Show an item's images; several are side by side, each above the name of its column."""
    if len(images) == 1:
        show_image(images[0][1])
        return
    for start in range(0, len(images), IMAGES_IN_A_ROW):
        columns = st.columns(IMAGES_IN_A_ROW)
        for column, (name, content) in zip(columns, images[start:], strict=False):
            with column:
                show_image(content, IMAGE_WIDTH // IMAGES_IN_A_ROW)
                show_text(name)


def _show_media(cell: pa.StructScalar) -> str:
    """Play a sound whose bytes are there; else return the path in the cell, which is not opened.

    Streamlit would open a string as a file or an address, so it is given bytes only.
    """
    content, path = cell["bytes"].as_py(), cell["path"].as_py()
    if not content:
        return str(path or "")
    if media_type(content) is None:
        st.caption("The sound cannot be played.")
    else:
        st.audio(content, format=media_type(content) or "")
    return ""


def show_image(content: bytes, longest: int = IMAGE_WIDTH, smallest: int = SMALLEST_IMAGE) -> None:
    """Show an image, large ones scaled down and the smallest up; GIFs that fit are animated.

    Parameters
    ----------
    content : the file of the image
    longest, smallest : its longest side at most, its width at least, in px
    """
    try:
        shown = read_image(content, longest)
    except EmbeddingError as error:
        st.caption(str(error))
        return
    is_animated = shown.info["format"] == "GIF" and shown.info["scale"] == 1.0
    st.image(
        content if is_animated else shown,
        width=max(shown.width, smallest),
        output_format="auto" if is_animated else "PNG",
    )
