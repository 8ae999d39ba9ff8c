"""The table to compare features on: uploaded, of an earlier run, or built in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from embeddings import EmbeddingError
from pages.common import sources
from pages.common.text import error_box
from trainers.commands.columns import describe_table

BUILT_IN = ""
"""Stands for the built-in table where others have the path of theirs."""

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


def choose(changed: Callable[[], None]) -> TableSource:
    """Draw the choice of the table; `changed` is called when another is chosen.

    Raises
    ------
    EmbeddingError
        the table cannot be read
    """
    _take_upload(changed)
    known = _titles()
    place = st.selectbox(
        "Table",
        list(known),
        format_func=known.__getitem__,
        key="table",
        on_change=changed,
        persist_state="session",
    )
    return TableSource(place, known[place], _described(place))


def know(place: str, title: str) -> None:
    """Choose a table, and add it to the list if it is new."""
    _titles().setdefault(place, title)
    st.session_state.table = place


def forget(folder: Path) -> None:
    """Drop the tables in a folder that was deleted; the built-in one takes their place."""
    for place in [each for each in _titles() if each and Path(each).is_relative_to(folder)]:
        del _titles()[place]
        if st.session_state.get("table") == place:
            st.session_state.table = BUILT_IN


def _titles() -> dict[str, str]:
    """Return the titles of the session's tables by place."""
    return st.session_state.setdefault("tables", {BUILT_IN: "Flights from New York, 2013"})


def _take_upload(changed: Callable[[], None]) -> None:
    """Choose a table that was uploaded just now; what was chosen stays if it cannot be read."""
    state = st.session_state
    upload = st.file_uploader("Open a table", key="table_upload", help=ENDINGS)
    if upload is None:
        state.table_error = ""
    elif upload.file_id != state.get("table_taken"):
        state.table_taken, state.table_error = upload.file_id, ""
        place = str(sources.paths_of(sources.store([upload]))[0])
        try:
            _described(place)
        except EmbeddingError as error:
            state.table_error = str(error)
        else:
            know(place, upload.name)
            changed()
            st.rerun()
    if state.table_error:
        error_box(state.table_error)


@st.cache_data(max_entries=64, show_spinner="Reading the table…")
def _described(place: str) -> Mapping[str, Any]:
    return describe_table(Path(place) if place else None)


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
