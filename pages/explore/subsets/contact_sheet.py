"""The contact sheet: small images of a selection in the inspector, a page at a time."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from components import Event, SheetItem, contact_sheet
from embeddings.text import count_noun, shorten
from pages.explore import navigation
from pages.explore.map_data import image_address, image_column
from pages.explore.view import ViewState

PAGE_IMAGES = 120
"""Images that are on the sheet together; the browser fetches those that are scrolled to."""

LONGEST_LABEL = 60
"""Characters of what an image is called."""


def draw(view: ViewState, selected: np.ndarray, on_event: Callable[[Event], None]) -> None:
    """Draw the sheet, if the selection has images."""
    name, images = image_column(view), image_address(view)
    if name is None or images is None:
        return
    rows = rows_with_images(view.embedding_set.metadata.column(name), selected)
    if not len(rows):
        return
    fold = st.expander("Images", expanded=True, key="contact_sheet", on_change="rerun")
    if not fold.open:
        return
    page, pages = _page(selected, len(rows)), -(-len(rows) // PAGE_IMAGES)
    start = page * PAGE_IMAGES
    shown = rows[start : start + PAGE_IMAGES].tolist()
    labels = view.embedding_set.labels
    with fold:
        contact_sheet(
            key="sheet",
            items=[SheetItem(row, shorten(labels[row], LONGEST_LABEL)) for row in shown],
            images=images,
            count=len(view.embedding_set),
            description=f"Images of the selection: {describe(start, len(shown), len(rows))}",
            on_event=on_event,
        )
        with st.container(key="sheet_bar", horizontal=True, vertical_alignment="center"):
            st.caption(describe(start, len(shown), len(rows)))
            if pages > 1:
                for label, key, title, to in (
                    ("‹", "sheet_back", "Previous images", page - 1),
                    ("›", "sheet_forward", "Next images", page + 1),
                ):
                    is_there = 0 <= to < pages
                    st.button(
                        label, key=key, help=title, disabled=not is_there,
                        on_click=_turn_to, args=(selected, to),
                    )  # fmt: skip


def rows_with_images(column: pa.ChunkedArray, selected: np.ndarray) -> np.ndarray:
    """Return the selected rows that have an image: int64, in row order.

    Parameters
    ----------
    column : struct of bytes and path, n cells
    selected : bool, shape (n,)
    """
    has_image = pc.is_valid(pc.struct_field(column, "bytes")).to_numpy()
    return np.flatnonzero(selected & has_image)


def describe(start: int, shown: int, total: int) -> str:
    """Return which images are on the sheet, of how many."""
    if shown == total:
        return count_noun(total, "image")
    return f"{start + 1:,}–{start + shown:,} of {count_noun(total, 'image')}"


def _page(selected: np.ndarray, total: int) -> int:
    """Return the page of this selection's sheet, from 0; that of another one is its first."""
    of, page = navigation.open_set().sheet
    return page if of is selected and page * PAGE_IMAGES < total else 0


def _turn_to(selected: np.ndarray, page: int) -> None:
    navigation.open_set().sheet = (selected, page)
