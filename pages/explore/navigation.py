"""The open set of a session, and what belongs to it."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import streamlit as st

from components import Clear, Click, Event, Query, Selection, Sort, Toggle
from embeddings import EmbeddingError, EmbeddingSet
from embeddings.layouts import NearestItems, Placement
from embeddings.neighbors import Neighbors
from pages.common.choices import chosen
from pages.common.sources import Source
from pages.explore.address import Address
from pages.explore.address.selections import selection_mask
from pages.explore.history import History
from server.runs.contract import Response

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class PendingQuery:
    """A query whose vector a model is computing.

    Attributes
    ----------
    title : its name on the screen
    fingerprint : of the set that it was made for
    response : the model's answer
    text : the text that is being encoded, or ""
    """

    title: str
    fingerprint: str
    response: "Future[Response]"
    text: str = ""


@dataclass(frozen=True)
class Offer:
    """The options of a control, for the command palette.

    Attributes
    ----------
    default : the option that the address does not name
    current : the option that is chosen
    resets : fields of the address that return to their defaults when another option is chosen
    """

    options: Sequence[object]
    default: object
    current: object
    resets: tuple[str, ...]


@dataclass
class Attempt:
    """Files that are being opened, while the last set is still shown.

    Attributes
    ----------
    candidates : what may be meant, source and names of the files; the first that can be read counts
    errors : why those before could not be read
    reading : key of the reading in progress, or ""
    """

    candidates: list[tuple[Source, str]]
    errors: list[tuple[EmbeddingError, Source, str]] = field(default_factory=list)
    reading: str = ""


@dataclass(frozen=True, eq=False)
class Batch:
    """Vectors that were added to the map together: float32, shape (m, d), and a hash of them."""

    vectors: np.ndarray
    digest: str


@dataclass
class NewPoints:
    """Vectors that were added to the map of the open set; they are no rows of it.

    Attributes
    ----------
    labels : of the vectors of all batches
    batches : the vectors, by the times when they were added
    taken : ids of the uploads that were taken
    reading : key of the source that is being read, or ""; `names` are those of its files, and `job`
        is the key of the reading
    error : why the last ones could not be added, or ""
    nearest : the nearest items of each batch, by the key of the set and the batch's hash
    placed : what they were placed on last, and where the first batches are
    placing : key of the job that places them, while it is unfinished, or ""
    cancelled : key of the job that this session cancelled last, or ""
    """

    labels: tuple[str, ...] = ()
    batches: tuple[Batch, ...] = ()
    taken: frozenset[str] = frozenset()
    reading: str = ""
    names: str = ""
    job: str = ""
    error: str = ""
    nearest: dict[tuple[str, str], NearestItems] = field(default_factory=dict)
    placed: tuple[tuple[str, str], tuple[Placement, ...]] = (("", ""), ())
    placing: str = ""
    cancelled: str = ""


@dataclass
class OpenSet:
    """The set that is open in the session, and all that ends when another one is opened.

    A rerun may interrupt the script at any call of Streamlit, which reading the session state is,
    too. So a set is opened by one assignment, and what happens to it is noted in attributes, which
    are set without such a call.

    Attributes
    ----------
    key : identifies the set, see sources.Source
    number : of the sets opened in the session; part of the keys of the set's widgets
    address : the choices made in the controls; None and "" where they are the defaults
    destination : what an address says to show, until it is shown; or None
    restored : number of the address that was restored last, for what the browser holds
    history : what was visited
    is_detailed : whether its details are on screen
    error : why the files uploaded since could not be opened: error, source, names of the files
    request : a source to open, and the names of its files
    attempt : the files that are being opened instead of it; None if none are
    notice : message to show with it
    query_box : the text in the box for queries
    query_text, query_image : text and id of the image of the last queries
    pending_query : the query whose vector a model is computing
    query_error : why the last query failed, or ""
    expression : an expression or a vector to search for in the next run, or ""
    search_error : why an expression or a search found nothing, or ""
    coded : the masks that were written into an address last, by field, and their texts
    last_search : what neighbors were searched for last, and which were found
    held : a selection to compare others with, and its title; or None
    is_pattern : whether the text box of the filter panel is for a regular expression
    failed_filter : column, text and error of a regular expression that cannot be used
    forms : number of changes of groups, after each of which the form for them is another one
    is_auditing : whether the audit is unfolded
    zoom : number of the last zoom to what is selected; negative for the return from it
    last_ranking : the item that all others were ranked by last, and their order
    last_end : what one end of the ranking was searched for last, and its rows
    tabled : what decides which rows the table has, and in which order, as it was drawn last
    sheet : the selection whose images were paged through last, and the page, from 0
    hidden : the coloring whose categories were hidden last, and which of them are hidden
    offers : options of the controls, by name
    new_points : vectors that were added to the map
    """

    key: str
    number: int = 0
    address: Address = field(default_factory=Address)
    destination: Address | None = None
    restored: int = 0
    history: History = field(default_factory=History)
    is_detailed: bool = False
    error: tuple[EmbeddingError, Source, str] | None = None
    request: tuple[Source, str] | None = None
    attempt: Attempt | None = None
    notice: str = ""
    query_box: str = ""
    query_text: str = ""
    query_image: str = ""
    pending_query: PendingQuery | None = None
    query_error: str = ""
    expression: str = ""
    search_error: str = ""
    coded: dict[str, tuple[np.ndarray, str]] = field(default_factory=dict)
    held: tuple[np.ndarray, str] | None = None
    is_pattern: bool = False
    failed_filter: tuple[str, str, str] = ("", "", "")
    last_search: tuple[tuple[object, ...] | None, Neighbors | None] = (None, None)
    forms: int = 0
    is_auditing: bool = False
    zoom: int = 0
    last_ranking: tuple[tuple[object, ...] | None, Neighbors | None] = (None, None)
    last_end: tuple[tuple[object, ...] | None, np.ndarray | None] = (None, None)
    tabled: tuple[object, ...] | None = None
    sheet: tuple[np.ndarray | None, int] = (None, 0)
    hidden: tuple[tuple[object, ...] | None, frozenset[int]] = (None, frozenset())
    offers: dict[str, Offer] = field(default_factory=dict)
    new_points: NewPoints = field(default_factory=NewPoints)

    def widget(self, name: str) -> str:
        """Return the key of a widget whose value is the set's.

        The widget of the next set has another key: a message of the browser that is on its way
        holds the last set's value, and would set it.
        """
        return f"{name} {self.number}"

    def show_details(self) -> None:
        """Have the details drawn."""
        self.is_detailed = True

    def hide_details(self) -> None:
        """Have the details drawn no more."""
        self.is_detailed = False

    def request_open(self, source: Source, names: str) -> None:
        """Have a source opened by the next lines of the script."""
        self.request = (source, names)


def open_set() -> OpenSet:
    """Return the session's open set."""
    opened: OpenSet = st.session_state.open_set
    return opened


