"""New points: vectors that a person adds to the map of the open set, which does not move.

They are the session's, and neither rows of the set nor part of the address. The map marks them, and
a click on one shows its nearest neighbors in the set.
"""

import re
from itertools import takewhile

import numpy as np
import streamlit as st
import xxhash
from streamlit.runtime.uploaded_file_manager import UploadedFile

from embeddings import EmbeddingError, EmbeddingSet, layouts
from embeddings.analysis.algebra import parse_vector
from embeddings.text import count_noun
from pages.common import file_reading, services, sources
from pages.common.formatting import error_box, plain
from pages.explore import navigation
from pages.explore.history import AdHocQuery
from pages.explore.layers import ActiveSet
from pages.explore.navigation import Batch, NewPoints
from server.reading.reader import StillReading

MOST_POINTS, FEWEST_POINTS = 10_000, 100
MOST_PRODUCTS = 1e11
"""Multiplications spent on the search for the nearest items: fewer points for a large set."""

_TOKEN = re.compile(r"[^\s,;\[\]()]+")


def most_points(embedding_set: EmbeddingSet) -> int:
    """Return how many points can be added to a set, so that they are placed within seconds."""
    affordable = int(MOST_PRODUCTS / embedding_set.vectors.size)
    return min(max(affordable, FEWEST_POINTS), MOST_POINTS)


def take_uploads(embedding_set: EmbeddingSet) -> bool:
    """Add the points of newly uploaded files; return whether a file is still being read."""
    opened = navigation.open_set()
    new = opened.new_points
    uploads: list[UploadedFile] = st.session_state.get(opened.widget("new_points")) or []
    fresh = [upload for upload in uploads if upload.file_id not in new.taken]
    try:
        if fresh:
            source = sources.store(fresh)
            new.reading, new.names = source.key, ", ".join(upload.name for upload in fresh)
            new.error = ""
            new.taken |= {upload.file_id for upload in fresh}
        if not new.reading:
            return False
        found = sources.opened(new.reading).embedding_set
        _add(embedding_set, found.labels, found.vectors, new.names)
    except StillReading as still:
        new.job = still.key
        return True
    except EmbeddingError as error:
        new.error = str(error)
    new.reading = ""
    return False


def add_pasted(embedding_set: EmbeddingSet) -> None:
    """Add the points in the text box: a callback of the button beside it."""
    opened = navigation.open_set()
    text = str(st.session_state.get(opened.widget("pasted_points")) or "")
    opened.new_points.error = ""
    try:
        labels, vectors = parse_points(text, embedding_set.dimensions)
        _add(embedding_set, labels, vectors, "The text")
    except EmbeddingError as error:
        opened.new_points.error = str(error)
    else:
        st.session_state[opened.widget("pasted_points")] = ""


def parse_points(text: str, dimensions: int) -> tuple[list[str], np.ndarray]:
    """Read a point from each line that is not blank: a label, which may be missing, and numbers.

    Labels and numbers are separated by commas, semicolons, blanks or tabs, and the numbers may be
    in brackets; a label may have blanks.

    Returns
    -------
    labels : m strings
    vectors : float32, shape (m, dimensions)

    Raises
    ------
    EmbeddingError
        there is no point, or a line does not end with so many finite numbers; the message names it
    """
    labels, vectors = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        tokens = list(_TOKEN.finditer(line))
        if not tokens:
            continue
        numbers = len(list(takewhile(_is_number, reversed(tokens))))
        if not dimensions <= numbers <= dimensions + 1:  # one may be a label
            raise EmbeddingError(
                f"line {number} ends with {count_noun(numbers, 'number')}; the set has "
                f"{count_noun(dimensions, 'dimension')}"
            )
        start = tokens[-dimensions].start()
        try:
            vectors.append(parse_vector(line[start:], dimensions))
        except EmbeddingError as error:
            raise EmbeddingError(f"line {number}: {error}") from None
        labels.append(line[:start].rstrip(" \t,;[(").strip(" \t\"'"))
    if not vectors:
        raise EmbeddingError("there are no points; expected a label and numbers on each line")
    return labels, np.stack(vectors)


