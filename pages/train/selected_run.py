"""The run on display, and what else the Train page remembers during a session."""

from dataclasses import dataclass, field

import streamlit as st

from embeddings import EmbeddingError
from pages.common import url_state
from pages.common.formatting import error_box
from server.runs import records as runs
from server.runs.metrics import RunMetrics
from server.runs.records import RunRecord
from trainers.catalog import TRAINERS


@dataclass
class PageState:
    """The run and the form on the page, and what is still to be done.

    A rerun may interrupt the script at any call of Streamlit, which reading the session state is,
    too. Setting attributes is none: what is done between two such calls is done completely.

    Attributes
    ----------
    run_id : the run shown; None for the cards of the trainers
    selected_rows : the rows selected in the table of all runs
    tables : how often the selection was cleared, by a new table
    trainer : the one that the form is for
    opens_form : whether the form is to be opened where it is closed, as on a phone
    is_start_requested : whether Start was pressed and the run has not been started
    start_error, run_error : why the last start, or the last action on a run, failed; or ""
    """

    run_id: str | None
    selected_rows: list[int] = field(default_factory=list)
    tables: int = 0
    trainer: str = next(iter(TRAINERS))
    opens_form: bool = False
    is_start_requested: bool = False
    start_error: str = ""
    run_error: str = ""

    def show(self, run_id: str | None) -> None:
        """Show another run, or the cards of the trainers for None."""
        self.run_id, self.run_error = run_id, ""

    def show_trainers(self) -> None:
        """Show the cards of the trainers; no run is selected."""
        self.show(None)
        self.tables += 1

    def choose_trainer(self, name: str) -> None:
        """Make the form that of another trainer, and open it."""
        self.trainer, self.opens_form = name, True

    def request_start(self) -> None:
        """Have a run started by the next lines of the script."""
        self.is_start_requested = True


def page_state() -> PageState:
    """Return the session's state of the page; at first it shows the run in the URL."""
    state = st.session_state
    if "train_page" not in state:
        state.train_page = PageState(st.query_params.get("run"))
    page: PageState = state.train_page
    return page


def current(page: PageState) -> RunRecord | None:
    """Return the run to show, if any, and write it into the URL."""
    run = None
    if page.run_id is not None:
        try:
            run = runs.find(page.run_id)
        except EmbeddingError as error:
            error_box(str(error))
            page.run_id = None
    url_state.update(run=run.id if run else None)
    return run


def metrics(run: RunRecord) -> RunMetrics:
    """Return the session's reader of a run's metrics."""
    readers: dict[str, RunMetrics] = st.session_state.setdefault("run_metrics", {})
    return readers.setdefault(run.id, RunMetrics(run.training))