def current() -> History:
    """Return the session's history in the open set."""
    return open_set().history


def control(name: str, default: T, options: Sequence[T] | None = None, **resets: object) -> T:
    """Return the value of a control, to be drawn under `key_for(name, value)`.

    It is what the person chose last, what the address says, or the default. A value that is not
    among the options is replaced by the default.

    Parameters
    ----------
    name : of the widget, and of the address's field
    resets : values of other fields for when this one changes
    """
    opened = open_set()
    held: T | None = getattr(opened.address, name)
    current = default if held is None or (options is not None and held not in options) else held
    value = chosen(name, current)
    if options is not None and value not in options:
        value = default
    changes: dict[str, Any] = {name: None if value == default else value}
    if value != current:
        changes |= resets
    opened.address = replace(opened.address, **changes)
    if options is not None:
        opened.offers[name] = Offer(options, default, value, tuple(resets))
    return value


def go_to(address: Address) -> None:
    """Have the view of an address of the open set restored by this run."""
    opened = open_set()
    opened.address = opened.destination = address
    opened.restored += 1


def restore(embedding_set: EmbeddingSet) -> None:
    """Show what the address says, as far as the set has it."""
    opened = open_set()
    wanted = opened.destination
    if wanted is None:
        return
    history, count = opened.history, len(embedding_set)
    if wanted.locked is not None and wanted.locked >= count:
        opened.address = replace(opened.address, locked=None)
    if wanted.content and not embedding_set.fingerprint.startswith(wanted.content):
        opened.notice = "The file has changed since the address was copied."
    history.query, history.selected, history.selected_name = None, None, ""
    history.go_to(wanted.row if wanted.row is not None and wanted.row < count else None)
    if wanted.selection:
        history.selected = selection_mask(wanted.selection, count)
        history.selected_name = wanted.selected
        if history.selected is None:
            opened.notice = "The selection in the address cannot be found on this server."
    held = selection_mask(wanted.held, count) if wanted.held else None
    opened.held = None if held is None else (held, wanted.held_name)
    if wanted.held and held is None:
        opened.notice = "The held selection in the address cannot be found on this server."
    history.only_these = wanted.only
    opened.query_box, opened.query_text = wanted.query, ""
    opened.expression, opened.search_error = wanted.expression, ""
    opened.hidden = (None, frozenset(wanted.hidden))
    opened.destination = None


def receive(event: Event, count: int) -> None:
    """Carry out a click, a selection or a clearing.

    Parameters
    ----------
    count : rows of the set that is shown
    """
    history, opened = current(), open_set()
    opened.search_error = ""
    if isinstance(event, Click):
        history.visit(event.row)
    elif isinstance(event, Toggle):
        history.toggle(event.row, count)
    elif isinstance(event, Query):
        opened.expression = event.text
    elif isinstance(event, Clear):
        history.clear()
    elif isinstance(event, Sort):
        opened.address = replace(
            opened.address, sort=event.column, descending=event.descending, page=1
        )
    elif isinstance(event, Selection):
        history.combine(event.mask, event.name, event.mode)