def _is_number(token: re.Match[str]) -> bool:
    try:
        float(token[0])
    except ValueError:
        return False
    return True


def _add(
    embedding_set: EmbeddingSet,
    labels: list[str] | tuple[str, ...],
    vectors: np.ndarray,
    names: str,
) -> None:
    """Add points to those that there are; raise EmbeddingError if they do not fit the set."""
    new = navigation.open_set().new_points
    if vectors.shape[1] != embedding_set.dimensions:
        raise EmbeddingError(
            f"{names} has vectors of {vectors.shape[1]:,} dimensions, and "
            f"{embedding_set.provenance.name} of {embedding_set.dimensions:,}. New points need as "
            "many as the set."
        )
    before, most = len(new.labels), most_points(embedding_set)
    if before + len(vectors) > most:
        there = f" There are {before:,} already." if before else ""
        raise EmbeddingError(
            f"{names} has {len(vectors):,} points; at most {most:,} can be added to this set."
            f"{there}"
        )
    added = np.array(layouts.check_new_vectors(embedding_set, vectors))
    titles = (label or f"new {i}" for i, label in enumerate(labels, before + 1))
    new.batches = (*new.batches, Batch(added, xxhash.xxh3_128_hexdigest(added.tobytes())))
    new.labels = (*new.labels, *titles)


def remove() -> None:
    """Remove the new points, and what is shown of one: a callback of the button."""
    opened = navigation.open_set()
    query = opened.history.query
    if query is not None and query.new_point is not None:
        opened.history.clear()
    if opened.new_points.placing:
        services.cancel(opened.new_points.placing)
    opened.new_points = NewPoints(taken=opened.new_points.taken)


def show_neighbors(number: int) -> None:
    """Show the nearest neighbors of a new point in the set, as those of a query."""
    new = navigation.open_set().new_points
    if number >= len(new.labels):  # they have just been removed
        return
    vector = np.concatenate([batch.vectors for batch in new.batches])[number]
    notes = ("a new point, which is not in the set or its files",)
    query = AdHocQuery(new.labels[number], vector, notes=notes, new_point=number)
    navigation.current().show_query(query)


def _show_chosen(widget: str) -> None:
    """Show the neighbors of the new point that was chosen in the panel: a callback."""
    number = st.session_state[widget]
    if number is not None:
        show_neighbors(int(number))


def draw(active: ActiveSet) -> None:
    """Draw the panel behind its button: files, a box for text, and what ends the new points."""
    opened = navigation.open_set()
    panel = st.popover(
        "Add points", icon=":material/add_location_alt:", key="add_points", on_change="rerun"
    )
    if not panel.open:
        return
    new, embedding_set = opened.new_points, active.embedding_set
    with panel, st.container(key="new_points"):
        st.file_uploader(
            "Files with vectors", accept_multiple_files=True, key=opened.widget("new_points")
        )
        if new.reading:
            st.caption(f"Reading {plain(new.names)}…")
            st.button(
                "Cancel", key="cancel_new_points", on_click=file_reading.cancel, args=(new.job,)
            )
        st.text_area(
            "Or a label and numbers on each line",
            key=opened.widget("pasted_points"),
            height=90,
            placeholder=f"my item, 0.12, -0.5, … ({embedding_set.dimensions:,} numbers)",
        )
        st.button("Add", key="add_pasted", on_click=add_pasted, args=(embedding_set,))
        if new.error:
            error_box(new.error)
        st.caption(
            f"{count_noun(embedding_set.dimensions, 'dimension')}, at most "
            f"{most_points(embedding_set):,} points. The layout does not move. New points are not "
            "in the address; they end with this session, or when another set is opened."
        )
        if new.labels:
            widget = opened.widget("new_point")
            st.selectbox(
                "Nearest neighbors of", range(len(new.labels)), index=None,
                format_func=new.labels.__getitem__, key=widget, on_change=_show_chosen,
                args=(widget,), placeholder="a new point, or click it on the map",
            )  # fmt: skip
            title = f"Remove {count_noun(len(new.labels), 'new point')}"
            st.button(title, key="remove_new_points", on_click=remove)
