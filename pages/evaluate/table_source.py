"""The table to compare features on: uploaded, of an earlier run, or built in."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from embeddings import EmbeddingError
from pages.common import file_reading, sources
from pages.common.choices import chosen, distinct, key_for
from pages.common.formatting import error_box
from pages.evaluate.page_state import PageState
from server.reading.reader import StillReading
from trainers.commands.column_report import describe_table

ENDINGS = "CSV, TSV or Parquet, with a header; also compressed"


@dataclass(frozen=True)
class TableSource:
    """A table, as the command `columns` describes it.

    Attributes
    ----------
    place : path, or BUILT_IN
    title : its name on the screen
    about : rows, columns, first rows
    """

    place: str
    title: str
    about: Mapping[str, Any]

    @property
    def columns(self) -> dict[str, Mapping[str, Any]]:
        """The descriptions of the columns by name."""
        return {column["name"]: column for column in self.about["columns"]}


def take_choice(page: PageState) -> None:
    """Make the table that was chosen from the list the one on the page, without a run."""
    place = chosen("table", page.table)
    if place != page.table and place in page.tables:
        page.show(None)
        page.table = place


def choose(page: PageState) -> TableSource:
    """Draw the choice of the table.

    Raises
    ------
    EmbeddingError
        the table cannot be read
    """
    try:
        _take_upload(page)
        about = _described(page.table)
    except StillReading as still:
        file_reading.stop_until_read(still)
    titles = distinct(page.tables)
    places = list(titles)
    st.selectbox(
        "Table",
        places,
        index=places.index(page.table),
        format_func=titles.__getitem__,
        key=key_for("table", page.table),
    )
    return TableSource(page.table, page.tables[page.table], about)


def _take_upload(page: PageState) -> None:
    """Choose a table that was just uploaded; if it cannot be read, the one on the page stays."""
    upload = st.file_uploader("Open a table", key="table_upload", help=ENDINGS)
    if upload is None:
        page.upload_error = ""
    elif upload.file_id != page.upload:
        try:
            place = str(sources.paths_of(sources.store([upload]))[0])
            _described(place)
        except EmbeddingError as error:
            page.upload, page.upload_error = upload.file_id, str(error)
        else:  # no call of Streamlit from here on, at which a rerun could interrupt
            page.upload, page.upload_error = upload.file_id, ""
            page.choose_table(place, upload.name)
            page.show(None)
            st.rerun()
    if page.upload_error:
        error_box(page.upload_error)


@st.cache_data(max_entries=64, show_spinner=False)
def _described(place: str) -> Mapping[str, Any]:
    if not place:
        return describe_table(None)
    path = Path(place)
    found: Mapping[str, Any] = file_reading.call(
        f"table {place}", describe_table, path, paths=[path]
    )
    return found


def show_rows(source: TableSource, roles: Mapping[str, str]) -> None:
    """Show the first rows and what the columns hold, chosen columns first.

    Parameters
    ----------
    roles : what each chosen column was chosen for
    """
    about = source.about
    cells = dict(zip(source.columns, about["first"], strict=True))
    order = [*roles, *(name for name in cells if name not in roles)]
    st.markdown(f"**First rows** of {about['rows']:,}")
    named = {name: f"{name} ({roles[name]})" if name in roles else name for name in order}
    first = pd.DataFrame({named[name]: cells[name] for name in order})
    st.dataframe(first, hide_index=True, height=_height(len(first), 8), key="first_rows")
    st.markdown(f"**{len(order):,} columns**, {len(roles):,} chosen")
    columns = [source.columns[name] for name in order]
    described = pd.DataFrame(
        {
            "column": order,
            "used as": [roles.get(name, "") for name in order],
            "type": [column["type"] for column in columns],
            "distinct values": [column["values"] for column in columns],
            "missing": [column["missing"] for column in columns],
            "why excluded": [column["left_out"] for column in columns],
        }
    )
    st.dataframe(described, hide_index=True, height=_height(len(described), 10), key="columns")


def _height(rows: int, most: int) -> int:
    """Return the height in px of a table that shows at most `most` rows."""
    return 37 + 35 * min(rows, most)
