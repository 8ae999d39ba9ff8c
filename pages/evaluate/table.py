"""The table to learn from: uploaded, of an earlier run, or built in; and its first rows."""

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
class Given:
    """A table, as the command `columns` describes it.

    Attributes
    ----------
    place : path, or BUILT_IN
    title : for a person
    about : rows, columns, first rows
    """

    place: str
    title: str
    about: Mapping[str, Any]

    @property
    def columns(self) -> dict[str, Mapping[str, Any]]:
        """What each column holds, by name."""
        return {column["name"]: column for column in self.about["columns"]}


def choose(changed: Callable[[], None]) -> Given:
    """Draw the controls of the table; call `changed` when another is chosen.

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
    return Given(place, known[place], _described(place))


def know(place: str, title: str) -> None:
    """Choose a table, new or known."""
    _titles().setdefault(place, title)
    st.session_state.table = place


def forget(folder: Path) -> None:
    """Choose another table if the one chosen was below a folder that is no more."""
    for place in [each for each in _titles() if each and Path(each).is_relative_to(folder)]:
        del _titles()[place]
        if st.session_state.get("table") == place:
            st.session_state.table = BUILT_IN


def _titles() -> dict[str, str]:
    """Return the tables that this session knows: place -> title."""
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


def show_rows(given: Given, roles: Mapping[str, str]) -> None:
    """Show what the columns hold and the first rows, the chosen columns before the others.

    roles : column -> what it was chosen for
    """
    about = given.about
    cells = dict(zip(given.columns, about["first"], strict=True))
    order = [*roles, *(name for name in cells if name not in roles)]
    st.markdown(f"**First rows** of {about['rows']:,}")
    named = {name: f"{name} ({roles[name]})" if name in roles else name for name in order}
    first = pd.DataFrame({named[name]: cells[name] for name in order})
    st.dataframe(first, hide_index=True, height=_height(len(first), 8), key="first_rows")
    st.markdown(f"**{len(order):,} columns**, {len(roles):,} of them chosen")
    columns = [given.columns[name] for name in order]
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
    """Return the px of a table that shows so many rows."""
    return 37 + 35 * min(rows, most)
