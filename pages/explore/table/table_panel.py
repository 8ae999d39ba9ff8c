"""The table under the map, folded by default: a bar, and a page of rows that can be sorted."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from components import Event, TableColumn, TableRow, data_table
from components.table.component import Direction
from embeddings.analysis.contexts import CONTEXT, is_layer
from embeddings.columns import LABEL, column_of
from embeddings.metrics import value_kind
from embeddings.text import count_noun, decimals_to_distinguish, shorten
from pages.common import services
from pages.common.choices import key_for
from pages.common.formatting import plain
from pages.explore.inspector import list_label
from pages.explore.item_details import cell_texts
from pages.explore.map_data import image_address
from pages.explore.table import row_export
from pages.explore.table.table_rows import NEAREST, SORTABLE, TableRows, turn_to
from pages.explore.view import ViewState

MOST_COLUMNS = 24
"""Columns of the metadata that the table has, the first ones of the set."""

LONGEST_CELL = 160
"""Characters of a cell."""


def draw(view: ViewState, on_event: Callable[[Event], None]) -> None:
    """Draw the bar, and the table if it is open."""
    table, names = view.table, shown_columns(view)
    with st.container(key="table_bar", horizontal=True, vertical_alignment="center"):
        st.toggle("Table", table.is_open, key=key_for("table", table.is_open))
        cut = names[MOST_COLUMNS:]
        text = describe(table, len(view.embedding_set))
        if table.is_open and cut:
            text += f"; {MOST_COLUMNS} of {count_noun(len(names), 'column')}"
        st.markdown(plain(text), width="stretch")
        if table.is_open:
            _page_buttons(table)
            row_export.draw(view)
    if table.is_open:
        _table(view, names[:MOST_COLUMNS], on_event)


def describe(table: TableRows, total: int) -> str:
    """Return how many rows the table has, and which of them are shown."""
    text = f"{table.count:,} of {count_noun(total, 'row')}"
    if table.count == total:
        text = count_noun(total, "row")
    stop = table.start + len(table.shown)
    return f"{text}, {table.start + 1:,}–{stop:,}" if table.is_open and table.count else text


def shown_columns(view: ViewState) -> list[str]:
    """Return the columns of the metadata that the table has: all whose cells can be written.

    Images are there from the second column of images on; the first is beside the labels.
    """
    names, has_images = [], False
    for name in view.embedding_set.metadata.column_names:
        kind = view.kinds[name]
        is_excerpt = name == CONTEXT and is_layer(view.embedding_set)  # it is the label
        if (kind in SORTABLE and not is_excerpt) or (kind == "image" and has_images):
            names.append(name)
        has_images = has_images or kind == "image"
    return names


def _page_buttons(table: TableRows) -> None:
    for label, key, name, page in (
        ("‹", "table_back", "Previous rows", table.page - 1),
        ("›", "table_forward", "Next rows", table.page + 1),
    ):
        is_there = 1 <= page <= table.pages
        st.button(label, key=key, help=name, disabled=not is_there, on_click=turn_to, args=(page,))


def _table(view: ViewState, names: list[str], on_event: Callable[[Event], None]) -> None:
    embedding_set, table = view.embedding_set, view.table
    has_label = LABEL in embedding_set.metadata.column_names  # what it would be sorted by, then
    columns = [TableColumn(LABEL, "Label", None if has_label else "ascending")]
    rows = table.shown.tolist()
    cells: list[list[Any]] = [[list_label(embedding_set, row) for row in rows]]
    if table.nearness is not None:
        metric = view.found.metric if view.found else embedding_set.provenance.metric
        title = value_kind(metric)
        first: Direction = "descending" if title == "similarity" else "ascending"
        columns.append(TableColumn(NEAREST, title.capitalize(), first, is_number=True))
        decimals = decimals_to_distinguish(table.nearness, least=3)
        cells.append([f"{value:.{min(decimals, 6)}f}" for value in table.nearness])
    for name in names:
        column, kind = column_of(embedding_set, name), view.kinds[name]
        if kind == "image":
            images = services.thumbnails().address(view.key, embedding_set, name)
            columns.append(TableColumn(name, name, None, images=images))
            cells.append([None] * len(rows))
            continue
        columns.append(TableColumn(name, name, is_number=kind == "number"))
        found = cell_texts(kind, column, rows)
        cells.append([None if text is None else shorten(text, LONGEST_CELL) for text in found])
    data_table(
        key="rows",
        columns=columns,
        rows=[TableRow(row, line) for row, *line in zip(rows, *cells, strict=True)],
        sort=table.sort,
        descending=table.descending,
        current=view.history.row,
        start=table.start,
        total=table.count,
        count=len(embedding_set),
        description=f"Table of {count_noun(table.count, 'item')}",
        images=image_address(view),
        on_event=on_event,
    )
