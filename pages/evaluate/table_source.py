"""The table to compare features on: uploaded, of an earlier run, or built in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from embeddings import EmbeddingError
from embeddings.files.delimited.text_options import DETECTED, TextOptions
from embeddings.files.options import Choice
from embeddings.text import join_names, split_names
from pages.common import file_reading, reading_options, sources
from pages.common.choices import chosen, distinct, key_for
from pages.common.formatting import error_box, plain
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
    options : how its text is written, as far as the person states it
    names : of its columns, if the person states them
    """

    place: str
    title: str
    about: Mapping[str, Any]
    options: TextOptions = DETECTED
    names: tuple[str, ...] = ()

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
        _take_wanted(page)
        about = _described(page.table, page.options, page.column_names)
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
    if about["read_as"]:
        st.caption(plain(f"Read as: {about['read_as']}"))
        choices = [Choice(**each) for each in about["reading"]]
        found = [column["name"] for column in about["columns"]]
        _change_reading(page, page.table, page.tables[page.table], choices, found)
    return TableSource(page.table, page.tables[page.table], about, page.options, page.column_names)


def _change_reading(
    page: PageState, place: str, title: str, choices: Sequence[Choice], found: Sequence[str] = ()
) -> None:
    """Draw the form for how the text of a table is written, folded away.

    Parameters
    ----------
    found : names of the columns that were read
    """
    if not reading_options.is_changeable(choices):
        return
    stated = page.reading.get(place, DETECTED).stated
    names = page.names.get(place, ())
    with st.expander("Change", expanded=bool(page.reading_error)):
        if page.reading_error:
            error_box(page.reading_error)
        changed = reading_options.draw(f"{place} {stated} {names}", choices, names or found)
    if changed:
        if reading_options.NAMES in changed:  # the header stays what it is
            header = {each.name: each.selected for each in choices}["header"]
            stated.setdefault("header", header or "no")
        stated |= {reading_options.NAMES: join_names(names), **changed}
        page.wanted = (place, title, {name: value for name, value in stated.items() if value})
        st.rerun()


def _take_wanted(page: PageState) -> None:
    """Read a table as the form says; if that fails, the one on the page stays as it was."""
    if page.wanted is None:
        return
    place, title, stated = page.wanted
    names = split_names(stated.get(reading_options.NAMES, ""))
    try:
        options = TextOptions.of(stated)
        _described(place, options, names)
    except EmbeddingError as error:
        page.wanted, page.reading_error = None, str(error)
        return
    page.upload_error, page.unread = "", None  # no call of Streamlit from here on
    page.wanted, page.reading_error = None, ""
    page.reading[place], page.names[place] = options, names
    page.choose_table(place, title)
    page.form += 1  # the columns may be others
    page.show(None)
    st.rerun()


def _take_upload(page: PageState) -> None:
    """Choose a table that was just uploaded; if it cannot be read, the one on the page stays."""
    upload = st.file_uploader("Open a table", key="table_upload", help=ENDINGS)
    if upload is None:
        page.upload_error, page.unread = "", None
    elif upload.file_id != page.upload:
        place = ""
        try:
            place = str(sources.paths_of(sources.store([upload]))[0])
            _described(place)
        except EmbeddingError as error:
            page.unread = (place, upload.name, error.choices) if place else None
            page.upload, page.upload_error = upload.file_id, str(error)
        else:  # no call of Streamlit from here on, at which a rerun could interrupt
            page.upload, page.upload_error, page.unread = upload.file_id, "", None
            page.choose_table(place, upload.name)
            page.show(None)
            st.rerun()
    if page.upload_error:
        error_box(page.upload_error)
    if page.unread is not None:
        _change_reading(page, *page.unread)


@st.cache_data(max_entries=64, show_spinner=False)
def _described(
    place: str, options: TextOptions = DETECTED, names: tuple[str, ...] = ()
) -> Mapping[str, Any]:
    if not place:
        return describe_table(None)
    path, key = Path(place), f"table {place} {options.stated} {names}"
    found: Mapping[str, Any] = file_reading.call(
        key, describe_table, path, names, options, paths=[path]
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
