"""What the Evaluate page remembers during a session."""

from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from embeddings.files.delimited.text_options import DETECTED, TextOptions
from embeddings.files.options import Choice

BUILT_IN = ""
"""The name of the built-in table, which has no path."""

BUILT_IN_TITLE = "Flights from New York, 2013"


@dataclass
class PageState:
    """The run and the table on the page, and what is still to be done.

    A rerun may interrupt the script at any call of Streamlit, which reading the session state is,
    too. Setting attributes is none: what is done between two such calls is done completely.

    Attributes
    ----------
    run_id : the run shown, or None
    restores_controls : whether the controls are still to be set as for that run
    is_start_requested : whether Compare was pressed and the run has not been started
    error : why the last action failed, or ""
    tables : place -> title of the tables to choose from
    table : place of the chosen one
    reading : place -> how the table's text is written, as far as the person states it
    names : place -> names of the table's columns, if the person states them
    upload, upload_error : id of the last upload that was read, and why it could not be, or ""
    unread : place and title of the last upload if it could not be read, and how it was tried
    wanted : place and title of a table, and how to read it from now on; None for nothing to do
    reading_error : why a table could not be read in that way, or ""
    form : number of the form's controls, which are new each time they are set to a run's settings
    """

    run_id: str | None
    restores_controls: bool = True
    is_start_requested: bool = False
    error: str = ""
    tables: dict[str, str] = field(default_factory=lambda: {BUILT_IN: BUILT_IN_TITLE})
    table: str = BUILT_IN
    reading: dict[str, TextOptions] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    upload: str = ""
    upload_error: str = ""
    unread: tuple[str, str, tuple[Choice, ...]] | None = None
    wanted: tuple[str, str, dict[str, str]] | None = None
    reading_error: str = ""
    form: int = 0

    def show(self, run_id: str | None, restore_controls: bool = True) -> None:
        """Show a run, or none; `restore_controls` sets the controls as for that run."""
        self.run_id, self.restores_controls = run_id, restore_controls

    def request_start(self) -> None:
        """Have a run started by the next lines of the script."""
        self.is_start_requested = True

    def choose_table(self, place: str, title: str) -> None:
        """Choose a table, new or known."""
        self.tables.setdefault(place, title)
        self.table, self.reading_error = place, ""

    @property
    def options(self) -> TextOptions:
        """How the text of the chosen table is written, as far as the person states it."""
        return self.reading.get(self.table, DETECTED)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns of the chosen table; none unless the person states them."""
        return self.names.get(self.table, ())

    def forget_tables(self, folder: Path) -> None:
        """Drop the tables below a folder that was deleted."""
        for place in [each for each in self.tables if each and Path(each).is_relative_to(folder)]:
            del self.tables[place]
            if self.table == place:
                self.table = BUILT_IN


def page_state() -> PageState:
    """Return the session's state of the page; at first it shows the run in the URL."""
    state = st.session_state
    if "evaluate_page" not in state:
        state.evaluate_page = PageState(st.query_params.get("run"))
    page: PageState = state.evaluate_page
    return page
